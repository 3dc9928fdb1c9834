"""Servers that behave as the exchanges and Telegram do, for the demo and for the tests."""
