"""Updates are kept before they are confirmed and handled to the end; nothing ends polling."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.chat import intake, poller
from bot.chat.views.words import ONLY_OWNERS_SILENCE
from bot.core.delivery import Delivered
from bot.sandbox.telegram import TelegramServer
from bot.services.manage_chats import ManageChats
from bot.store.inbox import SqlInbox

OWNER, GROUP = 1001, -4001


async def test_kept_before_confirmed(desk: Any, telegram: TelegramServer) -> None:
    """Telegram still has an update until it is in the inbox: a failing database loses none."""
    fine = desk.open_unit

    def broken() -> Any:
        raise OSError("the disk is full")

    telegram.say(OWNER, OWNER, "/help")
    desk.open_unit = broken
    with pytest.raises(ExceptionGroup):
        async with desk.polling():
            await asyncio.sleep(5)
    desk.open_unit = fine
    assert len(telegram.updates.pending) == 1
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "What I can do")
        await desk.quiet()
    assert telegram.updates.pending == []


async def test_asked_from_behind_what_is_kept(desk: Any, telegram: TelegramServer) -> None:
    """The first question has no offset; each later one confirms what is in the inbox."""
    telegram.say(OWNER, OWNER, "/help")
    asked = telegram.updates.pending[-1]["update_id"]
    async with desk.polling():
        await telegram.wait_for_call("getUpdates", count=2)
        await desk.quiet()
    first, second = telegram.calls_of("getUpdates")[:2]
    assert "offset" not in first.parameters
    assert int(second.parameters["offset"]) == asked + 1
    assert first.parameters["allowed_updates"] == [
        "message",
        "callback_query",
        "my_chat_member",
    ]


async def test_what_was_not_handled_is_handled_after_a_restart(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies in the middle of an answer gives it when it is back; no other twice."""
    monkeypatch.setattr("bot.chat.intake.FINISH_WITHIN_S", 0)
    await _greeted(desk)
    desk.exchange.gate = asyncio.Event()
    telegram.say(OWNER, OWNER, "/balance xt")
    async with desk.polling():
        line = await telegram.wait_for_message(OWNER, "reading xt")
        await telegram.wait_for_call("getUpdates", lambda c: "offset" in c.parameters)
        while telegram.updates.pending:  # noqa: ASYNC110 - until Telegram has forgotten it
            await asyncio.sleep(0.001)
    assert "reading" in line.text
    desk.exchange.gate = None
    async with desk.open_unit() as unit:  # what the app does at its start
        await unit.accounts.add(["main", "xt"], now=desk.clock())
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "Balances", after=line)
        await desk.quiet()
    assert len(telegram.calls_of("sendMessage")) == 3  # one for /help, then the line twice


async def _greeted(desk: Any) -> None:
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1


async def test_handled_updates_are_not_handled_again(desk: Any, telegram: TelegramServer) -> None:
    """An update that Telegram gives again after it was handled is left alone."""
    raw: list[dict[str, Any]] = []
    telegram.say(OWNER, OWNER, "/help")
    raw += telegram.updates.pending
    async with desk.polling():
        await desk.quiet()
    telegram.updates.inject(raw[0])
    async with desk.polling():
        assert len(await desk.ask("/whoami")) == 1
    helps = [m for m in telegram.messages(OWNER) if "What I can do" in m.text]
    assert len(helps) == 1


@pytest.mark.parametrize("handled", [False, True])
async def test_what_was_posted_and_not_kept_is_not_lost(
    desk: Any, telegram: TelegramServer, handled: bool
) -> None:
    """A newer update was kept when a webhook was in force: it confirms no older one."""
    before = telegram.say(OWNER, OWNER, "/whoami")
    telegram.say(OWNER, OWNER, "/help")
    kept = telegram.updates.pending[-1]
    async with desk.open_unit() as unit:
        await unit.inbox.add({kept["update_id"]: json.dumps(kept)}, at=desk.clock())
        if handled:
            await unit.inbox.mark_handled(kept["update_id"], at=desk.clock())
    async with desk.polling():
        await desk.quiet()
    said = [m.text for m in telegram.messages(OWNER) if m.from_bot and m.id > before.id]
    assert sum("You are an owner" in text for text in said) == 1
    assert sum("What I can do" in text for text in said) == (0 if handled else 1)
    assert telegram.updates.pending == []


