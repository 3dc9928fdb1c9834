"""An alert from the exchange to the phone and back: pressed, restarted, reminded, recovered."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from bot.clock import utc_now
from bot.sandbox.telegram import Message
from tests.conftest import OpenPage
from tests.e2e.conftest import GROUP, Scene


async def until_shown(scene: Scene, message: Message, part: str) -> None:
    """Wait until a message has been edited so that it contains a text."""
    await scene.telegram.wait_for_message(
        message.chat.id, lambda m: m.id == message.id and part in m.text, timeout=15
    )


async def test_alert_snooze_restart_recovery(scene: Scene) -> None:
    """A snooze outlasts a restart; the first message shows each state, the recovery replies."""
    async with scene.bot():
        scene.okx.set("funding", "USDT", available="320.5")
        alert = await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
        press = scene.telegram.press(GROUP, alert.id, "🔕 1h", user_id=scene.you.id)
        await until_shown(scene, alert, "🔕 silent until")
        assert "· You, " in alert.text
    assert press.answer is not None
    assert press.answer.startswith("🔕 silent until")
    async with scene.bot():
        assert "silent until" in await _alerts(scene)
        scene.okx.set("funding", "USDT", available="2300")
        cleared = await scene.telegram.wait_for_message(GROUP, "RECOVERED", timeout=10)
        await until_shown(scene, alert, "recovered after")
    assert cleared.reply_to is alert
    assert alert.text.startswith("✅ main/funding · USDT low")
    assert "now 2,300" in alert.text
    assert alert.labels == []
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1  # the one that was edited


async def _alerts(scene: Scene) -> str:
    answer = await scene.answer("USDT low", after=scene.say("/alerts"))
    return answer.text


async def test_the_end_of_a_snooze_is_told(scene: Scene) -> None:
    """When it is over and the alert fires on, a reply says so; before that nothing does."""
    offset = [timedelta(0)]
    scene.clock = lambda: utc_now() + offset[0]
    async with scene.bot():
        scene.okx.set("funding", "USDT", available="320.5")
        alert = await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
        scene.telegram.press(GROUP, alert.id, "🔕 1h", user_id=scene.you.id)
        await until_shown(scene, alert, "🔕 silent until")
        offset[0] = timedelta(minutes=59)
        await scene.next_round()
        assert scene.said("reminder", chat_id=GROUP) == []
        offset[0] = timedelta(minutes=61)
        reminder = await scene.telegram.wait_for_message(GROUP, "reminder 1", timeout=10)
        await until_shown(scene, alert, "🔁 reminded 1×")
    assert reminder.reply_to is alert
    assert reminder.labels[0] == "👁 Seen"
    assert "🔔 was silent until" in alert.text


async def test_check_now_shows_what_was_read(scene: Scene) -> None:
    """Pressed after a change that no check has seen, it is in the message soon."""
    scene.environ["BOT_CHECK_EVERY"] = "1h"
    scene.okx.set("funding", "USDT", available="320.5")
    async with scene.bot():
        alert = await scene.telegram.wait_for_message(GROUP, "320.5", timeout=10)
        scene.okx.set("funding", "USDT", available="321.75")
        scene.telegram.press(GROUP, alert.id, "🔄 Check now", user_id=scene.you.id)
        await until_shown(scene, alert, "321.75")
    assert "178.25" in alert.text
    assert alert.buttons[-1]["copy_text"] == {"text": "178.25"}
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1


async def test_quiet_hours_over_a_restart(scene: Scene) -> None:
    """What is over before they end comes as one line in one message; critical comes at once."""
    offset = [datetime(2026, 11, 21, 23, 30, tzinfo=UTC) - utc_now()]
    scene.clock = lambda: utc_now() + offset[0]
    scene.environ["BOT_RULES__XT"] = "xt/spot USDT < 100 · critical"
    async with scene.bot():
        scene.say("/start")
        await scene.answer("Quiet hours here", after=scene.say("/quiet 22:00-07:00"))
        scene.okx.set("funding", "USDT", available="320.5")
        await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
        scene.okx.set("funding", "USDT", available="2300")
        await scene.telegram.wait_for_message(GROUP, "RECOVERED", timeout=10)
        scene.world.account("xt", "xt").set("spot", "USDT", available="1")
        await scene.answer("CRITICAL · xt/spot")
        assert scene.said("main/funding · USDT") == []
    offset[0] += timedelta(hours=7, minutes=29)
    async with scene.bot():
        await scene.next_round()
        assert scene.said("main/funding · USDT") == []
        offset[0] += timedelta(minutes=1)
        told = await scene.answer("main/funding · USDT low for")
    assert "recovered" in told.text
    assert len(told.text.splitlines()) == 1


@pytest.mark.browser
async def test_a_person_presses_at_the_page(scene: Scene, open_page: OpenPage) -> None:
    """See the alert, press a button under it, see who pressed what, and see it recover."""
    async with scene.bot():
        page = await open_page(scene.page)
        await page.get_by_test_id("input").fill("/start")
        await page.get_by_test_id("input").press("Enter")
        scene.okx.set("funding", "USDT", available="320.5")
        alert = page.get_by_test_id("message").filter(has_text="limit")
        await expect(alert).to_contain_text("320.5", timeout=10_000)
        first = alert.first
        buttons = first.get_by_test_id("inline-button")
        await expect(buttons).to_have_count(6)
        await buttons.filter(has_text="Until recovered").click()
        await expect(first).to_contain_text("🔕 silent until recovered · You", timeout=10_000)
        await expect(buttons.first).to_have_text("🔔 Unmute")
        scene.okx.set("funding", "USDT", available="2300")
        done = page.get_by_test_id("message").filter(has_text="recovered after")
        await expect(done).to_be_visible(timeout=15_000)
        await expect(done.get_by_test_id("inline-button")).to_have_count(0)
