"""The one pace for everything that is sent or edited, answers to people as well as the outbox.

Telegram takes about 30 messages a second in all, one a second to a chat, with short bursts, and 20
a minute to a group; edits count. Each of these is a window that is held from the sending to the
answer (`fetchers/_limits.py` says why), a little smaller than what is allowed. Those of the outbox
are smaller still: what they leave is for people, who are waiting. In a group news have a share
that neither people nor edits of what was told can use up: however much is said there, an alert
comes within seconds.

An answer to a person waits where Telegram asks for it, and is tried again unless it was refused
for good: better twice than never. What comes from the outbox does its own waiting, over restarts.
HTML that Telegram refuses is sent as plain text here, whatever it was meant for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter, ExtBot
from typing_extensions import override

from bot.chat.failures import outcome_of, pause_of
from bot.chat.views.layout import unmarked
from bot.core.delivery import LONGEST_REST, MaybeSent, NotSent
from bot.fetchers import Limit, Pacer, Slot, WindowClosed
from bot.services.ports import UNCOUNTED, Tally

log = structlog.get_logger(__name__)

FROM_OUTBOX = "from-outbox"
UNREADABLE = "there was an answer, and nobody can read it"
LONGEST_WAIT_S = 30.0
"""For a person, in all the pauses that Telegram asks for; where it is longer we give up."""
LONGEST_TURN_S = 65.0
"""For a person, where too much is said already: the longest window is a minute long."""
PAUSES_S = (0.5, 2.0, 8.0)
HANGING_S = 2.0
"""A request that is not answered for so long keeps its place no longer: it would be another's."""
_SECOND, _BURST, _MINUTE = (timedelta(seconds=seconds) for seconds in (1, 3, 60))
_OVERALL = Limit("all", 28, _SECOND, per_address=True)
_OVERALL_OUTBOX = Limit("outbox", 22, _SECOND, per_address=True)
_CHAT = Limit("chat", 3, _BURST)
_CHAT_OUTBOX = Limit("outbox to chat", 2, _BURST)
_GROUP = Limit("group", 19, _MINUTE)
_GROUP_OUTBOX = Limit("outbox to group", 15, _MINUTE)
_GROUP_EDITS = Limit("outbox edits in group", 8, _MINUTE)
_GROUP_NO_NEWS = Limit("people and edits in group", 15, _MINUTE)
Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Pace(BaseRateLimiter[str]):
    """Lets calls leave as fast as Telegram takes them, and repeats those that people wait for."""

    def __init__(self, tally: Tally = UNCOUNTED) -> None:
        """`tally` hears how often Telegram wants a pause."""
        self._tally = tally
        self._pacer = Pacer()
        self._turns: dict[int, Slot] = {}

    @override
    async def initialize(self) -> None:
        """Nothing to open."""

    @override
    async def shutdown(self) -> None:
        """Nothing to close."""

    @override
    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> Answer:
        """Make the request in its turn; refused HTML is made plain, and requested anew."""
        from_outbox = rate_limit_args == FROM_OUTBOX
        awaited = not from_outbox and (_counts(endpoint) or endpoint == "answerCallbackQuery")
        pauses = PAUSES_S if awaited else ()

        async def call() -> Answer:
            try:
                return _checked(await callback(*args, **kwargs), endpoint)
            except RetryAfter:
                self._tally.rate_limited()
                raise
            except (AttributeError, LookupError, TypeError, ValueError) as e:
                raise TelegramError(UNREADABLE) from ValueError(type(e).__name__)

        async def in_turn() -> Answer:
            if not _counts(endpoint):
                return await call()
            return await self._in_turn(call, data["chat_id"], from_outbox=from_outbox)

        try:
            return await _patiently(in_turn, pauses)
        except BadRequest as e:
            if "can't parse" not in str(e).lower() or not _made_plain(data):
                raise
            log.error("Telegram refused our HTML", action=endpoint, reason=str(e))  # noqa: TRY400
        return await _patiently(in_turn, pauses)

    @asynccontextmanager
    async def turn(self, chat_id: int, *, edits: bool = False) -> AsyncIterator[None]:
        """Wait for a place for what the outbox does next in a chat, and keep it for that."""
        limits = _limits_of_outbox(chat_id, edits=edits)
        self._turns[chat_id] = await self._turn_of_outbox(limits, chat_id)
        try:
            yield
        finally:
            if unused := self._turns.pop(chat_id, None):
                unused.give_back()

    def may_edit(self, chat_id: int) -> bool:
        """Whether there is a place for an edit of the outbox that nobody waits for."""
        limits = _limits_of_outbox(chat_id, edits=True)
        return self._pacer.is_free(limits, host=b"", user=str(chat_id))

    async def _in_turn(
        self, call: Callable[[], Coroutine[Any, Any, Answer]], chat_id: int, *, from_outbox: bool
    ) -> Answer:
        slot = self._turns.pop(chat_id, None) if from_outbox else None
        if slot is None:
            limits = _limits_of_outbox(chat_id) if from_outbox else _limits_of_people(chat_id)
            slot = await self._place(limits, chat_id)
        hanging = asyncio.get_running_loop().call_later(HANGING_S, slot.done)
        try:
            return await call()
        except RetryAfter as e:
            self._hold(chat_id, pause_of(e))
            raise
        finally:
            hanging.cancel()
            slot.done()

    async def _turn_of_outbox(self, limits: Sequence[Limit], chat_id: int) -> Slot:
        while True:
            try:
                return await self._take(limits, chat_id)
            except WindowClosed as e:
                await asyncio.sleep(e.seconds)

    async def _place(self, limits: Sequence[Limit], chat_id: int) -> Slot:
        """Find a place within a person's patience, or say like Telegram how long it would take."""
        try:
            async with asyncio.timeout(LONGEST_TURN_S):
                return await self._take(limits, chat_id)
        except WindowClosed as e:
            raise RetryAfter(timedelta(seconds=e.seconds)) from None
        except TimeoutError:
            raise RetryAfter(_MINUTE) from None

    async def _take(self, limits: Sequence[Limit], chat_id: int) -> Slot:
        return await self._pacer.take(limits, host=b"", user=str(chat_id))

    def _hold(self, chat_id: int, pause: timedelta) -> None:
        """Let nothing out to a chat for so long, whoever wants to say it."""
        seconds = min(pause, LONGEST_REST).total_seconds()
        self._pacer.close(_CHAT, host=b"", user=str(chat_id), seconds=seconds)


