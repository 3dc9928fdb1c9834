"""Strangers: nothing of them is kept, few of them are answered, one line tells how many."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.chat import strangers
from bot.chat.access import Caller, caller_of
from bot.chat.i18n import english
from bot.sandbox.telegram import Message, TelegramServer
from bot.services.lead import NoLongerLeading
from bot.services.manage_chats import ManageChats
from bot.services.ports import NotKept

OWNER, STRANGER, FOREIGN_GROUP = 1001, 6666, -4002


async def seen(desk: Any, telegram: TelegramServer) -> None:
    """Wait until all that strangers said before is behind us: the owner is answered."""
    assert len(await desk.ask("/help")) == 1


def answers(telegram: TelegramServer, chat_id: int) -> int:
    return len([m for m in telegram.messages(chat_id) if m.from_bot])


async def test_nothing_of_them_is_kept(desk: Any, telegram: TelegramServer) -> None:
    """Texts, commands and memberships leave no row; Telegram forgets them all the same."""
    for text in ("hello", "/balance", "/start"):
        telegram.say(STRANGER, STRANGER, text)
        telegram.say(FOREIGN_GROUP, STRANGER, text)
    telegram.kick(FOREIGN_GROUP)
    async with desk.polling():
        await desk.quiet()
        async with desk.open_unit() as unit:
            assert await unit.inbox.unhandled() == {}
    assert telegram.updates.pending == []


async def test_the_same_chat_is_answered_once_in_a_while(
    desk: Any, telegram: TelegramServer
) -> None:
    """And again a minute later."""
    async with desk.polling():
        last: Message | int = 0
        for _ in range(2):
            for text in ("/start", "/whoami", "/start"):
                telegram.say(STRANGER, STRANGER, text)
            await seen(desk, telegram)
            last = await telegram.wait_for_message(STRANGER, after=last, timeout=5)
            desk.clock.now += strangers.AGAIN_AFTER
        await seen(desk, telegram)
    assert answers(telegram, STRANGER) == 2


async def test_only_so_many_are_answered(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask in a minute; and nobody is remembered for longer."""
    monkeypatch.setattr(strangers, "MOST_CHATS", 3)
    people = range(7000, 7020)
    async with desk.polling():
        for person in people:
            telegram.add_private_chat(user_id=person)
            telegram.say(person, person, "/start")
        await seen(desk, telegram)
        await telegram.wait_for_message(7002, timeout=5)
        desk.clock.now += timedelta(minutes=1)
        telegram.say(7019, 7019, "/start")
        await telegram.wait_for_message(7019, timeout=5)
    answered = [person for person in people if answers(telegram, person)]
    assert answered == [7000, 7001, 7002, 7019]


async def test_one_line_tells_how_many(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """At most one a minute, whatever they do."""
    async with desk.polling():
        for _ in range(150):
            telegram.say(STRANGER, STRANGER, "my secret text")
        await seen(desk, telegram)
        for _ in range(150):
            telegram.say(STRANGER, STRANGER, "my secret text")
        await seen(desk, telegram)
    (line,) = [line for line in logged().splitlines() if "Strangers were refused" in line]
    assert f"newest_user={STRANGER}" in line
    assert "updates=" in line
    assert not any("secret" in line for line in logged().splitlines() if "debug" not in line)


async def test_who_cannot_be_answered_holds_up_nobody(desk: Any, telegram: TelegramServer) -> None:
    """A stranger who has blocked the bot meanwhile, or whose group is gone."""
    telegram.add_private_chat(user_id=7000)
    telegram.fail("sendMessage", status=403, description="Forbidden: bot was blocked", times=1)
    async with desk.polling():
        telegram.say(STRANGER, STRANGER, "/start")
        await telegram.wait_for_call("sendMessage")
        telegram.say(7000, 7000, "/start")
        await telegram.wait_for_message(7000, timeout=5)
        await seen(desk, telegram)
    assert answers(telegram, STRANGER) == 0


def caller(person: int) -> Caller:
    chat = {"id": person, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": {"id": person}, "text": "/start"}
    found = caller_of({"update_id": person, "message": message})
    assert found is not None
    return found


@pytest.mark.parametrize("error", [NotKept, NoLongerLeading])
async def test_who_wants_to_come_in_is_not_lost(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Telegram is not told that we have it before it is kept that they have asked."""
    fine, failures = ManageChats.changing, iter(range(2))

    @asynccontextmanager
    async def failing(chats: ManageChats) -> AsyncIterator[Any]:
        if next(failures, None) is not None:
            raise error("the database did not take it")
        async with fine(chats) as unit:
            yield unit

    async with desk.polling():
        await seen(desk, telegram)
        monkeypatch.setattr(ManageChats, "changing", failing)
        telegram.say(STRANGER, STRANGER, "/start")
        await seen(desk, telegram)
        await telegram.wait_for_message(STRANGER, timeout=5)
    async with desk.open_unit() as unit:
        waiting = [chat.chat_id for chat in await unit.chats.load() if chat.is_waiting]
    assert (next(failures, None), waiting) == (None, [STRANGER])
    assert answers(telegram, STRANGER) == 1


async def test_who_can_never_be_kept_holds_up_nobody(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails alike whenever it is tried would come again for ever."""

    async def never(*_: Any, **__: Any) -> bool:
        raise ValueError("there is something in this name")

    async with desk.polling():
        monkeypatch.setattr(desk.use.admission, "ask", never)
        telegram.say(STRANGER, STRANGER, "/start")
        await seen(desk, telegram)
    assert telegram.updates.pending == []


async def test_who_was_heard_when_there_was_no_time_left_is_heard_again(desk: Any) -> None:
    """A post that took too long comes again, and must not find that it was answered."""
    asked: list[int] = []

    async def ask(chat_id: int, **_: Any) -> bool:
        asked.append(chat_id)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return True

    met = strangers_met(desk, ask)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await met.meet([caller(7000)])
    for _ in range(2):
        await met.meet([caller(7000)])
    assert asked == [7000, 7000]


def strangers_met(desk: Any, ask: Callable[..., Any]) -> strangers.Strangers:
    bot: Any = SimpleNamespace(username="bot")
    chats: Any = SimpleNamespace(known=lambda _: SimpleNamespace(blocked=False))
    admission: Any = SimpleNamespace(ask=ask)
    return strangers.Strangers(
        bot, chats=chats, admission=admission, clock=desk.clock, language_of=english
    )


async def test_more_at_once_than_have_room(desk: Any) -> None:
    """Who comes while others are asked about is passed over where there is no room left."""

    async def ask(*_: Any, **__: Any) -> bool:
        await asyncio.sleep(0.01)
        return True

    met = strangers_met(desk, ask)
    await met.meet([caller(7000 + n) for n in range(strangers.MOST_CHATS - 2)])
    desk.clock.now += strangers.AGAIN_AFTER
    await asyncio.gather(*(met.meet([caller(8000 + n)]) for n in range(5)))
