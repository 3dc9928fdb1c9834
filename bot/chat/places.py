"""Regions and cities as people call them where they are, and the time zones they mean by that."""

from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from bot.chat.i18n import ENGLISH, _, language, later
from bot.core.zones import city_of, find_zone

_REGIONS: Mapping[str, str] = {
    "Europe": later("Europe"),
    "America": later("America"),
    "Asia": later("Asia"),
    "Africa": later("Africa"),
    "Pacific": later("Pacific"),
}


def region_text(region: str) -> str:
    """Name a region, one of the keys of `COMMON`."""
    return _(_REGIONS[region])


def city_text(zone: str) -> str:
    """Name the city that a zone is called after."""
    return _cities(language()).get(zone) or city_of(zone)


def zone_called(text: str) -> str | None:
    """Find the zone that somebody means, by what is typed the same everywhere or by its city.

    None: there is none, or several.
    """
    return find_zone(text, available_timezones()) or next(
        (zone for zone, city in _cities(language()).items() if city == text.strip()), None
    )


@cache
def _cities(code: str) -> Mapping[str, str]:
    """Return the cities of zones by the names that a language has for them; English has ours."""
    if code == ENGLISH:
        return {}
    from babel import Locale
    from babel.core import get_global

    known, renamed = available_timezones(), get_global("zone_aliases")
    named = Locale.parse(code).time_zones.items()
    cities = {renamed.get(zone, zone): said["city"] for zone, said in named if "city" in said}
    return {zone: city for zone, city in cities.items() if zone in known}
