"""From the outbox to a phone, by a real socket: each fault, and how often a message comes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.chat.sender import TelegramSender
from bot.core.delivery import Chat
from bot.core.events import DigestDue, SourceFound
from bot.sandbox.telegram import TelegramServer
from bot.services.deliver_outbox import DeliverOutbox
from bot.services.watch_vitals import WatchVitals
from bot.store.database import open_database
from bot.store.schema import outbox
from bot.store.unit_of_work import units_of

OWNER, GROUP, SUPERGROUP = 1001, -4001, -1004001
SEND = "sendMessage"
Order = Callable[[TelegramServer], object]


@pytest.fixture
async def engine(file_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(file_url) as engine:
        yield engine


@pytest.fixture
async def open_unit(engine: AsyncEngine) -> Any:
    return units_of(engine)


class _NothingShown:
    """Nothing is edited in these tests."""

    def look_again(self) -> None:
        """Do nothing."""

    async def due(self, **_: Any) -> tuple[()]:
        """Find nothing."""
        return ()


@dataclass
class Line:
    """The way out, from the database to the phone."""

    desk: Any
    engine: AsyncEngine
    sender: TelegramSender

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        use = self.desk.use_cases()
        delivery = DeliverOutbox(
            open_unit=self.desk.open_unit,
            sender=self.sender,
            digests=use.digests,
            shown=_NothingShown(),  # type: ignore[arg-type]
            chats=use.chats,
            clock=self.desk.clock,
            changed=asyncio.Event(),
            vitals=WatchVitals(
                recipients=use.chats.recipients,
                open_unit=self.desk.open_unit,
                clock=self.desk.clock,
            ),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run())
            yield
            delivery.stop()

    async def queue(self, event: Any, *, chat: int = OWNER) -> None:
        async with self.desk.open_unit() as unit:
            await unit.chats.add(Chat(chat, since=self.desk.clock()))
            await unit.outbox.add([event], chats=[Chat(chat)], at=self.desk.clock())

    async def rows(self) -> list[Any]:
        async with self.engine.begin() as connection:
            return list((await connection.execute(select(outbox).order_by(outbox.c.id))).all())

    async def until_done(self, *, hours: float) -> None:
        """Let time pass, quickly, until all is sent or given up."""
        begun = self.desk.clock()
        async with asyncio.timeout(30):
            while any(row.done_at is None for row in await self.rows()):
                passed = self.desk.clock() - begun
                assert passed < timedelta(hours=hours)
                if not any(row.sending_since for row in await self.rows()):
                    self.desk.clock.now += max(timedelta(seconds=5), passed / 10)
                await asyncio.sleep(0.005)


@pytest.fixture
def line(desk: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr("bot.services.deliver_outbox.LOOK_EVERY_S", 0.001)
    monkeypatch.setattr("bot.chat.application.ANSWER_S", 0.15)
    sender = TelegramSender(desk.build(), zone=desk.use_cases().zone, clock=desk.clock)
    return Line(desk, engine, sender)


def news(line: Line) -> SourceFound:
    now = line.desk.clock()
    return SourceFound(path="main/funding", since=now, at=now)


def refused(status: int, description: str, *, times: int = 3, **more: Any) -> Order:
    return lambda t: t.fail(SEND, status=status, description=description, times=times, **more)


def garbled(status: int, body: bytes) -> Order:
    return lambda t: t.garble(SEND, status=status, body=body, times=3)


HTML_PAGE = b"<html>Bad Gateway</html>"
UNREADABLE = b'{"ok":true,"result":{"message_id":"x","date":[]}}'
FAULTS: list[tuple[str, Order, int, int, bool]] = [
    # what goes wrong, how often it is asked, how often it comes, whether the last is marked
    ("token refused for a while", refused(401, "Unauthorized"), 4, 1, False),
    ("method not found", refused(404, "Not Found"), 4, 1, False),
    ("conflict", refused(409, "Conflict"), 4, 1, False),
    ("error of the server", refused(500, "Internal Server Error"), 4, 1, True),
    ("bad gateway", refused(502, "Bad Gateway"), 4, 1, True),
    ("a gateway's page", garbled(502, HTML_PAGE), 4, 1, True),
    ("a page instead of an answer", garbled(200, HTML_PAGE), 4, 1, True),
    ("an empty answer", garbled(200, b""), 4, 1, True),
    ("an answer that is no message", garbled(200, UNREADABLE), 4, 1, True),
    ("an answer that is no object", garbled(200, b'{"ok":true,"result":7}'), 4, 1, True),
    ("an answer that is a list", garbled(200, b"[]"), 4, 1, True),
    ("cut before", lambda t: t.drop_before(SEND, times=3), 4, 1, True),
    ("cut after", lambda t: t.drop_after(SEND, times=3), 4, 4, True),
    ("hangs before", lambda t: t.hang(SEND, times=2), 3, 1, True),
    ("hangs after", lambda t: t.hang_after(SEND, times=2), 3, 3, True),
    (
        "pause of nothing",
        refused(429, "Too Many Requests: retry after 0", retry_after=0),
        4,
        1,
        False,
    ),
    ("a bad html", refused(400, "Bad Request: can't parse entities: x", times=1), 2, 1, False),
]


@pytest.mark.parametrize(
    ("order", "asked", "arrives", "marked"),
    [row[1:] for row in FAULTS],
    ids=[row[0] for row in FAULTS],
)
async def test_faults(
    line: Line,
    telegram: TelegramServer,
    logged: Callable[[], str],
    *,
    order: Order,
    asked: int,
    arrives: int,
    marked: bool,
) -> None:
    """An alert arrives in the end, once where that can be known, and else says that it may not."""
    order(telegram)
    await line.queue(news(line))
    async with line.delivering():
        await line.until_done(hours=2)
    (row,) = await line.rows()
    told = telegram.messages(OWNER)
    assert "broke off" not in logged()
    assert (len(telegram.calls_of(SEND)), len(told)) == (asked, arrives)
    assert row.message_id == told[-1].id
    assert ("may be a repeat" in told[-1].text, "may be a repeat" in told[0].text) == (
        marked,
        marked and arrives == 1,
    )


@pytest.mark.parametrize(
    ("order", "dropped"),
    [
        (refused(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (refused(403, "Forbidden: user is deactivated"), "deactivated"),
        (refused(403, "Forbidden: bot was kicked from the group chat"), "kicked"),
        (refused(403, "Forbidden: bot is not a member of the channel chat"), "not a member"),
        (refused(400, "Bad Request: chat not found"), "not found"),
        (refused(400, "Bad Request: message thread not found"), "thread not found"),
        (refused(400, "Bad Request: message is too long"), "too long"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_will_never_be(
    line: Line, telegram: TelegramServer, order: Order, dropped: str
) -> None:
    """What is refused for good is asked once; what stands is told when the chat is back."""
    order(telegram)
    await line.queue(news(line))
    async with line.delivering():
        await line.until_done(hours=1)
    (row,) = await line.rows()
    assert dropped in row.dropped.lower()
    assert len(telegram.calls_of(SEND)) == 1


@pytest.mark.parametrize(
    ("order", "arrives"),
    [
        (lambda t: t.drop_after(SEND), 1),
        (lambda t: t.drop_before(SEND), 0),
        (lambda t: t.fail(SEND, status=401, description="Unauthorized"), 1),
    ],
    ids=["cut after", "cut before", "token refused"],
)
async def test_digest_comes_at_most_once(
    line: Line, telegram: TelegramServer, order: Order, arrives: int
) -> None:
    """A digest that may have arrived is not repeated; one that surely has not is."""
    order(telegram)
    now = line.desk.clock()
    digest = DigestDue(local_date=date(2026, 1, 15), since=None, late=False, at=now)
    await line.queue(digest)
    async with line.delivering():
        await line.until_done(hours=1)
    assert len(telegram.messages(OWNER)) == arrives


async def test_nothing_is_lost_in_a_black_hole(line: Line, telegram: TelegramServer) -> None:
    """While connections are taken and nothing is answered, all waits; then all comes."""
    telegram.black_hole()
    await line.queue(news(line))
    async with line.delivering():
        async with asyncio.timeout(10):
            while not (await line.rows())[0].maybe_sent:  # noqa: ASYNC110 - the row tells nobody
                await asyncio.sleep(0.01)
        telegram.end_faults()
        await line.until_done(hours=2)
    (told,) = telegram.messages(OWNER)
    assert "may be a repeat" in told.text


async def test_pause_of_a_day(
    line: Line, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long Telegram wants to be left alone, it is asked again after an hour."""
    monkeypatch.setattr("bot.chat.pace.LONGEST_REST", timedelta(0))  # the loop has its own clock
    telegram.fail(SEND, status=429, description="Too Many Requests", retry_after=86400)
    await line.queue(news(line))
    started = line.desk.clock()
    async with line.delivering():
        await line.until_done(hours=2)
    assert timedelta(hours=1) <= line.desk.clock() - started < timedelta(hours=1, minutes=10)
    (told,) = telegram.messages(OWNER)
    assert "repeat" not in told.text


async def test_supergroup(line: Line, telegram: TelegramServer) -> None:
    """A group that has become a supergroup gets it there, once."""
    telegram.migrate(GROUP, SUPERGROUP)
    await line.queue(news(line), chat=GROUP)
    async with line.delivering():
        await line.until_done(hours=1)
    assert [m.text for m in telegram.messages(SUPERGROUP) if m.from_bot] != []
    assert len(telegram.calls_of(SEND)) == 2
