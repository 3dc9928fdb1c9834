"""The use cases; the listing of this folder is the list of them. They know ports, no framework."""
