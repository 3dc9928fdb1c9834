"""Commands as a person meets them: usage for nonsense, an answer for everything."""

from typing import Any

import pytest

from bot.chat.views.words import BROKEN, COMMANDS, NO_COMMAND, OLD_BUTTON, UNKNOWN_COMMAND, USAGE
from bot.fetchers.errors import ExchangeUnavailable
from bot.sandbox.telegram import TelegramServer
from bot.services.manage_rules import ManageRules

OWNER, GROUP = 1001, -4001
TAKING_ARGUMENTS = {"balance", "digest", "export", "history", "rule"}
WITHOUT_ARGUMENTS = [name for name in COMMANDS if name not in TAKING_ARGUMENTS]


@pytest.mark.parametrize("name", WITHOUT_ARGUMENTS)
@pytest.mark.parametrize("nonsense", ["nonsense", "<b>&amp;", "🙈 " * 200])
async def test_nonsense_behind_a_command(desk: Any, name: str, nonsense: str) -> None:
    """The usage is told, and nothing else."""
    async with desk.polling():
        assert await desk.ask(f"/{name} {nonsense}") == [f"Usage:\n{USAGE[name]}"]


@pytest.mark.parametrize(
    "nonsense", ["main funding", "no/such", "<b>", "x" * 60, "x" * 4000, "🙈" * 1900, "%s {0}"]
)
async def test_nonsense_behind_balance(desk: Any, nonsense: str) -> None:
    """Whatever is asked for, the usage is told; the answer never breaks."""
    async with desk.polling():
        (answer,) = await desk.ask(f"/balance {nonsense}")
    assert "/balance main/funding" in answer


@pytest.mark.parametrize("name", ["digest", "export", "history"])
@pytest.mark.parametrize("nonsense", ["nonsense", "<b>&amp;", "🙈 " * 200, "%s {0}"])
async def test_nonsense_behind_a_command_that_takes_words(
    desk: Any, name: str, nonsense: str
) -> None:
    """What was wrong is told with examples; the answer never breaks."""
    async with desk.polling():
        answers = await desk.ask(f"/{name} {nonsense}")
    assert BROKEN not in answers
    assert f"/{name}" in answers[-1]


async def test_every_command_of_the_menu_answers(desk: Any, telegram: TelegramServer) -> None:
    """The menu that people see has exactly the commands that there are."""
    async with desk.polling():
        call = await telegram.wait_for_call("setMyCommands")
        for name in COMMANDS:
            answers = await desk.ask(f"/{name}")
            assert answers
            assert not {UNKNOWN_COMMAND, NO_COMMAND, BROKEN}.intersection(answers)
    assert [row["command"] for row in call.parameters["commands"]] == list(COMMANDS)


async def test_unknown_command_and_talk(desk: Any) -> None:
    """In private nobody gets silence; in a group what is not for us is left alone."""
    async with desk.polling():
        assert await desk.ask("/balanec") == [UNKNOWN_COMMAND]
        assert await desk.ask("what do I have?") == [NO_COMMAND]
        assert await desk.ask("/balanec", chat=GROUP, user=2002) == []


async def test_start_greets_and_is_told_from_now_on(desk: Any) -> None:
    """The greeting says what is watched; a deep link may put anything behind it."""
    async with desk.polling():
        answer, question = await desk.ask("/start from-a-link")
    assert "3 wallets by 1 rule" in answer
    assert "Which language" in question
    async with desk.open_unit() as unit:
        (chat,) = await unit.chats.load()
    assert (chat.chat_id, chat.title, chat.since) == (OWNER, "You", desk.clock())


async def test_alerts_tells_what_is_wrong(desk: Any) -> None:
    """What fires and what cannot be read is told; otherwise that all is well."""
    desk.exchange.answers["main/funding"] = {"USDT": "600"}
    async with desk.polling():
        await desk.ask("/balance")
        (well,) = await desk.ask("/alerts")
        desk.exchange.answers["main/funding"] = {"USDT": "1"}
        desk.exchange.answers["xt/spot"] = ExchangeUnavailable("xt answered <502>")
        await desk.ask("/balance")
        (wrong,) = await desk.ask("/alerts")
        (rules,) = await desk.ask("/rules")
    assert "All is well: 3 wallets" in well
    assert "main/funding" in wrong
    assert "xt answered <502>" in wrong
    assert "low" in rules


async def test_broken_handler_says_so(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one command is told to who asked, without details, and others still work."""

    async def broken(self: ManageRules) -> None:
        raise ZeroDivisionError("secret details")

    monkeypatch.setattr(ManageRules, "status", broken)
    async with desk.polling():
        assert await desk.ask("/rules") == [BROKEN]
        assert len(await desk.ask("/help")) == 1


async def test_button_of_an_older_version(desk: Any, telegram: TelegramServer) -> None:
    """A press that nobody understands is answered with a note, not with silence."""
    bot = desk.build()
    markup = {"inline_keyboard": [[{"text": "Seen", "callback_data": "seen:A1B2"}]]}
    sent = await bot.send_message(OWNER, "An alert", reply_markup=markup)
    async with desk.polling():
        press = telegram.press(OWNER, sent.message_id, "Seen")
        await desk.quiet()
    assert press.answer == OLD_BUTTON
