"""`/balance`: an answer at once, renewed when it was read, and buttons that lead on and back."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from bot.core.delivery import Chat
from bot.core.portfolio import Account
from bot.core.scope import Scope
from bot.fetchers.errors import ExchangeUnavailable, RateLimited
from bot.sandbox.telegram import Message, TelegramServer

OWNER = 1001


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say at once that something takes its time."""
    monkeypatch.setattr("bot.chat.handlers.balance.SAYS_SO_AFTER_S", 0.001)


def answers(telegram: TelegramServer) -> list[Message]:
    return [m for m in telegram.messages(OWNER) if m.from_bot]


def has(text: str, name: str, amount: str) -> bool:
    """Look for a row of a table."""
    return re.search(rf"^{name} +{re.escape(amount)}$", text, re.MULTILINE) is not None


async def pressed(desk: Any, answer: Message, label: str) -> str:
    """Press a button, wait until it is handled, and give what the answer says then."""
    desk.telegram.press(OWNER, answer.id, label)
    await desk.quiet()
    text: str = answer.text
    return text


async def test_reading_line_becomes_the_answer(desk: Any, telegram: TelegramServer) -> None:
    """What was never read is being read: the line stands, then the same message has it."""
    desk.exchange.gate = asyncio.Event()
    desk.exchange.answers["main/funding"] = {"USDT": "12345.678901234567890123"}
    async with desk.polling():
        telegram.say(OWNER, OWNER, "/balance main/funding")
        line = await telegram.wait_for_message(OWNER, "reading main")
        assert line.labels == []
        desk.exchange.gate.set()
        await desk.quiet()
        assert "12,345.678901234567890123" in line.text
        assert "reading main" not in line.text
        assert line.labels == ["🔄 Refresh", "‹ Back"]
    assert answers(telegram) == [line]
    assert desk.exchange.asked == ["main/funding", "main/trading"]


async def test_what_is_known_is_told_at_once(desk: Any, telegram: TelegramServer) -> None:
    """The second answer has the amounts of the first while it is read, then the new ones."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance")
        desk.clock.now += timedelta(minutes=3)
        desk.exchange.gate = asyncio.Event()
        desk.exchange.answers["xt/spot"] = {"BTC": "2.25"}
        said = telegram.say(OWNER, OWNER, "/balance xt")
        answer = await telegram.wait_for_message(OWNER, "Balances", after=said)
        assert "1.5" in answer.text
        assert "⏳ reading xt …" in answer.text
        assert "read 3 min ago" in answer.text
        desk.exchange.gate.set()
        await desk.quiet()
        assert "2.25" in answer.text
        assert "read just now" in answer.text
        assert "⏳" not in answer.text


async def test_what_takes_its_time_says_so(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the answer names who keeps us waiting."""
    monkeypatch.setattr("bot.chat.handlers.balance.STILL_AFTER_S", 0.001)
    async with desk.polling():
        await desk.ask("/balance")
        desk.exchange.gate = asyncio.Event()
        said = telegram.say(OWNER, OWNER, "/balance")
        answer = await telegram.wait_for_message(OWNER, "still reading main, xt", after=said)
        desk.exchange.gate.set()
        await desk.quiet()
        assert "⏳" not in answer.text


async def test_refresh_reads_again(desk: Any, telegram: TelegramServer) -> None:
    """A press asks the exchange, says so, and shows the new amount in the same message."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = answers(telegram)
        desk.exchange.answers["xt/spot"] = {"BTC": "2.25"}
        desk.exchange.gate = asyncio.Event()
        press = telegram.press(OWNER, answer.id, "🔄 Refresh")
        await telegram.wait_for_message(OWNER, "⏳ reading xt …")
        assert "1.5" in answer.text
        desk.exchange.gate.set()
        await desk.quiet()
    assert "2.25" in answer.text
    assert "⏳" not in answer.text
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]
    assert press.answer == "Reading…"


async def test_two_presses_read_once(desk: Any, telegram: TelegramServer) -> None:
    """The second press joins the reading that is under way."""
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = answers(telegram)
        desk.exchange.gate = asyncio.Event()
        first = telegram.press(OWNER, answer.id, "🔄 Refresh")
        await first.answered.wait()
        second = telegram.press(OWNER, answer.id, "🔄 Refresh")
        await second.answered.wait()
        desk.exchange.gate.set()
        await desk.quiet()
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]
    assert "⏳" not in answer.text


async def test_refresh_without_a_change(desk: Any, telegram: TelegramServer) -> None:
    """Where nothing has changed, Telegram's complaint about that is no failure."""
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = answers(telegram)
        before = answer.text
        assert await pressed(desk, answer, "🔄 Refresh") == before
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]