@pytest.mark.parametrize(
    "malformed",
    [
        {"message": {"message_id": 1, "date": "yesterday", "chat": 5}},
        {"message": None},
        {"callback_query": {"id": "1"}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 6666, "type": "private"}}},
        {"something_new": {"a": [1, 2, 3]}},
    ],
)
async def test_malformed_update_is_skipped(
    desk: Any, telegram: TelegramServer, malformed: dict[str, Any]
) -> None:
    """What the library cannot read holds up nothing that comes after it, and does not return."""
    telegram.updates.inject(malformed)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
    async with desk.open_unit() as unit:
        assert await unit.inbox.unhandled() == {}


async def test_first_answer_is_not_waited_for(desk: Any, telegram: TelegramServer) -> None:
    """Also not by who polls again: until Telegram has answered, nobody would call it well."""
    for _ in range(2):
        before = len(telegram.calls_of("getUpdates"))
        async with desk.polling():
            await telegram.wait_for_call("getUpdates", count=before + 2)
            while not telegram.updates.polled:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        first, second = telegram.calls_of("getUpdates")[before:]
        assert [int(call.parameters["timeout"]) for call in (first, second)] == [0, poller.POLL_S]


async def test_nothing_at_once_is_no_reason_to_hurry(desk: Any, telegram: TelegramServer) -> None:
    """A server that answers at once that there is nothing is not asked without a breath."""
    telegram.garble("getUpdates", status=200, body=b'{"ok": true, "result": []}', times=None)
    async with desk.polling():
        await telegram.wait_for_call("getUpdates", lambda _: True, timeout=5)
        before = len(telegram.calls_of("getUpdates"))
        await asyncio.sleep(0.5)
    assert len(telegram.calls_of("getUpdates")) - before <= 3


async def test_what_has_no_id_is_passed_over(desk: Any, telegram: TelegramServer) -> None:
    """Such a thing can be neither asked for nor confirmed, and holds up nothing."""
    odd = b'{"ok": true, "result": [5, {}, {"update_id": "7"}, {"update_id": true}]}'
    telegram.garble("getUpdates", status=200, body=odd, times=1)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1


FAULTS = {
    "401": {"status": 401, "description": "Unauthorized"},
    "404": {"status": 404, "description": "Not Found"},
    "409": {"status": 409, "description": "Conflict: terminated by other getUpdates request"},
    "429": {"status": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1},
    "500": {"status": 500, "description": "Internal Server Error"},
    "400": {"status": 400, "description": "Bad Request: who knows"},
}


@pytest.mark.parametrize("method", ["getMe", "getUpdates", "setMyCommands"])
@pytest.mark.parametrize("name", FAULTS)
async def test_refusals_do_not_end_polling(
    desk: Any, telegram: TelegramServer, method: str, name: str
) -> None:
    """Whatever Telegram answers, at the start or later, the bot goes on when it is over."""
    fault: dict[str, Any] = FAULTS[name]
    telegram.fail(method, times=3 if name != "429" else 1, **fault)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
        await telegram.wait_for_call("setMyCommands", lambda call: call.status == 200)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "garble"])
async def test_broken_connections_do_not_end_polling(
    desk: Any, telegram: TelegramServer, method: str, fault: str
) -> None:
    """Cut connections and a proxy's page are outlasted, and no update is lost or doubled by it."""
    getattr(telegram, fault)(method, times=3)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
        assert len(await desk.ask("/help")) == 1


ODD_ANSWERS = {
    "no list": b'{"ok": true, "result": {"update_id": 7}}',
    "nothing": b'{"ok": true, "result": null}',
    "no result": b'{"ok": true}',
    "a bare list": b"[1, 2]",
    "a number": b"5",
    "no JSON": b"<html>busy</html>",
    "no id": b'{"ok": true, "result": [5, {}, {"update_id": "7"}, {"update_id": true}]}',
    "ids that nobody can keep": b'{"ok": true, "result": [{"update_id": 9223372036854775808}]}',
    "a million": json.dumps({"ok": True, "result": [None] * 1_000_000}).encode(),
}


