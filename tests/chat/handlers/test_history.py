"""`/history` as a person meets it: nonsense, no history yet, a picture that cannot be drawn."""

from datetime import timedelta
from typing import Any

import pytest

from bot.aside import AsideFailed
from bot.sandbox.telegram import TelegramServer

OWNER = 1001


@pytest.mark.parametrize(
    "nonsense",
    ["no/such", "<b>", "a b c d", "x" * 60, "x" * 4000, "🙈" * 1900, "%s {0}", "5d", "7d 30d"],
)
async def test_nonsense_behind_history(desk: Any, nonsense: str) -> None:
    """Whatever is asked for, an example is told; the answer never breaks."""
    async with desk.polling():
        (answer,) = await desk.ask(f"/history {nonsense}")
    assert "/history main" in answer


async def test_before_anything_was_read(desk: Any) -> None:
    """A sentence, and no picture."""
    async with desk.polling():
        (answer,) = await desk.ask("/history main")
    assert "ever read" in answer


async def test_what_cannot_be_drawn_is_told_in_words(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers come all the same; a button keeps the old picture and says the new numbers."""
    desk.exchange.answers["xt/spot"] = {"USDT": "1.25"}
    async with desk.polling():
        await desk.ask("/balance xt")
        await desk.ask("/history xt/spot USDT")
        (picture,) = [m for m in telegram.messages(OWNER) if m.file is not None]
        before = picture.file

        async def fail(module: str, given: bytes, *, within_s: float) -> bytes:
            raise AsideFailed(f"{module} ended with 1")

        monkeypatch.setattr("bot.chat.handlers.history.run_aside", fail)
        (answer,) = await desk.ask("/history xt/spot USDT")
        assert "1.25" in answer
        assert "could not be drawn" in answer
        desk.clock.now += timedelta(minutes=1)
        telegram.press(OWNER, picture.id, "30d")
        await desk.quiet()
    assert picture.file is before
    assert "30d" in picture.text
    assert "could not be drawn" in picture.text
    assert len(telegram.calls_of("sendChatAction")) == 2