def pace_of(bot: ExtBot[str]) -> Pace:
    """Return the pace of a bot."""
    if isinstance(bot.rate_limiter, Pace):
        return bot.rate_limiter
    raise TypeError("this bot has another pace than ours")


def _counts(endpoint: str) -> bool:
    """Whether Telegram counts a call as something that is said."""
    return endpoint.startswith(("send", "edit", "copy", "forward")) and (
        endpoint != "sendChatAction"
    )


def _checked(answer: Answer, endpoint: str) -> Answer:
    """Pass on an answer that has what the library takes for granted; raise where it has not."""
    if endpoint in {"sendMessage", "sendPhoto", "sendDocument"}:
        message: Any = answer
        said = message["message_id"], message["date"], message["chat"]["id"]
        if not all(isinstance(number, int) for number in said):
            raise TypeError
    return answer


def _limits_of_people(chat_id: int) -> Sequence[Limit]:
    """Name the windows, the narrowest first: who waits there takes no other's place."""
    group = [] if chat_id > 0 else [_GROUP_NO_NEWS, _GROUP]
    return [*group, _CHAT, _OVERALL]


def _limits_of_outbox(chat_id: int, *, edits: bool = False) -> Sequence[Limit]:
    """Name the windows of the outbox, the narrowest first."""
    group = [] if chat_id > 0 else [_GROUP_OUTBOX, _GROUP]
    if group and edits:
        group = [_GROUP_EDITS, _GROUP_NO_NEWS, *group]
    return [*group, _CHAT_OUTBOX, _CHAT, _OVERALL_OUTBOX, _OVERALL]


async def _patiently(
    request: Callable[[], Coroutine[Any, Any, Answer]], pauses: Sequence[float]
) -> Answer:
    """Make a request, and again after each of the pauses unless it was refused for good."""
    patience_s = LONGEST_WAIT_S
    for pause in pauses:
        try:
            return await request()
        except TelegramError as e:
            wait_s = _wait_s(e, pause)
            patience_s -= wait_s
            if patience_s < 0:
                raise
            await asyncio.sleep(wait_s)
    return await request()


def _wait_s(error: TelegramError, pause: float) -> float:
    """Say how long to wait before the next attempt; raise the error where there is to be none."""
    if isinstance(error, RetryAfter):
        return max(pause_of(error).total_seconds(), pause)
    if isinstance(outcome_of(error), NotSent | MaybeSent):
        return pause
    raise error


def _made_plain(data: dict[str, Any]) -> bool:
    """Take the tags out of what is to be said: better plain than not at all."""
    if data.pop("parse_mode", None) is None:
        return False
    said: Mapping[str, Any] = {k: data[k] for k in ("text", "caption") if data.get(k)}
    data.update({name: unmarked(text) for name, text in said.items()})
    return True
