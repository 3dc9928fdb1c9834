"""A day with the bot, over real sockets: settings → exchanges → bot → Telegram."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.clock import utc_now
from tests.e2e.conftest import EXACT, GROUP, Scene


async def test_all_five_sources_stand_in_one_answer(scene: Scene) -> None:
    """What the exchanges hold arrives on the phone, to the last digit and on one screen."""
    async with scene.bot():
        answer = await scene.balances("/balance full")
    assert answer.edited_at is not None, "the line that said «reading» is what became the answer"
    for path in ("main/funding", "main/sub:desk1", "main/eth-staking", "coinw/spot", "xt/spot"):
        assert path in answer.text
    for amount in ("12,345.678901234567890123", "0.63926191", "257.51830114", "6,929.61087353"):
        assert amount in answer.text
    columns = [line for block in answer.formatted("pre") for line in block.splitlines()]
    assert max(map(len, columns)) <= 34


async def test_refresh_really_reads_again(scene: Scene) -> None:
    """The button shows what the exchange says now, in the message that it belongs to."""
    scene.environ["BOT_CHECK_EVERY"] = "1h"
    async with scene.bot():
        answer = await scene.balances("/balance main/funding", "2,000")
        scene.okx.set("funding", "USDT", available="1777.7")
        press = scene.telegram.press(scene.you.id, answer.id, "🔄 Refresh")
        again = await scene.answer("1,777.7")
        await asyncio.wait_for(press.answered.wait(), 5)
    assert again.id == answer.id


async def test_one_alert_and_one_recovery(scene: Scene) -> None:
    """A low balance is told once in each chat, stays quiet while low, and recovers as a reply."""
    async with scene.bot():
        scene.say("/start")
        await scene.answer("I watch")
        scene.okx.set("funding", "USDT", available="320.5")
        raised = await scene.answer("main/funding · USDT low")
        assert "320.5" in raised.text
        assert "179.5" in raised.text
        assert raised.text.startswith("🟠 WARNING")
        scene.okx.set("funding", "USDT", available="510")  # above the limit, below the clear level
        await scene.next_round()
        scene.okx.set("funding", "USDT", available="310")
        await scene.next_round()
        scene.okx.set("funding", "USDT", available="525")
        cleared = await scene.answer("RECOVERED")
        await scene.next_round()
    assert cleared.reply_to is not None
    assert cleared.reply_to.id == raised.id
    for chat_id in (scene.you.id, GROUP):
        assert len(scene.said("USDT low", chat_id=chat_id)) == 1
        assert len(scene.said("RECOVERED", chat_id=chat_id)) == 1


async def test_a_restart_neither_repeats_nor_forgets(scene: Scene) -> None:
    """An alert that fires over a restart is not told again, and its recovery still replies."""
    async with scene.bot():
        scene.okx.set("funding", "USDT", available="1")
        raised = await scene.telegram.wait_for_message(GROUP, "low", timeout=10)
    async with scene.bot():
        await scene.next_round()
        scene.okx.set("funding", "USDT", available="2000")
        cleared = await scene.telegram.wait_for_message(GROUP, "RECOVERED", timeout=10)
    assert cleared.reply_to is not None
    assert cleared.reply_to.id == raised.id
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1


async def test_a_wrong_key_is_told_once_and_the_others_go_on(scene: Scene) -> None:
    """The bot runs, says which account it cannot read, and reads the others."""
    scene.environ["BOT_ACCOUNTS__XT__API_SECRET"] = "not-the-secret"
    async with scene.bot():
        lost = await scene.telegram.wait_for_message(GROUP, "CANNOT READ", timeout=10)
        assert "xt/spot" in lost.text
        await scene.next_round()
        summed = await scene.balances()
        answer = await scene.balances("/balance full")
    assert len(scene.said("CANNOT READ", chat_id=GROUP)) == 1
    assert "⚠️ xt/spot: " in summed.text
    assert "⚠️ xt" in summed.labels
    assert "without xt/spot" in answer.text
    assert "never read so far" in answer.text
    assert EXACT[-18:] in answer.text
    assert "not-the-secret" not in lost.text + answer.text + summed.text


async def test_an_unreadable_wallet_shows_its_last_good_value(scene: Scene) -> None:
    """A broken exchange is named with its reason; no zero, no alert, no recovery comes of it."""
    scene.environ["BOT_RULES__XT"] = "xt/spot USDT < 100"
    async with scene.bot():
        await scene.balances("/balance xt", "6,929.61087353")
        scene.world.down.add("xt")
        await scene.telegram.wait_for_message(GROUP, "CANNOT READ", timeout=10)
        summed = await scene.balances("/balance", "xt answered HTTP 502")
        answer = await scene.balances("/balance xt", "xt answered HTTP 502")
        scene.world.down.clear()
        await scene.telegram.wait_for_message(GROUP, "READABLE AGAIN", timeout=10)
    assert "last good " in summed.text
    assert "last good value" in answer.text
    assert "6,929.61087353" in answer.text
    assert scene.said("USDT low", chat_id=GROUP) == []


async def test_the_digest_comes_once_and_tells_what_changed(scene: Scene) -> None:
    """Once per chat and local date, over restarts; the next day tells the changes since."""
    offset = [datetime(2026, 11, 21, 8, 59, 57, tzinfo=UTC) - utc_now()]
    scene.clock = lambda: utc_now() + offset[0]
    scene.environ |= {"BOT_DIGEST_AT": "09:00"} | {
        f"BOT_ACCOUNTS__{name}__BASE_URL": "http://127.0.0.1:1" for name in ("COINW", "XT")
    }
    async with scene.bot():
        first = await scene.telegram.wait_for_message(GROUP, "Digest", timeout=20)
    async with scene.bot() as app:
        await app.use.digests.queue_due()
    assert len(scene.said("Digest", chat_id=GROUP)) == 1
    assert "nothing to compare with yet" in first.text
    assert "coinw/spot" in first.text.partition("Not read")[2]
    offset[0] += timedelta(days=1)
    scene.okx.set("funding", "USDT", available="1250.5")
    async with scene.bot():
        second = await scene.telegram.wait_for_message(GROUP, "Digest", after=first, timeout=20)
    assert "−749.5" in second.text
    assert "Sun 22 Nov 2026" in second.text


async def test_commands_answer(scene: Scene) -> None:
    """Each command of the menu answers at once, and nonsense behind one gets its usage."""
    async with scene.bot():
        await scene.next_round()
        for command, part in {
            "/help": "What I can do",
            "/whoami": "You are an owner here",
            "/alerts": "All is well",
            "/rules": "main/funding USDT < 500",
            "/digest": "Digest",
            "/alerts now": "Usage",
            "/balance main coinw": "Usage",
            "/balance mian/funding": "did you mean main/funding",
            "/balance usdt": "Balances · USDT",
            "/balance coinw": "Balances · coinw",
            "/nonsense": "/help",
            "hello": "/help",
        }.items():
            await scene.answer(part, after=scene.say(command))
        await scene.telegram.wait_for_call("setMyCommands", lambda _: True)


async def test_strangers_learn_their_ids_and_nothing_more(scene: Scene) -> None:
    """Silence but for /start and /whoami, which say nothing about anybody else."""
    stranger = scene.telegram.add_private_chat("Eve", user_id=666)
    async with scene.bot():
        for text in ("/balance", "/alerts", "hello", "/help"):
            scene.telegram.say(stranger.id, stranger.id, text)
        scene.telegram.say(stranger.id, stranger.id, "/start")
        await scene.telegram.wait_for_message(stranger.id, "666", timeout=10)
        await scene.answer("What I can do", after=scene.say("/help"))
    told = scene.said("", chat_id=stranger.id)
    assert len(told) == 1
    assert "main" not in told[0].text
    assert scene.said("RECOVERED", chat_id=stranger.id) == []


async def test_telegram_may_be_away_at_the_start(scene: Scene) -> None:
    """Checks go on and alerts wait in the database until Telegram lets us in."""
    scene.telegram.fail("getMe", status=502, times=2)
    scene.telegram.fail("sendMessage", status=502, times=2)
    scene.okx.set("funding", "USDT", available="3")
    async with scene.bot():
        await scene.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=15)
        await scene.answer("Balances", after=scene.say("/balance"))
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1