async def test_down_and_back(desk: Any, telegram: TelegramServer) -> None:
    """From everything to an account, a wallet, and back; nothing is read for it."""
    desk.exchange.answers |= {"main/funding": {"USDT": "7"}, "main/trading": {"ETH": "3"}}
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = answers(telegram)
        assert answer.labels == ["main", "By coin", "🔄 Refresh"]
        assert "empty: xt" in answer.text
        desk.exchange.asked.clear()
        assert "Balances · main\n" in await pressed(desk, answer, "main")
        assert answer.labels == ["funding", "trading", "By coin", "🔄 Refresh", "‹ Back"]
        assert has(await pressed(desk, answer, "funding"), "USDT", "7")
        assert "Balances · main\n" in await pressed(desk, answer, "‹ Back")
        assert "ETH" in await pressed(desk, answer, "By coin")
        assert answer.labels == ["USDT", "ETH", "By wallet", "🔄 Refresh", "‹ Back"]
        assert "Balances · ETH\n3 ETH" in await pressed(desk, answer, "ETH")
        assert "USDT" in await pressed(desk, answer, "‹ Back")
        assert answer.labels[-2:] == ["By account", "🔄 Refresh"]
        assert "empty: xt" in await pressed(desk, answer, "By account")
    assert desk.exchange.asked == []


async def test_buttons_after_a_restart(desk: Any, telegram: TelegramServer) -> None:
    """A button carries all that it needs."""
    desk.exchange.answers["main/funding"] = {"USDT": "7"}
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = answers(telegram)
    async with desk.polling():
        assert "Balances · main\n" in await pressed(desk, answer, "main")
        assert has(await pressed(desk, answer, "funding"), "USDT", "7")


async def test_a_button_of_an_account_that_is_gone(desk: Any, telegram: TelegramServer) -> None:
    """A renamed account: the old button says that it is old, and shows nothing else instead."""
    desk.exchange.answers["main/funding"] = {"USDT": "7"}
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = answers(telegram)
        before = answer.text
    minute = timedelta(minutes=1)
    desk.accounts = (Account("prime", "okx", ("funding", "trading"), minute), *desk.accounts[1:])
    async with desk.polling():
        press = telegram.press(OWNER, answer.id, "main")
        await desk.quiet()
    assert press.answer == "This button is old. Send the command again."
    assert answer.text == before


async def test_names_that_are_too_long_for_a_button(desk: Any, telegram: TelegramServer) -> None:
    """Long accounts, paths and globs work like short ones, also after a restart."""
    name, minute = "desk" * 15, timedelta(minutes=1)
    wallets = tuple(f"sub:{'s' * 40}{n:02}" for n in range(30))
    desk.accounts = (Account(name, "okx", wallets, minute), *desk.accounts[1:])
    desk.exchange.answers |= {f"{name}/{w}": {"USDT": f"{n}.5"} for n, w in enumerate(wallets)}
    async with desk.open_unit() as unit:
        await unit.accounts.add([a.name for a in desk.accounts], now=desk.clock())
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = answers(telegram)
        await pressed(desk, answer, name)
    async with desk.polling():
        first = await pressed(desk, answer, "2/3 ›")
        assert "⚠️" not in first
        await pressed(desk, answer, wallets[15])
        assert has(answer.text, "USDT", "15.5")
        glob = f"{name[:-1]}*/{wallets[0][:-2]}*"
        said = telegram.say(OWNER, OWNER, f"/balance {glob}")
        await desk.quiet()
        globbed = next(m for m in answers(telegram) if m.id > said.id)
        await pressed(desk, globbed, "2/3 ›")
        assert "1/3" in " ".join(globbed.labels)
        await pressed(desk, globbed, "🔄 Refresh")
        assert "2/3" not in " ".join(globbed.labels)
        assert "3/3 ›" in globbed.labels


async def test_what_was_wanted_last_stays(desk: Any, telegram: TelegramServer) -> None:
    """Who looks elsewhere while it is read is not brought back when it has been."""
    desk.exchange.answers["main/funding"] = {"USDT": "7"}
    async with desk.polling():
        await desk.ask("/balance")
        desk.exchange.gate = asyncio.Event()
        said = telegram.say(OWNER, OWNER, "/balance")
        answer = await telegram.wait_for_message(OWNER, "⏳ reading", after=said)
        telegram.press(OWNER, answer.id, "main")
        await telegram.wait_for_message(OWNER, "Balances · main\n", after=said)
        assert "⏳ reading main …" in answer.text
        desk.exchange.answers["main/funding"] = {"USDT": "8"}
        desk.exchange.gate.set()
        await desk.quiet()
        assert "Balances · main\n" in answer.text
        assert "⏳" not in answer.text
        assert has(await pressed(desk, answer, "funding"), "USDT", "8")


