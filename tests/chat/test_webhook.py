"""The webhook is kept standing: whoever takes it away, and whatever Telegram answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.chat import webhook
from bot.chat.application import build_application
from bot.chat.intake import Intake
from bot.chat.webhook import Webhook
from bot.core.delivery import Delivered
from bot.core.vitals import Vitals
from bot.sandbox.telegram import TelegramServer
from bot.services.watch_vitals import WatchVitals

OWNER = 1001
URL = "http://127.0.0.1:9/a-secret-path"
SECRET = "never-to-be-shown-anywhere"


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after it all the time."""
    monkeypatch.setattr(webhook, "LOOK_EVERY_S", 0.01)


@asynccontextmanager
async def standing(desk: Any) -> AsyncIterator[WatchVitals]:
    """Run the webhook while the block runs."""
    bot = desk.build()
    use = desk.use = desk.use_cases()
    await use.chats.recall()
    await use.chats.greet(OWNER, title="You")
    vitals = WatchVitals(
        recipients=use.chats.recipients, open_unit=desk.open_unit, clock=desk.clock
    )
    shared: dict[str, Any] = {"chats": use.chats, "vitals": vitals, "clock": desk.clock}
    application = build_application(bot, use)
    intake = Intake(application, admission=use.admission, open_unit=desk.open_unit, **shared)
    hook = Webhook(intake, bot, url=URL, secret=SECRET, **shared)
    task = asyncio.ensure_future(hook.run())
    try:
        yield vitals
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def looked(telegram: TelegramServer, times: int = 3) -> None:
    """Wait until it has been looked after a few times more."""
    before = len(telegram.calls_of("getWebhookInfo"))
    await telegram.wait_for_call("getWebhookInfo", count=before + times, timeout=10)


async def told(desk: Any) -> list[str]:
    async with desk.open_unit() as unit:
        parcels = await unit.outbox.lease(now=desk.clock(), only=[OWNER])
        for parcel in parcels:
            await unit.outbox.settle(parcel.id, Delivered(1), at=desk.clock())
    kinds = [event.kind for parcel in parcels for event in parcel.events]
    return [kind for kind in kinds if kind.startswith("poll")]


async def poll_age(vitals: WatchVitals) -> Any:
    seen: Vitals = await vitals.look()
    return seen.worked_at.get("poll")


async def test_it_is_set_once_and_stays(desk: Any, telegram: TelegramServer) -> None:
    """Also when the bot ends: what is said then waits at Telegram."""
    async with standing(desk) as vitals:
        await looked(telegram)
        assert await poll_age(vitals) is not None
    assert len(telegram.calls_of("setWebhook")) == 1
    assert telegram.calls_of("deleteWebhook") == []
    assert telegram.webhook_url == URL


@pytest.mark.parametrize("method", ["getMe", "setWebhook", "getWebhookInfo"])
@pytest.mark.parametrize("fault", ["fail", "drop_before", "drop_after", "garble"])
async def test_faults_are_outlasted(
    desk: Any, telegram: TelegramServer, method: str, fault: str
) -> None:
    getattr(telegram, fault)(method, times=3)
    async with standing(desk):
        await looked(telegram, 5)
    assert telegram.webhook_url == URL


ODD = [b'{"ok": true, "result": null}', b'{"ok": true, "result": {"url": 5}}', b"[]", b"5"]


@pytest.mark.parametrize("body", ODD)
async def test_odd_answers_are_outlasted(desk: Any, telegram: TelegramServer, body: bytes) -> None:
    telegram.garble("getWebhookInfo", status=200, body=body, times=2)
    async with standing(desk):
        await looked(telegram, 5)
    assert telegram.webhook_url == URL


async def test_nothing_worked_while_telegram_is_away(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes questions and answers none is found out, and it is not called well."""
    monkeypatch.setattr(webhook, "ANSWER_WITHIN_S", 0.05)
    async with standing(desk) as vitals:
        await telegram.wait_for_call("setMyCommands", lambda call: call.status == 200)
        await looked(telegram)
        before = vitals.turns["poll"]
        telegram.black_hole()
        await asyncio.sleep(0.3)
        assert vitals.turns["poll"] > before
        telegram.end_faults()
        await looked(telegram)


async def test_who_polls_with_our_token_is_told_once(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """Such a program takes the webhook away; it is set again, and owners hear of it."""
    async with standing(desk):
        await looked(telegram)
        for times in range(1, 5):
            telegram.webhook_url = ""
            await telegram.wait_for_call("setWebhook", count=times + 1)
            await looked(telegram, 1)
            assert (await told(desk) == ["poll_contested"]) == (times == 3)
        desk.clock.now += timedelta(minutes=3)
        await looked(telegram)
        assert await told(desk) == ["poll_regained"]
    assert logged().count("has taken our webhook away") == 1


async def test_another_webhook_is_told_with_its_host(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """Not with its path, which may be a secret."""
    async with standing(desk):
        await looked(telegram)
        telegram.webhook_url = "https://other.example.org/its-own-secret"
        await telegram.wait_for_call("setWebhook", count=2)
        await looked(telegram, 1)
        assert await told(desk) == ["poll_contested"]
    assert "host=other.example.org" in logged()
    assert "its-own-secret" not in logged()


async def test_what_does_not_get_through_is_said_once(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """With Telegram's reason; the address and the secret stay out of the log."""
    telegram.say(OWNER, OWNER, "/help")
    async with standing(desk):
        await looked(telegram, 20)
        assert logged().count("does not get through") == 1
        for seconds in range(1, 4):
            assert telegram.webhook is not None
            telegram.webhook.failed_at = telegram.clock() + timedelta(seconds=seconds)
            await looked(telegram, 2)
        assert logged().count("does not get through") == 1
        telegram.updates.clear()
        await looked(telegram)
        assert logged().count("gets through to the webhook again") == 1
    assert "Connection refused" in logged()
    assert SECRET not in logged()
    assert "a-secret-path" not in logged()


async def test_not_well_while_nothing_gets_through(desk: Any, telegram: TelegramServer) -> None:
    """Telegram answers, and cannot reach us: that is no sign of life, however seldom it tries."""
    async with standing(desk) as vitals:
        await looked(telegram)
        telegram.say(OWNER, OWNER, "/help")
        await failed_once_more(telegram, 1)
        before = vitals._worked_s["poll"]
        await looked(telegram, 5)
        assert vitals._worked_s["poll"] == before
        await failed_once_more(telegram, 2)
        assert vitals._worked_s["poll"] == before
        telegram.updates.clear()
        await looked(telegram)
        assert vitals._worked_s["poll"] > before


async def failed_once_more(telegram: TelegramServer, seconds: int) -> None:
    assert telegram.webhook is not None
    telegram.webhook.failed_at = telegram.clock() + timedelta(seconds=seconds)
    await looked(telegram, 2)
