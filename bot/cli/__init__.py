"""What the commands print that read once and end."""
