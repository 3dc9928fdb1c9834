"""Who may do what where, over real sockets: pairing, approval, scopes, topics, roles in groups."""

import asyncio
import re
from collections.abc import Callable

import pytest

from bot.sandbox.telegram import Message, User
from tests.e2e.conftest import GROUP, Scene

EVE, FORUM = 6666, -1009000


async def pressed(scene: Scene, message: Message, label: str, user: int | None = None) -> str:
    """Press a button as soon as it is there, wait for the answer, and give the toast."""
    async with asyncio.timeout(10):
        while label not in message.labels:  # noqa: ASYNC110 - an edit rings no bell
            await asyncio.sleep(0.02)
    press = scene.telegram.press(message.chat.id, message.id, label, user)
    await asyncio.wait_for(press.answered.wait(), 10)
    return press.answer or ""


async def shown(message: Message, wanted: str) -> None:
    """Wait until a message shows something."""
    async with asyncio.timeout(10):
        while wanted not in message.text:  # noqa: ASYNC110 - an edit rings no bell
            await asyncio.sleep(0.02)


async def test_pairing(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """The log has a code; who sends it becomes an owner, is led, and is one after a restart."""
    scene.environ["BOT_TELEGRAM__OWNERS"] = scene.environ["BOT_TELEGRAM__CHATS"] = ""
    stranger = scene.telegram.add_private_chat("Eve", user_id=EVE)
    async with scene.bot():
        async with asyncio.timeout(10):
            logged = ""
            while not (found := re.search(r"/start (\S{16})", logged)):
                await asyncio.sleep(0.05)
                logged += capsys.readouterr().out
        scene.telegram.say(stranger.id, EVE, "/start AAAAAAAAAAAAAAAA")
        scene.say(f"/start {found[1]}")
        await scene.answer("I watch")
        question = await scene.answer("Which language")
        await pressed(scene, question, "Skip")
        await shown(question, "Where are you?")
    async with scene.bot():
        scene.say("brelin")
        mistake = await scene.answer("no time zone")
        assert "Europe/Berlin" in mistake.text
        scene.say("Berlin")
        rule = await scene.answer("a first rule")
        await pressed(scene, rule, "➕ Make the first rule")
        await scene.answer("Which wallet?")
        scene.say("/whoami")
        await scene.answer("You are an owner here.")
        scene.say("/audit")
        audit = await scene.answer("Audit")
    assert "became an owner by pairing" in audit.text
    assert "Europe/Berlin" in audit.text
    assert [m.text for m in scene.telegram.messages(EVE) if m.from_bot] == []


async def test_approval_and_block(scene: Scene) -> None:
    """A stranger asks, an owner says yes, and later no; everything twice, and over a restart."""
    eve = scene.telegram.add_private_chat("Eve", user_id=EVE)
    async with scene.bot():
        scene.say("/start")
        await scene.answer("I watch")
        scene.telegram.say(eve.id, EVE, "/start")
        asked = await scene.answer("MAY THEY COME IN? · Eve")
        await pressed(scene, asked, "✅ Approve as viewer")
        await shown(asked, "approved as viewer")
        assert asked.labels == ["🔭 What it sees"]
        await scene.telegram.wait_for_message(eve.id, "You are in", timeout=10)
    async with scene.bot():
        scene.telegram.say(eve.id, EVE, "/balance")
        await scene.telegram.wait_for_message(eve.id, "Balances", timeout=10)
        scene.telegram.say(eve.id, EVE, "/rule main/funding USDT < 5")
        await scene.telegram.wait_for_message(eve.id, "Only owners and managers", timeout=10)
        scene.say("/chats")
        chats = await scene.answer("Which one?")
        await pressed(scene, chats, "👤 Eve")
        await shown(chats, "👤 viewer")
        await pressed(scene, chats, "🛠 Make a manager")
        await shown(chats, "👤 manager")
        await pressed(scene, chats, "🚫 Block")
        await shown(chats, "blocked")
        last = scene.telegram.say(eve.id, EVE, "/start")
        scene.telegram.say(eve.id, EVE, "/balance")
        await scene.answer("You are an owner", after=scene.say("/whoami"))
    assert [m for m in scene.telegram.messages(eve.id) if m.from_bot and m.id > last.id] == []


async def test_group_in_a_scope(scene: Scene) -> None:
    """It hears of what it may know, and answers nothing else; the owner hears of all."""
    scene.environ["BOT_RULES__XT"] = "xt/spot USDT < 500"
    async with scene.bot():
        scene.say("/start")
        await scene.answer("I watch")
        scene.say("/chats")
        chats = await scene.answer("Which one?")
        label = next(label for label in chats.labels if label != "👑 You")
        await pressed(scene, chats, label)
        await shown(chats, "sees everything")
        await pressed(scene, chats, "🔭 What it sees")
        for account in ("✅ coinw", "✅ xt"):
            await pressed(scene, chats, account)
        await shown(chats, "sees main")
        scene.world.account("xt", "xt").set("spot", "USDT", available="3", held="0")
        await scene.answer("xt/spot · USDT low")
        scene.okx.set("funding", "USDT", available="1")
        await scene.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=10)
        scene.telegram.say(GROUP, scene.you.id, "/balance")
        await scene.telegram.wait_for_message(
            GROUP, lambda m: "Balances" in m.text and "⏳" not in m.text, timeout=10
        )
    told = "\n".join(m.text for m in scene.telegram.messages(GROUP) if m.from_bot)
    assert "xt" not in told.replace("text", "")
    assert "coinw" not in told


