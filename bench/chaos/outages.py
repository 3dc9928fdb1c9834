"""One fault after another against one living bot, with its pauses as they are.

During each fault one subject moves and somebody asks. What counts is whether that is told once it
is over, how often, and how soon all is as ever: everybody told, and a new question answered.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bench.chaos.campaign import LATE_ANSWER_S, LOOK_S
from bench.chaos.ledger import Account
from bench.chaos.lives import DiedByItself, Life, Nursery
from bench.chaos.phone import Post, no_objection
from bench.chaos.scene import ADA, CHATS, GROUP, SUPERGROUP, YOU, Scene, open_scene
from bench.chaos.truth import Subject
from bench.chaos.witness import Witness
from bot.sandbox.telegram import ANY, Call

Act = Callable[[Scene], None]
LASTS_S, BLACK_HOLE_S = 3.0, 15.0
PATIENCE_S = 90.0
NEW_GROUP = -1009876543210
_SEND, _POLL = "sendMessage", "getUpdates"
_TERMINATED = "Conflict: terminated by other getUpdates request"
_NO_HTML = "can't parse entities: Unsupported start tag"
_NO_THREAD = "message thread not found"


def _end(scene: Scene) -> None:
    """Let every server behave again."""
    scene.phone.objection = no_objection
    scene.phone.end_faults()
    for served in scene.exchanges.values():
        served.faults.clear()


@dataclass(frozen=True, slots=True)
class Outage:
    """Something that goes wrong for a while."""

    name: str
    begin: Act
    end: Act = _end
    lasts_s: float = LASTS_S
    account: str = "main"
    """Whose subject moves meanwhile."""


@dataclass(frozen=True, slots=True)
class Passed:
    """How the bot has come through one."""

    name: str
    due: int
    lost: int
    posts: Sequence[Sequence[Post]]
    """All that told it, chat by chat; repeats may still come."""
    unanswered: int
    """Questions that have no answer, of the two: one asked during it, one when it ended."""
    told_s: float | None
    """From its end until everybody was told; None: somebody never was."""
    answered_s: float | None
    """From its end until the second question was answered."""

    @property
    def repeats(self) -> list[Post]:
        """What told it once more."""
        return [post for told in self.posts for post in told[1:]]


def _refusing(method: str, status: int, description: str, *, times: int | None = None) -> Act:
    """Refuse calls, until it ends or so many times."""
    return lambda scene: scene.phone.fail(
        method, status=status, description=description, times=times
    )


def _pausing(scene: Scene) -> None:
    description = "Too Many Requests: retry after 4"
    scene.phone.fail(_SEND, status=429, description=description, retry_after=4, times=3)


def _malformed(scene: Scene) -> None:
    for update in (
        {"message": {"message_id": "x"}},
        {"callback_query": 5},
        {"message": None},
        {"something_new": {"id": 1}},
    ):
        scene.phone.updates.inject(update)


def _refusing_html(scene: Scene) -> None:
    def objection(call: Call) -> str | None:
        return _NO_HTML if call.parameters.get("parse_mode") else None

    scene.phone.objection = objection


def _without_thread(scene: Scene) -> None:
    def objection(call: Call) -> str | None:
        chat_id = str(call.parameters.get("chat_id"))
        return _NO_THREAD if call.method == _SEND and chat_id == str(SUPERGROUP) else None

    scene.phone.objection = objection


def _unblocked(scene: Scene) -> None:
    scene.phone.unblock(YOU)


def _spoken(scene: Scene) -> None:
    """End it, and let somebody speak there."""
    _end(scene)
    scene.phone.say(SUPERGROUP, YOU, "/balance")


def _migrated(scene: Scene) -> None:
    scene.phone.migrate(GROUP, NEW_GROUP)


def _nothing(_scene: Scene) -> None:
    """Let it end by itself."""


def _answering(account: str, slug: str, fault: str) -> Outage:
    """Let an exchange answer so to everything."""

    def begin(scene: Scene) -> None:
        scene.exchanges[slug].faults.inject("*", fault, times=None)

    return Outage(f"{slug}: {fault.replace('_', ' ')}", begin, account=account)


TELEGRAM = (
    Outage("401 Unauthorized", _refusing(ANY, 401, "Unauthorized")),
    Outage("404 Not Found", _refusing(ANY, 404, "Not Found")),
    Outage("409, another poller", _refusing(_POLL, 409, _TERMINATED)),
    Outage("429, retry after 4 s", _pausing),
    Outage("502 Bad Gateway", _refusing(ANY, 502, "Bad Gateway")),
    Outage("connection cut", lambda scene: scene.phone.drop_before(ANY, times=None)),
    Outage("answers lost", lambda scene: scene.phone.drop_after(_SEND, times=4)),
    Outage("no answer at all", lambda scene: scene.phone.hang(_SEND, times=None)),
    Outage("black hole", lambda scene: scene.phone.black_hole(), lasts_s=BLACK_HOLE_S),
    Outage("malformed updates", _malformed),
    Outage("HTML refused", _refusing_html),
    Outage("blocked, and let in again", lambda scene: scene.phone.block(YOU), _unblocked),
    Outage(
        "kicked, and let in again",
        lambda scene: scene.phone.kick(SUPERGROUP),
        lambda scene: scene.phone.readmit(SUPERGROUP),
    ),
    Outage("thread not found", _without_thread, _spoken),
    Outage("group becomes a supergroup", _migrated, _nothing),
)
EXCHANGES = (
    _answering("two", "okx", "http_502"),
    _answering("coinw", "coinw", "http_429"),
    _answering("xt", "xt", "html"),
    _answering("two", "okx", "cut_within_answer"),
    _answering("coinw", "coinw", "rows_null"),
    _answering("xt", "xt", "amount_nan"),
    _answering("two", "okx", "never_answering"),
)
OUTAGES = (*TELEGRAM, *EXCHANGES)
QUICK = ("401 Unauthorized", "HTML refused")
"""Those of a short run."""


async def run_outages(
    bearing: Nursery, seed: int, names: Collection[str] | None = None
) -> tuple[list[Passed], Account]:
    """Go through all outages, or those that are named."""
    async with open_scene(bearing, seed) as scene:
        scene.calm()
        exercise = _Exercise(scene)
        await exercise.begin()
        passed = []
        for outage in OUTAGES:
            if names is None or outage.name in names:
                passed.append(await exercise.go_through(outage))
                print(f"outage: {outage.name}", file=sys.stderr, flush=True)
        exercise.witness.ledger.judge({})
        account = exercise.witness.account
        account.windowless.clear()  # the reason for a repeat is the outage itself
        return passed, account


class _Exercise:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._life: Life | None = None
        self._fresh = scene.chance.sample(scene.truth.subjects, k=len(scene.truth.subjects))
        self.witness = Witness(scene)
        self.witness.ledger.moved[NEW_GROUP] = GROUP

    async def begin(self) -> None:
        """Start the bot, and let it know everybody."""
        self._life = await self._scene.bear(hasty=False)
        for owner in (YOU, ADA):
            self._scene.phone.say(owner, owner, "/start")
        question = self.witness.ask(YOU)
        await self._until(lambda: question not in self.witness.open, time.monotonic())

    async def go_through(self, outage: Outage) -> Passed:
        """Begin it, let something happen, end it, and wait until all is as ever."""
        outage.begin(self._scene)
        moved = self.witness.move(self._choose(outage.account))
        self.witness.ask(ADA)
        await self._watch(outage.lasts_s)
        outage.end(self._scene)
        ended = time.monotonic()
        question = self.witness.ask(YOU)
        answered_s = await self._until(lambda: question not in self.witness.open, ended)
        told_s = await self._until(lambda: not self.witness.ledger.due, ended)
        await self._until(lambda: not self.witness.open, time.monotonic(), LATE_ANSWER_S)
        unanswered = len(self.witness.open)
        lost = len(self.witness.ledger.due)
        self.witness.ledger.give_up()
        self.witness.open.clear()
        return Passed(
            name=outage.name,
            due=len(CHATS),
            lost=lost,
            posts=[self.witness.ledger.told[moved, chat_id] for chat_id in CHATS],
            unanswered=unanswered,
            told_s=told_s,
            answered_s=answered_s,
        )

    def _choose(self, account: str) -> Subject:
        """Take a subject of an account that has not moved yet."""
        found = next(s for s in self._fresh if s.path.startswith(account))
        self._fresh.remove(found)
        return found

    async def _until(
        self, done: Callable[[], bool], since: float, at_most_s: float = PATIENCE_S
    ) -> float | None:
        """Wait for something; tell how long it took since then, None where it never came."""
        while not done():
            if time.monotonic() - since > at_most_s:
                return None
            await self._watch(LOOK_S)
        return time.monotonic() - since

    async def _watch(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if self._life is None or not self._life.goes_on:
                raise DiedByItself(self._scene.end_of_log())
            await asyncio.sleep(LOOK_S)
            self.witness.look()
