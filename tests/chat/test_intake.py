"""What is taken in: kept by any process, handled by one that runs, in lines that have an end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from telegram import Update
from telegram.ext import TypeHandler

from bot.chat import intake as intake_module
from bot.chat import strangers
from bot.chat.application import build_application
from bot.chat.intake import Intake
from bot.core.delivery import Chat
from bot.sandbox.telegram import TelegramServer
from bot.services.admit_chats import AdmitChats
from bot.services.lead import NoLongerLeading
from bot.services.manage_chats import ManageChats
from bot.services.ports import NotKept
from bot.services.watch_vitals import WatchVitals
from bot.store.inbox import SqlInbox

OWNER, GROUP, STRANGER, CLUB = 1001, -4001, 6666, -4100


def update(number: int, *, chat: int = OWNER, user: int = OWNER, text: str = "hi") -> Any:
    person = {"id": user, "is_bot": False, "first_name": "Ada"}
    place = {"id": chat, "type": "private" if chat > 0 else "group", "title": "Desk"}
    message = {"message_id": number, "date": 1, "chat": place, "from": person, "text": text}
    return {"update_id": number, "message": message}


class Handled:
    """Writes down what is handled, as slowly as it is told to."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.begun = 0
        self.breaks: set[int] = set()

    async def __call__(self, update: Update, _: Any) -> None:
        self.begun += 1
        await self.open.wait()
        self.ids.append(update.update_id)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.ids) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
async def handled() -> Handled:
    return Handled()


@pytest.fixture
async def intake(desk: Any, handled: Handled) -> Intake:
    """Have one that handles nothing yet."""
    use = desk.use_cases()
    await use.chats.recall()
    application = build_application(desk.build(), use)
    application.handlers.clear()
    application.add_handler(TypeHandler(Update, handled))
    desk.use = use
    return Intake(
        application,
        chats=use.chats,
        admission=use.admission,
        vitals=WatchVitals(
            recipients=use.chats.recipients, open_unit=desk.open_unit, clock=desk.clock
        ),
        open_unit=desk.open_unit,
        clock=desk.clock,
    )


