"""`/chats` and `/settings`: cards of chats, what their buttons do, and questions for words."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.chat.i18n import speaking
from bot.chat.sender import TelegramSender
from bot.chat.views.audit import audit_text
from bot.core.access import Member, Person
from bot.core.delivery import Chat, Delivered, Sent
from bot.core.portfolio import Account
from bot.core.quiet import parse_quiet
from bot.core.scope import Scope
from bot.sandbox.telegram import Message, TelegramServer
from bot.services.manage_rooms import ManageRooms

OWNER, EVE, GROUP = 1001, 6666, -4001


@pytest.fixture
async def group(desk: Any) -> None:
    """Have the group kept."""
    async with desk.open_unit() as unit:
        await unit.chats.add(Chat(OWNER, title="You", since=desk.clock()))
        await unit.chats.save(Chat(GROUP, title="Desk", since=desk.clock()))


class Owner:
    """Presses buttons, one after the other."""

    def __init__(self, desk: Any, telegram: TelegramServer) -> None:
        self.desk, self.telegram = desk, telegram

    async def card(self, label: str = "👤 Desk") -> Message:
        """Show the card of a chat."""
        await self.desk.ask("/chats")
        return await self.press(self.telegram.messages(OWNER)[-1], label)

    async def press(self, message: Message, *labels: str, user: int = OWNER) -> Message:
        for label in labels:
            self.telegram.press(message.chat.id, message.id, label, user)
            await self.desk.quiet()
        return message


@pytest.fixture
def owner(desk: Any, telegram: TelegramServer) -> Owner:
    return Owner(desk, telegram)


@pytest.mark.usefixtures("group")
async def test_one_of_two_hundred_accounts(desk: Any, owner: Owner) -> None:
    """Taking one out takes out no other, and the page stays where it was."""
    minute = timedelta(minutes=1)
    desk.accounts = tuple(Account(f"acc{n:03d}", "xt", ("spot",), minute) for n in range(200))
    async with desk.polling():
        card = await owner.press(await owner.card(), "🔭 What it sees", "More ›", "✅ acc025")
        scope = desk.use.chats.known(GROUP).scope
        assert len(scope.patterns) == 199
        assert not scope.has("acc025/spot")
        assert "▫️ acc025" in card.labels
        assert "179 more" in card.text
        assert "comes into the settings later" in card.text
        await owner.press(card, "▫️ acc025", "Everything")
    assert desk.use.chats.known(GROUP).scope.is_all


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        (("main", "gone"), "▫️ xt", ("main", "xt")),
        (("main", "gone"), "✅ main", ()),
        (("main", "main/funding", "xt"), "✅ main", ("xt",)),
        (("ma*", "*t"), "✅ xt", ("ma*",)),
        (("*",), "✅ xt", ("main",)),
        (("*/spot",), "▫️ main", ("*/spot", "main")),
    ],
)
@pytest.mark.usefixtures("group")
async def test_scope_by_buttons(
    desk: Any, owner: Owner, before: tuple[str, ...], label: str, after: tuple[str, ...]
) -> None:
    """What means nothing any more goes; what is taken out is not left in by another pattern."""
    async with desk.open_unit() as unit:
        kept = Chat(GROUP, title="Desk", since=desk.clock(), scope=Scope(before))
        await unit.chats.save(kept)
    async with desk.polling():
        await owner.press(await owner.card(), "🔭 What it sees", label)
        assert desk.use.chats.known(GROUP).scope.patterns == after


@pytest.mark.usefixtures("group")
async def test_scope_in_words(desk: Any, owner: Owner) -> None:
    """Too many paths are a mistake, and so are none: nothing is cut, nothing kept."""
    async with desk.polling():
        await owner.press(await owner.card(), "🔭 What it sees", "✏️ Type paths")
        many = " ".join(f"main/sub:a{n}" for n in range(21))
        assert "Up to 20 paths" in (await desk.ask(many))[0]
        assert "Answer with paths" in (await desk.ask(","))[0]
        assert desk.use.chats.known(GROUP).scope.is_all
        assert "Kept" in (await desk.ask("xt/spot，MAIN"))[0]
        assert desk.use.chats.known(GROUP).scope == Scope(("xt/spot", "main"))


@pytest.mark.usefixtures("group")
async def test_two_owners_press_the_same(desk: Any, owner: Owner) -> None:
    """Both want the amounts hidden, and they are."""
    async with desk.polling():
        one, two = await owner.card(), await owner.card()
        for message in (one, two):
            owner.telegram.press(OWNER, message.id, "💯 Percent only", OWNER)
        await desk.quiet()
        assert desk.use.chats.known(GROUP).preferences.percent_only


@pytest.mark.usefixtures("group")
async def test_members(desk: Any, owner: Owner) -> None:
    """All can be had by pages, and told apart."""
    async with desk.open_unit() as unit:
        for n in range(40):
            await unit.chats.save_member(Member(GROUP, 3000 + n, f"U{n:02d}"))
        for n, name in enumerate(("\u200b", "Ada", "Ada", "\u202eevil")):
            await unit.chats.save_member(Member(GROUP, 50 + n, name))
    async with desk.polling():
        card = await owner.press(await owner.card(), "👥 Members")
        shown = set(card.labels)
        await owner.press(card, "More ›")
        shown |= set(card.labels)
        assert {"👤 50", "👤 Ada 51", "👤 Ada 52", "👤 evil", "👤 U39", "👤 U00"} <= shown
        await owner.press(card, "👤 U39")
        assert "🛠 U39" in card.labels
        roles = {m.name: m.role for m in desk.use.chats.members(GROUP)}
        assert [name for name, role in roles.items() if role] == ["U39"]


@pytest.mark.usefixtures("group")
async def test_cancel_of_a_mistake(desk: Any, owner: Owner) -> None:
    """It is the question that is over, whichever message says so."""
    async with desk.polling():
        await desk.ask("/settings")
        settings = owner.telegram.messages(OWNER)[-1]
        await owner.press(settings, "🕑 Time zone", "✏️ Type a city")
        assert "no time zone" in (await desk.ask("qqqq"))[0]
        await owner.press(owner.telegram.messages(OWNER)[-1], "✖️ Cancel")
        assert "Kept" not in "".join(await desk.ask("Berlin"))
        assert desk.use.chats.preferences(OWNER).zone is None


@pytest.mark.usefixtures("group")
async def test_answer_to_a_mistake_in_a_group(desk: Any, owner: Owner) -> None:
    """Whoever replies to what was wrong is heard."""
    telegram = owner.telegram
    async with desk.polling():
        await desk.ask("/settings", chat=GROUP, user=OWNER)
        settings = telegram.messages(GROUP)[-1]
        await owner.press(settings, "🕑 Time zone", "✏️ Type a city")
        for typed in ("qqqq", "Berlin"):
            telegram.say(GROUP, OWNER, typed, reply_to=telegram.messages(GROUP)[-1].id)
            await desk.quiet()
        assert desk.use.chats.preferences(GROUP).zone == "Europe/Berlin"


@pytest.mark.usefixtures("group")
async def test_owner_no_longer(desk: Any, owner: Owner) -> None:
    """Somebody paired is put out by another owner; the last is not, nor one of the settings."""
    async with desk.open_unit() as unit:
        for user, name in ((EVE, "Eve"), (7777, "Bob")):
            await unit.chats.save(Chat(user, title=name, since=desk.clock(), role="owner"))
    async with desk.polling():
        card = await owner.card("👑 Eve")
        await owner.press(card, "👑 No longer an owner")
        assert desk.use.chats.is_owner(EVE)
        await owner.press(card, "👑 Yes, no longer")
        assert not desk.use.chats.is_owner(EVE)
        assert not desk.use.chats.may_look(EVE)
        assert "👑 No longer an owner" not in (await owner.card("👑 You")).labels
        eve, bob = Person(EVE, "Eve"), Person(7777, "Bob")
        assert not await desk.use.rooms.depose(7777, by=eve)
        assert not await desk.use.rooms.depose(7777, by=bob)
        assert desk.use.chats.is_owner(7777)


@pytest.mark.usefixtures("group")
async def test_before_it_is_let_in(desk: Any, owner: Owner) -> None:
    """What a chat may see can be said first, and holds from its first message on."""
    async with desk.open_unit() as unit:
        now = desk.clock()
        await unit.chats.save(Chat(EVE, title="Eve", since=now, asked_at=now))
    async with desk.polling():
        card = await owner.card("🙋 Eve")
        await owner.press(card, "💯 Percent only", "🔭 What it sees", "✅ xt", "‹ Back")
        assert "no amounts" in card.text
        assert not desk.use.chats.may_look(EVE)
        await owner.press(card, "✅ Approve as viewer")
        chat = desk.use.chats.known(EVE)
        assert (chat.role, chat.scope.patterns) == ("viewer", ("main",))
        assert chat.preferences.percent_only


@pytest.mark.usefixtures("group")
async def test_audit_in_words(desk: Any, owner: Owner) -> None:
    """No word of the code stands there, and who was meant can be told."""
    async with desk.open_unit() as unit:
        await unit.chats.save_member(Member(GROUP, 2002, "Ada"))
    async with desk.polling():
        card = await owner.press(await owner.card(), "💯 Percent only", "🛠 All are managers")
        await owner.press(
            card, "👥 Members", "👤 Ada", "‹ Back", "🔔 Loudness", "🔔 news of chats"
        )
        (told,) = await desk.ask("/audit")
    for words in ("percents only: yes", "Ada 2002: manager", "news of chats: without a sound"):
        assert words in told
    assert "_" not in told


@pytest.mark.usefixtures("group")
async def test_audit_in_chinese(desk: Any, owner: Owner) -> None:
    """Whatever was changed of a chat is told in the language of who reads it."""
    desk.language_of = lambda chat_id: "zh"
    async with desk.open_unit() as unit:
        now = desk.clock()
        await unit.chats.save(Chat(EVE, title="Eve", since=now, asked_at=now))
        await unit.chats.save_member(Member(GROUP, 2002, "Ada"))
    async with desk.polling():
        rooms, chats, by = desk.use.rooms, desk.use.chats, Person(OWNER, "You")
        await desk.use.admission.approve(EVE, "manager", by=by)
        await rooms.set_role(EVE, "viewer", by=by)
        await rooms.set_member(GROUP, 2002, "manager", by=by)
        for patterns in ([], ["xt", "main/funding"], ["*"]):
            await rooms.set_scope(GROUP, patterns, by=by)
        await rooms.show_account(GROUP, "xt", seen=False, by=by)
        for hours in ("22:00-07:00", ""):
            await chats.set_quiet(GROUP, parse_quiet(hours), title="Desk", by=by)
        for topic in (7, None):
            await chats.tell_in(GROUP, topic, by=by)
        await rooms.set_loudness(GROUP, "digests", "silent", by=by)
        await rooms.prefer(GROUP, zone="Asia/Tokyo", dust=Decimal("2.5"), currency=None, by=by)
        owner.telegram.say(GROUP, OWNER, "/digest weekly mon")
        await desk.quiet()
        entries = await rooms.deeds(before=None, most=99)
        with speaking("zh"):
            told = audit_text(entries, {GROUP: "Desk"}, ZoneInfo("UTC"))
    names = r"UTC|You|Eve|Ada|Desk|xt|main/funding|Asia/Tokyo|/digest weekly mon|</?b>"
    assert len(entries) == 14
    assert re.findall(r"[A-Za-z_*]+", re.sub(names, "", told)) == []
    for words in ("不再能看到 xt", "免打扰时段：22:00-07:00", "话题 7", "Eve 6666: 管理者"):
        assert words in told


@pytest.mark.usefixtures("group")
async def test_zones_in_chinese(desk: Any, owner: Owner) -> None:
    """Regions and cities are called as they are called there, on buttons and when typed."""
    desk.language_of = lambda chat_id: "zh"
    async with desk.polling():
        await desk.ask("/settings")
        card = owner.telegram.messages(OWNER)[-1]
        await owner.press(card, "🕑 时区", "亚洲", "上海")
        assert desk.use.chats.preferences(OWNER).zone == "Asia/Shanghai"
        await owner.press(card, "🕑 时区", "✏️ 输入城市")
        await desk.ask("里斯本")
        assert desk.use.chats.preferences(OWNER).zone == "Europe/Lisbon"


@pytest.mark.usefixtures("group")
async def test_a_zone_between_hours(desk: Any, owner: Owner) -> None:
    """It is not guessed: those that go by that distance are offered."""
    async with desk.polling():
        await desk.ask("/settings")
        card = owner.telegram.messages(OWNER)[-1]
        await owner.press(card, "🕑 Time zone", "✏️ Type a city")
        assert "Asia/Kolkata or Asia/Colombo" in (await desk.ask("UTC+5:30"))[0]
        assert desk.use.chats.preferences(OWNER).zone is None


async def test_what_was_given_is_said_at_once(desk: Any, owner: Owner) -> None:
    """Whoever lets a chat in sees what it may see now, and changes that there."""
    async with desk.open_unit() as unit:
        now = desk.clock()
        await unit.chats.add(Chat(OWNER, title="You", since=now))
        await unit.chats.save(Chat(EVE, title="Eve", since=now, asked_at=now))
    async with desk.polling():
        await desk.ask("/start")
        async with desk.open_unit() as unit:
            (asked,) = await unit.outbox.lease(now=desk.clock(), only=[OWNER])
        outcome = await TelegramSender(
            desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock
        ).send_events(asked.chat, asked.events, maybe_repeated=False, reply_to=None)
        assert isinstance(outcome, Sent)
        async with desk.open_unit() as unit:
            delivered = Delivered(outcome.message_id)
            await unit.outbox.settle(asked.id, delivered, at=desk.clock())
        question = owner.telegram.messages(OWNER)[-1]
        await owner.press(question, "✅ Approve as viewer")
        assert question.text.endswith("approved as viewer · You\n🔭 This chat sees everything.")
        await owner.press(question, "🔭 What it sees", "✅ xt")
        assert desk.use.chats.known(EVE).scope.patterns == ("main",)


@pytest.mark.usefixtures("group")
async def test_cancelled_by_another(desk: Any, owner: Owner) -> None:
    """It is the question that is over, whoever of those who may says so."""
    telegram = owner.telegram
    async with desk.open_unit() as unit:
        await unit.chats.save_member(Member(GROUP, 2002, "Ada", "manager"))
    async with desk.polling():
        await desk.ask("/settings", chat=GROUP, user=OWNER)
        settings = telegram.messages(GROUP)[-1]
        await owner.press(settings, "🕑 Time zone", "✏️ Type a city")
        question = telegram.messages(GROUP)[-1]
        await owner.press(question, "✖️ Cancel", user=2002)
        assert "Nothing was changed" in question.text
        telegram.say(GROUP, OWNER, "Berlin", reply_to=question.id)
        await desk.quiet()
        assert desk.use.chats.preferences(GROUP).zone is None


@pytest.mark.usefixtures("group")
async def test_words_stand_in_order_with_buttons(
    desk: Any, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that comes after an answer is done after it, also where both are about a group."""
    prefer, going = ManageRooms.prefer, asyncio.Event()

    async def slowly(self: ManageRooms, chat_id: int, **wanted: Any) -> Any:
        if wanted.get("zone") == "Europe/Berlin":
            going.set()
            await asyncio.sleep(0.05)
        return await prefer(self, chat_id, **wanted)

    monkeypatch.setattr(ManageRooms, "prefer", slowly)
    async with desk.polling():
        other = await owner.press(await owner.card(), "🕑 Time zone")
        card = await owner.press(await owner.card(), "🕑 Time zone", "✏️ Type a city")
        assert card.id != other.id
        owner.telegram.say(OWNER, OWNER, "Berlin")
        await asyncio.wait_for(going.wait(), 5)
        await owner.press(other, "UTC")
        assert desk.use.chats.preferences(GROUP).zone == "UTC"


async def test_one_person_is_no_crowd(desk: Any, owner: Owner) -> None:
    """The card of a private chat speaks of who is there, and counts nobody."""
    async with desk.open_unit() as unit:
        now = desk.clock()
        kept = Chat(EVE, title="Eve", since=now, asked_at=now, role="viewer")
        await unit.chats.save(kept)
    async with desk.polling():
        card = await owner.card("👤 Eve")
        assert "\n👤 viewer\n" in card.text
        assert "member" not in card.text
        assert "👥 Members" not in card.labels
        await owner.press(card, "🛠 Make a manager")
        assert "\n👤 manager\n" in card.text
        assert "👤 Make a viewer" in card.labels
