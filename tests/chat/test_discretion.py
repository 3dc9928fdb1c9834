"""What a chat may not know is in nothing that it is shown: every command, and every button."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.numbers import hiding_amounts
from bot.chat.views.words import COMMANDS, NO_RULES_HERE
from bot.core.access import Person
from bot.core.portfolio import Account
from bot.core.rules import parse_rule
from bot.core.scope import Asker, Scope
from bot.fetchers.errors import CredentialsRejected
from bot.sandbox.telegram import TelegramServer

OWNER, GROUP = 1001, -4001
YOU = Person(OWNER, "You")
MOST_PRESSES, MOST_ALIKE = 80, 2
QUESTIONS = (
    "/balance full", "/balance main", "/balance USDT", "/balance xt", "/balance DOGE",
    "/balance vault/spot", "/balance v*", "/history main 1d", "/history xt", "/history DOGE",
    "/history USDT", "/export main", "/export xt", "/rule xt/spot DOGE < 5", "/rule * USDT < 5",
    "/rule sum * USDT < 5", "/rule main/funding USDT < 7", "/rule xt total < 5 USD", "/rule vau",
)  # fmt: skip


class Reader:
    """Reads all that a chat is shown, also what is edited away later."""

    def __init__(self, desk: Any, telegram: TelegramServer, chat: int) -> None:
        self.desk, self.telegram, self.chat = desk, telegram, chat
        self.shown: set[str] = set()
        self._pressed: set[str] = set()
        self._alike: Counter[str] = Counter()

    def look(self) -> None:
        for message in self.telegram.messages(self.chat):
            if message.from_bot:
                self.shown.add(message.text)
                self.shown.update(str(button) for button in message.buttons)
                if message.file is not None and message.file.name.endswith(".csv"):
                    self.shown.add(message.file.content.decode())

    async def ask(self, *questions: str) -> None:
        for question in questions:
            await self.desk.ask(question, chat=self.chat, user=OWNER)
            self.look()

    async def press_all(self) -> None:
        """Press every kind of button there is, and those that come with it."""
        while found := self._unpressed():
            message, data = found[0]
            self._pressed.add(data)
            self._alike[_kind(data)] += 1
            press = self.telegram.press(self.chat, message, data, OWNER)
            await self.desk.quiet()
            self.shown.add(press.answer or "")
            self.look()

    def _unpressed(self) -> list[tuple[int, str]]:
        if len(self._pressed) >= MOST_PRESSES:
            return []
        return [
            (message.id, button["callback_data"])
            for message in self.telegram.messages(self.chat)
            if message.from_bot
            for button in message.buttons
            if button.get("callback_data", "c:").partition(":")[0] != "c"
            and button["callback_data"] not in self._pressed
            and self._alike[_kind(button["callback_data"])] < MOST_ALIKE
        ]

    def found(self, *words: str) -> list[str]:
        """Return what was shown with any of these in it."""
        return [text for text in self.shown if any(re.search(word, text) for word in words)]


def _kind(data: str) -> str:
    """Name what a button does, without the page, the number or the name that it does it to."""
    return ":".join(part for part in data.split(":")[:2] if not part.isdigit())


@pytest.fixture
async def vaults(desk: Any) -> Any:
    """Have accounts that the group may not know of, with something wrong in all of them."""
    minute = timedelta(minutes=1)
    desk.accounts = (*desk.accounts, Account("vault", "okx", ("spot",), minute))
    desk.exchange.answers = {
        "main/funding": {"USDT": "321.57", "BTC": "0.62513"},
        "main/trading": {"USDT": "4321.75"},
        "xt/spot": {"USDT": "77123.456", "DOGE": "98765.4321"},
        "vault/spot": CredentialsRejected("the key is not known"),
    }
    async with desk.open_unit() as unit:
        await unit.accounts.add([a.name for a in desk.accounts], now=desk.clock())
        for line in (
            "* USDT < 1000000",
            "sum * USDT < 1000000",
            "xt/spot DOGE < 1000000",
            "main/funding USDT < 876.5",
            "xt total > 1000 USD",
            "main/funding USDT drops 10% and 876.5 in 1h",
        ):
            await unit.rules.add(parse_rule(line), by="You", at=desk.clock())
    return desk


async def furnish(desk: Any, *, scope: Collection[str] = ("*",), percent: bool = False) -> None:
    """Let the group see only so much."""
    chats = desk.use_cases().chats
    await chats.greet(GROUP, title="Desk")

    def changed(chat: Any) -> Any:
        preferences = replace(chat.preferences, percent_only=percent)
        return replace(chat, scope=Scope(tuple(scope)), preferences=preferences)

    await chats.change(GROUP, changed, deed="scope_changed", about="", by=None)


async def ready(desk: Any, use: Any) -> None:
    """Have everything read and judged, with the rules of the chats."""
    await use.rules.settle()
    await use.checks.read_now([account.name for account in desk.accounts])


async def test_nothing_outside_the_scope_is_shown(vaults: Any, telegram: TelegramServer) -> None:
    """Neither a name nor an amount of the other accounts, nor a sum that counts them."""
    await furnish(vaults, scope=("main",))
    async with vaults.polling():
        await ready(vaults, vaults.use)
        reader = Reader(vaults, telegram, GROUP)
        await reader.ask(*(f"/{name}" for name in COMMANDS))
        await reader.press_all()
        secret = (
            r"\bxt\b",
            "vault",
            "DOGE",
            "77,123",
            "77123",
            "98,765",
            "98765",
            "81,766",
            "key is",
        )
        assert reader.found(*secret) == []
        assert reader.found("321.57"), "what it may know is shown"
        await reader.ask(*QUESTIONS)
        typed = ("nothing here is called", "expected a wallet", "Usage", "No picture")
        leaks = [text for text in reader.found(*secret) if not any(t in text for t in typed)]
        assert leaks == []
        assert reader.found("77,123", "77123", "98,765", "98765", "81,766") == []


async def test_hidden_amounts_are_in_nothing_that_is_shown(
    vaults: Any, telegram: TelegramServer
) -> None:
    """Neither a balance nor a limit nor a value, in texts, buttons, toasts and files."""
    await furnish(vaults, percent=True)
    async with vaults.polling():
        await ready(vaults, vaults.use)
        reader = Reader(vaults, telegram, GROUP)
        await reader.ask(*(f"/{name}" for name in COMMANDS if name not in {"help", "rule"}))
        await reader.press_all()
        await reader.ask(*(q for q in QUESTIONS if not q.startswith("/rule ")))
        await reader.press_all()
        wealth = re.compile(
            r"321|0[.,]625|4,?321|77,?123|98,?765|81,?766|1,?000,?000|876\.5|\b500\b|\b525\b"
        )
        without_ids = {re.sub(r"-?4001|1001|callback_data.*", "", text) for text in reader.shown}
        usages = {text for text in without_ids if text.startswith("Usage") or "/rule" in text}
        assert [text for text in without_ids - usages if wealth.search(text)] == []
        assert reader.found("%"), "shares are shown"
        await reader.ask("/rule main/funding USDT < 100")
        assert reader.found(NO_RULES_HERE)


async def test_old_buttons_do_nothing_beyond_the_scope(vaults: Any) -> None:
    """Whoever kept the number of a rule, or the id of an alert, cannot touch it."""
    async with vaults.polling():
        use = vaults.use
        await ready(vaults, use)
        narrow = Asker(chat_id=GROUP, by=YOU, scope=Scope(("main",)))
        rules, alerts = use.rules.within(narrow), use.alerts.within(narrow)
        outside = next(s for s in await use.rules.status() if s.rule.pattern == "xt/spot")
        assert outside.made is not None
        assert await rules.pause(outside.made.id) is None
        assert await rules.find(outside.made.id) is None
        report = await use.balances.alerts()
        theirs = [s.alert.incident for s in report.firing if s.alert and "main" not in s.subject]
        assert theirs
        assert await alerts.press(theirs, "hour", by="You") == ()
        assert await alerts.firing(theirs) == ()
        draft = await use.drafts.begin(GROUP, OWNER, text="xt/spot USDT < 5")
        assert await rules.accept(draft.id, by="You") is None
    async with vaults.open_unit() as unit:
        assert await unit.audit.load() == []


async def test_deeds_are_written_down_with_who_did_them(vaults: Any) -> None:
    """A rule paused, and an alert silenced; done again, nothing more is written."""
    async with vaults.polling():
        use = vaults.use
        await ready(vaults, use)
        asker = Asker(chat_id=OWNER, by=YOU)
        rules, alerts = use.rules.within(asker), use.alerts.within(asker)
        firing = (await use.balances.alerts()).firing[:1]
        for _ in range(2):
            await alerts.press([s.alert.incident for s in firing if s.alert], "recovered", by="A")
            await rules.pause(1)
    async with vaults.open_unit() as unit:
        entries = await unit.audit.load()
    assert [(e.kind, e.by_name) for e in entries if e.kind != "alert_silenced"] == [
        ("rule_paused", "You")
    ]
    assert entries[0].by_id == OWNER


def test_hiding_ends_with_its_block() -> None:
    """One chat's wish is not another's."""
    from decimal import Decimal

    from bot.chat.numbers import HIDDEN, amount_text, masked

    with hiding_amounts(True):
        assert amount_text(Decimal(5)) == HIDDEN
        assert amount_text(Decimal(5), of=Decimal(20)) == "25 %"
        assert masked("needs 1,500.50 by 9") == f"needs {HIDDEN}by {HIDDEN}"
    assert amount_text(Decimal(5)) == "5"
    assert masked("needs 5") == "needs 5"