@asynccontextmanager
async def beginning(intake: Intake) -> AsyncIterator[None]:
    task = asyncio.ensure_future(intake.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def running(intake: Intake) -> AsyncIterator[None]:
    async with beginning(intake):
        await asyncio.wait_for(intake.ready.wait(), 5)
        yield


async def unhandled(desk: Any) -> list[int]:
    async with desk.open_unit() as unit:
        return list(await unit.inbox.unhandled())


async def all_marked(desk: Any) -> None:
    async with asyncio.timeout(10):
        while await unhandled(desk):  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_kept_where_nothing_is_handled(desk: Any, intake: Intake, handled: Handled) -> None:
    """Whoever leads handles it within a second, though it has not heard it itself."""
    await intake.take([update(1), update(2, chat=GROUP), update(1)])
    assert await unhandled(desk) == [1, 2]
    assert handled.ids == []
    async with running(intake):
        await all_marked(desk)
    assert sorted(handled.ids) == [1, 2]


async def test_found_while_it_runs(desk: Any, intake: Intake, handled: Handled) -> None:
    """What another process has kept meanwhile, whatever its number."""
    async with running(intake):
        await intake.take([update(50)])
        await handled.wait_for(1)
        async with desk.open_unit() as unit:
            raws = {number: json.dumps(update(number)) for number in (7, 60)}
            await unit.inbox.add(raws, at=desk.clock())
        await handled.wait_for(3)
        await all_marked(desk)
    assert handled.ids == [50, 7, 60]


async def test_taken_again_and_from_many_sides(
    desk: Any, intake: Intake, handled: Handled
) -> None:
    """Posts that come twice, at once, while the inbox is looked through: each is handled once."""
    async with running(intake):
        numbers = list(range(1, 200)) * 3
        await asyncio.gather(
            *(intake.take([update(n, chat=GROUP if n % 2 else OWNER)]) for n in numbers)
        )
        await handled.wait_for(199)
        await all_marked(desk)
        await asyncio.sleep(0.05)
    assert sorted(handled.ids) == list(range(1, 200))


async def test_a_post_that_comes_again_while_it_is_kept(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said to be kept before it is: the first may fail, and then so does this one."""
    async with running(intake):
        fine, reached, go_on = SqlInbox.add, asyncio.Event(), asyncio.Event()

        async def breaking(*_: Any, **__: Any) -> Any:
            reached.set()
            await go_on.wait()
            raise OSError("the disk is full")

        monkeypatch.setattr(SqlInbox, "add", breaking)
        posts = [asyncio.ensure_future(intake.take([update(5)])) for _ in range(3)]
        await reached.wait()
        posts[2].cancel()
        await asyncio.sleep(0.01)
        early = [post.done() for post in posts]
        go_on.set()
        ends = await asyncio.gather(*posts, return_exceptions=True)
        assert early == [False, False, True]
        assert [type(end) for end in ends] == [OSError, OSError, asyncio.CancelledError]
        monkeypatch.setattr(SqlInbox, "add", fine)
        await asyncio.gather(*(intake.take([update(5), update(6)]) for _ in range(3)))
        await handled.wait_for(2)
        await all_marked(desk)
    assert sorted(handled.ids) == [5, 6]
    assert (intake._held, intake._keeping) == (set(), {})


@pytest.mark.parametrize("until", ["group", "look", "ready"])
async def test_a_post_that_is_being_kept_while_it_begins_to_run(
    desk: Any,
    intake: Intake,
    handled: Handled,
    monkeypatch: pytest.MonkeyPatch,
    until: str,
) -> None:
    """It is handled once, behind what was said before, and ahead of what is said after it.

    It is written when there is a group of tasks; or it was, and that is known when the inbox has
    been looked at, or when that has been made use of.
    """
    monkeypatch.setattr(intake_module, "AT_ONCE_IN_CHAT", 1)
    await intake.take([update(1)])
    fine, reached, go_on = intake._open_unit, asyncio.Event(), asyncio.Event()

    async def hold_up() -> None:
        reached.set()
        await go_on.wait()

    @asynccontextmanager
    async def slow() -> AsyncIterator[Any]:
        async with fine() as unit:
            yield unit
            if until == "group":
                await hold_up()
        if until != "group":
            await hold_up()

    intake._open_unit = slow
    post = asyncio.ensure_future(intake.take([update(2)]))
    await reached.wait()
    intake._open_unit = fine
    page = intake._page

    async def looked(**asked: Any) -> Any:
        found = await page(**asked)
        if until == "look":
            go_on.set()
            await asyncio.wait({post})
        return found

    monkeypatch.setattr(intake, "_page", looked)
    async with beginning(intake), asyncio.timeout(5):
        while not (intake._group if until == "group" else intake.ready.is_set()):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        go_on.set()
        await post
        await intake.ready.wait()
        await intake.take([update(3)])
        intake._more.set()
        await all_marked(desk)
        while intake._serving:  # noqa: ASYNC110 - somebody may be handling it once more
            await asyncio.sleep(0.001)
    assert handled.ids == [1, 2, 3]
    assert (intake._held, intake._keeping) == (set(), {})


async def test_a_line_has_an_end(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit waits in the inbox; in the end all is handled, once, in its order."""
    monkeypatch.setattr(intake_module, "MOST_IN_LINE", 10)
    monkeypatch.setattr(intake_module, "PAGE", 25)
    monkeypatch.setattr(intake_module, "AT_ONCE_IN_CHAT", 1)
    handled.open.clear()
    async with running(intake):
        for first in range(1, 301, 20):
            await intake.take([update(n, chat=GROUP) for n in range(first, first + 20)])
        assert len(intake._held) <= 12
        assert sum(len(line.waiting) for line in intake._lines.values()) <= 10
        await intake.take([update(1000)])
        handled.open.set()
        await handled.wait_for(301)
        await all_marked(desk)
    of_group = [number for number in handled.ids if number != 1000]
    assert of_group == list(range(1, 301))
    assert handled.ids.index(1000) < 20
    assert (intake._lines, intake._held) == ({}, set())


async def test_others_are_found_behind_a_flood(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that does not move holds up nobody, however much of it lies in the inbox first."""
    monkeypatch.setattr(intake_module, "MOST_IN_LINE", 10)
    monkeypatch.setattr(intake_module, "PAGE", 25)
    monkeypatch.setattr(intake_module, "LOOK_EVERY_S", 0.001)
    for first in range(1, 201, 20):
        await intake.take([update(n, chat=GROUP) for n in range(first, first + 20)])
    await intake.take([update(500)])
    gate, process = asyncio.Event(), intake._process

    async def slow_in_group(told: Update) -> None:
        if told.effective_chat is not None and told.effective_chat.id == GROUP:
            await gate.wait()
        await process(told)

    monkeypatch.setattr(intake, "_process", slow_in_group)
    async with running(intake):
        await handled.wait_for(1)
        assert handled.ids == [500]
        gate.set()
        await handled.wait_for(201)
        await all_marked(desk)


async def test_all_lines_together_have_an_end(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many chats at once are bounded as well."""
    monkeypatch.setattr(intake_module, "MOST_IN_LINES", 30)
    handled.open.clear()
    async with running(intake):
        for number in range(1, 101):
            chat = GROUP if number % 2 else OWNER
            await intake.take([update(number, chat=chat)])
        assert len(intake._held) <= 31
        handled.open.set()
        await handled.wait_for(100)
        await all_marked(desk)
    assert sorted(handled.ids) == list(range(1, 101))


async def test_what_breaks_off_waits_for_the_next_start(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried every second; nothing else is held up by it."""
    monkeypatch.setattr(intake_module, "LOOK_EVERY_S", 0.001)
    process, tries = intake._process, []

    async def breaking(told: Update) -> None:
        if told.update_id == 1:
            tries.append(told)
            raise ZeroDivisionError
        await process(told)

    monkeypatch.setattr(intake, "_process", breaking)
    async with running(intake):
        await intake.take([update(1), update(2)])
        await handled.wait_for(1)
        await asyncio.sleep(0.1)
        assert len(tries) == 1
        assert await unhandled(desk) == [1]
    monkeypatch.setattr(intake, "_process", process)
    async with running(intake):
        await all_marked(desk)
    assert handled.ids == [2, 1]


async def test_who_does_not_lead_keeps_little_of_strangers(desk: Any, intake: Intake) -> None:
    """They may have been let in a moment ago; thousands of them have not."""
    for number in range(1, 500):
        await intake.take([update(number, chat=STRANGER + number, user=STRANGER + number)])
    assert len(await unhandled(desk)) == strangers.MOST_KEPT
    await intake.take([update(1000)])
    assert 1000 in await unhandled(desk)
    desk.clock.now += timedelta(minutes=1)
    await intake.take([update(2000, chat=STRANGER, user=STRANGER)])
    assert 2000 in await unhandled(desk)


async def test_who_does_not_lead_learns_whom_the_other_has_let_in(
    desk: Any, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chat that was approved there is no stranger here, a few seconds later at the latest."""
    monkeypatch.setattr(strangers, "MOST_KEPT", 0)
    await intake.take([update(1, chat=CLUB, user=STRANGER)])
    assert await unhandled(desk) == []
    async with desk.open_unit() as unit:
        chat = Chat(CLUB, since=desk.clock(), asked_at=desk.clock(), role="viewer")
        await unit.chats.save(chat)
    desk.clock.now += intake_module.LEARN_AFTER
    await intake.take([update(2, chat=CLUB, user=STRANGER)])
    assert await unhandled(desk) == [2]


async def test_who_cannot_learn_takes_nobody_for_a_stranger(
    desk: Any, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes while nobody could look, or somebody does, is taken when it is known of whom."""
    monkeypatch.setattr(strangers, "MOST_KEPT", 0)
    async with desk.open_unit() as unit:
        chat = Chat(CLUB, since=desk.clock(), asked_at=desk.clock(), role="viewer")
        await unit.chats.save(chat)
    fine = ManageChats.learn

    async def failing(*_: Any) -> None:
        await asyncio.sleep(0)
        raise NotKept("the database did not take it")

    monkeypatch.setattr(ManageChats, "learn", failing)
    posts = [intake.take([update(n, chat=CLUB, user=STRANGER)]) for n in (1, 2)]
    ends = await asyncio.gather(*posts, return_exceptions=True)
    assert [type(end) for end in ends] == [NotKept, NotKept]
    monkeypatch.setattr(ManageChats, "learn", fine)
    await asyncio.gather(
        *(intake.take([update(n, chat=CLUB, user=STRANGER)]) for n in (1, 2)),
    )
    assert await unhandled(desk) == [1, 2]


async def test_strangers_that_were_kept_are_met_by_who_leads(
    desk: Any, intake: Intake, telegram: TelegramServer
) -> None:
    """As if they had been heard here: they are told their ids, and that is all."""
    await intake.take([update(1, chat=STRANGER, user=STRANGER, text="/start")])
    async with running(intake):
        await telegram.wait_for_message(STRANGER, "6666")
        await all_marked(desk)


async def test_a_stranger_that_cannot_be_met_waits_in_the_inbox(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is kept that they want to come in; who is known does not wait for that."""
    monkeypatch.setattr(intake_module, "LOOK_EVERY_S", 0.001)
    ask = AdmitChats.ask

    async def failing(*_: Any, **__: Any) -> bool:
        raise NotKept("the database did not take it")

    monkeypatch.setattr(AdmitChats, "ask", failing)
    await intake.take([update(1, chat=STRANGER, user=STRANGER, text="/start"), update(2)])
    async with beginning(intake):
        await handled.wait_for(1)
        assert (handled.ids, 1 in await unhandled(desk)) == ([2], True)
        monkeypatch.setattr(AdmitChats, "ask", ask)
        await all_marked(desk)
    async with desk.open_unit() as unit:
        (chat,) = await unit.chats.load()
    assert (chat.chat_id, chat.is_waiting) == (STRANGER, True)


async def take_nine(intake: Intake, handled: Handled) -> None:
    """Let nine come in one chat, and wait until the first is being handled."""
    await intake.take([update(n, chat=GROUP) for n in range(1, 10)])
    async with asyncio.timeout(5):
        while not handled.begun:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_what_is_begun_comes_to_its_end(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told to stop marks what it is answering, so that no other answers it; and no more."""
    monkeypatch.setattr(intake_module, "AT_ONCE_IN_CHAT", 1)
    handled.open.clear()
    async with running(intake):
        await take_nine(intake, handled)
        asyncio.get_running_loop().call_later(0.05, handled.open.set)
    assert handled.ids == [1]
    assert await unhandled(desk) == list(range(2, 10))
    async with running(intake):
        await all_marked(desk)
    assert handled.ids == list(range(1, 10))


async def test_it_may_run_again(
    desk: Any, intake: Intake, handled: Handled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took too long when it was stopped is handled when it runs again."""
    monkeypatch.setattr(intake_module, "FINISH_WITHIN_S", 0.01)
    handled.open.clear()
    async with running(intake):
        await take_nine(intake, handled)
    assert not intake.ready.is_set()
    assert len(await unhandled(desk)) == 9
    handled.open.set()
    async with running(intake):
        await all_marked(desk)
    assert sorted(handled.ids) == list(range(1, 10))


async def test_what_could_not_be_kept_is_not_held(
    desk: Any, intake: Intake, handled: Handled
) -> None:
    """Who posts it is told, and the same update is taken when it comes again."""
    fine = intake._open_unit

    def broken() -> Any:
        raise OSError("the disk is full")

    async with running(intake):
        intake._open_unit = broken
        with pytest.raises(OSError, match="full"):
            await intake.take([update(1)])
        intake._open_unit = fine
        await intake.take([update(1)])
        await all_marked(desk)
    assert handled.ids == [1]


async def test_what_breaks_off_with_the_lead_is_left_to_who_leads(
    desk: Any, intake: Intake, handled: Handled, telegram: TelegramServer
) -> None:
    """It is not marked, and nobody is told that it went wrong; the next one does it."""
    lost = asyncio.Event()

    @asynccontextmanager
    async def not_ours() -> AsyncIterator[Any]:
        lost.set()
        raise NoLongerLeading("another process leads")
        yield

    async def break_off(_update: Update, _: Any) -> None:
        raise NoLongerLeading("another process leads")

    leading, intake._open_leading = intake._open_leading, not_ours
    handlers = dict(intake._application.handlers)
    intake._application.handlers.clear()
    intake._application.add_handler(TypeHandler(Update, break_off))
    async with running(intake):
        await intake.take([update(1)])
        await asyncio.wait_for(lost.wait(), 5)
    assert await unhandled(desk) == [1]
    assert [m.text for m in telegram.messages(OWNER) if m.from_bot] == []
    intake._application.handlers.clear()
    intake._application.handlers.update(handlers)
    intake._open_leading = leading
    async with running(intake):
        await all_marked(desk)
    assert handled.ids == [1]
