"""Take the pictures of the README from the demo's real page: `make pictures`.

With a folder behind it, every screen in every language goes there, to be looked at.

Needs Chromium, and a font with Chinese in it: Debian's chromium, fonts-noto-color-emoji and
fonts-wqy-microhei.
"""

import asyncio
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import (
    Browser,
    Locator,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from bot.sandbox.demo import open_demo

ALL = len(sys.argv) > 1
FOLDER = Path(sys.argv[1]) if ALL else Path(__file__).parent
OF_README = {
    "en": ("balance", "account", "alert", "history"),
    "zh": ("digest", "rule", "chats", "settings"),
}
NAMES = {"en": "English", "zh": "中文"}
SKIP = {"en": "Skip", "zh": "跳过"}
ADA = "?as=2002"

PHONE = ViewportSize(width=370, height=700)
SHARPNESS, COLOURS = 2, 128
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STILL = """
.hint, .reply, .to-end { display: none !important }
.compose textarea:focus { box-shadow: none !important }
"""
FIND = """([part, after]) => [...document.querySelectorAll(".message.bot")].find((message) =>
  Number(message.dataset.messageId) > after && message.innerText.includes(part)
  && !message.innerText.includes("⏳"))?.dataset.messageId"""
WITHIN_MS = 60_000

expect.set_options(timeout=WITHIN_MS)


async def main() -> None:
    """Talk to a demo in each language as a person would, and keep what is seen."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        for language in NAMES:
            async with open_demo(port=0) as address:
                await _Talk(browser, address, language, await _open(browser, address)).take()
        await browser.close()


class _Talk:
    """A person who sits before the page of a demo."""

    def __init__(self, browser: Browser, address: str, language: str, page: Page) -> None:
        self._browser, self._address = browser, address
        self._language, self._page = language, page

    async def take(self) -> None:
        """Go from screen to screen."""
        await self._choose_language()
        table = await self._say("/balance", "main")
        await self._keep("balance", of=table)
        await _press(table, "main")
        await expect(table).to_contain_text("sub:desk1")
        await self._keep("account", of=table)
        await self._keep("alert", of=await self._seen_alert())
        await self._keep("rule", of=await self._say("/rule main/funding USDT < 2500", "< 2500"))
        chart = await self._say("/history 30d", "· 30d")
        await expect(chart.get_by_test_id("photo")).not_to_have_js_property("naturalWidth", 0)
        await self._keep("history", of=chart)
        await self._keep("digest", of=await self._say("/digest", "☀️"))
        await self._keep("status", of=await self._say("/status", "0.1"))
        await self._keep("chats", of=await self._card_of_ada())
        await self._keep("settings", of=await self._say("/settings", "UTC"))

    async def _choose_language(self) -> None:
        talk = await self._shown("🗣")
        await _press(talk, NAMES[self._language])
        for question in ("🕑", "📏"):
            await expect(talk).to_contain_text(question)
            await _press(talk, SKIP[self._language])
        await expect(talk).to_contain_text("👍")

    async def _seen_alert(self) -> Locator:
        alert = await self._shown("🔴")
        await _press(alert, "👁")
        await expect(alert).to_contain_text("You")
        toast = self._page.get_by_test_id("toast")
        await expect(toast).to_be_visible()
        await expect(toast).to_be_hidden()
        return alert

    async def _card_of_ada(self) -> Locator:
        """Let Ada come in, and look at what she may see."""
        ada = await _open(self._browser, f"{self._address}/{ADA}")
        await ada.get_by_test_id("start").click()
        question = await self._shown("🙋")
        await _press(question, "✅")
        await expect(question).to_contain_text("✅")
        await ada.close()
        card = await self._say("/chats", "")
        await _press(card, "Ada")
        await expect(card).to_contain_text("2002")
        return card

    async def _say(self, command: str, answer: str) -> Locator:
        """Say something; return the message that comes after it and contains a text."""
        newest = await self._page.locator(".message").last.get_attribute("data-message-id")
        await self._page.get_by_test_id("input").fill(command)
        await self._page.get_by_test_id("input").press("Enter")
        return await self._shown(answer, after=int(newest or 0))

    async def _shown(self, part: str, *, after: int = 0) -> Locator:
        """Wait for a message that contains a text, and take hold of it."""
        found = await self._page.wait_for_function(FIND, arg=[part, after], timeout=WITHIN_MS)
        number = await found.json_value()
        return self._page.locator(f'.message[data-message-id="{number}"]')

    async def _keep(self, screen: str, *, of: Locator) -> None:
        """Keep a picture of the screen that begins with a message, in few colours."""
        if not ALL and screen not in OF_README[self._language]:
            return
        await of.evaluate("e => e.scrollIntoView({block: 'start'})")
        seen = Image.open(BytesIO(await self._page.screenshot())).convert("RGB")
        few = seen.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
        few.save(FOLDER / f"{screen}-{self._language}.png", optimize=True)


async def _open(browser: Browser, address: str) -> Page:
    context = await browser.new_context(
        viewport=PHONE,
        device_scale_factor=SHARPNESS,
        locale="en-GB",
        reduced_motion="reduce",
        bypass_csp=True,  # for the style and the questions of this script
    )
    page = await context.new_page()
    await page.goto(address)
    await page.add_style_tag(content=STILL)
    return page


async def _press(message: Locator, label: str) -> None:
    await message.get_by_role("button", name=label).first.click()


asyncio.run(main())
