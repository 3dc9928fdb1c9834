"""What really happens: balances go low and recover, each time at an amount of its own.

It is what the campaign set, not what the bot's database says, and a message is held against it.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.sandbox.world import Account, Key, World

COINS = ("USDT", "BTC", "ETH", "SOL", "LTC", "TON")
LIMIT = Decimal(500)
Kind = Literal["low", "recovered"]
_DIGITS = Decimal("0.000001")

_HEADS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("low", re.compile(r"(?:🟠 WARNING|🔴 CRITICAL) · (\S+) · (\S+) low")),
    ("recovered", re.compile(r"✅ RECOVERED · (\S+) · (\S+)")),
    ("ended", re.compile(r"⏹ ENDED · (\S+) · (\S+) low")),
    ("passed", re.compile(r"[✅⏹↩️]+ (\S+) · (\S+) low for ")),
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Subject:
    """One coin in one wallet, under the name that the bot has for it."""

    path: str
    coin: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A subject went low, or recovered."""

    kind: Kind
    subject: Subject
    amount: Decimal
    """No other transition has it."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What a part of a message says."""

    kind: str
    subject: Subject
    amounts: frozenset[Decimal]
    """All that stand in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A wallet of the world, and what the bot calls it."""

    account: Account
    wallet: str
    path: str


class Truth:
    """The world, and everything that has happened in it."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._chance = chance
        self._places = {place.path: place for place in furnish(world)}
        self._serial = 0
        self.low: set[Subject] = set()
        self.happened: dict[tuple[str, Subject, Decimal], Transition] = {}
        self.subjects = [Subject(path, coin) for path in self._places for coin in COINS]
        for subject in self.subjects:
            self._put(subject, Decimal(700))

    def move(self, subject: Subject) -> Transition:
        """Let a subject go low, or recover."""
        kind: Kind = "recovered" if subject in self.low else "low"
        least, most = (600, 990) if kind == "recovered" else (100, 450)
        self._serial += 1
        amount = self._chance.randrange(least, most) + self._serial * _DIGITS
        self.low ^= {subject}
        self._put(subject, amount)
        transition = Transition(kind, subject, amount)
        self.happened[kind, subject, amount] = transition
        return transition

    def find(self, saying: Saying) -> Transition | None:
        """Find what a saying is about; None: that never happened."""
        for amount in saying.amounts:
            if found := self.happened.get((saying.kind, saying.subject, amount)):
                return found
        return None

    def _put(self, subject: Subject, amount: Decimal) -> None:
        place = self._places[subject.path]
        place.account.set(place.wallet, subject.coin, available=amount)


def furnish(world: World) -> Iterator[Place]:
    """Open accounts at three exchanges, one of them with sub-accounts."""
    main = world.add_account("okx", Key("okx-key-1", "okx-secret-1", "okx-phrase-1"), name="main")
    second = world.add_account("okx", Key("okx-key-2", "okx-secret-2", "okx-phrase-2"), name="two")
    coinw = world.add_account("coinw", Key("coinw-key-1", "coinw-secret-1"), name="coinw")
    xt = world.add_account("xt", Key("xt-key-001", "xt-secret-001"), name="xt")
    for name in ("desk1", "desk2"):
        wallet = main.add_sub(name)
        yield Place(main, wallet, f"main/{wallet}")
    for account, wallet in (
        (main, "funding"),
        (second, "trading"),
        (second, "funding"),
        (coinw, "spot"),
        (xt, "spot"),
    ):
        yield Place(account, wallet, f"{account.name}/{wallet}")


def sayings(text: str) -> Sequence[Saying]:
    """Read what a message says of subjects; () for one that is about something else."""
    found: list[tuple[str, Subject, list[str]]] = []
    for line in text.splitlines():
        head = _head(line)
        if head is not None:
            found.append((*head, [line]))
        elif found:
            found[-1][2].append(line)
    return [Saying(kind, subject, _amounts("\n".join(lines))) for kind, subject, lines in found]


def _head(line: str) -> tuple[str, Subject] | None:
    for kind, pattern in _HEADS:
        if match := pattern.match(line):
            return kind, Subject(match[1], match[2])
    return None


def _amounts(text: str) -> frozenset[Decimal]:
    return frozenset(Decimal(number.replace(",", "")) for number in _NUMBER.findall(text))
