"""A rule made in the chat, over real sockets: it fires, and a restart loses nothing of it."""

from bot.sandbox.telegram import Message
from tests.e2e.conftest import GROUP, Scene

LINE = 'xt/spot USDT < 7000 · critical · "Refill"'


async def press(scene: Scene, message: Message, label: str, *, becomes: str) -> None:
    scene.telegram.press(scene.you.id, message.id, label)
    await scene.answer(lambda m: m.id == message.id and becomes in m.text)


async def test_a_rule_of_the_chat_fires_and_outlives_a_restart(scene: Scene) -> None:
    """Previewed, added after a restart, fired; paused, its alert ends with a word."""
    async with scene.bot():
        await scene.next_round()
        preview = await scene.answer("New rule", after=scene.say(f"/rule {LINE}"))
        for part in ("Covers xt/spot", "Would fire now", "6,929.61087353 USDT", "fired once"):
            assert part in preview.text
        await scene.next_round()
        assert scene.said("USDT low") == []
    async with scene.bot():
        await press(scene, preview, "✅ Add", becomes="#1 is in force")
        raised = await scene.telegram.wait_for_message(GROUP, "xt/spot · USDT low", timeout=10)
        assert raised.text.startswith("🔴 CRITICAL")
        assert "Refill" in raised.text
    async with scene.bot():
        await scene.next_round()
        assert len(scene.said("🔴 CRITICAL", chat_id=GROUP)) == 1
        rules = await scene.answer("Rules", after=scene.say("/rules"))
        assert LINE in rules.text
        await press(scene, rules, "⏸ Pause", becomes="paused")
        ended = await scene.telegram.wait_for_message(GROUP, "ENDED", timeout=10)
        assert ended.reply_to is not None
        assert ended.reply_to.id == raised.id
        await scene.next_round()
    begun = [m.id for m in scene.said("USDT low", chat_id=GROUP) if m.reply_to is None]
    assert begun == [raised.id]
