"""Time zones as people type them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.core.zones import find_zone, name_of, nearest_zones

KNOWN = available_timezones()
WINTER, SUMMER = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("GMT+8", 8), ("UTC+8", 8), ("utc +8", 8), ("+8", 8), ("UTC+08:00", 8), ("+0800", 8),
        ("GMT-3", -3), ("UTC−3", -3), ("-11", -11), ("UTC+14", 14), ("gmt+0", 0),
    ],
)  # fmt: skip
def test_distance_from_utc(typed: str, hours: int) -> None:
    """East is plus, as everybody says, and so it is shown."""
    zone = find_zone(typed, KNOWN)
    assert zone is not None
    away = datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert away == timedelta(hours=hours)
    assert name_of(zone) == (f"UTC{hours:+d}" if hours else "UTC")


@pytest.mark.parametrize("typed", ["UTC+5:30", "+25", "GMT+15", "+", "8", "gmt+x"])
def test_no_distance(typed: str) -> None:
    """What is not there is not guessed."""
    assert find_zone(typed, KNOWN) is None


def test_accents_and_near_names() -> None:
    """A city is found without its accents; better none is offered than a wrong one."""
    assert find_zone("Zürich", KNOWN) == "Europe/Zurich"
    assert find_zone("São Paulo", KNOWN) == "America/Sao_Paulo"
    assert "Europe/Berlin" in nearest_zones("brelin", KNOWN, at=WINTER)
    assert nearest_zones("xyzzy", KNOWN, at=WINTER) == ()
    assert nearest_zones("GMT+88", KNOWN, at=WINTER) == ()


@pytest.mark.parametrize(
    ("typed", "zones"),
    [
        ("UTC+5:30", ("Asia/Kolkata", "Asia/Colombo")),
        ("+0530", ("Asia/Kolkata", "Asia/Colombo")),
        ("gmt+5.45", ()),
        ("+5:45", ("Asia/Kathmandu",)),
        # Winter there, and summer.
        ("UTC-3:30", ("America/St_Johns",)),
        ("−2:30", ("America/St_Johns",)),
        ("+10:30", ("Australia/Adelaide", "Australia/Lord_Howe")),
        # West is minus: nobody lives there.
        ("UTC-5:30", ()),
        ("+5", ()),
    ],
)
@pytest.mark.parametrize("at", [WINTER, SUMMER])
def test_parts_of_an_hour(typed: str, zones: tuple[str, ...], at: datetime) -> None:
    """No zone is called after them; those that keep that distance are offered by their cities."""
    assert nearest_zones(typed, KNOWN, at=at) == zones
