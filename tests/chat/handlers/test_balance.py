"""`/balance`: a line at once, the answer in its place, pages, and a Refresh that reads."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.fetchers.errors import ExchangeUnavailable, RateLimited
from bot.sandbox.telegram import TelegramServer

OWNER = 1001


async def test_reading_line_becomes_the_answer(desk: Any, telegram: TelegramServer) -> None:
    """The line stands while the exchange is asked; then the same message has the balances."""
    desk.exchange.gate = asyncio.Event()
    desk.exchange.answers["main/funding"] = {"USDT": "12345.678901234567890123"}
    async with desk.polling():
        telegram.say(OWNER, OWNER, "/balance main/funding")
        line = await telegram.wait_for_message(OWNER, "reading main")
        assert line.labels == []
        desk.exchange.gate.set()
        await desk.quiet()
        assert "12,345.678901234567890123" in line.text
        assert line.labels == ["🔄 Refresh"]
    assert [m for m in telegram.messages(OWNER) if m.from_bot] == [line]
    assert desk.exchange.asked == ["main/funding", "main/trading"]


async def test_refresh_reads_again(desk: Any, telegram: TelegramServer) -> None:
    """A press asks the exchange and shows the new amount in the same message."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = [m for m in telegram.messages(OWNER) if m.from_bot]
        desk.exchange.answers["xt/spot"] = {"BTC": "2.25"}
        press = telegram.press(OWNER, answer.id, "🔄 Refresh")
        await desk.quiet()
    assert "2.25" in answer.text
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]
    assert press.answered.is_set()


async def test_refresh_without_a_change(desk: Any, telegram: TelegramServer) -> None:
    """Where nothing has changed, Telegram's complaint about that is no failure."""
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = [m for m in telegram.messages(OWNER) if m.from_bot]
        before = answer.text
        telegram.press(OWNER, answer.id, "🔄 Refresh")
        await desk.quiet()
    assert [m.text for m in telegram.messages(OWNER) if m.from_bot] == [before]
    assert desk.exchange.asked == ["xt/spot", "xt/spot"]


async def test_pages_turn_without_reading(desk: Any, telegram: TelegramServer) -> None:
    """More than one message holds: pages, turned there and back, each coin on one of them."""
    desk.exchange.answers["xt/spot"] = {f"COIN{n:03}": f"{n}.125" for n in range(1, 301)}
    async with desk.polling():
        await desk.ask("/balance xt")
        (answer,) = [m for m in telegram.messages(OWNER) if m.from_bot]
        texts = [answer.text]
        while forward := [label for label in answer.labels if "›" in label]:
            telegram.press(OWNER, answer.id, forward[0])
            await desk.quiet()
            texts.append(answer.text)
        last = answer.text
        telegram.press(OWNER, answer.id, "‹ Back")
        await desk.quiet()
        assert answer.text == texts[-2] != last
    assert len(texts) > 2
    assert all(any(f"COIN{n:03}" in text for text in texts) for n in range(1, 301))
    assert desk.exchange.asked == ["xt/spot"]


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
        (answer,) = [m for m in telegram.messages(OWNER) if m.from_bot]
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
    assert "xt/spot" in answer


async def test_typo_is_answered_without_reading(desk: Any) -> None:
    """Once everything was read, a name that nothing has costs no request."""
    desk.exchange.answers["xt/spot"] = {"BTC": "1.5"}
    async with desk.polling():
        await desk.ask("/balance")
        desk.exchange.asked.clear()
        (answer,) = await desk.ask("/balance xt/spto")
        (coin,) = await desk.ask("/balance btc")
    assert "nothing here is called xt/spto; did you mean xt/spot" in answer
    assert "1.5" in coin
    assert set(desk.exchange.asked) == {"main/funding", "main/trading", "xt/spot"}
