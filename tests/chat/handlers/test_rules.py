"""`/rule` and `/rules` as a person meets them: the talk, the preview, the buttons."""

from dataclasses import replace
from typing import Any

import pytest

from bot.chat.views.words import CANCELLED, NO_COMMAND, OLD_RULE, OLD_TALK, ONLY_OWNERS
from bot.core.scope import Scope
from bot.sandbox.telegram import Message, Press, TelegramServer

OWNER, GROUP, ADA = 1001, -4001, 2002
LINE = "main/trading USDT < 100 · critical"


class Person:
    """An owner, as a rule, who talks, presses and looks."""

    def __init__(self, desk: Any, telegram: TelegramServer, chat: int, user: int) -> None:
        self.desk, self.telegram, self.chat, self.user = desk, telegram, chat, user

    async def say(self, text: str, *, reply_to: Message | None = None) -> list[Message]:
        """Say something; give what the bot has said to it."""
        to = reply_to.id if reply_to else None
        said = self.telegram.say(self.chat, self.user, text, reply_to=to)
        await self.desk.quiet()
        return [m for m in self.telegram.messages(self.chat) if m.from_bot and m.id > said.id]

    async def one(self, text: str, *, reply_to: Message | None = None) -> Message:
        (answer,) = await self.say(text, reply_to=reply_to)
        return answer

    async def press(self, message: Message, label: str) -> Press:
        press = self.telegram.press(self.chat, message.id, label, self.user)
        await self.desk.quiet()
        return press

    async def press_again(self, message: Message, data: str) -> str:
        """Press a button that the message no longer has; give the notice."""
        before, message.keyboard = message.keyboard, [[{"text": "x", "callback_data": data}]]
        press = self.telegram.press(self.chat, message.id, data, self.user)
        message.keyboard = before
        await self.desk.quiet()
        return press.answer or ""


@pytest.fixture
def you(desk: Any, telegram: TelegramServer) -> Person:
    return Person(desk, telegram, OWNER, OWNER)


def data_of(message: Message, label: str) -> str:
    return next(str(b["callback_data"]) for b in message.buttons if b["text"] == label)


async def names(desk: Any) -> list[str]:
    async with desk.open_unit() as unit:
        return [str(made.rule) for made in await unit.rules.load() if made.deleted_at is None]


async def test_in_one_line(desk: Any, you: Person) -> None:
    """The line is previewed first; added, it is a rule; pressed again, it is still one."""
    desk.exchange.answers["main/trading"] = {"USDT": "30.5"}
    async with desk.polling():
        await you.say("/balance")
        preview = await you.one(f"/rule {LINE}")
        assert preview.labels == ["✅ Add", "✖️ Cancel"]
        assert await names(desk) == []
        for part in (LINE, "Covers main/trading", "Would fire now", "30.5 USDT", "fired once"):
            assert part in preview.text
        add = data_of(preview, "✅ Add")
        await you.press(preview, "✅ Add")
        assert "#1 is in force" in preview.text
        assert preview.labels == ["📋 All rules"]
        await you.press_again(preview, add)
        assert await names(desk) == [LINE]
        await you.press(preview, "📋 All rules")
        assert "main/funding USDT < 500" in preview.text
        assert LINE in preview.text


async def test_step_by_step(desk: Any, you: Person) -> None:
    """Wallet, coin, condition by buttons in one message; then the amount is typed."""
    desk.exchange.answers |= {"main/funding": {"USDT": "900", "ETH": "1"}, "xt/spot": {"XRP": "1"}}
    async with desk.polling():
        await you.say("/balance")
        talk = await you.one("/rule")
        assert talk.labels[:4] == ["sum *", "*", "main", "xt"]
        await you.press(talk, "main/funding")
        assert talk.labels == ["ETH", "USDT", "💰 what all is worth", "✖️ Cancel"]
        await you.press(talk, "USDT")
        await you.press(talk, "⏳ lasts less than")
        assert "main/funding USDT lasts < …" in talk.text
    async with desk.polling():  # all of it outlives a restart
        preview = await you.one("24h · “soon”")
        assert 'main/funding USDT lasts < 1d · "soon"' in preview.text
        await you.press(preview, "✅ Add")
        assert await names(desk) == ['main/funding USDT lasts < 1d · "soon"']
        assert [m.text for m in await you.say("50")] == [NO_COMMAND]


async def test_value_of_all(desk: Any, you: Person) -> None:
    """In place of a coin it may be about what all of it is worth, on either side."""
    async with desk.polling():
        talk = await you.one("/rule")
        await you.press(talk, "sum *")
        await you.press(talk, "💰 what all is worth")
        assert talk.labels == ["⬇️ below", "⬆️ above", "✖️ Cancel"]
        await you.press(talk, "⬇️ below")
        preview = await you.one("10000 USD")
    assert "* total < 10000 USD" in preview.text
    assert "past prices are not kept" in preview.text


