"""A preview tells what a rule would cover and fire, now and before; it refuses what is mute."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import RuleError
from bot.core.portfolio import Account, WalletState
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Balance, Price, Staking
from bot.services.preview_rule import LOOK_BACK, PreviewRule

MINUTE = timedelta(minutes=1)


@pytest.fixture
def previews(house: Any) -> PreviewRule:
    house.accounts = (*house.accounts, Account("ok", "okx", ("staking",), MINUTE, {
        "staking": frozenset({"ETH"})
    }))  # fmt: skip
    return PreviewRule(
        watched=house.watch(), prices=house.prices, open_unit=house.open_unit, clock=house.clock
    )


async def test_what_is_covered_and_fires_now(house: Any, previews: PreviewRule) -> None:
    """Each wallet has its state; `for` does not hold back what is bad now."""
    house.exchange.answers |= {
        "main/funding": {"USDT": "1"},
        "main/trading": {"USDT": "700"},
        "xt/spot": ExchangeUnavailable("xt answered 502"),
    }
    await house.check(house.build_checks())
    preview = await previews.preview("* USDT < 500 · for 3 reads")
    assert preview.covers == ("main/funding", "main/trading", "xt/spot")
    assert [(s.subject, s.phase, s.amount is None) for s in preview.states] == [
        ("main/funding", "firing", False),
        ("main/trading", "ok", False),
        ("xt/spot", "ok", True),
    ]
    summed = await previews.preview("sum main USDT < 500")
    assert [(s.subject, s.phase) for s in summed.states] == [("sum main", "ok")]
    assert summed.covers == ("main/funding", "main/trading")


async def test_nothing_is_kept_of_it(house: Any, previews: PreviewRule) -> None:
    """A preview is a question: no alert, no state, no message comes of it."""
    house.rules = {}
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    await previews.preview("main/funding USDT < 500")
    assert await house.queued() == []
    async with house.open_unit() as unit:
        assert await unit.alerts.load() == {}


async def test_how_often_it_would_have_fired(house: Any, previews: PreviewRule) -> None:
    """The readings of the past count, one episode after the other, since there are any."""
    checks = house.build_checks()
    begin = house.clock() + 10 * MINUTE
    for amount in ("600", "600", "1", "1", "600", "2", "600"):
        house.exchange.answers["main/funding"] = {"USDT": amount}
        await house.check(checks, minutes=10)
    preview = await previews.preview("main/funding USDT < 500")
    assert preview.past is not None
    assert preview.past.since == begin
    assert preview.past.raised == (begin + 20 * MINUTE, begin + 50 * MINUTE)
    twice = await previews.preview("main/funding USDT < 500 · for 11 reads")
    assert twice.past is not None
    assert twice.past.raised == (begin + 30 * MINUTE,)
    house.clock.advance(days=30, minutes=-20)
    late = await previews.preview("main/funding USDT < 500")
    assert late.past is not None
    assert (late.past.since, len(late.past.raised)) == (house.clock() - LOOK_BACK, 1)


async def test_of_very_many_changes_the_newest_count(
    house: Any, previews: PreviewRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a question may keep the bot from its checks: then the past is shorter."""
    checks = house.build_checks()
    for n in range(20):
        house.exchange.answers["main/funding"] = {"USDT": "1" if n % 2 else "600"}
        await house.check(checks, minutes=1440)
    monkeypatch.setattr("bot.services.preview_rule.MOST_CHANGES", 10)
    preview = await previews.preview("main/funding USDT < 500")
    assert preview.past is not None
    assert preview.past.since == house.clock() - LOOK_BACK / 2
    assert len(preview.past.raised) == 8


async def test_a_fall_is_seen_from_what_was_before(house: Any, previews: PreviewRule) -> None:
    """The height that a fall is measured from may lie before the time that is asked for."""
    checks = house.build_checks()
    for amount in ("600", "420", "400"):
        house.exchange.answers["main/funding"] = {"USDT": amount}
        await house.check(checks, minutes=10)
    house.clock.advance(days=30, minutes=-5)
    preview = await previews.preview("main/funding USDT drops 31% in 1h")
    assert preview.past is not None
    assert len(preview.past.raised) == 1


async def test_what_is_staked_counts_once_in_the_past(house: Any, previews: PreviewRule) -> None:
    """The snapshot of a staked coin has what lies in the other wallets of the account."""
    held = Balance("BETH", Decimal(3), Decimal(3), Decimal(0))
    staked = replace(
        held, total=Decimal(4), staking=Staking(house.clock(), Decimal(0), Decimal(0))
    )
    async with house.open_unit() as unit:
        await unit.wallets.save(
            [
                WalletState("main/funding", (held,), house.clock()),
                WalletState("main/trading", (staked,), house.clock()),
            ]
        )
    preview = await previews.preview("sum main BETH < 5")
    assert preview.past is not None
    assert len(preview.past.raised) == 1


async def test_a_value_has_no_past(house: Any, previews: PreviewRule) -> None:
    """What would fire now is known by present prices; past ones are not kept."""
    house.exchange.prices["okx"] = [Price("ETH", "USDT", Decimal(2000), house.clock())]
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    preview = await previews.preview("main total < 10 USDT")
    assert preview.past is None
    assert preview.unknown_coin is None
    assert [s.phase for s in preview.states] == ["firing"]


@pytest.mark.parametrize(
    ("line", "expected", "column"),
    [
        ("main/fundng USDT < 5", "such as main/funding", 1),
        ("  sum  mian USDT < 5", "such as main", 8),
        ("sum um USDT < 5", "such as", 5),
        ("ok/staking USDT < 5", "a wallet that can hold USDT", 1),
        ("main/funding USDT << 5", "< or > or drops or lasts", 19),
        (f'main USDT < 5 · "{"x" * 300}"', "300 characters", 301),
    ],
)
async def test_what_is_wrong_is_pointed_at(
    previews: PreviewRule, line: str, expected: str, column: int
) -> None:
    """Whatever is wrong with a line, the word at fault is named, and what was expected."""
    with pytest.raises(RuleError) as e:
        await previews.preview(line)
    assert expected in e.value.expected
    assert e.value.column == column


async def test_a_coin_that_is_not_there(house: Any, previews: PreviewRule) -> None:
    """It may come, so it is only asked about; before the first reading nobody knows."""
    before = await previews.preview("main/funding USDC < 5")
    assert (before.unknown_coin, [s.amount for s in before.states]) == (None, [None])
    house.exchange.answers |= {"main/funding": {"ETH": "1"}, "xt/spot": {"USDT": "1"}}
    await house.check(house.build_checks())
    assert (await previews.preview("main/funding USDC < 5")).unknown_coin == ("USDT",)
    assert (await previews.preview("main/funding XYZ < 5")).unknown_coin == ()
    assert (await previews.preview("main/funding ETH < 5")).unknown_coin is None


async def test_sub_accounts_that_may_come(house: Any) -> None:
    """A rule about sub-accounts of which there are none yet is no mistake."""
    house.accounts = (
        Account("main", "okx", ("funding",), MINUTE, sub_wallets=("sub:*",)),
    )  # fmt: skip
    previews = PreviewRule(
        watched=house.watch(), prices=house.prices, open_unit=house.open_unit, clock=house.clock
    )
    preview = await previews.preview("main/sub:* USDT < 5")
    assert (preview.covers, preview.states) == ((), ())
