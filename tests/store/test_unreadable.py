"""What another version wrote, and this one cannot read, stops nothing."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.alerts import AlertState, Hush
from bot.core.delivery import Chat, Delivered
from bot.core.events import Alert, AlertRaised
from bot.core.portfolio import WalletState
from bot.core.rules import parse_rule
from bot.services.ports import OpenUnit

LATER = '{"of_a_later_version":true}'


async def spoil(engine: AsyncEngine, place: str, value: str = LATER) -> None:
    """Write something else into a column of all rows."""
    table, _, column = place.partition(".")
    async with engine.begin() as connection:
        changed = f"UPDATE {table} SET {column} = :value"  # noqa: S608 - names of ours
        await connection.execute(text(changed), {"value": value})


async def test_balances(
    open_unit: OpenUnit, engine: AsyncEngine, wallet: Callable[..., WalletState]
) -> None:
    """Balances that cannot be read are unknown until the next reading, never zero."""
    async with open_unit() as unit:
        await unit.wallets.save([wallet("main/funding", USDT="5")])
    await spoil(engine, "wallets.balances")
    async with open_unit() as unit:
        state = (await unit.wallets.load())["main/funding"]
        assert (state.balances, state.readable) == (None, False)
        await unit.wallets.save([wallet("main/funding", minutes=1, USDT="6")])
        (balance,) = (await unit.wallets.load())["main/funding"].balances or ()
        assert balance.total == 6


async def test_alert_and_silence(
    open_unit: OpenUnit, engine: AsyncEngine, alert: Callable[[str], Alert], now: datetime
) -> None:
    """An episode that cannot be read begins anew; a silence ends: both are told, not lost."""
    key = ("low", "main/funding", "USDT")
    hush = Hush("until", now, by="You", at=now)
    state = AlertState(*key, alert=alert("A"), amount=Decimal(5), hush=hush)
    for column in ("hush", "alert"):
        async with open_unit() as unit:
            await unit.alerts.save([state])
        await spoil(engine, f"alerts.{column}")
        async with open_unit() as unit:
            (found,) = (await unit.alerts.load()).values()
        assert getattr(found, column) is None
        assert found.amount == 5


async def test_chat(open_unit: OpenUnit, engine: AsyncEngine, now: datetime) -> None:
    """A chat whose scope cannot be read sees nothing; one whose wishes cannot, no amounts."""
    async with open_unit() as unit:
        await unit.chats.add(Chat(1, since=now))
    await spoil(engine, "chats.scope", '{"patterns":"*"}')
    await spoil(engine, "chats.preferences", '{"loudness":{"of_a_later_version":"off"}}')
    async with open_unit() as unit:
        (chat,) = await unit.chats.load()
    assert not chat.scope.has("main/funding")
    assert chat.preferences.percent_only


async def test_what_messages_show(
    open_unit: OpenUnit,
    engine: AsyncEngine,
    raised: Callable[[str], AlertRaised],
    now: datetime,
) -> None:
    """A message of which it is not known what it shows is edited; who was told is told again."""
    async with open_unit() as unit:
        await unit.chats.add(Chat(1, since=now))
        await unit.outbox.add([raised("A")], chats=[Chat(1)], at=now)
    async with open_unit() as unit:
        (parcel,) = await unit.outbox.lease(now=now)
        await unit.outbox.settle(parcel.id, Delivered(11), at=now, sent_to=1)
    for column in ("face", "ending"):
        await spoil(engine, f"incidents.{column}")
    await spoil(engine, "elsewhere.told_to")
    async with open_unit() as unit:
        (shown,) = await unit.outbox.shown()
        (critical,) = await unit.elsewhere.load(chats=[1])
    assert shown.face.renew
    assert shown.ending is None
    assert critical.told_to == frozenset()


async def test_rule(open_unit: OpenUnit, engine: AsyncEngine, now: datetime) -> None:
    """A rule that says what this version does not know is left out; the others are in force."""
    async with open_unit() as unit:
        for limit in (1, 2):
            await unit.rules.add(parse_rule(f"main USDT < {limit}"), by="You", at=now)
    async with engine.begin() as connection:
        later = "UPDATE rules SET text = 'main USDT wobbles' WHERE id = 1"
        await connection.execute(text(later))
    async with open_unit() as unit:
        assert [made.id for made in await unit.rules.load()] == [2]
