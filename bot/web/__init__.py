"""The bot seen from outside: is it well, its numbers, and the door for Telegram's posts."""