async def test_the_rest_may_be_typed_at_any_step(desk: Any, you: Person) -> None:
    """What no button has can be typed; a mistake is pointed at, and the talk goes on."""
    async with desk.polling():
        talk = await you.one("/rule")
        await you.press(talk, "main/trading")
        wrong = await you.one("DOGE << 5")
        assert wrong.formatted("pre") == ["main/trading DOGE << 5\n                  ^^"]
        assert "got «<<»" in wrong.text
        assert wrong.labels == ["✖️ Cancel"]
        preview = await you.one("DOGE < 5")
    assert preview.labels == ["✅ Add", "✖️ Cancel"]


@pytest.mark.parametrize(
    ("line", "pointed_at"),
    [
        ("main/fundng USDT < 5", "main/fundng"),
        ("main/funding USDT < 5x", "5x"),
        ("main/funding USDT <", " "),
        ("<b>&amp; USDT < 5", "&amp;"),
        (f"main/funding USDT < 5 · {'for 2 reads, ' * 8}bad", "for"),
        ("🙈 " * 100, "🙈"),
    ],
)
async def test_mistakes_in_one_line(desk: Any, you: Person, line: str, pointed_at: str) -> None:
    """The word at fault stands above the carets, however long the line is; that is all."""
    async with desk.polling():
        wrong = await you.one(f"/rule {line}")
        shown, carets = wrong.formatted("pre")[0].split("\n")
        assert max(len(shown), len(carets)) <= 34
        assert wrong.text.startswith("❌ expected ")
        word = shown[carets.find("^") : len(carets)]
        assert word.startswith(pointed_at.strip())
        assert [m.text for m in await you.say("50")] == [NO_COMMAND]
    assert await names(desk) == []


async def test_where_a_chat_sees_nothing(desk: Any) -> None:
    """A mistake is said, though no name can be given instead."""
    async with desk.polling():
        await desk.ask("/help", chat=GROUP, user=OWNER)
        await desk.use.chats.change(
            GROUP,
            lambda chat: replace(chat, scope=Scope(("gone/*",))),
            deed="settings_changed",
            about="scope",
            by=None,
        )
        (said,) = await desk.ask(f"/rule {LINE}", chat=GROUP, user=OWNER)
    assert "expected a wallet that this chat sees, and it sees none" in " ".join(said.split())


async def test_only_owners(desk: Any, telegram: TelegramServer, you: Person) -> None:
    """Everybody in an allowed chat may look; pressing or typing changes nothing for others."""
    ada, owner = Person(desk, telegram, GROUP, ADA), Person(desk, telegram, GROUP, OWNER)
    async with desk.polling():
        assert (await ada.one(f"/rule {LINE}")).text == ONLY_OWNERS
        assert (await ada.one("/rule")).text == ONLY_OWNERS
        preview = await owner.one(f"/rule {LINE}")
        assert (await ada.press(preview, "✅ Add")).answer == ONLY_OWNERS
        assert await names(desk) == []
        await owner.press(preview, "✅ Add")
        listed = await ada.one("/rules")
        for label in ("✏️ Edit #1", "⏸ Pause", "🗑 Delete"):
            assert (await ada.press(listed, label)).answer == ONLY_OWNERS
        assert await names(desk) == [LINE]


async def test_in_a_group_only_replies_are_meant(desk: Any, telegram: TelegramServer) -> None:
    """Talk goes on around the question; only the answer to it, by who was asked, counts."""
    ada, owner = Person(desk, telegram, GROUP, ADA), Person(desk, telegram, GROUP, OWNER)
    async with desk.polling():
        talk = await owner.one("/rule")
        await owner.press(talk, "main/trading")
        assert await owner.say("USDT < 5") == []
        assert await ada.say("USDT < 5", reply_to=talk) == []
        preview = await owner.one("USDT < 5", reply_to=talk)
        await owner.press(preview, "✅ Add")
    assert await names(desk) == ["main/trading USDT < 5"]


async def test_who_is_no_owner_any_more(desk: Any, telegram: TelegramServer) -> None:
    """A talk that was begun as an owner is not gone on with by anybody else."""
    ada = Person(desk, telegram, GROUP, ADA)
    async with desk.polling():
        question = await ada.one("/rule")
        async with desk.open_unit() as unit:
            draft = await unit.drafts.add(GROUP, ADA, text="", edits=None, at=desk.clock())
            await unit.drafts.save(replace(draft, question=question.id))
        assert await ada.say(LINE, reply_to=question) == []