async def test_topic(scene: Scene) -> None:
    """News go to the topic where /start was said, answers to where they were asked."""
    ada = User(2002, "Ada")
    scene.telegram.add_group("Forum", [*scene.you.members, ada], chat_id=FORUM, kind="supergroup")
    news, talk = (scene.telegram.add_topic(FORUM, name) for name in ("News", "Talk"))
    scene.environ["BOT_TELEGRAM__CHATS"] = str(FORUM)

    def told(part: str, thread_id: int) -> Callable[[Message], bool]:
        return lambda m: m.from_bot and part in m.text and m.thread_id == thread_id

    async with scene.bot():
        scene.telegram.say(FORUM, scene.you.id, "/start", thread_id=news)
        await scene.telegram.wait_for_message(FORUM, told("I watch", news), timeout=10)
        scene.telegram.say(FORUM, ada.id, "/balance", thread_id=talk)
        await scene.telegram.wait_for_message(FORUM, told("Balances", talk), timeout=10)
    async with scene.bot():
        scene.okx.set("funding", "USDT", available="1")
        raised = await scene.telegram.wait_for_message(FORUM, told("USDT low", news), timeout=10)
        scene.okx.set("funding", "USDT", available="2000")
        over = await scene.telegram.wait_for_message(FORUM, told("RECOVERED", news), timeout=10)
    assert over.reply_to is not None
    assert over.reply_to.id == raised.id


async def test_roles_in_a_group(scene: Scene) -> None:
    """A viewer gets a notice on the button; made a manager by name, she silences the alert."""
    ada = User(2002, "Ada")
    scene.telegram.chats[GROUP].members.append(ada)
    async with scene.bot():
        scene.say("/start")
        await scene.answer("I watch")
        scene.telegram.say(GROUP, ada.id, "/whoami")
        await scene.telegram.wait_for_message(GROUP, "You are a viewer here.", timeout=10)
        scene.okx.set("funding", "USDT", available="1")
        raised = await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
        assert "Only owners and managers" in await pressed(scene, raised, "🔕 1h", ada.id)
        scene.say("/chats")
        chats = await scene.answer("Which one?")
        await pressed(scene, chats, next(n for n in chats.labels if n != "👑 You"))
        await shown(chats, "1 member has spoken")
        await pressed(scene, chats, "👥 Members")
        await pressed(scene, chats, "👤 Ada")
        async with asyncio.timeout(10):
            while "🛠 Ada" not in chats.labels:  # noqa: ASYNC110 - an edit rings no bell
                await asyncio.sleep(0.02)
        assert "silent until" in await pressed(scene, raised, "🔕 1h", ada.id)
        scene.telegram.say(GROUP, ada.id, "/chats")
        await scene.telegram.wait_for_message(GROUP, "Only owners may do this", timeout=10)
        scene.telegram.say(GROUP, ada.id, "/whoami")
        await scene.telegram.wait_for_message(GROUP, "You are a manager here", timeout=10)


async def test_percent_only(scene: Scene) -> None:
    """The group sees how far it is to the limit, and neither what there is nor the limit."""
    async with scene.bot():
        scene.say("/start")
        await scene.answer("I watch")
        scene.say("/chats")
        chats = await scene.answer("Which one?")
        await pressed(scene, chats, next(n for n in chats.labels if n != "👑 You"))
        await shown(chats, "everybody there is")
        await pressed(scene, chats, "💯 Percent only")
        await shown(chats, "no amounts")
        scene.okx.set("funding", "USDT", available="321.5")
        raised = await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
        assert "64.3 %" in raised.text
        assert not any("📋" in label for label in raised.labels)
        scene.okx.set("funding", "USDT", available="2000")
        await scene.telegram.wait_for_message(GROUP, "RECOVERED", timeout=10)
        scene.telegram.say(GROUP, scene.you.id, "/balance full")
        await scene.telegram.wait_for_message(
            GROUP, lambda m: "Balances" in m.text and "⏳" not in m.text, timeout=10
        )
    told = "\n".join(m.text for m in scene.telegram.messages(GROUP) if m.from_bot)
    assert re.findall(r"321|\b500\b|525|2,?000|6,929|257\.5|3,?867", told) == []
