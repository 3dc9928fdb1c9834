"""Quiet hours: what is not critical waits for their end, and is told then, in one message."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.delivery import Chat, MaybeSent, NotSent
from bot.core.events import Alert, AlertCleared, AlertRaised, DigestDue, SourceFound
from bot.core.quiet import parse_quiet

OWNER, GROUP = 1001, -4001
TO_NOON = parse_quiet("08:00-12:00")
"""The clock of the house stands at nine."""


@pytest.fixture(autouse=True)
async def quiet(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and be quiet in the owner's chat.

    Nothing is edited: there are no states behind these alerts.
    """
    monkeypatch.setattr("bot.services.show_alerts.ShowAlerts.due", _nothing)
    monkeypatch.setattr("bot.services.deliver_outbox.LOOK_EVERY_S", 0.01)
    await house.chats.set_quiet(OWNER, TO_NOON, title="You")


async def _nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


def alert(house: Any, incident: str, *, critical: bool = False) -> Alert:
    return Alert(
        incident=incident,
        rule="low",
        subject="main/funding",
        asset="USDT",
        part="total",
        comparison="<",
        limit=Decimal(500),
        clear=Decimal(525),
        severity="critical" if critical else "warning",
        since=house.clock(),
    )


def raised(house: Any, incident: str, *, critical: bool = False) -> AlertRaised:
    return AlertRaised(
        alert=alert(house, incident, critical=critical),
        amount=Decimal(400),
        before=None,
        at=house.clock(),
    )


def cleared(house: Any, incident: str) -> AlertCleared:
    return AlertCleared(alert=alert(house, incident), amount=Decimal(600), at=house.clock())


def found(house: Any) -> SourceFound:
    return SourceFound(path="main/funding", since=house.clock(), at=house.clock())


async def queue(house: Any, *events: Any, chat: int = OWNER) -> None:
    async with house.open_unit() as unit:
        await unit.outbox.add(events, chats=[Chat(chat)], at=house.clock())
    house.changed.set()


async def looked(house: Any) -> None:
    """Let the outbox be looked at a few times, and what was found be done."""
    before = house.vitals.turns["delivery"]
    async with asyncio.timeout(20):
        while house.vitals.turns["delivery"] < before + 4:
            house.changed.set()
            await asyncio.sleep(0.08)


async def test_told_at_the_end_as_one_message(house: Any) -> None:
    """Several checks' news, not critical, come when the hours end, together; nothing is lost."""
    told = [raised(house, "A"), found(house), raised(house, "B")]
    async with house.delivering():
        for event in told:
            await queue(house, event)
        await looked(house)
        house.clock.advance(hours=3, seconds=-1)
        await looked(house)
        assert house.sender.said == []
        house.clock.advance(seconds=1)
        await house.sender.wait_for(1)
        await looked(house)
    (said,) = house.sender.said
    assert list(said.events) == told


async def test_critical_overtakes_what_waits(house: Any) -> None:
    """What is critical is told at once, and its recovery as a reply to it."""
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await queue(house, raised(house, "C", critical=True))
        await house.sender.wait_for(1)
        over = replace(cleared(house, "C"), alert=alert(house, "C", critical=True))
        await queue(house, over)
        await house.sender.wait_for(2)
    assert [said.kinds for said in house.sender.said] == [["alert_raised"], ["alert_cleared"]]
    assert [said.events[0].alert.incident for said in house.sender.said] == ["C", "C"]
    assert house.sender.said[1].reply_to == 1001


async def test_other_chats_hear_all(house: Any) -> None:
    """Only the chat that wanted it is left alone."""
    async with house.delivering():
        for chat in (OWNER, GROUP):
            await queue(house, raised(house, "A"), chat=chat)
        await house.sender.wait_for(1)
        await looked(house)
    assert [said.chat_id for said in house.sender.said] == [GROUP]


async def test_recovery_joins_what_it_ends(house: Any) -> None:
    """What is over before the hours end is told in the same message, beginning and end."""
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await looked(house)
        house.clock.advance(hours=1)
        await queue(house, cleared(house, "A"))
        await looked(house)
        house.clock.advance(hours=2)
        (said,) = await house.sender.wait_for(1)
    assert said.kinds == ["alert_raised", "alert_cleared"]


async def test_recovery_after_the_end_replies_to_the_one_message(house: Any) -> None:
    """Where the first message was put with others, the recovery is a reply to that."""
    async with house.delivering():
        await queue(house, found(house))
        await queue(house, raised(house, "A"))
        await looked(house)
        house.clock.advance(hours=3)
        await house.sender.wait_for(1)
        await queue(house, cleared(house, "A"))
        said = await house.sender.wait_for(2)
    assert [s.reply_to for s in said] == [None, 1001]


