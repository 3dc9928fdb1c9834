"""The chat page in a real browser, as a person uses it."""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, ViewportSize, expect

from bot.sandbox.telegram import TelegramServer, serve_telegram

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Awaitable[Page]]
Call = Callable[..., Awaitable[Any]]
YOU = 1001
DESK = -4001
DESKTOP = ViewportSize(width=1280, height=800)

TABLE = """<b>Balances</b>
<pre>main/funding
  ETH    37.118270     111,354 USD
  USDT    1,240.50       1,240 USD
----------------------------------</pre>
All read 4 s ago"""


def message(page: Page, message_id: int) -> Locator:
    return page.locator(f'[data-testid="message"][data-message-id="{message_id}"]')


def keys(*labels: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": label} for label in labels]]}


def png(width: int, height: int) -> bytes:
    """Draw a grey rectangle."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


async def test_what_is_typed_reaches_the_bot(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """Enter sends; the message appears in the chat and in getUpdates."""
    page = await open_page(base_url)
    await page.get_by_test_id("input").fill("/balance main")
    await page.get_by_test_id("input").press("Enter")
    await expect(message(page, 1)).to_contain_text("/balance main")
    await expect(page.get_by_test_id("input")).to_have_value("")
    (update,) = await bot("getUpdates", timeout=5)
    assert update["message"]["text"] == "/balance main"
    assert update["message"]["entities"][0]["type"] == "bot_command"


async def test_table_fits_a_phone(open_page: OpenPage, base_url: str, bot: Call) -> None:
    """34 characters of `<pre>` stand in one line, evenly spaced, without sideways scrolling."""
    page = await open_page(base_url)
    await bot("sendMessage", chat_id=YOU, text=TABLE, parse_mode="HTML")
    table = message(page, 1).locator("pre")
    await expect(table).to_have_css("white-space", "pre")
    assert await table.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await table.evaluate(
        """e => {
          const width = (text) => {
            const probe = document.createElement("span");
            probe.textContent = text;
            e.append(probe);
            const found = probe.getBoundingClientRect().width;
            probe.remove();
            return found;
          };
          return Math.abs(width("iiii....") - width("MMMM8888")) < 0.1;
        }"""
    )


async def test_press_shows_progress_and_the_answer(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """A press is a callback query; the button waits for the answer, a toast or an alert."""
    page = await open_page(base_url)
    await bot("sendMessage", chat_id=YOU, text="Low", reply_markup=keys("Seen", "Mute"))
    button = page.get_by_role("button", name="Seen")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    (update,) = await bot("getUpdates", timeout=5)
    assert update["callback_query"]["data"] == "Seen"
    await bot(
        "answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="Noted"
    )
    await expect(page.get_by_test_id("toast")).to_have_text("Noted")
    await expect(button).not_to_have_attribute("aria-busy", "true")

    await page.get_by_role("button", name="Mute").click()
    (update,) = await bot("getUpdates", offset=update["update_id"] + 1, timeout=5)
    query_id = update["callback_query"]["id"]
    await bot("answerCallbackQuery", callback_query_id=query_id, text="Not yours", show_alert=True)
    await expect(page.get_by_test_id("alert")).to_contain_text("Not yours")
    await page.get_by_test_id("alert-ok").click()
    await expect(page.get_by_test_id("alert")).to_be_hidden()


async def test_edit_happens_in_place(open_page: OpenPage, base_url: str, bot: Call) -> None:
    """An edited message changes where it stands, and is marked; a deleted one goes."""
    page = await open_page(base_url)
    await bot("sendMessage", chat_id=YOU, text="first")
    await bot("sendMessage", chat_id=YOU, text="second")
    await bot("editMessageText", chat_id=YOU, message_id=1, text="first, better")
    texts = page.get_by_test_id("message-text")
    await expect(texts).to_have_text(["first, better", "second"])
    await expect(message(page, 1).get_by_test_id("edited")).to_be_visible()
    await expect(message(page, 2).get_by_test_id("edited")).to_have_count(0)
    await bot("deleteMessage", chat_id=YOU, message_id=1)
    await expect(texts).to_have_text(["second"])


EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


async def test_no_text_becomes_markup(
    open_page: OpenPage, base_url: str, bot: Call, server: TelegramServer
) -> None:
    """Markup in texts, names, labels, file names, answers and the hint is shown as text."""
    server.hint = EVIL
    you = server.chats[YOU].members[0]
    evil = server.add_private_chat("Mallory", user_id=66).members[0]
    object.__setattr__(evil, "first_name", EVIL)
    server.add_group(EVIL, [you, evil], chat_id=-66)
    server.say(-66, 66, EVIL)
    server.say(YOU, YOU, EVIL)
    await bot("setMyCommands", commands=[{"command": "x", "description": EVIL}])
    await bot("sendMessage", chat_id=YOU, text=EVIL, reply_markup=keys("<b>k</b>"))
    escaped = EVIL.replace("<", "&lt;")
    link = f'{escaped}<a href="javascript:document.title=1">a</a><pre>{escaped}</pre>'
    await bot("sendMessage", chat_id=YOU, text=link, parse_mode="HTML")
    page = await open_page(base_url, viewport=DESKTOP)
    await expect(page.get_by_test_id("hint")).to_have_text(EVIL)
    await expect(message(page, 2).get_by_test_id("message-text")).to_have_text(EVIL)
    await expect(message(page, 3).locator("pre")).to_have_text(EVIL)
    await expect(message(page, 3).locator("a")).to_have_count(0)
    await expect(page.get_by_role("button", name="<b>k</b>")).to_be_visible()
    await page.get_by_test_id("menu-button").click()
    await expect(page.get_by_test_id("menu-item")).to_contain_text(EVIL)
    await page.locator('[data-testid="chat-list-item"][data-chat-id="-66"]').click()
    await expect(page.get_by_test_id("chat-title")).to_have_text(EVIL)
    await expect(page.get_by_test_id("message")).to_contain_text(EVIL)
    assert await page.locator("img[src='x'], .messages script").count() == 0
    assert await page.title() == "balance-bot demo"


async def test_formatting_is_shown(open_page: OpenPage, base_url: str, bot: Call) -> None:
    """Each entity has its element; UTF-16 offsets hold behind an emoji."""
    html = (
        '😀<b>b<i>bi</i></b> <s>s</s> <code>c</code> <a href="https://example.org/">l</a> '
        "<tg-spoiler>hidden</tg-spoiler> /alerts\n<blockquote>q</blockquote>"
        '<tg-time unix="1768467600" format="t">then</tg-time>'
    )
    await bot("sendMessage", chat_id=YOU, text=html, parse_mode="HTML")
    page = await open_page(base_url)
    shown = message(page, 1)
    await expect(shown.locator("strong")).to_have_text("bbi")
    await expect(shown.locator("strong em")).to_have_text("bi")
    await expect(shown.locator("s")).to_have_text("s")
    await expect(shown.locator("code")).to_have_text("c")
    await expect(shown.locator("blockquote")).to_have_text("q")
    await expect(shown.locator("time[datetime='2026-01-15T09:00:00.000Z']")).to_have_text("09:00")
    link = shown.get_by_role("link", name="l", exact=True)
    await expect(link).to_have_attribute("href", "https://example.org/")
    spoiler = shown.locator(".spoiler")
    await expect(spoiler).to_have_css("color", "rgba(0, 0, 0, 0)")
    await spoiler.click()
    await expect(spoiler).not_to_have_css("color", "rgba(0, 0, 0, 0)")


async def test_command_in_a_text_is_sent_by_a_click(
    open_page: OpenPage, base_url: str, bot: Call, server: TelegramServer
) -> None:
    """A command in a message, in the hint and in the menu goes out at a click."""
    await bot("setMyCommands", commands=[{"command": "rules", "description": "Limits"}])
    await bot("sendMessage", chat_id=YOU, text="See /alerts")
    page = await open_page(base_url)
    await page.get_by_role("link", name="/alerts").click()
    await page.get_by_test_id("hint").get_by_role("button", name="/balance").click()
    await page.get_by_test_id("menu-button").click()
    await page.get_by_test_id("menu-item").click()
    await expect(page.get_by_test_id("message-text")).to_have_text(
        ["See /alerts", "/alerts", "/balance", "/rules"]
    )
    assert [u["message"]["text"] for u in server.updates.pending] == [
        "/alerts",
        "/balance",
        "/rules",
    ]


async def test_photo_and_document(open_page: OpenPage, base_url: str, bot: Call) -> None:
    """A photo is loaded and opens large; a document has its name and size, and can be kept."""
    page = await open_page(base_url)
    await bot("sendPhoto", chat_id=YOU, photo=png(300, 200), caption="24 hours")
    await bot("sendDocument", chat_id=YOU, document=b"x" * 2048)
    photo = message(page, 1).get_by_test_id("photo")
    await expect(photo).to_have_js_property("naturalWidth", 300)
    await photo.click()
    await expect(page.get_by_role("dialog", name="Photo")).to_be_visible()
    await page.keyboard.press("Escape")
    document = message(page, 2).get_by_test_id("document")
    await expect(document).to_contain_text("file.csv2.0 KB")
    async with page.expect_download() as download:
        await document.click()
    assert (await download.value).suggested_filename == "file.csv"


async def test_reply_quote_leads_to_the_original(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """A click on the quote scrolls to what was answered, however far up."""
    await bot("sendMessage", chat_id=YOU, text="the alert")
    for n in range(40):
        await bot("sendMessage", chat_id=YOU, text=f"line {n}")
    await bot("sendMessage", chat_id=YOU, text="recovered", reply_parameters={"message_id": 1})
    page = await open_page(base_url)
    await expect(message(page, 1)).not_to_be_in_viewport()
    quote = message(page, 42).get_by_test_id("reply-quote")
    await expect(quote).to_contain_text("the alert")
    await quote.click()
    await expect(message(page, 1)).to_be_in_viewport()


async def test_person_can_reply(
    open_page: OpenPage, base_url: str, bot: Call, server: TelegramServer
) -> None:
    """The reply button of a message makes the next one an answer to it."""
    await bot("sendMessage", chat_id=DESK, text="Which wallet?")
    page = await open_page(base_url, viewport=DESKTOP)
    await page.locator(f'[data-testid="chat-list-item"][data-chat-id="{DESK}"]').click()
    await message(page, 1).hover()
    await message(page, 1).get_by_test_id("reply").click()
    await page.get_by_test_id("input").fill("main")
    await page.get_by_test_id("send").click()
    await expect(message(page, 2).get_by_test_id("reply-quote")).to_contain_text("Which wallet?")
    (update,) = server.updates.pending
    assert update["message"]["reply_to_message"]["message_id"] == 1


async def test_unread_are_counted(open_page: OpenPage, base_url: str, bot: Call) -> None:
    """What comes into another chat counts there, until it is opened."""
    page = await open_page(base_url, viewport=DESKTOP)
    desk = page.locator(f'[data-testid="chat-list-item"][data-chat-id="{DESK}"]')
    await expect(desk.get_by_test_id("unread")).to_be_hidden()
    for n in range(3):
        await bot("sendMessage", chat_id=DESK, text=f"line {n}")
    await expect(desk.get_by_test_id("unread")).to_have_text("3")
    await desk.click()
    await expect(page.get_by_test_id("message")).to_have_count(3)
    await expect(desk.get_by_test_id("unread")).to_be_hidden()


async def test_phone_shows_one_thing_at_a_time(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """A phone has the chat or the list; the way back tells how much is unread elsewhere."""
    page = await open_page(base_url)
    await expect(page.get_by_test_id("chat-list")).to_be_hidden()
    await bot("sendMessage", chat_id=DESK, text="hi")
    await expect(page.get_by_test_id("back")).to_contain_text("1")
    await page.get_by_test_id("back").click()
    await expect(page.get_by_test_id("input")).to_be_hidden()
    await page.get_by_test_id("chat-list-item").filter(has_text="Desk").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text("Desk")


async def test_typing_is_shown_until_the_message(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """The indicator comes with sendChatAction and goes with the answer."""
    page = await open_page(base_url)
    await bot("sendChatAction", chat_id=YOU, action="typing")
    await expect(page.get_by_test_id("typing")).to_be_visible()
    await expect(page.get_by_test_id("chat-subtitle")).to_have_text("typing…")
    await bot("sendMessage", chat_id=YOU, text="here")
    await expect(page.get_by_test_id("typing")).to_be_hidden()
    await expect(page.get_by_test_id("chat-subtitle")).to_have_text("bot")


async def test_page_stays_at_the_end_unless_reading_above(
    open_page: OpenPage, base_url: str, bot: Call
) -> None:
    """New messages scroll into view; who reads further up is left alone and told by a button."""
    for n in range(40):
        await bot("sendMessage", chat_id=YOU, text=f"line {n}")
    page = await open_page(base_url)
    await bot("sendMessage", chat_id=YOU, text="newest")
    await expect(message(page, 41)).to_be_in_viewport()
    await message(page, 1).scroll_into_view_if_needed()
    await bot("sendMessage", chat_id=YOU, text="unseen")
    await expect(page.get_by_test_id("to-end")).to_contain_text("1")
    await expect(message(page, 42)).not_to_be_in_viewport()
    await page.get_by_test_id("to-end").click()
    await expect(message(page, 42)).to_be_in_viewport()


async def test_page_comes_back_after_the_server_was_away(
    open_page: OpenPage, server: TelegramServer
) -> None:
    """After a gap the page connects by itself, and shows what it has missed."""
    async with serve_telegram(server) as url:
        page = await open_page(url)
        port = int(url.rpartition(":")[2])
    await expect(page.get_by_test_id("chat-subtitle")).to_have_text("connecting…")
    server.say(YOU, YOU, "said meanwhile")
    async with serve_telegram(server, port=port):
        await expect(message(page, 1)).to_contain_text("said meanwhile", timeout=15_000)
        await expect(page.get_by_test_id("chat-subtitle")).to_have_text("bot")


async def test_several_lines_and_a_fresh_chat(
    open_page: OpenPage, base_url: str, server: TelegramServer
) -> None:
    """Shift and Enter make a new line; an empty chat offers to start."""
    page = await open_page(base_url, dark=True)
    await page.get_by_test_id("start").click()
    await expect(message(page, 1)).to_contain_text("/start")
    field = page.get_by_test_id("input")
    await field.focus()
    await page.keyboard.type("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    await page.keyboard.press("Enter")
    await expect(message(page, 2)).to_be_visible()
    assert server.messages(YOU)[1].text == "one\ntwo"


async def test_two_pages_show_the_same(open_page: OpenPage, base_url: str) -> None:
    """What is written on the phone stands on the desktop."""
    phone, desktop = await asyncio.gather(
        open_page(base_url), open_page(base_url, viewport=DESKTOP)
    )
    await phone.get_by_test_id("input").fill("hello")
    await phone.get_by_test_id("send").click()
    await expect(message(desktop, 1)).to_contain_text("hello")
