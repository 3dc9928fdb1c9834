"""`/history`: a picture of what was read, changed by its buttons, also after a restart."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from bot.clock import utc_now
from bot.sandbox.telegram import Message
from bot.sandbox.telegram.images import picture_size
from tests.conftest import OpenPage
from tests.e2e.conftest import Scene


def photo(message: Message) -> bytes:
    assert message.file is not None
    assert message.file.kind == "photo"
    return message.file.content


async def pressed(scene: Scene, message: Message, label: str, part: str) -> bytes:
    """Press a button, wait until the caption shows it, and give the new picture."""
    scene.telegram.press(scene.you.id, message.id, label)
    await scene.telegram.wait_for_message(
        scene.you.id, lambda m: m.id == message.id and part in m.text, timeout=30
    )
    return photo(message)


async def test_a_picture_and_its_buttons_over_a_restart(scene: Scene) -> None:
    """It is announced, it comes, and each button puts another picture in its place."""
    offset = [timedelta(0)]
    scene.clock = lambda: utc_now() + offset[0]
    async with scene.bot():
        await scene.next_round()
        offset[0] = timedelta(minutes=2)
        scene.okx.set("funding", "USDT", available="1777.5")
        await scene.next_round()
        offset[0] = timedelta(minutes=20)  # nobody looked for a while
        await scene.next_round()
        asked = scene.say("/history main/funding usdt 1d")
        answer = await scene.telegram.wait_for_message(
            scene.you.id, "main/funding · USDT", after=asked, timeout=30
        )
        assert picture_size(photo(answer)) == (1080, 864)
        assert answer.labels == ["· 1d ·", "7d", "30d", "90d"]
        assert "2,000 → 1,777.5 USDT" in answer.text
        assert "not read: main/funding 18 min" in answer.text
        all_of_it = await scene.telegram.wait_for_message(
            scene.you.id, "All wallets · value", after=scene.say("/history"), timeout=30
        )
        assert all_of_it.labels == ["1d", "· 7d ·", "30d", "90d", "📊 By coin"]
        first = photo(all_of_it)
        second = await pressed(scene, all_of_it, "30d", "· 30d")
        assert first != second
    async with scene.bot():
        await scene.next_round()
        scene.telegram.press(scene.you.id, all_of_it.id, "📊 By coin")
        await scene.telegram.wait_for_message(
            scene.you.id,
            lambda m: m.id == all_of_it.id and "📊 By account" in m.labels,
            timeout=30,
        )
        assert photo(all_of_it) != second
        assert len([m for m in scene.telegram.messages(scene.you.id) if m.file]) == 2


async def test_what_cannot_be_drawn_is_said(scene: Scene) -> None:
    """A name that is nearly right, a time that there is no picture of, a coin of long ago."""
    async with scene.bot():
        await scene.next_round()
        wrong = await scene.answer("did you mean", after=scene.say("/history main/fundin"))
        assert "main/funding" in wrong.text
        assert "/history main 30d" in wrong.text
        time = await scene.answer("No picture of", after=scene.say("/history main 5d"))
        assert "«5d»" in time.text


@pytest.mark.browser
async def test_the_page_shows_the_picture(scene: Scene, open_page: OpenPage) -> None:
    """A person sees it, and sees another after a press."""
    async with scene.bot():
        page = await open_page(scene.page)
        await scene.next_round()
        await page.get_by_test_id("input").fill("/history coinw")
        await page.get_by_test_id("input").press("Enter")
        picture = page.get_by_test_id("photo")
        await expect(picture).to_be_visible(timeout=30_000)
        before = await picture.get_attribute("src")
        await page.get_by_test_id("inline-button").filter(has_text="By coin").click()
        await expect(picture).not_to_have_attribute("src", before or "", timeout=30_000)
