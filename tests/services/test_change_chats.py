"""What a chat wants and may see: kept, and told of at once where it hears more by that."""

from dataclasses import replace
from typing import Any

from bot.core.access import Person
from bot.core.delivery import Chat
from bot.core.preferences import Preferences
from bot.core.quiet import parse_quiet
from bot.core.scope import ALL, Scope
from bot.fetchers.errors import CredentialsRejected

OWNER, GROUP, STRANGER = 1001, -4001, 6666
YOU = Person(OWNER, "You")


async def kinds(house: Any, chat_id: int) -> list[str]:
    return [event.kind for parcel in await house.queued(chat_id) for event in parcel.events]


async def changed(house: Any, chat_id: int = GROUP, **wanted: Any) -> Chat | None:
    """Change a chat, as an owner does."""
    found: Chat | None = await house.chats.change(
        chat_id,
        lambda chat: replace(chat, **wanted),
        deed="settings_changed",
        about="it",
        by=YOU,
    )
    return found


async def test_settings_before_the_first_greeting_are_kept(house: Any) -> None:
    """The chat has events from then on, as far as it wants them; a stranger's has none."""
    house.owners = (*house.owners, 2002)
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    house.exchange.answers["xt/spot"] = CredentialsRejected("the key is not known")
    await house.check(house.build_checks())
    await house.queued()
    silenced = Preferences(language="zh", loudness={"sources": "off"})
    after = await changed(house, 2002, preferences=silenced)
    assert after is not None
    assert await kinds(house, 2002) == ["alert_raised"]
    async with house.open_unit() as unit:
        kept = {chat.chat_id: chat for chat in await unit.chats.load()}
    assert kept[2002].preferences == silenced
    assert await changed(house, STRANGER) is None
    await house.chats.set_quiet(STRANGER, parse_quiet("22:00-07:00"), title="Eve", by=YOU)
    async with house.open_unit() as unit:
        assert STRANGER not in {chat.chat_id for chat in await unit.chats.load()}


async def test_who_hears_more_is_told_what_stands_of_it(house: Any) -> None:
    """By a wider scope or a kind turned on; nothing else is told, nor anything twice."""
    off = Preferences(loudness={"warnings": "off", "sources": "off"})
    await changed(house, scope=Scope(("main/trading",)), preferences=off)
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    house.exchange.answers["xt/spot"] = CredentialsRejected("the key is not known")
    await house.check(house.build_checks())
    for wanted, told in (
        ({"scope": ALL}, []),
        ({"preferences": Preferences(loudness={"sources": "off"})}, ["alert_raised"]),
        ({"preferences": Preferences()}, ["source_lost"]),
        ({"preferences": Preferences(percent_only=True)}, []),
        ({"scope": Scope(("main/trading",))}, []),
        ({"scope": Scope(("xt",))}, ["source_lost"]),
        ({"scope": ALL}, []),
    ):
        await changed(house, **wanted)
        assert await kinds(house, GROUP) == told, wanted


async def test_who_is_gone_is_told_nothing_more(house: Any) -> None:
    await changed(house, scope=Scope(()))
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    await house.chats.mark_gone(GROUP, reason="kicked")
    await changed(house, scope=ALL)
    async with house.open_unit() as unit:
        assert await unit.outbox.depth(chats=[GROUP]) == 0
