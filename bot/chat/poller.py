"""Polling: updates are asked for, kept, and confirmed by asking for the next ones.

The library's own updater confirms before its handlers have run, ends for good on one 401, and
spins on one update that it cannot read. So this loop asks, and gives what it gets to the intake.
"""

import asyncio
from typing import Any

from telegram.error import Conflict, TelegramError, TimedOut
from telegram.ext import ExtBot
from typing_extensions import override

from bot.chat.access import KINDS
from bot.chat.contest import Contest
from bot.chat.intake import Intake, id_of
from bot.chat.trying import until_done
from bot.services.ports import Clock
from bot.services.tell_owners import TellOwners
from bot.services.watch_vitals import WatchVitals

POLL_S = 30
"""How long Telegram may keep a question open; 50 at most."""
ANSWER_S = POLL_S + 10
DEADLINE_S = POLL_S + 20
"""A server that takes questions and never answers is noticed within a minute."""
MOST_IN_AN_ANSWER = 100
"""Telegram gives no more at once; what another server gives beyond that comes again."""
BREATH_S = 0.2


class UpdatesBot(ExtBot[str]):
    """The library's bot, which can also give updates as they came."""

    @override
    def __repr__(self) -> str:
        """Leave out the token, which the library shows."""
        return f"{type(self).__name__}[]"

    async def fetch_raw_updates(self, offset: int | None, *, wait_s: int = POLL_S) -> list[Any]:
        """Ask for updates from `offset` on; asking confirms all before it.

        Args:
            offset: None: from the oldest that Telegram has.
            wait_s: How long Telegram is to wait for one where there is none.

        Raises:
            TelegramError: there was no good answer.
        """
        question = {"timeout": wait_s, "allowed_updates": KINDS}
        if offset is not None:
            question["offset"] = offset
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._post("getUpdates", question, read_timeout=ANSWER_S)
        except TimeoutError as e:
            raise TimedOut from e
        except (LookupError, TypeError, AttributeError) as e:
            raise TelegramError("getUpdates was not answered as it should be") from e
        if not isinstance(answer, list):
            raise TelegramError("getUpdates was answered without a list")
        return answer[:MOST_IN_AN_ANSWER]


class Poller:
    """Owns the conversation with Telegram in the direction to us."""

    def __init__(
        self,
        intake: Intake,
        bot: UpdatesBot,
        *,
        chats: TellOwners,
        vitals: WatchVitals,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._bot = bot
        self._vitals = vitals
        self._contest = Contest(bot, chats=chats, clock=clock)
        self._clock = clock
        self._offset: int | None = None
        self._is_answered = False
        """Whether Telegram has answered in this run."""

    async def run(self) -> None:
        """Poll, and have handled what comes, until cancelled; may be run again after that.

        The first question confirms nothing: what is kept says nothing of what is older, which may
        have been posted before and not been kept. What comes again is known by the inbox.
        """
        self._offset, self._is_answered = None, False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run())
            await self._intake.ready.wait()
            while True:
                await until_done("poll", self._poll, clock=self._clock)

    async def _poll(self) -> None:
        self._vitals.turned("poll")
        asked_from = self._offset
        try:
            # The first answer is not waited for: that Telegram gives one is to be known soon.
            wait_s = POLL_S if self._is_answered else 0
            answer = await self._bot.fetch_raw_updates(asked_from, wait_s=wait_s)
        except Conflict as e:
            await self._contest.refused(e)
            raise
        newest = _newest_in(answer)
        self._is_answered = True
        self._vitals.worked("poll")
        await self._contest.passed()
        await self._intake.take(answer)
        if newest is not None:
            self._offset = newest + 1
        if newest is None or newest < (asked_from or 0):
            await asyncio.sleep(BREATH_S)  # a server may answer at once, and with nothing new


def _newest_in(answer: list[Any]) -> int | None:
    """Return the greatest id; None where there is nothing that could be confirmed.

    Raises:
        TelegramError: there is something, and nothing of it has an id.
    """
    ids = [update_id for raw in answer if (update_id := id_of(raw)) is not None]
    if answer and not ids:
        raise TelegramError("getUpdates was answered without a single id")
    return max(ids, default=None)
