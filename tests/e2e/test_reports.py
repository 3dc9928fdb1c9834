"""`/digest`, `/export`, `/status`: what a person asks of what was read, and what comes of it."""

import csv
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

from bot.clock import utc_now
from tests.e2e.conftest import EXACT, GROUP, Scene


async def test_the_digest_now_and_its_picture(scene: Scene) -> None:
    """It is told at once, says when the next one comes, and its button brings the picture."""
    offset = [timedelta(0)]
    scene.clock = lambda: utc_now() + offset[0]
    scene.environ["BOT_DIGEST_AT"] = "09:00"
    async with scene.bot():
        await scene.next_round()
        offset[0] = timedelta(hours=25)
        scene.okx.set("funding", "USDT", available="1500")
        await scene.next_round()
        asked = scene.say("/digest")
        answer = await scene.answer("☀️ Digest", after=asked)
        for part in ("opening", "main/funding −500 USDT", "Interest", "main 14,345.68 → "):
            assert part in answer.text
        assert "Digest every day at 09:00 UTC" in answer.text
        assert answer.labels == ["📈 Chart"]
        scene.telegram.press(scene.you.id, answer.id, "📈 Chart")
        picture = await scene.telegram.wait_for_message(
            scene.you.id, "All wallets · value", after=answer, timeout=30
        )
    assert picture.file is not None
    assert picture.file.kind == "photo"


async def test_the_digest_comes_when_a_chat_wants_it(scene: Scene) -> None:
    """Weekly, at a time that is said; over a restart; and never twice."""
    offset = [datetime(2026, 11, 23, 17, 59, 30, tzinfo=UTC) - utc_now()]  # a Monday
    scene.clock = lambda: utc_now() + offset[0]
    async with scene.bot():
        await scene.next_round()
        await scene.answer("I watch", after=scene.say("/start"))
        wrong = await scene.answer("I expected", after=scene.say("/digest weekly mom"))
        assert "monday" in wrong.text
        assert "/digest monthly 1" in wrong.text
        told = await scene.answer("🗓", after=scene.say("/digest weekly mon at 18:00"))
        assert "every Monday at 18:00 UTC" in told.text
        assert "Mon 23 Nov 2026, 18:00" in told.text
    offset[0] += timedelta(minutes=1)
    async with scene.bot() as app:
        digest = await scene.telegram.wait_for_message(
            scene.you.id, "Weekly digest", after=told, timeout=20
        )
        await app.use.digests.queue_due()
        off = await scene.answer("off here", after=scene.say("/digest off"))
    assert "Mon 23 Nov 2026" in digest.text
    assert off.id > digest.id
    assert len(scene.said("Weekly digest")) == 1
    assert scene.said("igest", chat_id=GROUP) == []


async def test_a_file_of_what_was_read(scene: Scene) -> None:
    """It is announced, it comes as CSV with every digit, and its name says what is in it."""
    async with scene.bot():
        await scene.next_round()
        scene.okx.set("funding", "USDT", available="1999.5")
        await scene.next_round()
        asked = scene.say("/export main 7d")
        coming = await scene.answer("making a file of", after=asked)
        answer = await scene.answer("rows", after=coming)
        file = answer.file
        assert file is not None
        wrong = await scene.answer("No file of «5d»", after=scene.say("/export 5d"))
        near = await scene.answer("did you mean", after=scene.say("/export mian"))
    assert file.kind == "document"
    assert re.fullmatch(r"balances_main_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv", file.name)
    rows = list(csv.DictReader(StringIO(file.content.decode("utf-8-sig"))))
    assert [(r["path"], r["coin"], r["total"]) for r in rows if r["coin"] == "USDT"] == [
        ("main/funding", "USDT", "2000"),
        ("main/funding", "USDT", "1999.5"),
        ("main/sub:desk1", "USDT", EXACT),
    ]
    assert all(datetime.fromisoformat(r["time"]).tzinfo == UTC for r in rows)
    assert "/export main/funding USDT" in wrong.text
    assert "main" in near.text


async def test_status_says_what_is_wrong_first(scene: Scene) -> None:
    """Which source fails and why, when it is read next; what else is known of the bot."""
    async with scene.bot():
        await scene.next_round()
        well = await scene.answer("Status", after=scene.say("/status"))
        scene.world.down.add("xt")
        await scene.telegram.wait_for_message(GROUP, "CANNOT READ", timeout=20)
        ill = await scene.answer("Status", after=scene.say("/status"))
        told = ill.text  # the message is edited below
        scene.world.down.clear()
        await scene.telegram.wait_for_message(GROUP, "READABLE AGAIN", timeout=20)
        scene.telegram.press(scene.you.id, ill.id, "🔄 Refresh")
        again = await scene.telegram.wait_for_message(
            scene.you.id, lambda m: m.id == ill.id and "all is well" in m.text, timeout=20
        )
    assert "all is well" in well.text
    assert "version" in well.text
    assert "main/sub:desk1" in well.text
    assert "1 problem" in told
    assert "🔌 xt/spot\nxt answered HTTP 502" in told
    assert "read next in" in told or "is being read now" in told
    assert "sources: 9 of 9 read" in again.text
