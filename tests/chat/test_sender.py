"""Sending: each way in which it can go wrong has its outcome, and nobody is told too much."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.chat.sender import TelegramSender
from bot.core.delivery import (
    Chat,
    ChatGone,
    ChatMoved,
    MaybeSent,
    NotSent,
    Outcome,
    Refused,
    Sent,
)
from bot.core.digest import build_digest
from bot.core.events import SourceFound
from bot.core.stock import Stock
from bot.core.valuation import PriceBook
from bot.core.value_change import Books
from bot.sandbox.telegram import TelegramServer

OWNER, GROUP = 1001, -4001
Send = Callable[..., Any]


@pytest.fixture
def send(desk: Any) -> Send:
    """Send one event to a chat and give the outcome."""
    sender = TelegramSender(desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock)

    async def send_one(
        chat: int = OWNER, *, maybe_repeated: bool = False, reply_to: int | None = None
    ) -> Outcome:
        event = SourceFound(path="main/sub:<b>", since=desk.clock(), at=desk.clock())
        return await sender.send_events(
            Chat(chat), [event], maybe_repeated=maybe_repeated, reply_to=reply_to
        )

    return send_one


async def test_sent(send: Send, telegram: TelegramServer) -> None:
    """The outcome has the id of the message; what must be escaped is."""
    outcome = await send()
    (message,) = telegram.messages(OWNER)
    assert outcome == Sent(message.id)
    assert message.formatted("code") == ["main/sub:<b>"]
    assert "repeat" not in message.text


async def test_possible_repeat_says_so(send: Send, telegram: TelegramServer) -> None:
    """A message that may be there already carries a note."""
    await send(maybe_repeated=True)
    (message,) = telegram.messages(OWNER)
    assert "may be a repeat" in message.text


async def test_reply(send: Send, telegram: TelegramServer) -> None:
    """A reply hangs on its message; where that was deleted it is sent all the same."""
    first = await send()
    await send(reply_to=first.message_id)
    told, reply = telegram.messages(OWNER)
    assert reply.reply_to is told
    assert isinstance(await send(reply_to=9999), Sent)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (
            {"status": 429, "description": "Too Many Requests: retry after 7", "retry_after": 7},
            NotSent("Telegram asks for a pause", timedelta(seconds=7)),
        ),
        ({"status": 403, "description": "Forbidden: user is deactivated"}, ChatGone),
        ({"status": 400, "description": "Bad Request: chat not found"}, ChatGone),
        ({"status": 400, "description": "Bad Request: message thread not found"}, ChatGone),
        ({"status": 400, "description": "Bad Request: message is too long"}, Refused),
        ({"status": 500, "description": "Internal Server Error"}, NotSent),
        ({"status": 401, "description": "Unauthorized"}, NotSent),  # a person must mend it
        ({"status": 404, "description": "Not Found"}, NotSent),
        ({"status": 409, "description": "Conflict"}, NotSent),
    ],
)
async def test_refusals(
    send: Send, telegram: TelegramServer, fault: dict[str, Any], outcome: Any
) -> None:
    """What Telegram answered says what has become of the message; it is asked once."""
    telegram.fail("sendMessage", **fault)
    got = await send()
    assert got == outcome if isinstance(outcome, NotSent) else type(got) is outcome
    assert telegram.messages(OWNER) == []
    assert len(telegram.calls_of("sendMessage")) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_cut_connection_is_doubt(send: Send, telegram: TelegramServer, fault: str) -> None:
    """Without an answer nobody knows, so it is doubt either way, and not repeated here."""
    getattr(telegram, fault)("sendMessage")
    assert isinstance(await send(), MaybeSent)
    assert len(telegram.calls_of("sendMessage")) == 1


async def test_no_answer_in_time_is_doubt(
    send: Send, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that was taken and never answered for may have arrived."""
    telegram.hang_after("sendMessage")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(send())
        await telegram.wait_for_message(OWNER)
        telegram.end_faults()
    assert isinstance(task.result(), MaybeSent)


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b""), (502, b"<html>")])
async def test_unreadable_answer_is_not_taken_for_good(
    send: Send, telegram: TelegramServer, status: int, body: bytes
) -> None:
    """A proxy's page is no proof that the message has arrived, nor always that it has not."""
    telegram.garble("sendMessage", status=status, body=body)
    outcome = await send()
    assert isinstance(outcome, MaybeSent if status == 200 else MaybeSent | NotSent)


async def test_nobody_listens(desk: Any, open_bot: Any) -> None:
    """Where no connection comes about, surely nothing was sent."""
    desk.build = lambda: open_bot("http://127.0.0.1:9")
    sender = TelegramSender(desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock)
    event = SourceFound(path="main/funding", since=desk.clock(), at=desk.clock())
    outcome = await sender.send_events(Chat(OWNER), [event], maybe_repeated=False, reply_to=None)
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after is None


async def test_blocked_kicked_moved(send: Send, telegram: TelegramServer) -> None:
    """Who blocked or kicked us is gone; a group that moved has told its new id."""
    telegram.block(OWNER)
    assert isinstance(await send(), ChatGone)
    assert await send(GROUP) == Sent(telegram.messages(GROUP)[-1].id)
    telegram.migrate(GROUP, -1004001)
    assert await send(GROUP) == ChatMoved(-1004001)
    telegram.kick(-1004001)
    assert isinstance(await send(-1004001), ChatGone)


async def test_refused_markup_is_sent_plain(send: Send, telegram: TelegramServer) -> None:
    """Better without bold letters than not at all: no tag shows, and no sign is lost."""
    telegram.fail(
        "sendMessage", status=400, description="Bad Request: can't parse entities: who knows"
    )
    assert isinstance(await send(), Sent)
    (message,) = telegram.messages(OWNER)
    assert "main/sub:<b>" in message.text
    assert "<code>" not in message.text
    assert not message.content.entities


async def test_digest(desk: Any, telegram: TelegramServer) -> None:
    """A digest arrives as one message."""
    sender = TelegramSender(desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock)
    book = PriceBook({}, "USD", now=desk.clock())
    digest = build_digest(
        local_date=desk.clock().date(),
        late=False,
        stock=Stock([], book, markets={}, now=desk.clock()),
        wallets=[],
        past=None,
        books=Books(book, None, {}),
    )
    for maybe_repeated in (False, True):
        sent = await sender.send_digest(Chat(OWNER), digest, maybe_repeated=maybe_repeated)
        message = telegram.messages(OWNER)[-1]
        assert sent == Sent(message.id)
        assert ("may be a repeat" in message.text) is maybe_repeated
        assert message.labels == ["📈 Chart"]


async def test_token_is_in_no_outcome_and_no_log(
    send: Send,
    telegram: TelegramServer,
    logged: Callable[[], str],
) -> None:
    """Whatever goes wrong: neither the reason nor a line of a log has the token."""
    told = []
    for status in (400, 401, 403, 404, 409, 500):
        telegram.fail("sendMessage", status=status, description="who knows")
        told.append(await send())
    for fault in ("drop_before", "drop_after", "garble"):
        getattr(telegram, fault)("sendMessage")
        told.append(await send())
    seen = f"{told!r} {logged()}"
    assert "HTML" in seen or "error" in seen.lower()
    assert telegram.token.partition(":")[2] not in seen
