"""The account of a campaign: what happened, held against what people saw.

Lost is what was not told in a chat although it was given time in peace. A repeat is in order where
it says so, and where nobody could know whether the message before had arrived: the bot was killed
between handing it to Telegram and the mark, or the answer of Telegram got lost. Every other repeat
is a fault, and so is whatever is told that did not happen.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

from bench.chaos.phone import DIGEST, Post
from bench.chaos.truth import Transition, Truth
from bench.chaos.weather import REFUSED_BEHIND

Place = tuple[Transition, int]
"""A transition, and a chat where it is to be told."""
OF_EVERY = 3
"""Nothing seen in N trials: with 95 % certainty it happens at most three times in N."""


LOST, UNMARKED = "lost", "repeats that do not say so"


@dataclass(slots=True)
class Account:
    """What a campaign has come to."""

    kills: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    due: int = 0
    """Transitions times chats."""
    lost: list[Place] = field(default_factory=list)
    repeats: int = 0
    unmarked: list[Post] = field(default_factory=list)
    """Repeats that do not say so."""
    windowless: list[Post] = field(default_factory=list)
    """Repeats of what surely had arrived."""
    false: list[Post] = field(default_factory=list)
    """Messages about what did not happen."""
    asked: int = 0
    unanswered: list[str] = field(default_factory=list)
    """Commands and presses."""
    answers_lost: list[str] = field(default_factory=list)
    """Those whose answer itself has met trouble on its way."""
    digests_due: int = 0
    digests_given_up: int = 0
    """Not told, because the one attempt may have arrived."""
    digests_lost: list[str] = field(default_factory=list)
    """Not told for no such reason."""
    digests_twice: list[list[Post]] = field(default_factory=list)
    digests_behind: list[list[Post]] = field(default_factory=list)
    """Told twice, and marked: a server in between refused what it had passed on."""
    seconds: float = 0

    @property
    def killed(self) -> int:
        """Count the lives that were ended."""
        return self.kills.total()

    def __add__(self, other: "Account") -> "Account":
        """Count two campaigns that went on side by side as one."""
        both = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "seconds"
        }
        return Account(**both, seconds=max(self.seconds, other.seconds))

    @property
    def bound(self) -> float:
        """Tell the share of losses that nothing seen still leaves open, with 95 % certainty."""
        return OF_EVERY / self.due if self.due else 1.0

    @property
    def faults(self) -> Mapping[str, int]:
        """Count what must not be."""
        return {name: len(cases) for name, cases in self.cases.items()}

    @property
    def cases(self) -> Mapping[str, Sequence[object]]:
        """Gather what must not be."""
        found: Mapping[str, Sequence[object]] = {
            LOST: self.lost,
            UNMARKED: self.unmarked,
            "repeats of what surely had arrived": self.windowless,
            "told and not true": self.false,
            "commands and presses without an answer": self.unanswered,
            "digests told twice": self.digests_twice,
            "digests lost": self.digests_lost,
        }
        return {name: cases for name, cases in found.items() if cases}


class Ledger:
    """Reads posts as they come, and tells what is still due."""

    def __init__(self, truth: Truth, chats: Collection[int]) -> None:
        self._truth = truth
        self._chats = tuple(chats)
        self.moved: dict[int, int] = {}
        """What a chat was called when the campaign began, by its id now."""
        self.told: defaultdict[Place, list[Post]] = defaultdict(list)
        self.due: set[Place] = set()
        self.digests: defaultdict[tuple[int, str], list[Post]] = defaultdict(list)
        self.account = Account()

    def expect(self, transition: Transition) -> None:
        """Let a transition be due in every chat."""
        self.due |= {(transition, chat_id) for chat_id in self._chats}
        self.account.due += len(self._chats)

    def take(self, post: Post) -> None:
        """Enter a message."""
        if post.text.startswith(DIGEST):
            day = post.text.splitlines()[0].removeprefix(DIGEST).partition(" · ")[0]
            self.digests[post.chat_id, day].append(post)
            return
        chat_id = self.moved.get(post.chat_id, post.chat_id)
        for saying in post.said:
            transition = self._truth.find(saying)
            if transition is None:
                self.account.false.append(post)
                continue
            place = (transition, chat_id)
            self.told[place].append(post)
            self.due.discard(place)
            if place in self.account.lost:  # it was late
                self.account.lost.remove(place)

    def give_up(self) -> None:
        """Count as lost what is due now."""
        self.account.lost += sorted(self.due, key=lambda place: (place[1], str(place[0])))
        self.due.clear()

    def judge(self, windows: Mapping[int, Mapping[int, float]]) -> None:
        """Judge all repeats; `windows` has by life and chat since when nothing was certain."""
        account = self.account
        again = [(posts, n) for posts in self.told.values() for n in range(1, len(posts))]
        account.repeats = len(again)
        account.unmarked = [posts[n] for posts, n in again if not posts[n].is_marked]
        account.windowless = [
            posts[n]
            for posts, n in again
            if not any(_is_doubtful(post, windows) for post in posts[:n])
        ]
        twice = [posts for posts in self.digests.values() if posts[1:]]
        account.digests_behind = [posts for posts in twice if _is_in_order(posts)]
        account.digests_twice = [posts for posts in twice if not _is_in_order(posts)]


def _is_doubtful(post: Post, windows: Mapping[int, Mapping[int, float]]) -> bool:
    """Whether the bot could not know that a message had arrived."""
    since = windows.get(post.life, {}).get(post.chat_id)
    return bool(post.trouble) or (since is not None and post.at >= since)


def _is_in_order(posts: Sequence[Post]) -> bool:
    """Whether a digest came again only where it was refused in vain, and says so."""
    refused = all(post.trouble == REFUSED_BEHIND for post in posts[:-1])
    return refused and all(post.is_marked for post in posts[1:])
