"""Time zones as people look for them: by region, by city, or by a name that is nearly right."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

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


def city_of(zone: str) -> str:
    """Name the city that a zone is called after."""
    return zone.rpartition("/")[2].replace("_", " ")


def find_zone(text: str, known: Collection[str]) -> str | None:
    """Find the zone that somebody means by its name or its city; None: there is none, or several.

    `known` are the names of all zones.
    """
    said = _plain(text)
    exact = [name for name in known if _plain(name) == said]
    cities = [name for name in known if _plain(city_of(name)) == said and "/" in name]
    found = exact or cities
    return found[0] if len(found) == 1 else None


def nearest_zones(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the three zones that look most like what was typed."""
    said = _plain(text)
    names: dict[str, str] = {}
    for name in sorted(known):
        names.setdefault(_plain(name), name)
        names.setdefault(_plain(city_of(name)), name)
    close = [names[word] for word in get_close_matches(said, names, 2 * _NEAREST, 0.5)]
    usual = ("Europe/Berlin", "America/New_York", "Asia/Shanghai")
    return tuple(dict.fromkeys([*close, *usual]))[:_NEAREST]


def _plain(text: str) -> str:
    return text.strip().lower().replace(" ", "_")
