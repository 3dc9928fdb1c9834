"""Take the pictures of the README from the demo's real page: `make pictures`."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from bot.sandbox.demo import open_demo

FOLDER = Path(__file__).parent
PHONE = {"width": 390, "height": 844}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


async def main() -> None:
    """Talk to the demo as a person would, and keep what is seen."""
    async with open_demo(port=0) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        page = await browser.new_page(viewport=PHONE, device_scale_factor=2)  # type: ignore[arg-type]
        await page.goto(address)
        await _say(page, "/balance", "By coin")
        await _say(page, "/balance USDT", "1 USDT =")
        await asyncio.sleep(3)  # until it was read
        await page.screenshot(path=FOLDER / "balance.png")
        await _say(page, "/rule main/funding USDT lasts < 24h", "New rule")
        alert = page.get_by_test_id("message").filter(has_text="CRITICAL")
        await expect(alert.last).to_be_visible(timeout=60_000)
        await alert.last.get_by_role("button", name="Seen").click()
        await expect(alert.last).to_contain_text("seen", timeout=10_000)
        await asyncio.sleep(4)  # until the notice is gone
        await page.screenshot(path=FOLDER / "alert.png")
        await browser.close()


async def _say(page: Page, command: str, answer: str) -> None:
    await page.get_by_test_id("input").fill(command)
    await page.get_by_test_id("input").press("Enter")
    await expect(page.get_by_test_id("message").last).to_contain_text(answer, timeout=20_000)


asyncio.run(main())
