"""Rules: how they stand, and what becomes of an alert whose rule or wallet has gone."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.portfolio import Account
from bot.core.rules import parse_rule


async def fire(house: Any) -> None:
    """Have the rule `low` fire, and its alert told."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    (parcel,) = await house.queued()
    assert [event.kind for event in parcel.events] == ["alert_raised"]


@pytest.mark.parametrize("gone", ["rule", "wallet", "account"])
async def test_vanished_alert_ends_with_a_word(house: Any, gone: str) -> None:
    """It is told once as ended, not as recovered, and is never heard of again."""
    await fire(house)
    if gone == "rule":
        house.rules = {}
    elif gone == "wallet":
        house.accounts = (Account("main", "okx", ("trading",), house.accounts[0].check_every),)
    else:
        house.accounts = house.accounts[1:]
    for told in (["alert_ended"], []):
        await house.build_rules().settle()
        assert [e.kind for p in await house.queued() for e in p.events] == told
    async with house.open_unit() as unit:
        assert all(state.alert is None for state in (await unit.alerts.load()).values())


@pytest.mark.parametrize(
    "changed",
    ["main/funding USDT < 400", "main/funding USDT > 5000", "main/funding USDT < 500 · clear 900"],
)
async def test_another_limit_is_no_recovery(house: Any, changed: str) -> None:
    """A rule that was changed while it fires ends its alert; the new one is judged afresh."""
    await fire(house)
    name = next(iter(house.rules))
    house.rules[name] = parse_rule(changed)
    await house.build_rules().settle()
    assert [e.kind for p in await house.queued() for e in p.events] == ["alert_ended"]
    await house.check(house.build_checks())
    raised = ["alert_raised"] if "<" in changed else []
    assert [e.kind for p in await house.queued() for e in p.events] == raised


async def test_ending_is_a_reply(house: Any) -> None:
    """The word is a reply to the alert, with the amount that was seen last."""
    await fire(house)
    house.rules = {}
    await house.build_rules().settle()
    (parcel,) = await house.queued()
    assert parcel.reply_to is not None
    assert [event.amount for event in parcel.events] == [Decimal(1)]


async def test_what_is_still_there_goes_on(house: Any) -> None:
    """An alert whose rule and wallet are there is left alone; one that is calm goes silently."""
    await fire(house)
    await house.build_rules().settle()
    assert await house.queued() == []
    house.exchange.answers["main/funding"] = {"USDT": "1000"}
    await house.check(house.build_checks())
    await house.queued()
    house.rules = {}
    await house.build_rules().settle()
    assert await house.queued() == []


async def test_status_tells_every_subject(house: Any) -> None:
    """Each rule has a state per subject; where nothing was judged yet there is no amount."""
    house.rules["any"] = parse_rule("main/* ETH > 1")
    await fire(house)
    low, every = await house.build_rules().status()
    assert (low.name, [s.phase for s in low.states]) == ("low", ["firing"])
    assert [s.subject for s in every.states] == ["main/funding", "main/trading"]
    house.rules["later"] = parse_rule("xt/spot BTC > 1")
    *_, later = await house.build_rules().status()
    assert [(s.phase, s.amount) for s in later.states] == [("ok", None)]
