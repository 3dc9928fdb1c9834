"""How a person writes a value: durations, lists, zones, addresses; errors say what is expected."""

import ipaddress
import re
from datetime import time, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator

from bot.core.rules import Rule, parse_rule

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: object) -> timedelta:
    """Read `90s`, `5m`, `4h` or `1d`."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", str(text).strip())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"expected a duration such as 90s, 5m, 4h or 1d, got «{text}»")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _listed(value: object) -> object:
    """Read a comma-separated list; one in JSON is left to pydantic."""
    if not isinstance(value, str):
        return value
    inner = value.strip().removeprefix("[").removesuffix("]")
    return [item.strip().strip('"') for item in inner.split(",") if item.strip()]


def _zone(value: object) -> object:
    name = str(value)
    if name in available_timezones():
        return ZoneInfo(name)
    near = get_close_matches(name, available_timezones(), 3) or ["Europe/Berlin", "UTC"]
    raise ValueError(f"expected a time zone such as {', '.join(near)}, got «{name}»")


def _clock_time(value: object) -> object:
    text = str(value or "").strip()
    if not text:
        return None
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise ValueError(f"expected a time such as 09:00, or nothing for off, got «{text}»")
    return time(int(found[1]), int(found[2]))


def _base_url(value: object) -> object:
    """Accept https, and http on loopback; the value may hold a secret and is not shown."""
    parts = urlsplit(str(value))
    host = parts.hostname or ""
    plain = host and not parts.query and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not plain:
        raise ValueError("expected a URL such as https://api.example.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("plain http is accepted for loopback only; use https")
    return str(value).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rule(value: object) -> object:
    return parse_rule(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Lowered = Annotated[str, BeforeValidator(lambda value: str(value).strip().lower())]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Ids = Annotated[tuple[int, ...], BeforeValidator(_listed)]
Url = Annotated[str, BeforeValidator(_base_url)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda value: str(value).strip().upper()),
]
ClockTime = Annotated[time | None, BeforeValidator(_clock_time)]
RuleText = Annotated[Rule, BeforeValidator(_rule)]
