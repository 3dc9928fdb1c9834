"""Sub-accounts that are discovered, over real sockets: from the exchange's list to the phone."""

import re

import pytest

from tests.e2e.conftest import Scene

LIST = "users/subaccount/list"


@pytest.fixture
def desk(scene: Scene) -> Scene:
    """Let `main` discover its sub-accounts and be read every second; each must have 100 USDT."""
    scene.environ |= {
        "BOT_ACCOUNTS__MAIN__WALLETS": "funding,trading",
        "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*",
        "BOT_RULES__LOW": "main/sub:* USDT < 100",
    }
    return scene


async def test_one_that_is_opened_is_watched(desk: Scene) -> None:
    """A sub-account comes: told once, low at once, in the answer with its trading account."""
    async with desk.bot():
        desk.say("/start")
        await desk.answer("I watch")
        answer = await desk.balances("/balance main/sub:*")
        assert "≈" in answer.text
        assert "12,345.678901234567890123" in answer.text
        assert "trading" not in answer.text
        desk.okx.set(desk.okx.add_sub("desk2"), "USDT", available="7")
        told = await desk.answer("SUB-ACCOUNTS")
        assert "new: main/sub:desk2" in told.text
        raised = await desk.answer("main/sub:desk2 · USDT low")
        assert raised.id == told.id  # one check, one message
        desk.okx.set("sub:desk2/trading", "ETH", available="1.5")
        again = await desk.balances("/balance main/sub:*/trading", "sub:desk2")
        assert "sub:desk2/trading" in again.labels
        alone = await desk.balances("/balance main/sub:desk2/trading")
        assert re.search(r"^ETH +1\.5$", alone.text, re.MULTILINE)
    assert len(desk.said("SUB-ACCOUNTS")) == 1


async def test_one_that_is_closed_is_forgotten(desk: Scene) -> None:
    """It goes: its alert ends with a word; a restart in between has forgotten nothing."""
    desk.okx.set(desk.okx.add_sub("desk2"), "USDT", available="7")
    async with desk.bot():
        desk.say("/start")
        raised = await desk.answer("main/sub:desk2 · USDT low")
    desk.okx.remove_sub("desk2")
    async with desk.bot():
        gone = await desk.answer("gone: main/sub:desk2")
        ended = await desk.answer("ENDED · main/sub:desk2")
        assert ended.reply_to is not None
        assert ended.reply_to.id == raised.id
        answer = await desk.balances("/balance main")
    assert gone.id != ended.id
    assert "desk2" not in answer.text
    assert not desk.said("RECOVERED")


async def test_a_list_that_fails_is_told(desk: Scene) -> None:
    """The known ones are read all the same; the totals say that there may be more."""
    async with desk.bot():
        desk.say("/start")
        await desk.balances("/balance main")
        desk.exchanges["okx"].faults.inject(LIST, "http_502", times=None)
        lost = await desk.answer("CANNOT READ · main/sub:*")
        assert "sub-accounts known before are read all the same" in lost.text
        answer = await desk.balances("/balance main/*")
        assert "≥ " in answer.text.split("\n")[1]
        assert "⚠️ main/sub:*: " in answer.text
        assert "sub:desk1" in answer.labels
        desk.exchanges["okx"].faults.clear()
        await desk.answer("READABLE AGAIN · main/sub:*")
