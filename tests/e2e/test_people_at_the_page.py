"""What people do at the chat page, one after another and together, in a real browser."""

import asyncio
import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from bot.chat import pace
from bot.fetchers._limits import Limit
from tests.conftest import OpenPage
from tests.e2e.conftest import Scene

pytestmark = pytest.mark.browser

EVE = 6666
WITHIN_MS = 15_000
"""A busy machine is slow; nothing waits that long on an idle one."""

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press faster than a person would: the pace of a chat is proved elsewhere."""
    monkeypatch.setattr(pace, "_CHAT", Limit("chat", 1000, timedelta(seconds=1)))


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("input").fill(text)
    await page.get_by_test_id("input").press("Enter")


async def press(message: Locator, label: str | re.Pattern[str]) -> None:
    await message.get_by_role("button", name=label, exact=isinstance(label, str)).first.click()


def last(page: Page, part: str) -> Locator:
    """Find the newest message of the bot that contains a text."""
    return page.locator(".message.bot").filter(has_text=part).last


def numbered(page: Page, number: str | None) -> Locator:
    """Find a message by its number, whatever it has become."""
    return page.locator(f'[data-testid="message"][data-message-id="{number}"]')


async def kept(page: Page, part: str) -> Locator:
    """Take hold of a message that contains a text now."""
    found = last(page, part)
    await expect(found).to_be_visible()
    return numbered(page, await found.get_attribute("data-message-id"))


async def code_in(capsys: pytest.CaptureFixture[str]) -> str:
    async with asyncio.timeout(10):
        logged = ""
        while not (found := re.search(r"/start (\S{16})", logged)):
            await asyncio.sleep(0.02)
            logged += capsys.readouterr().out
    return found[1]


async def test_pairing_leads_to_the_first_rule(
    scene: Scene, open_page: OpenPage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link makes its opener the owner, who is led by buttons to a rule that is in force."""
    scene.environ["BOT_TELEGRAM__OWNERS"] = scene.environ["BOT_TELEGRAM__CHATS"] = ""
    async with scene.bot():
        page = await open_page(scene.page, query=f"?start={await code_in(capsys)}")
        await page.get_by_test_id("start").click()
        talk = await kept(page, "Which language")
        await press(talk, "English")
        await expect(talk).to_contain_text("Where are you?")
        await press(talk, "Europe")
        await press(talk, "Berlin")
        await expect(talk).to_contain_text("a first rule")
        await press(talk, "➕ Make the first rule")
        await press(last(page, "Which wallet?"), "main/funding")
        await press(last(page, "Which coin?"), "USDT")
        await press(last(page, "When"), "⬇️ below")
        await expect(last(page, "500")).to_be_visible()
        await say(page, "750")
        await press(last(page, "New rule"), "✅ Add")
        await expect(last(page, "is in force")).to_contain_text("main/funding USDT < 750")
        await say(page, "/whoami")
        await expect(last(page, "You are an owner here.")).to_be_visible()
        await say(page, "/settings")
        await expect(last(page, "Settings of this chat")).to_contain_text("Europe/Berlin")


async def test_a_stranger_is_let_in(scene: Scene, open_page: OpenPage) -> None:
    """Eve asks on her phone, the owner presses on another one, and Eve gets her answer."""
    scene.telegram.add_private_chat("Eve", user_id=EVE)
    async with scene.bot():
        yours, hers = await asyncio.gather(
            open_page(scene.page), open_page(scene.page, query=f"?as={EVE}")
        )
        await say(yours, "/start")
        await expect(last(yours, "I watch")).to_be_visible()
        await say(hers, "/balance")
        await say(hers, "/start")
        question = await kept(yours, "MAY THEY COME IN? · Eve")
        await press(question, "✅ Approve as viewer")
        await expect(question).to_contain_text("approved as viewer")
        await expect(question).to_contain_text("This chat sees everything.")
        await expect(question.get_by_test_id("inline-button")).to_have_count(1)
        await expect(last(hers, "You are in")).to_be_visible()
        await say(hers, "/balance")
        await expect(last(hers, "Balances")).to_contain_text("main")
        await say(hers, "/rule main/funding USDT < 5")
        await expect(last(hers, "Only owners and managers")).to_be_visible()
        await hers.get_by_test_id("back").click()
        await hers.get_by_test_id("people").get_by_role("link", name="You").click()
        await expect(last(hers, "approved as viewer")).to_be_visible()


