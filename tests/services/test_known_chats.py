"""Who is allowed, and who is told: by the settings, and by what is kept."""

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
