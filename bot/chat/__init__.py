"""Telegram; the only place that knows python-telegram-bot.

In: poller → access → handlers → one service → views. Out: sender ← views ← events.
"""

import os

# Have the library give pauses as `timedelta`, as it will by default; it warns otherwise.
os.environ.setdefault("PTB_TIMEDELTA", "true")
