"""Who is told: by the settings, from the first start or greeting on."""

from typing import Any

from bot.core.delivery import Chat

OWNER, GROUP, STRANGER = 1001, -4001, 6666


async def test_only_the_settings_allow(house: Any) -> None:
    """Owners and configured chats may look; being an owner is a matter of the user alone."""
    chats = house.chats
    assert [chats.may_look(i) for i in (OWNER, GROUP, STRANGER)] == [True, True, False]
    assert [chats.is_owner(i) for i in (OWNER, GROUP, STRANGER)] == [True, False, False]


async def test_recipients_are_allowed_and_there(house: Any) -> None:
    """What the database knows does not count without the settings; who is gone is left out."""
    known = [Chat(OWNER), Chat(GROUP, gone="kicked"), Chat(STRANGER)]
    assert house.chats.recipients(known) == [Chat(OWNER)]


async def test_configured_chats_are_told_from_the_first_start_on(house: Any) -> None:
    """A second start neither adds a chat twice nor makes it new, nor brings back one that went."""
    first = house.clock()
    async with house.open_unit() as unit:
        await unit.chats.mark_gone(GROUP, reason="kicked")
    house.clock.advance(days=1)
    await house.chats.add_configured()
    async with house.open_unit() as unit:
        (group,) = [chat for chat in await unit.chats.load() if chat.chat_id == GROUP]
    assert (group.since, group.gone) == (first, "kicked")


async def test_greeting_brings_back(house: Any) -> None:
    """A chat that speaks again gets events again, and keeps its first day."""
    first = house.clock()
    async with house.open_unit() as unit:
        await unit.chats.mark_gone(OWNER, reason="blocked")
    house.clock.advance(days=1)
    await house.chats.greet(OWNER, title="New name")
    async with house.open_unit() as unit:
        known = house.chats.recipients(await unit.chats.load())
    assert Chat(OWNER, "New name", first) in known
