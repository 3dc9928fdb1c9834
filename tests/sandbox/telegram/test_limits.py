"""The limits of sending, by a clock that stands still."""

from typing import Any

import pytest

from bot.sandbox.telegram import TelegramServer, User


@pytest.fixture
def server(clock: Any) -> TelegramServer:
    server = TelegramServer(clock=clock, limits=True)
    server.add_private_chat("You")
    return server


async def statuses(api: Any, chat_ids: list[int]) -> list[int]:
    return [(await api("sendMessage", chat_id=chat_id, text="x"))[0] for chat_id in chat_ids]


async def test_a_chat_takes_a_burst_then_one_per_second(api: Any, clock: Any) -> None:
    """Three pass at once; the fourth is told how long to wait, and passes then."""
    assert await statuses(api, [1001] * 3) == [200] * 3
    status, answer = await api("sendMessage", chat_id=1001, text="x")
    assert (status, answer["parameters"]) == (429, {"retry_after": 3})
    assert answer["description"] == "Too Many Requests: retry after 3"
    clock.advance(seconds=3)
    assert await statuses(api, [1001]) == [200]


async def test_a_group_takes_twenty_in_a_minute(
    api: Any, clock: Any, server: TelegramServer
) -> None:
    """Edits count as well."""
    group = server.add_group("Desk", [User(7, "Mira")])
    for _ in range(19):
        clock.advance(seconds=1)
        assert await statuses(api, [group.id]) == [200]
    last = server.messages(group.id)[-1]
    clock.advance(seconds=1)
    assert (await api("editMessageText", chat_id=group.id, message_id=last.id, text="y"))[0] == 200
    clock.advance(seconds=1)
    _, answer = await api("sendMessage", chat_id=group.id, text="x")
    assert answer["parameters"] == {"retry_after": 40}


async def test_thirty_per_second_over_all_chats(
    api: Any, clock: Any, server: TelegramServer
) -> None:
    """The 31st message within a second is refused, whatever its chat."""
    chats = [server.add_private_chat("P", user_id=2000 + n).id for n in range(31)]
    assert await statuses(api, chats) == [200] * 30 + [429]
    clock.advance(seconds=1)
    assert await statuses(api, chats[-1:]) == [200]
