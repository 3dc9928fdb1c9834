"""Handled twice, as after a kill between the handler and the mark: nothing is changed twice."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from bot.core.access import Member
from bot.core.delivery import Chat
from bot.core.quiet import QuietHours, parse_quiet
from bot.core.scope import Scope
from bot.sandbox.telegram import Message, TelegramServer
from bot.store.inbox import SqlInbox

OWNER, GROUP = 1001, -4001
RULE = "/rule main/trading USDT < 5"
LASTING = ("rules", "alerts", "chats", "members", "wallets", "digests", "incidents")
"""The tables in which something is changed; what is only talked about may be there twice."""


def kept(folder: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(folder / "bot.db")) as database:
        return {t: database.execute(f"select * from {t}").fetchall() for t in LASTING}  # noqa: S608


class Twice:
    """Lets each update be handled a second time, and sees that nothing has changed by it."""

    def __init__(
        self, desk: Any, telegram: TelegramServer, application: Any, folder: Path
    ) -> None:
        self.desk, self.telegram = desk, telegram
        self.application, self.folder = application, folder

    async def _again(self, act: Callable[[], Any]) -> Any:
        queue, raw = self.telegram.updates, []
        put = queue.add

        def noted(kind: str, payload: dict[str, Any]) -> None:
            raw.append({"update_id": 1, kind: payload})
            put(kind, payload)

        queue.add = noted  # type: ignore[method-assign]
        done = act()
        queue.add = put  # type: ignore[method-assign]
        await self.desk.quiet()
        once = kept(self.folder)
        self.desk.clock.now += timedelta(seconds=5)
        for update in raw:
            await self.application.process_update(Update.de_json(update, self.application.bot))
        self.same(once)
        return done

    def same(self, once: dict[str, list[Any]]) -> None:
        assert kept(self.folder) == once

    async def say(self, text: str, *, chat: int = OWNER) -> Message:
        """Say something twice; give the first answer to it, or what stood last."""
        said: Message = await self._again(lambda: self.telegram.say(chat, OWNER, text))
        answers = [m for m in self.telegram.messages(chat) if m.from_bot and m.id > said.id]
        return answers[0] if answers else said

    async def press(self, message: Message, label: str) -> None:
        await self._again(lambda: self.telegram.press(message.chat.id, message.id, label, OWNER))


async def test_commands(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """Each command only tells, or sets what is set already."""
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        for text in (
            "/start", "/help", "/whoami", "/alerts", "/rules", "/digest", "/test", "/rule", RULE,
            "/quiet 22:00-07:00", "/quiet", "/quiet off", "hello", "/nonsense",
        ):  # fmt: skip
            await twice.say(text)
            await twice.say(text, chat=GROUP)


async def test_rules(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """No second rule, no second change, whichever button it was."""
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        await twice.press(await twice.say(RULE), "✅ Add")
        listed = await twice.say("/rules")
        for label, paused, deleted in (
            ("⏸ Pause", True, False),
            ("▶️ Resume", False, False),
            ("🗑 Delete", False, True),
            ("↩️ Undo delete of #1", False, False),
        ):
            await twice.press(listed, label)
            assert await rules_of(desk) == [(1, paused, deleted)]
        await twice.press(listed, "✏️ Edit #1")
        preview = await twice.say("main/trading USDT < 7")
        await twice.press(preview, "✅ Save")
    async with desk.open_unit() as unit:
        assert [str(made.rule) for made in await unit.rules.load()] == ["main/trading USDT < 7"]


async def test_rooms(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """A button says what comes of it, and that comes of it: nothing is turned back."""
    async with desk.open_unit() as unit:
        await unit.chats.save(Chat(GROUP, title="Desk", since=desk.clock()))
        await unit.chats.save_member(Member(GROUP, 2002, "Ada"))
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        await desk.ask("/chats")
        card = telegram.messages(OWNER)[-1]
        await twice.press(card, "👤 Desk")
        for label in ("💯 Percent only", "🛠 All are managers", "👥 Members", "👤 Ada", "‹ Back"):
            await twice.press(card, label)
        for label in ("🔭 What it sees", "✅ xt", "‹ Back", "🔔 Loudness", "🔔 warnings"):
            await twice.press(card, label)
        chat = desk.use.chats.known(GROUP)
        assert chat.preferences.percent_only
        assert chat.role == "manager"
        assert chat.scope == Scope(("main",))
        assert chat.preferences.loudness == {"warnings": "silent"}
        assert [member.role for member in desk.use.chats.members(GROUP)] == ["manager"]


async def rules_of(desk: Any) -> list[tuple[int, bool, bool]]:
    async with desk.open_unit() as unit:
        made = await unit.rules.load()
    return [(one.id, one.paused, one.deleted_at is not None) for one in made]


async def test_talk(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """Each step of the talk is the same step the second time, and cancelled is cancelled."""
    desk.exchange.answers["main/funding"] = {"USDT": "2000"}
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        await desk.ask("/balance")
        await desk.ask("/rule")
        talk = telegram.messages(OWNER)[-1]
        for label in ("main/funding", "USDT", "⬇️ below"):
            await twice.press(talk, label)
        preview = await twice.say("500 · critical")
        await twice.press(preview, "✅ Add")
        await desk.ask("/rule")
        await twice.press(telegram.messages(OWNER)[-1], "✖️ Cancel")
    assert await rules_of(desk) == [(1, False, False)]


async def test_alerts(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """Who has seen it has seen it; who silences it does so from the press on, give or take."""
    async with desk.open_unit() as unit:
        await unit.chats.add(Chat(OWNER, since=desk.clock()))
    desk.exchange.answers["main/funding"] = {"USDT": "1"}
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        await desk.ask("/balance")
        await desk.ask("/alerts")
        answer = telegram.messages(OWNER)[-1]
        await twice.press(answer, "👁 Seen")
        twice.same = lambda once: None  # type: ignore[method-assign] # the instants differ by 5 s
        for label, kind in (
            ("🔕 8h", "until"),
            ("🔔 Unmute", "seen"),
            ("🔕 Until recovered", "recovery"),
        ):
            await twice.press(answer, label)
            async with desk.open_unit() as unit:
                (state,) = await unit.alerts.firing()
            assert state.hush is not None
            assert (state.hush.kind, state.hush.by) == (kind, "You")


async def test_membership(desk: Any, telegram: TelegramServer, tmp_path: Path) -> None:
    """Put out and blocked is told once."""
    async with desk.polling() as application:
        twice = Twice(desk, telegram, application, tmp_path)
        await twice.say("/start")
        await twice.say("/start", chat=GROUP)
        await twice._again(lambda: telegram.kick(GROUP))
        async with desk.open_unit() as unit:
            waiting = await unit.outbox.lease(now=desk.clock())
    assert [event.kind for parcel in waiting for event in parcel.events] == ["chat_lost"]


async def test_what_comes_later_is_not_undone(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change begins only when the one before is marked: after a kill it is the newest to win."""
    marked, broken = SqlInbox.mark_handled, True

    async def mark(self: SqlInbox, update_id: int, *, at: Any) -> None:
        if broken:
            raise OSError("the disk is full")
        await marked(self, update_id, at=at)

    async with desk.polling():
        await desk.ask("/start")
        monkeypatch.setattr(SqlInbox, "mark_handled", mark)
        telegram.say(OWNER, OWNER, "/quiet 22:00-07:00")
        await telegram.wait_for_message(OWNER, "22:00")
        telegram.say(OWNER, OWNER, "/quiet off")
        telegram.say(OWNER, OWNER, "/whoami")
        await telegram.wait_for_message(OWNER, "You are an owner")
        await asyncio.sleep(0.05)
        assert await quiet_of(desk) == parse_quiet("22:00-07:00")
    async with desk.polling():
        broken = False
        await desk.quiet()
        assert await quiet_of(desk) is None


async def quiet_of(desk: Any) -> QuietHours | None:
    async with desk.open_unit() as unit:
        (chat,) = await unit.chats.load()
    hours: QuietHours | None = chat.quiet
    return hours
