"""Presses: kept in the state of the alert, harmless twice, and only while it fires."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.alerts import Hush
from bot.core.rules import parse_rule
from bot.services.manage_alerts import Press, hushed

HOUR = timedelta(hours=1)
GROUP = -4001


async def raised(house: Any) -> tuple[Any, str]:
    """Let an alert be raised and told; give the parcel of the owner's chat, and its id."""
    house.exchange.answers["main/funding"] = {"USDT": "400"}
    await house.check(house.build_checks())
    (parcel,) = await house.queued()
    return parcel, parcel.events[0].alert.incident


async def test_kept_over_a_restart(house: Any) -> None:
    """What was pressed is in the database, and only there."""
    _, incident = await raised(house)
    (pressed,) = await house.build_alerts().press([incident], "hour", by="You")
    (found,) = await house.build_alerts().firing([incident])
    assert found == pressed
    assert found.hush == Hush("until", house.clock() + HOUR, "You", house.clock())


async def test_a_reading_keeps_it(house: Any) -> None:
    """A check that finds the alert firing on does not undo the press."""
    _, incident = await raised(house)
    await house.build_alerts().press([incident], "recovered", by="You")
    await house.check(house.build_checks())
    (found,) = await house.build_alerts().firing([incident])
    assert found.hush.kind == "recovery"


async def test_only_what_is_meant_is_pressed(house: Any) -> None:
    """Another alert that fires is left as it is."""
    _, incident = await raised(house)
    house.rules["xt"] = parse_rule("xt/spot BTC < 1")
    await house.check(house.build_checks())
    await house.build_alerts().press([incident], "recovered", by="You")
    async with house.open_unit() as unit:
        firing = {state.rule: state.hush for state in await unit.alerts.firing()}
    assert firing["low"].kind == "recovery"
    assert firing["xt"] is None


async def test_silent_means_no_reminders(house: Any) -> None:
    """Until the silence is over; then it is told that it fires on."""
    _, incident = await raised(house)
    await house.build_alerts().press([incident], "eight_hours", by="You")
    await house.check(house.build_checks(), minutes=7 * 60)
    assert await house.queued() == []
    await house.check(house.build_checks(), minutes=60)
    (parcel,) = await house.queued()
    assert [event.kind for event in parcel.events] == ["alert_reminded"]
    assert parcel.reply_to is not None


async def test_over_is_over(house: Any) -> None:
    """A press on what has recovered finds nothing, and the next episode is told."""
    _, incident = await raised(house)
    house.exchange.answers["main/funding"] = {"USDT": "2000"}
    await house.check(house.build_checks())
    await house.queued()
    for press in ("seen", "hour", "recovered", "unmute"):
        assert await house.build_alerts().press([incident], press, by="You") == ()
    house.exchange.answers["main/funding"] = {"USDT": "400"}
    await house.check(house.build_checks(), minutes=10)
    assert len(await house.queued()) == 1


async def test_what_a_message_is_about(house: Any) -> None:
    """Found by the message, in its own chat only; other messages are about nothing."""
    parcel, incident = await raised(house)
    alerts = house.build_alerts()
    message_id, chat_id = 100 + parcel.id, parcel.chat.chat_id
    assert await alerts.told_in(chat_id, message_id) == (incident,)
    assert await alerts.told_in(chat_id, 99) == ()
    assert await alerts.told_in(555, message_id) == ()


@pytest.mark.parametrize(
    ("before", "press", "kind", "by"),
    [
        (None, "seen", "seen", "Ada"),
        ("seen", "seen", "seen", "Ada"),  # the last who has seen it
        ("until", "seen", "until", "You"),  # still silent
        ("recovery", "seen", "recovery", "You"),
        ("until", "unmute", "seen", "Ada"),
        ("recovery", "hour", "until", "Ada"),
        ("until", "recovered", "recovery", "Ada"),
        (None, "eight_hours", "until", "Ada"),
    ],
)
def test_presses(house: Any, before: Any, press: Press, kind: str, by: str) -> None:
    """What holds after a press, from what held before."""
    now = house.clock()
    held = Hush(before, now + HOUR if before == "until" else None, "You", now) if before else None
    found = hushed(held, press, by="Ada", now=now)
    assert (found.kind, found.by) == (kind, by)
    assert (found.until is not None) == (kind == "until")
    assert hushed(found, press, by="Ada", now=now) == found


def test_who_sees_it_twice_saw_it_first(house: Any) -> None:
    """The second press of the same person does not make it later."""
    now = house.clock()
    first = hushed(None, "seen", by="You", now=now)
    assert hushed(first, "seen", by="You", now=now + HOUR) == first
    over = Hush("until", now, "Ada", now - HOUR)
    assert hushed(over, "seen", by="You", now=now).kind == "seen"