async def test_everything_in_detail(desk: Any, telegram: TelegramServer) -> None:
    """`full` has each wallet with each coin; more than one message holds is turned by buttons."""
    desk.exchange.answers["xt/spot"] = {f"COIN{n:03}": f"{n}.125" for n in range(1, 301)}
    async with desk.polling():
        await desk.ask("/balance FULL")
        (answer,) = answers(telegram)
        texts = [answer.text]
        while forward := [label for label in answer.labels if "›" in label]:
            texts.append(await pressed(desk, answer, forward[0]))
        assert await pressed(desk, answer, f"‹ {len(texts) - 1}/{len(texts)}") == texts[-2]
        assert "‹ Back" in answer.labels
    assert len(texts) > 2
    assert all(any(f"COIN{n:03}" in text for text in texts) for n in range(1, 301))
    assert desk.exchange.asked == ["main/funding", "main/trading", "xt/spot"]


async def test_unreadable_is_never_a_zero(desk: Any, telegram: TelegramServer) -> None:
    """What cannot be read now is shown with the reason and the last good value with its age."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance xt")
        desk.clock.now += timedelta(minutes=5)
        desk.exchange.answers["xt/spot"] = ExchangeUnavailable("xt answered HTTP 502")
        (answer,) = await desk.ask("/balance xt")
    assert "xt answered HTTP 502" in answer
    assert "last good value, 5 min ago" in answer
    assert "1.5" in answer


async def test_locked_account_is_not_asked(desk: Any) -> None:
    """While the exchange wants a pause, the answer comes from what is known, at once."""
    retry_at = desk.clock() + timedelta(minutes=10)
    desk.exchange.answers["xt/spot"] = RateLimited("xt wants a pause", retry_at=retry_at)
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = await desk.ask("/balance xt")
    assert desk.exchange.asked == ["xt/spot"]
    assert "xt wants a pause" in answer


async def test_slow_exchange_holds_up_nobody(desk: Any, telegram: TelegramServer) -> None:
    """While one answer waits for an exchange, other commands are answered."""
    desk.exchange.gate = asyncio.Event()
    async with desk.polling():
        telegram.say(OWNER, OWNER, "/balance")
        await telegram.wait_for_message(OWNER, "reading")
        said = telegram.say(OWNER, OWNER, "/help")
        await telegram.wait_for_message(OWNER, "What I can do", after=said)
        desk.exchange.gate.set()


async def test_old_press(desk: Any, telegram: TelegramServer) -> None:
    """A press whose spinner is long gone still refreshes."""
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = answers(telegram)
        telegram.fail(
            "answerCallbackQuery",
            status=400,
            description="Bad Request: query is too old and response timeout expired",
        )
        telegram.press(OWNER, answer.id, "🔄 Refresh")
        await desk.quiet()
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]


async def test_answer_that_never_left_is_tried_again(desk: Any, telegram: TelegramServer) -> None:
    """Where Telegram asks for a short pause, the answer comes after it, once."""
    async with desk.polling():
        telegram.fail("sendMessage", status=429, description="Too Many Requests", retry_after=1)
        (answer,) = await desk.ask("/balance xt")
    assert "Balances · xt" in answer


async def test_typo_is_answered_without_reading(desk: Any) -> None:
    """Once everything was read, a name that nothing has costs no request."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance")
        desk.exchange.asked.clear()
        (answer,) = await desk.ask("/balance xt/spto")
        (coin,) = await desk.ask("/balance btc")
    assert "nothing here is called xt/spto; did you mean xt/spot" in answer
    assert "Usage" in answer
    assert "1.5" in coin
    assert set(desk.exchange.asked) == {"main/funding", "main/trading", "xt/spot"}


async def test_the_nearest_names_are_buttons(desk: Any, telegram: TelegramServer) -> None:
    """One press leads from a slip to what was meant."""
    desk.exchange.answers["main/funding"] = {"USDT": "7"}
    async with desk.polling():
        await desk.ask("/balance")
        said = telegram.say(OWNER, OWNER, "/balance main/fundign")
        await desk.quiet()
        answer = next(m for m in answers(telegram) if m.id > said.id)
        assert "main/funding" in answer.labels
        assert has(await pressed(desk, answer, "main/funding"), "USDT", "7")


@pytest.mark.parametrize("command", ["/balance", "/history", "/export"])
async def test_a_name_like_none_is_told_what_there_is(
    desk: Any, telegram: TelegramServer, command: str
) -> None:
    """Nobody is left with a no: some accounts are named, of those that the chat may know of."""
    async with desk.open_unit() as unit:
        kept = Chat(OWNER, title="You", since=desk.clock(), scope=Scope(("xt",)))
        await unit.chats.save(kept)
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = await desk.ask(f"{command} qqqq")
        assert "nothing here is called qqqq; there is xt, for example" in answer
        if command == "/balance":
            assert telegram.messages(OWNER)[-1].labels == ["xt"]


@pytest.mark.parametrize("query", ["main coinw", "x" * 201, "full main"])
async def test_wrong_input_shows_the_usage(desk: Any, query: str) -> None:
    """Several words, or one that no name can be: how it is used, with examples, unread."""
    async with desk.polling():
        (answer,) = await desk.ask(f"/balance {query}")
    assert "/balance main/funding" in answer
    assert "/balance full" in answer
    assert desk.exchange.asked == []
