"""Status: what is not well comes first, and nothing is said that is not known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.core.events import SourceFound
from bot.core.scope import Asker, Scope
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Price
from bot.services.report_status import ReportStatus


def status(house: Any) -> ReportStatus:
    return ReportStatus(
        watched=house.watched or house.watch(),
        prices=house.prices,
        vitals=house.vitals,
        version="1.2.3",
        open_unit=house.open_unit,
        recipients=house.chats.recipients,
        clock=house.clock,
    )


async def test_all_is_well(house: Any) -> None:
    """Each wallet was read, and is read again; the parts work, no message waits."""
    house.rules = {}
    for part in ("poll", "checks", "delivery"):
        house.vitals.worked(part)
    await house.check(house.build_checks(), minutes=0)
    house.exchange.prices["okx"] = [Price("ETH", "USDT", Decimal(1), house.clock())]
    await house.prices.refresh()
    told = await status(house).look()
    assert [source.is_well for source in told.sources] == [True] * 3
    assert {source.next_at for source in told.sources} == {house.clock() + timedelta(minutes=1)}
    assert (told.ailing, told.waiting, told.version) == ({}, 0, "1.2.3")
    assert told.prices == {"okx": house.clock(), "xt": None}


async def test_what_is_wrong_comes_first(house: Any) -> None:
    """What failed, what is old, what is late; a part that stands still; what waits."""
    house.rules = {}
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("no answer")
    await house.check(house.build_checks())
    house.clock.advance(minutes=30)
    async with house.open_unit() as unit:
        event = SourceFound(path="a/b", since=house.clock(), at=house.clock())
        await unit.outbox.add([event], chats=await unit.chats.load(), at=house.clock())
    told = await status(house).look()
    first = told.sources[0]
    assert (first.state.path, first.state.readable) == ("xt/spot", False)
    assert [source.stale for source in told.sources[1:]] == [True, True]
    assert min(source.lag for source in told.sources) >= timedelta(minutes=28)
    assert len(told.problems) == 3
    assert set(told.ailing) == {"poll", "checks", "delivery"}
    assert told.waiting == 2
    assert told.waiting_since == house.clock()


async def test_a_wallet_that_rests_is_read_after_its_rest(house: Any) -> None:
    """What an exchange wants to be left alone is not late meanwhile."""
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("no answer")
    await house.check(house.build_checks())
    told = await status(house).look()
    assert told.sources[0].lag == timedelta(0)
    assert told.sources[0].next_at is not None


async def test_only_what_a_chat_may_know(house: Any) -> None:
    told = await status(house).within(Asker(chat_id=1, scope=Scope(("xt",)))).look()
    assert [source.state.path for source in told.sources] == ["xt/spot"]
    assert set(told.prices) == {"xt"}