@pytest.mark.parametrize("name", ODD_ANSWERS)
async def test_odd_answers_are_no_reason_to_hurry(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each pause is longer than the one before, and what is well afterwards is handled."""
    pauses: list[int] = []

    def paused(attempts: int) -> timedelta:
        pauses.append(attempts)
        return timedelta(milliseconds=1)

    monkeypatch.setattr("bot.chat.trying.pause_after", paused)
    telegram.garble("getUpdates", status=200, body=ODD_ANSWERS[name], times=4)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
    assert pauses == [1, 2, 3, 4]


async def test_more_than_telegram_gives_comes_again(desk: Any, telegram: TelegramServer) -> None:
    """Of an answer without end the beginning is taken, and the next question goes on there."""
    many = [{"update_id": number} for number in range(1, 1_000)]
    body = json.dumps({"ok": True, "result": many}).encode()
    telegram.garble("getUpdates", status=200, body=body, times=1)
    async with desk.polling():
        call = await telegram.wait_for_call("getUpdates", count=2)
    assert int(call.parameters["offset"]) == 101


async def test_ids_that_jump(desk: Any, telegram: TelegramServer) -> None:
    """Far ahead, and after a quiet week anywhere: all is handled, once, and confirmed."""
    async with desk.polling():
        for update_id in (None, 900_000_000, 77):
            telegram.say(OWNER, OWNER, "/help")
            if update_id is not None:
                body = telegram.updates.pending[-1]
                telegram.updates.clear()
                telegram.updates.inject(body | {"update_id": update_id})
            await desk.quiet()
            desk.clock.now += timedelta(days=8)
    assert len(telegram.calls_of("sendMessage")) == 3
    assert int(telegram.calls_of("getUpdates")[-1].parameters["offset"]) == 78


async def test_server_that_forgets_nothing(desk: Any, telegram: TelegramServer) -> None:
    """The same answer again and again is handled once, and not asked for without a breath."""
    telegram.say(OWNER, OWNER, "/help")
    body = json.dumps({"ok": True, "result": telegram.updates.pending}).encode()
    telegram.garble("getUpdates", status=200, body=body, times=None)
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "What I can do")
        before = len(telegram.calls_of("getUpdates"))
        await asyncio.sleep(0.5)
    assert len(telegram.calls_of("getUpdates")) - before <= 3
    assert len(telegram.calls_of("sendMessage")) == 1


async def test_malformed_update_is_reported_once(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """One line with its id and what the library calls it, without a word of what is in it."""
    person = {"id": OWNER, "is_bot": False, "first_name": "My secret name"}
    body = {"chat": {"id": OWNER, "type": "private"}, "from": person, "text": "my secret text"}
    telegram.updates.inject({"message": body})
    (update,) = telegram.updates.pending
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
    (line,) = [line for line in logged().splitlines() if "action=parse_update" in line]
    assert f"update={update['update_id']}" in line
    assert "could not be read and is skipped" in line
    assert "KeyError" in line or "TypeError" in line
    assert "secret" not in line
    async with desk.open_unit() as unit:
        assert await unit.inbox.unhandled() == {}


async def test_damaged_text_is_kept(desk: Any, telegram: TelegramServer) -> None:
    """Half a character, which no file takes, blocks nothing and is answered like any other."""
    telegram.say(OWNER, OWNER, "/help")
    (update,) = telegram.updates.pending
    telegram.updates.clear()
    text = json.dumps({"ok": True, "result": [update]}).replace("/help", "/help \\ud800")
    telegram.garble("getUpdates", status=200, body=text.encode(), times=1)
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "Usage")
        assert len(await desk.ask("/help")) == 1


async def test_marking_is_tried_until_it_is_done(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    """An update that was handled is marked as soon as the database lets us, with one complaint."""
    failures = iter(range(5))
    marked = SqlInbox.mark_handled

    async def mark(self: SqlInbox, update_id: int, *, at: Any) -> None:
        if next(failures, None) is not None:
            raise OSError("the disk is full")
        await marked(self, update_id, at=at)

    monkeypatch.setattr(SqlInbox, "mark_handled", mark)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
    assert logged().count("Something else broke off") == 1
    assert "It works again" in logged()
    assert len(telegram.calls_of("sendMessage")) == 1


async def test_black_hole_is_noticed_and_its_end(
    desk: Any,
    telegram: TelegramServer,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    """A server that takes questions and answers none: a line in the beginning, one at the end."""
    assert poller.POLL_S + 20 <= poller.DEADLINE_S < 60
    monkeypatch.setattr(poller, "DEADLINE_S", 0.05)
    async with desk.polling():
        await telegram.wait_for_call("getUpdates")
        telegram.black_hole()
        while "does not answer as it should" not in logged():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        desk.clock.now += timedelta(minutes=7)
        telegram.end_faults()
        monkeypatch.setattr(poller, "DEADLINE_S", 5)
        assert len(await desk.ask("/help")) == 1
    lines = [line for line in logged().splitlines() if "action=poll" in line]
    assert sum("does not answer as it should" in line for line in lines) == 1
    (end,) = [line for line in lines if "It works again" in line]
    assert "lasted_s=420" in end


async def test_token_that_is_refused_for_long_is_said_once(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """After five minutes it is no blip any more: it is said what to do; polling goes on."""
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
        telegram.fail("getUpdates", status=401, description="Unauthorized", times=None)
        telegram.say(OWNER, OWNER, "/whoami")
        for minutes in (0, 4, 2, 60):
            desk.clock.now += timedelta(minutes=minutes)
            await asyncio.sleep(0.05)
            assert logged().count("goes on refusing the token") == (minutes in {2, 60})
        telegram.end_faults()
        await telegram.wait_for_message(OWNER, "You are an owner")
    assert logged().count("refuses BOT_TELEGRAM__TOKEN") == 1


OTHER = "Conflict: terminated by other getUpdates request; make sure that only one is running"


async def notices(desk: Any) -> list[Any]:
    """Take what waits for the owner."""
    async with desk.open_unit() as unit:
        parcels = await unit.outbox.lease(now=desk.clock())
        for parcel in parcels:
            await unit.outbox.settle(parcel.id, Delivered(1), at=desk.clock())
    return [event for parcel in parcels for event in parcel.events]


async def test_another_program_is_told_once_an_episode(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """They take updates by turns, so it is over only after a while without a refusal."""
    async with desk.polling():
        await desk.ask("/start")
        telegram.fail("getUpdates", status=409, description=OTHER, times=5)
        for _ in range(2):
            await desk.ask("/help")
            telegram.fail("getUpdates", status=409, description=OTHER, times=1)
        await desk.ask("/help")
        (contested,) = await notices(desk)
        desk.clock.now += timedelta(minutes=3)
        await desk.ask("/help")
        (regained,) = await notices(desk)
        await desk.ask("/help")
        assert await notices(desk) == []
    assert (contested.kind, contested.host) == ("poll_contested", "")
    assert (regained.kind, regained.since) == ("poll_regained", contested.at)
    assert logged().count("Another program polls with this token") == 1
    assert logged().count("Nobody else takes our updates") == 1


async def test_program_that_is_being_stopped_is_not_told(
    desk: Any, telegram: TelegramServer
) -> None:
    """One or two refusals at a start are the program before this one: the log is enough."""
    telegram.fail("getUpdates", status=409, description=OTHER, times=2)
    async with desk.polling():
        await desk.ask("/start")
        desk.clock.now += timedelta(minutes=3)
        await desk.ask("/help")
        assert await notices(desk) == []


async def test_webhook_is_taken_away(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """Its host is named, its path is not; what has waited meanwhile is answered."""
    async with desk.polling():
        await desk.ask("/start")
        telegram.webhook_url = "https://old.example.org:8443/a-secret-path"
        # Telegram ends the question that is open when a webhook is set.
        telegram.fail("getUpdates", status=500, times=1)
        telegram.say(OWNER, OWNER, "/whoami")
        telegram.say(OWNER, OWNER, "/help")
        await telegram.wait_for_message(OWNER, "What I can do")
        await desk.quiet()
        (notice,) = await notices(desk)
    assert telegram.webhook_url == ""
    assert (notice.kind, notice.host) == ("poll_contested", "old.example.org")
    assert "host=old.example.org" in logged()
    assert "a-secret-path" not in "".join(
        line for line in logged().splitlines() if "debug" not in line
    )
    (call,) = telegram.calls_of("deleteWebhook")
    assert str(call.parameters.get("drop_pending_updates")).lower() != "true"


async def test_no_server_at_all(desk: Any, telegram: TelegramServer, open_bot: Any) -> None:
    """A server that nobody reaches is asked again and again; the bot waits, and can be stopped."""
    desk.build = lambda: open_bot("http://127.0.0.1:9")
    async with desk.polling():
        await asyncio.sleep(0.1)
    assert list(telegram.calls) == []


async def test_token_is_never_logged(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """Neither our lines nor the library's show the token, before anything is struck out."""
    for method in ("getMe", "getUpdates", "sendMessage"):
        telegram.fail(method, status=401, description="Unauthorized")
        telegram.drop_before(method)
        telegram.garble(method, body=b"<html>")
    async with desk.polling():
        telegram.updates.inject({"message": {"chat": 1}})
        for _ in range(4):
            await desk.ask("/help")
    seen = logged()
    assert "Telegram refuses BOT_TELEGRAM__TOKEN" in seen
    assert "could not be read and is skipped" in seen
    assert telegram.token.partition(":")[2] not in seen


async def test_many_at_once_are_all_handled(desk: Any, telegram: TelegramServer) -> None:
    """More updates than are handled side by side: each is answered, and once."""
    for _ in range(100):
        telegram.say(OWNER, OWNER, "/help")
    async with desk.polling():
        await desk.quiet()
    assert len(telegram.calls_of("sendMessage")) == 100


async def test_a_flood_in_one_chat_holds_up_no_other(desk: Any, telegram: TelegramServer) -> None:
    """Whatever waits there, the poll goes on, and others are answered; so is what is left over."""
    desk.exchange.gate = asyncio.Event()
    for _ in range(2 * intake.AT_ONCE):
        telegram.say(GROUP, OWNER, "/balance xt")
    for _ in range(2):  # the second time all of it is in the inbox
        desk.exchange.gate.clear()
        async with desk.polling():
            asked = telegram.say(OWNER, OWNER, "/whoami")
            await telegram.wait_for_message(OWNER, "1001", after=asked, timeout=5)
            await telegram.wait_for_message(GROUP, "reading xt", timeout=5)
            desk.exchange.gate.set()  # for a check that has begun; the poller ends before it


async def test_changes_wait_for_changes_of_the_same_chat_alone(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other chats go on, and so does who may change nothing there or only wants to see."""
    set_quiet, gate, begun = ManageChats.set_quiet, asyncio.Event(), []

    async def slow(self: ManageChats, chat_id: int, quiet: Any, **more: Any) -> None:
        begun.append(str(quiet))
        if chat_id == GROUP:
            await gate.wait()
        await set_quiet(self, chat_id, quiet, **more)

    monkeypatch.setattr(ManageChats, "set_quiet", slow)
    async with desk.polling():
        telegram.say(GROUP, OWNER, "/quiet 22:00-07:00")
        telegram.say(GROUP, OWNER, "/quiet off")
        for chat_id, user_id, text, answer in (
            (OWNER, OWNER, "/quiet 21:00-06:00", "21:00"),
            (GROUP, 2002, "/quiet x", ONLY_OWNERS_SILENCE),
            (GROUP, OWNER, "/quiet", "quiet"),
        ):
            said = telegram.say(chat_id, user_id, text)
            await telegram.wait_for_message(chat_id, answer, after=said, timeout=5)
        assert sorted(begun) == ["21:00-06:00", "22:00-07:00"]
        gate.set()
        await desk.quiet()
    assert begun[-1] == "None"
    async with desk.open_unit() as unit:
        assert [chat.quiet for chat in await unit.chats.load() if chat.chat_id == GROUP] == [None]


async def test_a_locked_database_does_not_end_the_start(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left over is asked for again, and then the poll goes on."""
    unhandled, broken = SqlInbox.unhandled, [OSError("the database is locked")]

    async def breaking(self: SqlInbox, **piece: Any) -> Any:
        if broken:
            raise broken.pop()
        return await unhandled(self, **piece)

    monkeypatch.setattr(SqlInbox, "unhandled", breaking)
    telegram.say(OWNER, OWNER, "/whoami")
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "1001", timeout=5)
    assert broken == []
