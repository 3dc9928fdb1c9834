"""The one pace of all that is said: never too fast, for people first, and patient where it may."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.chat.pace import FROM_OUTBOX, LONGEST_TURN_S, Pace
from bot.fetchers import Pacer

PERSON, GROUP = 1001, -4001
Instantly = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(autouse=True)
def real_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the pace that the other tests of the chat do without."""
    monkeypatch.setattr("bot.chat.pace.Pacer", Pacer)
    monkeypatch.setattr("bot.chat.pace.PAUSES_S", (0.5, 2.0))


def caused(error: TelegramError, by: Exception) -> TelegramError:
    error.__cause__ = by
    return error


REFUSED = caused(NetworkError("no connection"), httpx.ConnectError("refused"))
TOO_SLOW = caused(TimedOut("too slow"), httpx.ReadTimeout("no answer"))


def flood(seconds: float) -> RetryAfter:
    return RetryAfter(timedelta(seconds=seconds))


@dataclass
class Api:
    """Answers after a while, or fails as told; writes down when it was asked, and what."""

    pace: Pace = field(default_factory=Pace)
    errors: list[TelegramError] = field(default_factory=list)
    takes_s: float = 0
    asked: list[tuple[float, int]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((asyncio.get_running_loop().time(), data.get("chat_id", 0)))
        self.said.append(dict(data))
        await asyncio.sleep(self.takes_s)
        if self.errors:
            raise self.errors.pop(0)
        return {"message_id": 1, "date": 1, "chat": {"id": 1}}

    async def ask(
        self,
        endpoint: str = "sendMessage",
        *,
        chat: int = PERSON,
        outbox: bool = False,
        **more: Any,
    ) -> bool:
        data = {"chat_id": chat, **more}
        args = FROM_OUTBOX if outbox else None
        done = await self.pace.process_request(
            self.call, (endpoint, data), {}, endpoint, data, args
        )
        return bool(done)

    async def tell(self, chat: int) -> bool:
        """Send like the outbox."""
        async with self.pace.turn(chat):
            return await self.ask(chat=chat, outbox=True)

    async def all_at_once(self, *asks: Coroutine[Any, Any, Any]) -> list[float]:
        """Say whatever there is to say; give when each chat was asked."""
        await asyncio.gather(*asks)
        return [at for at, _ in self.asked]

    def when(self, chat: int) -> list[int]:
        return [round(at) for at, asked in self.asked if asked == chat]


@pytest.mark.parametrize(
    "errors",
    [
        [],
        [REFUSED],
        [REFUSED, REFUSED],
        [flood(1)],
        [flood(1), REFUSED],
        [flood(0)],
        [TOO_SLOW],
        [NetworkError("502"), InvalidToken("401")],
        [TimedOut("?")],
    ],
)
def test_an_answer_is_tried_again(instantly: Instantly, errors: list[TelegramError]) -> None:
    """Better twice than never: a person waits, and no answer does harm."""

    async def main() -> None:
        api = Api(errors=list(errors))
        assert await api.ask()
        assert len(api.asked) == len(errors) + 1

    instantly(main)


@pytest.mark.parametrize("error", [flood(31), BadRequest("who knows"), Forbidden("blocked")])
def test_what_is_refused_for_good_is_not(instantly: Instantly, error: TelegramError) -> None:
    """A long pause and a refusal are raised at once."""

    async def main() -> None:
        api = Api(errors=[error])
        with pytest.raises(type(error)):
            await api.ask()
        assert api.when(PERSON) == [0]
        assert asyncio.get_running_loop().time() < 1

    instantly(main)


@pytest.mark.parametrize("error", [REFUSED, TOO_SLOW, flood(12)])
def test_patience_ends(instantly: Instantly, error: TelegramError) -> None:
    """After three attempts, or half a minute of pauses, the error is raised."""

    async def main() -> None:
        api = Api(errors=[error] * 4)
        with pytest.raises(type(error)):
            await api.ask()
        assert len(api.asked) == 3
        assert asyncio.get_running_loop().time() < 31

    instantly(main)


@pytest.mark.parametrize(
    ("endpoint", "outbox"), [("sendMessage", True), ("getUpdates", False), ("getMe", False)]
)
def test_who_waits_by_itself_is_not_repeated(
    instantly: Instantly, endpoint: str, *, outbox: bool
) -> None:
    """The outbox and the poller keep their own pauses."""

    async def main() -> None:
        api = Api(errors=[REFUSED])
        with pytest.raises(NetworkError):
            await api.ask(endpoint, outbox=outbox)
        assert len(api.asked) == 1

    instantly(main)


@pytest.mark.parametrize(("chat", "at_least_s"), [(PERSON, 18), (GROUP, 63)])
@pytest.mark.parametrize("endpoint", ["sendMessage", "editMessageText", "sendPhoto"])
def test_pace_of_a_chat(instantly: Instantly, chat: int, at_least_s: float, endpoint: str) -> None:
    """One a second on average, three at once; in a group no more than 20 in a minute."""

    async def main() -> None:
        api = Api()
        at = await api.all_at_once(*(api.ask(endpoint, chat=chat) for _ in range(20)))
        assert at[2] < 0.01
        assert at_least_s - 1 <= at[-1] <= at_least_s + 1

    instantly(main)


def test_what_does_not_count(instantly: Instantly) -> None:
    """What is no message waits for nothing."""

    async def main() -> None:
        api = Api()
        calls = (
            "answerCallbackQuery",
            "getMe",
            "sendChatAction",
            "setMyCommands",
            "deleteMessage",
        )
        at = await api.all_at_once(*(api.ask(call, chat=GROUP) for call in calls * 20))
        assert at == [0.0] * 100

    instantly(main)


def test_people_go_before_the_outbox(instantly: Instantly) -> None:
    """However much waits in the outbox, over all chats and in a group, an answer finds a place."""

    async def main() -> None:
        api = Api()
        outbox = [api.tell(chat) for chat in range(5000, 5200)]
        group = [api.tell(chat) for chat in (GROUP, PERSON) for _ in range(30)]
        async with asyncio.TaskGroup() as tasks:
            for telling in [*outbox, *group]:
                tasks.create_task(telling)
            await asyncio.sleep(30)
            before = asyncio.get_running_loop().time()
            await api.ask(chat=PERSON)
            await api.ask(chat=GROUP)
            assert asyncio.get_running_loop().time() - before < 0.1
            overall = [at for at, _ in api.asked if at < 5]
            assert 22 * 5 <= len(overall) <= 22 * 5 + 1

    instantly(main)


def test_news_have_a_share_of_a_group(instantly: Instantly) -> None:
    """However much people ask and however much is edited there, an alert comes in seconds."""

    async def main() -> None:
        api, loop = Api(), asyncio.get_running_loop()

        async def edit_all() -> None:
            while loop.time() < 120:
                if api.pace.may_edit(GROUP):
                    async with api.pace.turn(GROUP, edits=True):
                        await api.ask("editMessageText", chat=GROUP, outbox=True)
                await asyncio.sleep(0.5)

        async def ask_all() -> None:
            while loop.time() < 120:
                await api.ask(chat=GROUP)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(edit_all())
            for _ in range(4):
                tasks.create_task(ask_all())
            for _ in range(4):
                await asyncio.sleep(25)
                before = loop.time()
                await api.tell(GROUP)
                assert loop.time() - before <= 6

    instantly(main)


def test_edits_leave_room_for_news(instantly: Instantly) -> None:
    """A few leave at once; the others are not begun until there is a place for them."""

    async def main() -> None:
        api, edited = Api(), 0
        while asyncio.get_running_loop().time() < 50:
            if api.pace.may_edit(GROUP):
                async with api.pace.turn(GROUP, edits=True):
                    await api.ask("editMessageText", chat=GROUP, outbox=True)
                edited += 1
            await asyncio.sleep(1)
        assert edited == 8
        await api.tell(GROUP)
        assert asyncio.get_running_loop().time() < 51
        await asyncio.sleep(60)
        assert api.pace.may_edit(GROUP)

    instantly(main)


def test_hanging_chats_hold_up_nobody(instantly: Instantly) -> None:
    """What is not answered for two seconds does not take the places of others."""

    async def main() -> None:
        api = Api(takes_s=20)
        async with asyncio.TaskGroup() as tasks:
            for chat in range(5000, 5025):
                tasks.create_task(api.tell(chat))
            await asyncio.sleep(0.1)
            tasks.create_task(api.tell(PERSON))
        assert api.when(PERSON) == [3]

    instantly(main)


@pytest.mark.parametrize("asked_by_outbox", [True, False])
def test_pause_holds_one_chat_for_all(instantly: Instantly, *, asked_by_outbox: bool) -> None:
    """Where Telegram asked for a pause nobody says anything, and elsewhere everybody."""

    async def main() -> None:
        api = Api(errors=[flood(20)])
        with pytest.raises(RetryAfter):
            await api.ask(outbox=True)
        again = api.tell(PERSON) if asked_by_outbox else api.ask()
        await asyncio.gather(again, api.tell(GROUP))
        assert (api.when(PERSON), api.when(GROUP)) == ([0, 20], [0])

    instantly(main)


def test_long_pause_is_told_at_once(instantly: Instantly) -> None:
    """A person is not kept waiting in silence for what takes longer than half a minute."""

    async def main() -> None:
        api = Api(errors=[flood(86400)])
        with pytest.raises(RetryAfter):
            await api.ask(outbox=True)
        with pytest.raises(RetryAfter) as told:
            await api.ask()
        assert told.value.retry_after == timedelta(hours=1)  # then it is tried again in any case
        assert asyncio.get_running_loop().time() < 1

    instantly(main)


def test_crowded_chat(instantly: Instantly) -> None:
    """In a group where too many ask too much, those behind are told so after a minute."""

    async def main() -> None:
        api = Api()
        answers = await asyncio.gather(
            *(api.ask(chat=GROUP) for _ in range(60)), return_exceptions=True
        )
        assert 15 < answers.count(True) < 31  # a minute's worth, and what came free in time
        assert {type(e) for e in answers if e is not True} == {RetryAfter}
        assert asyncio.get_running_loop().time() <= LONGEST_TURN_S + 1

    instantly(main)


def test_unused_turn_is_given_back(instantly: Instantly) -> None:
    """A turn in which nothing was sent takes no place; one that was cancelled neither."""

    async def main() -> None:
        api = Api()
        for _ in range(100):
            async with api.pace.turn(GROUP):
                pass
        await api.ask(chat=GROUP)
        assert api.when(GROUP) == [0]

    instantly(main)


def test_a_turn_is_one_place(instantly: Instantly) -> None:
    """What is sent in a turn leaves at once, and counts once."""

    async def main() -> None:
        api = Api()
        for _ in range(2):
            async with api.pace.turn(PERSON):
                before = asyncio.get_running_loop().time()
                await api.ask(outbox=True)
                assert asyncio.get_running_loop().time() == before
        await api.tell(PERSON)
        assert api.when(PERSON) == [0, 0, 3]

    instantly(main)


@given(
    plan=st.lists(
        st.tuples(
            st.floats(0, 0.3),
            st.sampled_from([PERSON, 1002, GROUP]),
            st.booleans(),
            st.floats(0, 3),
        ),
        max_size=60,
    )
)
def test_never_too_fast(instantly: Instantly, plan: list[tuple[float, int, bool, float]]) -> None:
    """Whenever the server counts a call between sending and answer, no limit is passed."""

    async def main() -> None:
        api = Api()
        counted: list[tuple[float, int]] = []

        async def ask(chat: int, outbox: bool, takes_s: float) -> None:
            async def call(*_: Any, **__: Any) -> dict[str, Any]:
                await asyncio.sleep(takes_s / 3)
                counted.append((asyncio.get_running_loop().time(), chat))
                await asyncio.sleep(takes_s / 3)
                return {"message_id": 1, "date": 1, "chat": {"id": chat}}

            how = FROM_OUTBOX if outbox else None
            await api.pace.process_request(call, (), {}, "sendMessage", {"chat_id": chat}, how)

        async with asyncio.TaskGroup() as tasks:
            for after_s, chat, outbox, takes_s in plan:
                await asyncio.sleep(after_s)
                tasks.create_task(ask(chat, outbox, takes_s))
        _assert_within(sorted(counted))

    instantly(main)


def _assert_within(counted: list[tuple[float, int]]) -> None:
    for chat in (PERSON, 1002, GROUP):
        at = [when for when, where in counted if where == chat]
        assert all(later - first >= 3 for first, later in zip(at, at[3:], strict=False))
        if chat < 0:
            assert all(later - first >= 60 for first, later in zip(at, at[20:], strict=False))
    everywhere = [when for when, _ in counted]
    assert all(b - a >= 1 for a, b in zip(everywhere, everywhere[30:], strict=False))


@pytest.mark.parametrize("outbox", [True, False])
@pytest.mark.parametrize("what", ["text", "caption"])
def test_refused_html_is_said_plain(instantly: Instantly, what: str, *, outbox: bool) -> None:
    """Whatever was to be said in HTML that Telegram refuses is said once more, as plain text."""

    async def main() -> None:
        api = Api(errors=[BadRequest("Can't parse entities: unsupported start tag")])
        html = '<b>a &lt; b</b> <a href="https://a.b">c</a> <pre>d</pre>'
        assert await api.ask(outbox=outbox, parse_mode="HTML", **dict[str, Any]({what: html}))
        first, second = api.said
        assert first == {"chat_id": PERSON, "parse_mode": "HTML", what: html}
        assert second == {"chat_id": PERSON, what: "a < b c d"}

    instantly(main)


@pytest.mark.parametrize("parse_mode", [{}, {"parse_mode": "HTML"}])
def test_what_stays_refused(instantly: Instantly, parse_mode: dict[str, Any]) -> None:
    """What is refused as plain text, too, is raised."""

    async def main() -> None:
        api = Api(errors=[BadRequest("Can't parse entities")] * 3)
        with pytest.raises(BadRequest):
            await api.ask(text="x", **parse_mode)
        assert len(api.asked) == 1 + len(parse_mode)

    instantly(main)
