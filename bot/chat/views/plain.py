"""Texts for where there is no HTML: other channels than Telegram."""

import re
from collections.abc import Sequence
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _
from bot.chat.views.alerts import event_line, events_text
from bot.core.events import Event
from bot.core.portions import portions

MOST_IN_FULL = 10
_TAG = re.compile(r"</?[a-z-]+(?: [^<>]*)?>")


def plain(html: str) -> str:
    """Take the tags out."""
    return unescape(_TAG.sub("", html))


def plain_events(events: Sequence[Event], *, zone: ZoneInfo, now: datetime) -> str:
    """Tell all of it in one text, much of it in a line each, and why it is told here."""
    if len(events) > MOST_IN_FULL:
        told = ["\n".join(plain(event_line(event)) for event in events)]
    else:
        told = [
            plain(events_text(portion, zone=zone, now=now, maybe_repeated=False))
            for portion in portions(events)
        ]
    why = _("Told here because it could not be told in every chat on Telegram.")
    return "\n\n".join([*told, why])