async def test_recovery_of_what_was_told_before_keeps_its_reply(house: Any) -> None:
    """A recovery that waits alone still replies to what was told before the hours began."""
    await house.chats.set_quiet(OWNER, None, title="You")
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await house.sender.wait_for(1)
        await house.chats.set_quiet(OWNER, TO_NOON, title="You")
        await queue(house, cleared(house, "A"))
        await looked(house)
        assert len(house.sender.said) == 1
        house.clock.advance(hours=3)
        said = await house.sender.wait_for(2)
    assert [s.reply_to for s in said] == [None, 1001]


async def test_recoveries_of_one_message_reply_to_it(house: Any) -> None:
    """Where all that waits belongs to the same message, it is a reply to that."""
    await house.chats.set_quiet(OWNER, None, title="You")
    async with house.delivering():
        await queue(house, raised(house, "A"), raised(house, "B"))
        await house.sender.wait_for(1)
        await house.chats.set_quiet(OWNER, TO_NOON, title="You")
        for incident in ("A", "B"):
            await queue(house, cleared(house, incident))
            await looked(house)
        house.clock.advance(hours=3)
        said = await house.sender.wait_for(2)
    assert [(len(s.events), s.reply_to) for s in said] == [(2, None), (2, 1001)]


async def test_digest_waits_alone(house: Any) -> None:
    """A digest is a message of its own after the end, and what waits behind it another."""
    now = house.clock()
    digest = DigestDue(local_date=now.date(), since=None, late=False, at=now)
    async with house.delivering():
        for event in (digest, raised(house, "A"), found(house)):
            await queue(house, event)
            await looked(house)
        assert house.sender.said == []
        house.clock.advance(hours=3)
        said = await house.sender.wait_for(2)
    assert [(s.digest is not None, s.kinds) for s in said] == [
        (True, []),
        (False, ["alert_raised", "source_found"]),
    ]


async def test_over_a_restart(house: Any) -> None:
    """What waits is in the database, and so are the hours."""
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await looked(house)
    async with house.delivering():
        await queue(house, raised(house, "B"))
        await looked(house)
        assert house.sender.said == []
        house.clock.advance(hours=3)
        (said,) = await house.sender.wait_for(1)
    assert len(said.events) == 2


@pytest.mark.parametrize(
    ("hours", "silent_for"),
    [
        (None, timedelta(0)),
        (parse_quiet("08:00-09:30"), timedelta(minutes=30)),
        (parse_quiet("08:00-17:00"), timedelta(hours=8)),
        (parse_quiet("22:00-07:00"), timedelta(0)),
    ],
)
async def test_other_hours_hold_for_what_waits_already(
    house: Any, hours: Any, silent_for: timedelta
) -> None:
    """What waits is told when the hours end that were chosen last."""
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await looked(house)
        await house.chats.set_quiet(OWNER, hours, title="You")
        await looked(house)
        if silent_for:
            house.clock.advance(seconds=silent_for.total_seconds() - 1)
            await looked(house)
            assert house.sender.said == []
            house.clock.advance(seconds=1)
        await house.sender.wait_for(1)


@pytest.mark.parametrize("outcome", [NotSent("no connection"), MaybeSent("hung up")])
async def test_what_fails_until_they_begin_waits(house: Any, outcome: Any) -> None:
    """A message that cannot be sent before the hours begin waits, with its doubt, like others."""
    house.clock.advance(hours=-1, seconds=-10)
    house.sender.outcomes[OWNER] = [outcome]
    async with house.delivering():
        await queue(house, raised(house, "A"))
        await house.sender.wait_for(1)
        await _settled(house)
        house.clock.advance(seconds=10)
        await looked(house)
        await queue(house, found(house))
        await looked(house)
        assert len(house.sender.said) == 1
        house.clock.advance(hours=4)
        said = await house.sender.wait_for(2)
    assert said[1].kinds == ["alert_raised", "source_found"]
    assert said[1].maybe_repeated is isinstance(outcome, MaybeSent)


async def _settled(house: Any) -> None:
    """Wait until no message is being sent."""
    async with asyncio.timeout(10):
        while True:
            async with house.open_unit() as unit:
                if not await unit.outbox.interrupted():
                    return
            await asyncio.sleep(0.001)


async def test_hours_are_kept_and_told(house: Any) -> None:
    """They are the chat's own; a greeting does not change them."""
    await house.chats.greet(OWNER, title="You")
    assert await house.chats.quiet_hours(OWNER) == TO_NOON
    assert await house.chats.quiet_hours(GROUP) is None
    await house.chats.set_quiet(OWNER, None, title="You")
    assert await house.chats.quiet_hours(OWNER) is None
