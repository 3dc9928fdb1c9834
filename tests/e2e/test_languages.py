"""A chat in Chinese, over real sockets: whatever it is told is in its language."""

import re

import pytest

from tests.e2e.conftest import Scene

SENTENCE = re.compile(r"[A-Za-z]{2,}(?:,? [a-z]{2,}){2,}")
"""Three English words in a row."""
NOT_OURS = re.compile(r"“[^”]*”|^/[^—\n]*", re.MULTILINE)
"""What is quoted, and what is typed."""


@pytest.fixture
def chinese(scene: Scene) -> Scene:
    scene.environ["BOT_LANGUAGE"] = "zh"
    return scene


def english_in(text: str) -> list[str]:
    return SENTENCE.findall(NOT_OURS.sub("", text))


async def test_a_chat_in_chinese(chinese: Scene) -> None:
    """Alerts, their buttons, answers, the errors of rules and the menu."""
    scene = chinese
    async with scene.bot():
        await scene.answer("👋", after=scene.say("/start"))
        scene.okx.set("funding", "USDT", available="1234.5", held="0")
        await scene.next_round()
        scene.okx.set("funding", "USDT", available="123.25", held="0")
        alert = await scene.answer("偏低")
        assert alert.text.startswith("🟠 警告 · main/funding · USDT 偏低")
        for part in ("余额", "阈值", "缺口", "始于"):
            assert part in alert.text
        asked = [
            ("/help", "我能做什么"),
            ("/rules", "规则"),
            ("/alerts", "1 条告警"),
            ("/rule main/funding USDT << 500", "第 19 列应为：< 或 > 或 drops 或 lasts"),
            ("/rule nowhere USDT < 5", "这里已有的钱包"),
            ("/rule main/funding USDT lasts < 24h", "覆盖 main/funding"),
            ("/quiet", "免打扰时段"),
            ("/whoami", "您在这里是所有者"),
            ("/nonsense", "没有这个命令"),
        ]
        told = [alert]
        for command, wanted in asked:
            told.append(await scene.answer(wanted, after=scene.say(command)))
        menus = [call.parameters for call in scene.telegram.calls_of("setMyCommands")]
    assert {message.text: english_in(message.text) for message in told} == {
        message.text: [] for message in told
    }
    assert "🔄 立即检查" in [button["text"] for button in alert.buttons]
    assert {menu.get("language_code"): menu["commands"][0]["description"] for menu in menus} == {
        None: "即时读取余额与估值",
        "en": "what there is and what it is worth, read now",
    }


async def test_what_cannot_be_read_is_told_in_chinese(chinese: Scene) -> None:
    """The class of the error first; only the words that are quoted are not ours to translate."""
    scene = chinese
    async with scene.bot():
        await scene.answer("👋", after=scene.say("/start"))
        account = scene.world.account("xt", "xt")
        scene.world.revoke(account, "xt-key")
        lost = await scene.answer("🔌 无法读取")
    assert "交易所拒绝了 API 密钥：“" in lost.text
    assert english_in(lost.text) == []
