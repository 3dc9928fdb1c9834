"""The whole program through the chat page, in a real browser."""

import pytest
from playwright.async_api import expect

from tests.conftest import OpenPage
from tests.e2e.conftest import Scene

pytestmark = pytest.mark.browser


async def test_a_person_at_the_page(scene: Scene, open_page: OpenPage) -> None:
    """Type /balance, see the table, press Refresh, see an alert arrive and its recovery."""
    async with scene.bot():
        page = await open_page(scene.page)
        for command in ("/start", "/balance main"):
            await page.get_by_test_id("input").fill(command)
            await page.get_by_test_id("input").press("Enter")
        table = page.get_by_test_id("message").filter(has_text="Balances")
        await expect(table).to_contain_text("sub:desk1")
        await table.get_by_role("button", name="sub:desk1").click()
        await expect(table).to_contain_text("12,345.678901234567890123")
        await table.get_by_role("button", name="Back").click()
        await table.get_by_role("button", name="funding").click()
        await expect(table).to_contain_text("2,000")
        scene.okx.set("funding", "USDT", available="1777.7")
        await page.get_by_test_id("inline-button").filter(has_text="Refresh").click()
        await expect(table).to_contain_text("1,777.7")
        scene.okx.set("funding", "USDT", available="320.5")
        alert = page.get_by_test_id("message").filter(has_text="WARNING")
        await expect(alert).to_contain_text("320.5", timeout=10_000)
        scene.okx.set("funding", "USDT", available="2000")
        recovery = page.get_by_test_id("message").filter(has_text="RECOVERED")
        await expect(recovery).to_be_visible(timeout=10_000)
        await expect(recovery.get_by_test_id("reply-quote")).to_contain_text("USDT")
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert await page.evaluate(overflow) is False
