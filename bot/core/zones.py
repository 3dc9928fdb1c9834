"""Time zones as people look for them: by region, by city, or by a name that is nearly right."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import islice
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo

COMMON: Mapping[str, tuple[str, ...]] = {
    "Europe": (
        "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Zurich",
        "Europe/Athens", "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow",
    ),
    "America": (
        "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
        "America/Toronto", "America/Mexico_City", "America/Bogota", "America/Sao_Paulo",
        "America/Argentina/Buenos_Aires",
    ),
    "Asia": (
        "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul",
        "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Kolkata", "Asia/Dubai", "Asia/Tbilisi",
    ),
    "Africa": ("Africa/Lagos", "Africa/Cairo", "Africa/Johannesburg", "Africa/Nairobi"),
    "Pacific": (
        "Australia/Sydney", "Australia/Perth", "Pacific/Auckland", "Pacific/Honolulu",
    ),
}  # fmt: skip
"""By region, what most people there are looking for."""
_NEAREST = 3
_ALIKE = 0.75
"""Less is more often wrong than right."""
_OFFSET = re.compile(r"(?:utc|gmt)?_?([+-])_?(\d{1,2})(?::?(\d{2}))?", re.ASCII)
_BETWEEN_HOURS = (
    "Asia/Kolkata", "Asia/Colombo", "Asia/Kathmandu", "Asia/Tehran", "Asia/Kabul", "Asia/Yangon",
    "Australia/Adelaide", "Australia/Darwin", "Australia/Eucla", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Chatham", "Pacific/Marquesas", "Indian/Cocos",
)  # fmt: skip
"""Where clocks are off by a part of an hour: no zone is called after such a distance."""
_HALF_A_YEAR = timedelta(days=182)
_TURNED = re.compile(r"Etc/GMT([+-])([1-9]\d?)")


def city_of(zone: str) -> str:
    """Name the city that a zone is called after."""
    return name_of(zone).rpartition("/")[2].replace("_", " ")


def name_of(zone: str) -> str:
    """Name a zone as people do: those without a place have their sign the other way round."""
    found = _TURNED.fullmatch(zone)
    return f"UTC{'-' if found[1] == '+' else '+'}{found[2]}" if found else zone


def find_zone(text: str, known: Collection[str]) -> str | None:
    """Find the zone that somebody means by its name, its city or its distance from UTC.

    None: there is none, or several. `known` are the names of all zones.
    """
    said = _plain(text)
    if offset := _OFFSET.fullmatch(said):
        whole = not int(offset[3] or 0)
        return _at_offset(offset[1], int(offset[2]), known) if whole else None
    exact = [name for name in known if _plain(name) == said]
    cities = [name for name in known if _plain(city_of(name)) == said and "/" in name]
    found = exact or cities
    return found[0] if len(found) == 1 else None


def _at_offset(sign: str, hours: int, known: Collection[str]) -> str | None:
    zone = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}" if hours else "UTC"
    return zone if zone in known else None


def nearest_zones(text: str, known: Collection[str], *, at: datetime) -> tuple[str, ...]:
    """Return up to three zones that look much like what was typed.

    Of a distance from UTC with minutes, those that keep it at `at`, or half a year later.
    """
    said = _plain(text)
    if offset := _OFFSET.fullmatch(said):
        return _as_far_away(offset[1], int(offset[2]), int(offset[3] or 0), known, at=at)
    names: dict[str, str] = {}
    for name in sorted(name for name in known if not name.startswith("Etc/")):
        names.setdefault(_plain(name), name)
        names.setdefault(_plain(city_of(name)), name)
    close = get_close_matches(said, names, 2 * _NEAREST, _ALIKE)
    return tuple(dict.fromkeys(names[word] for word in close))[:_NEAREST]


def _as_far_away(
    sign: str, hours: int, minutes: int, known: Collection[str], *, at: datetime
) -> tuple[str, ...]:
    away = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    seasons = (at, at + _HALF_A_YEAR)
    found = (
        zone
        for zone in _BETWEEN_HOURS
        if zone in known
        and any(season.astimezone(ZoneInfo(zone)).utcoffset() == away for season in seasons)
    )
    return tuple(islice(found, _NEAREST))


def _plain(text: str) -> str:
    """Leave case and accents out."""
    letters = normalize("NFKD", text.strip().lower().replace("−", "-"))
    return "".join(c for c in letters if not combining(c)).replace(" ", "_")
