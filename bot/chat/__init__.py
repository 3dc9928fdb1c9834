"""Telegram; the only place that knows python-telegram-bot.

In: poller → access → handlers → one service → views. Out: sender ← views ← events.
"""