async def test_list_with_its_buttons(desk: Any, you: Person) -> None:
    """Pause, resume, delete and undo, in the message itself; each says what it has done."""
    async with desk.polling():
        await you.press(await you.one(f"/rule {LINE}"), "✅ Add")
        listed = await you.one("/rules")
        assert "🔒 low" in listed.text
        assert "🔒 fixed in the settings" in listed.text
        assert listed.labels == ["✏️ Edit #1", "⏸ Pause", "🗑 Delete"]
        assert (await you.press(listed, "⏸ Pause")).answer == "#1 is paused"
        assert "⏸ paused" in listed.text
        assert "by 1 rule," in (await you.say("/start"))[0].text
        assert (await you.press(listed, "▶️ Resume")).answer == "#1 is in force"
        delete = data_of(listed, "🗑 Delete")
        assert (await you.press(listed, "🗑 Delete")).answer == "#1 deleted"
        assert await names(desk) == []
        assert listed.labels == ["↩️ Undo delete of #1"]
        assert await you.press_again(listed, delete) == "#1 is deleted already"
    async with desk.polling():
        undo = data_of(listed, "↩️ Undo delete of #1")
        assert (await you.press(listed, "↩️ Undo delete of #1")).answer == "#1 is in force"
        assert await names(desk) == [LINE]
        await you.press(listed, "🗑 Delete")
        desk.clock.now = desk.clock.now.replace(hour=11)
        assert await you.press_again(listed, undo) == OLD_RULE
        assert "#1" not in listed.text


async def test_ended_alert_is_said(desk: Any, you: Person) -> None:
    """Whoever pauses a rule that fires is told that its alert has ended with it."""
    desk.exchange.answers["main/trading"] = {"USDT": "1"}
    async with desk.polling():
        await you.press(await you.one(f"/rule {LINE}"), "✅ Add")
        await you.say("/balance")
        listed = await you.one("/rules")
        assert "🔴 1 USDT" in listed.text
        pressed = await you.press(listed, "⏸ Pause")
    assert "An alert that was firing has ended with it" in (pressed.answer or "")


async def test_edit(desk: Any, you: Person) -> None:
    """The new line is previewed beside the old one, and takes its place when it is saved."""
    async with desk.polling():
        await you.press(await you.one(f"/rule {LINE}"), "✅ Add")
        listed = await you.one("/rules")
        await you.press(listed, "✏️ Edit #1")
        question = you.telegram.messages(OWNER)[-1]
        assert LINE in question.text
        preview = await you.one("main/trading USDT < 50")
        assert "Change of #1" in preview.text
        save = data_of(preview, "✅ Save")
        await you.press(preview, "✅ Save")
        assert await names(desk) == ["main/trading USDT < 50"]
        await you.press(listed, "✏️ Edit #1")
        preview = await you.one("main/trading USDT < 20")
        await you.press(listed, "🗑 Delete")
        assert (await you.press(preview, "✅ Save")).answer == OLD_TALK
        assert await you.press_again(preview, save) == OLD_TALK


async def test_cancelled_and_old(desk: Any, you: Person) -> None:
    """A talk that was given up, or replaced by another, is over: its buttons say so."""
    async with desk.polling():
        talk = await you.one("/rule")
        wallet = data_of(talk, "main/funding")
        await you.press(talk, "✖️ Cancel")
        assert (talk.text, talk.labels) == (CANCELLED, [])
        assert await you.press_again(talk, wallet) == OLD_TALK
        assert [m.text for m in await you.say("USDT < 5")] == [NO_COMMAND]
        first, _ = await you.one("/rule"), await you.one("/rule")
        assert (await you.press(first, "main/funding")).answer == OLD_TALK
        preview = await you.one(f"/rule {LINE}")
        desk.clock.now = desk.clock.now.replace(day=17)
        assert (await you.press(preview, "✅ Add")).answer == OLD_TALK
    assert await names(desk) == []


async def test_names_are_shown_as_they_are(desk: Any, you: Person) -> None:
    """What people write is escaped and kept on its line, in the preview and in the list."""
    line = "main/trading USDT < 5 · \"<b>\u202e & 'x'\""
    async with desk.polling():
        preview = await you.one(f"/rule {line}")
        assert "<b>  & 'x'" in preview.text
        await you.press(preview, "✅ Add")
        listed = await you.one("/rules")
    assert "<b>  & 'x'" in listed.text
    assert "\u202e" not in preview.text + listed.text


async def test_long_lists_are_pages(desk: Any, you: Person) -> None:
    """Each rule is on one page, with its buttons; turning there and back changes nothing."""
    async with desk.polling(), desk.open_unit() as unit:
        from bot.core.rules import parse_rule

        for n in range(20):
            rule = parse_rule(f"main/trading C{n:02} < 100")
            await unit.rules.add(rule, by="You", at=desk.clock())
    async with desk.polling():
        listed = await you.one("/rules")
        texts = [listed.text]
        while forward := [label for label in listed.labels if "›" in label]:
            await you.press(listed, forward[0])
            texts.append(listed.text)
        await you.press(listed, "‹ Back")
        assert listed.text == texts[-2]
    assert all(sum(f"C{n:02} <" in text for text in texts) == 1 for n in range(20))
    assert all(len(text) <= 4096 for text in texts)
