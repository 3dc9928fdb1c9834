"""Durations as a person writes them: `90s`, `5m`, `4h`, `1d`."""

import re
from datetime import timedelta

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
# [0-9] because \d takes the digits of all scripts
_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.IGNORECASE)


def parse_duration(text: str) -> timedelta | None:
    """Read a duration above zero; None: it is none."""
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) == 0:
        return None
    return timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()])


def duration_text(span: timedelta) -> str:
    """Write whole seconds in the largest unit that tells them exactly."""
    seconds = span.days * 86400 + span.seconds
    return next(f"{seconds // size}{unit}" for unit, size in _UNITS.items() if seconds % size == 0)
