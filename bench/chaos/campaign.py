"""The kills: the world moves, lives are ended before they can tell it, and one is left in peace.

A round is a day. In it some subjects move before each of several lives, every one of which is
killed at a named point or at any instant; then a last life is left alone, in the same weather,
until all that happened was told in all chats, or its time is over: what is still due then is lost.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from bench.chaos.ledger import Account
from bench.chaos.lives import DiedByItself, Life, open_windows
from bench.chaos.scene import ADA, CHATS, GROUP, YOU, Scene
from bench.chaos.seams import AFTER_SEND, AS_IT_IS, HAND, LEASE, WITHIN
from bench.chaos.truth import Subject
from bench.chaos.witness import Witness

AT_RANDOM, IN_PEACE = "at any instant", "when all was told"
POINTS = (*WITHIN, AFTER_SEND)
LONGEST_LIFE_S = 2.0
"""For a life that does not come to its point."""
RANDOM_WITHIN_S = 1.2
LOOK_S = 0.02
LATE_ANSWER_S = 3.0
"""How long an answer is waited for that may have got lost, after all else is done."""
Day = tuple[str, int]
"""As a digest writes it, and the first life in it."""


class Campaign:
    """Kills the bot again and again, and keeps the account."""

    def __init__(self, scene: Scene, *, build: str = AS_IT_IS, patience_s: float) -> None:
        """`patience_s` is how long the last life of a round may take to tell everything."""
        self._scene = scene
        self._build = build
        self._patience_s = patience_s
        self._witness = Witness(scene)
        self._windows: dict[int, dict[int, float]] = {}
        self._leases: dict[int, dict[int, float]] = {}
        self._days: list[Day] = []
        self._life = Life(pid=0)

    async def run(self, kills: int, *, until: str | None = None) -> Account:
        """Go on for so many kills, or until there is a fault of this name."""
        started = time.monotonic()
        account = self._witness.account
        account.drops = self._scene.drops
        await self._first_life()
        while account.killed < kills:
            await self._round()
            self._close(account)
            self._report(account)
            if until in account.faults:
                break
        account.seconds = time.monotonic() - started
        return account

    def _close(self, account: Account) -> None:
        """Judge what there is; the next time it is judged anew."""
        self._witness.ledger.judge(self._windows)
        account.digests_due = len(self._days) * len(CHATS)
        account.digests_lost = self._digests_lost(self._days)
        untold = sum(len(self._undigested(day)) for day, _ in self._days)
        account.digests_given_up = untold - len(account.digests_lost)

    def _report(self, account: Account) -> None:
        found = ", ".join(f"{count} {name}" for name, count in account.faults.items())
        told = f"{self._build}: {account.killed} kills, {account.due} to tell, {found or 'well'}"
        print(told, file=sys.stderr, flush=True)

    # ---- lives ------------------------------------------------------------------------------

    async def _first_life(self) -> None:
        """Let the bot get to know its chats and balances, in peace."""
        life = await self._bear()
        for owner in (YOU, ADA):
            self._scene.phone.say(owner, owner, "/start")
            self._witness.ask(owner)
        await self._peace()
        await self._end(life, IN_PEACE)

    async def _round(self) -> None:
        scene = self._scene
        scene.clock.turn_over()
        self._days.append((day_text(scene.clock()), scene.lives + 1))
        parts = self._parts(scene.chance.randrange(5, 9))
        for part in parts[:-1]:
            self._move(part)
            self._talk()
            await self._doomed_life()
        self._move(parts[-1])
        life = await self._bear()
        await self._peace()
        self._witness.ledger.give_up()
        await self._end(life, IN_PEACE)

    def _parts(self, count: int) -> list[list[Subject]]:
        """Deal subjects out to the lives of a round; each moves once in it at most."""
        chosen = self._scene.chance.sample(self._scene.truth.subjects, k=2 * count)
        return [chosen[number::count] for number in range(count)]

    def _move(self, subjects: Sequence[Subject]) -> None:
        for subject in subjects:
            self._witness.move(subject)

    def _talk(self) -> None:
        """Let somebody ask or press something, now and then."""
        chance = self._scene.chance
        if chance.random() < 0.3:
            self._witness.ask(chance.choice((YOU, ADA, GROUP)))
        if chance.random() < 0.2:
            self._witness.press(chance.choice(CHATS))

    async def _bear(self, point: str | None = None, nth: int = 1) -> Life:
        scene = self._scene
        life = await scene.bear(
            point=point if point in WITHIN else None, nth=nth, build=self._build
        )
        if point == AFTER_SEND:
            scene.phone.strike_after(nth, life.strike)
        self._life = life
        return life

    async def _doomed_life(self) -> None:
        chance = self._scene.chance
        point = chance.choice((*POINTS, AT_RANDOM, AT_RANDOM))
        life = await self._bear(point, nth=chance.randrange(1, 5))
        at_most = chance.uniform(0, RANDOM_WITHIN_S) if point == AT_RANDOM else LONGEST_LIFE_S
        await self._end(life, point, at_most_s=at_most)

    async def _end(self, life: Life, point: str, *, at_most_s: float = 0) -> None:
        """End a life at the latest when its time is over, and count where it was."""
        try:
            late = await self._scene.nursery.outlast(life, at_most_s=at_most_s)
        except DiedByItself as e:
            e.add_note(self._scene.end_of_log())
            raise
        self._scene.phone.strike_after(0, None)
        await asyncio.sleep(LOOK_S)  # what it had handed over still arrives
        number = self._scene.lives
        journal = self._scene.journal_of(number)
        self._windows[number] = open_windows(journal, HAND)
        self._leases[number] = open_windows(journal, LEASE)
        named = AT_RANDOM if late and point in POINTS else point
        self._witness.account.kills[named] += 1

    # ---- peace ------------------------------------------------------------------------------

    async def _peace(self) -> None:
        """Wait until everything is told and answered, but not for ever."""
        await self._watch(self._is_done, at_most_s=self._patience_s)
        await self._watch(lambda: not self._witness.open, at_most_s=LATE_ANSWER_S)
        self._witness.give_up()

    async def _watch(self, done: Callable[[], bool], *, at_most_s: float) -> None:
        ends = time.monotonic() + at_most_s
        while time.monotonic() < ends and self._life.goes_on and not done():
            await asyncio.sleep(LOOK_S)
            self._witness.look()

    def _is_done(self) -> bool:
        if self._witness.ledger.due or self._witness.waits_for_answer():
            return False
        return not self._digests_lost(self._days[-1:])

    def _digests_lost(self, days: Sequence[Day]) -> list[str]:
        """Name the digests that were not told where nothing could be in doubt."""
        return [
            f"{day} in {chat_id}"
            for day, first in days
            for chat_id in self._undigested(day)
            if not self._was_in_doubt(chat_id, first)
        ]

    def _undigested(self, day: str) -> list[int]:
        return [chat_id for chat_id in CHATS if not self._witness.ledger.digests[chat_id, day]]

    def _was_in_doubt(self, chat_id: int, first: int) -> bool:
        """Whether a message to this chat may have got lost, from a life on."""
        if self._scene.phone.was_troubled(chat_id, first):
            return True
        lives = range(first, self._scene.lives + 1)
        return any(chat_id in self._leases.get(life, {}) for life in lives)


def day_text(at: datetime) -> str:
    """Write a date as a digest does."""
    return f"{at:%a %d %b %Y}"
