"""A backup that is put in place of the database: the bot goes on as if nothing had been."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bot.clock import utc_now
from bot.store.copying import back_up
from tests.e2e.conftest import GROUP, Scene


async def backup_of(scene: Scene, name: str) -> Path:
    """Make a backup while the bot runs."""
    file = scene.folder / name
    await back_up(scene.environ["BOT_DATABASE_URL"], file)
    return file


def put_in_place(scene: Scene, file: Path) -> None:
    """Do as the README says: away with the database and all beside it, the backup there."""
    path = Path(scene.environ["BOT_DATABASE_URL"].removeprefix("sqlite:///"))
    aside = path.parent / "before"
    aside.mkdir()
    for each in path.parent.glob("bot.db*"):
        each.rename(aside / each.name)
    shutil.copy(file, path)


async def test_all_of_it_is_there_again(scene: Scene) -> None:
    """Rules, wishes and open alerts; what waited is sent, what was told is not told again."""
    shift = [datetime(2026, 11, 23, 8, 59, 50, tzinfo=UTC) - utc_now()]
    scene.clock = lambda: utc_now() + shift[0]
    scene.environ["BOT_DIGEST_AT"] = "09:00"
    async with scene.bot():
        asked = scene.say("/rule xt/spot USDT < 1000")
        preview = await scene.answer("New rule", after=asked)
        scene.telegram.press(scene.you.id, preview.id, "✅ Add")
        await scene.answer("is in force", after=asked)
        scene.say("/quiet 22:00-07:00")
        scene.okx.set("funding", "USDT", available="320.5")
        first = await scene.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=20)
        await scene.telegram.wait_for_message(GROUP, "☀️ Digest", timeout=20)
        await scene.answer("☀️ Digest")
        scene.telegram.fail("sendMessage", status=502, times=None)
        scene.world.account("xt", "xt").set("spot", "USDT", available="12.5", held="0")
        await scene.telegram.wait_for_call(
            "sendMessage", lambda call: "xt/spot" in str(call), timeout=20
        )
        file = await backup_of(scene, "monday.db")
    put_in_place(scene, file)
    scene.telegram.end_faults()
    async with scene.bot():
        await scene.telegram.wait_for_message(GROUP, "xt/spot · USDT low", timeout=20)
        rules = await scene.answer("Rules", after=scene.say("/rules"))
        assert "xt/spot USDT < 1000" in rules.text
        quiet = await scene.answer("22:00–07:00", after=scene.say("/quiet"))
        assert quiet.from_bot
        scene.okx.set("funding", "USDT", available="2000")
        await scene.telegram.wait_for_message(
            GROUP, lambda m: m.reply_to == first and "RECOVERED" in m.text, timeout=20
        )
        await scene.next_round()
    for chat_id in (GROUP, scene.you.id):
        (digest,) = scene.said("☀️ Digest", chat_id=chat_id)
        told = [m for m in scene.said("main/funding · USDT", chat_id=chat_id) if m != digest]
        assert [m.reply_to for m in told] == [None, told[0]]  # it began, and it is over


async def test_what_happened_since_is_told_anew(scene: Scene) -> None:
    """An alert that is in no backup is told again rather than never."""
    async with scene.bot():
        await scene.next_round()
        file = await backup_of(scene, "before.db")
        scene.okx.set("funding", "USDT", available="320.5")
        await scene.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=20)
    put_in_place(scene, file)
    seen = max(message.id for message in scene.telegram.messages(GROUP))
    async with scene.bot():
        await scene.telegram.wait_for_message(
            GROUP, "main/funding · USDT low", after=seen, timeout=20
        )
        await scene.answer("Balances", after=scene.say("/balance"))
