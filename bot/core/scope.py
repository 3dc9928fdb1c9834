"""Of what a chat may know, and who asks there."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.access import Person
from bot.core.portfolio import matches
from bot.core.valuation import Currency

_SUM = "sum "


@dataclass(frozen=True, slots=True)
class Scope:
    """The wallets that a chat may know of; a number over several only where all are among them."""

    patterns: tuple[str, ...] = ("*",)

    @property
    def is_all(self) -> bool:
        """Whether nothing lies outside it."""
        return "*" in self.patterns

    def has(self, path: str) -> bool:
        """Whether a wallet, or a list of sub-accounts, may be known of."""
        return any(matches(pattern, path) for pattern in self.patterns)

    def covers(self, subject: str, paths: Iterable[str]) -> bool:
        """Whether all that a subject is about may be known of.

        Args:
            subject: A path, a pattern, or `sum PATTERN`.
            paths: All wallets and lists that there are.
        """
        if self.is_all:
            return True
        pattern = subject.removeprefix(_SUM)
        meant = [path for path in paths if matches(pattern, path)]
        return all(map(self.has, meant)) if meant else "*" not in pattern and self.has(pattern)

    def only(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Leave of some paths those that may be known of."""
        return tuple(path for path in paths if self.has(path))


ALL = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Where something is asked for or done, and by whom: what is told stays within that."""

    chat_id: int
    by: Person | None = None
    """None where nobody acts."""
    scope: Scope = ALL
    currency: Currency | None = None
    """In which values are told; None: as the settings say."""
    percent_only: bool = False
    """Whether it may see no amounts."""