async def test_a_snooze_is_shown_and_outlives_a_restart(scene: Scene, open_page: OpenPage) -> None:
    """What is pressed stands in the message; its buttons still work for the bot that is next."""
    scene.environ["BOT_CHECK_EVERY"] = "1h"
    scene.okx.set("funding", "USDT", available="320.5")
    page = await open_page(scene.page)
    async with scene.bot():
        await say(page, "/start")
        alert = await kept(page, "USDT low")
        await press(alert, "🔕 1h")
        await expect(page.get_by_test_id("toast")).to_contain_text("silent until")
        await expect(alert).to_contain_text(re.compile(r"🔕 silent until .+ UTC · You"))
    async with scene.bot():
        await press(alert, "🔔 Unmute")
        await expect(alert).not_to_contain_text("🔕 silent until")
        await press(alert, "👁 Seen")
        await expect(alert).to_contain_text("👁 seen · You")


async def test_balance_leads_down_and_back(scene: Scene, open_page: OpenPage) -> None:
    """One message is all levels, before and after a restart."""
    page = await open_page(scene.page)
    async with scene.bot():
        await say(page, "/balance")
        table = await kept(page, "Balances")
        await press(table, "main")
        await expect(table).to_contain_text("sub:desk1")
        await press(table, "sub:desk1")
        await expect(table).to_contain_text("12,345.678901234567890123")
    async with scene.bot():
        await press(table, "‹ Back")
        await expect(table).to_contain_text("funding")
        await press(table, "‹ Back")
        await expect(table).to_contain_text("coinw")
        await press(table, "By coin")
        await expect(table).to_contain_text("USDT")
    assert len(scene.said("Balances")) == 1


async def test_history_has_other_times(scene: Scene, open_page: OpenPage) -> None:
    """The picture stays one message; each button of a time puts another one there."""
    page = await open_page(scene.page)
    async with scene.bot():
        await scene.next_round()
        await say(page, "/history main/funding usdt 1d")
        picture = page.get_by_test_id("photo")
        await expect(picture).to_have_js_property("naturalWidth", 1080)
        shown = await picture.get_attribute("src") or ""
        answer = await kept(page, "main/funding · USDT")
        await press(answer, "30d")
        await expect(answer).to_contain_text("· 30d")
        await expect(picture).not_to_have_attribute("src", shown)
        await expect(answer.get_by_role("button", name="· 30d ·")).to_be_visible()


async def test_a_chat_turns_chinese(scene: Scene, open_page: OpenPage) -> None:
    """By a button of /settings: the card, what is said next, the menu; and it stays so."""
    page = await open_page(scene.page)
    async with scene.bot():
        await say(page, "/start")
        await say(page, "/settings")
        card = await kept(page, "Settings of this chat")
        await press(card, "🗣 Language")
        await press(card, "中文")
        await expect(card).to_contain_text("本聊天的设置")
        await say(page, "/alerts")
        await expect(last(page, "一切正常")).to_be_visible()
        await page.get_by_test_id("menu-button").click()
        menu = page.get_by_test_id("menu-item")
        await expect(menu.first).to_contain_text("即时读取余额与估值")
        await menu.filter(has_text="/whoami").click()
        await expect(last(page, "您在这里是所有者")).to_be_visible()
    async with scene.bot():
        await press(card, "🕑 时区")
        await press(card, "亚洲")
        await press(card, "上海")
        await expect(card).to_contain_text("Asia/Shanghai")
        await say(page, "/rules")
        await expect(last(page, "规则")).to_be_visible()
