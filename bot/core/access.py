"""Who may do what, and of what a chat may know: roles, scopes, and who it is that asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.core.portfolio import matches

Role = Literal["viewer", "manager", "owner"]
"""Owners may do all and approve chats, managers set rules and silence alerts, viewers look."""

_ORDER: tuple[Role, ...] = ("viewer", "manager", "owner")
_SUM = "sum "


def reaches(role: Role | None, least: Role) -> bool:
    """Whether a role is enough for what takes at least another."""
    return role is not None and _ORDER.index(role) >= _ORDER.index(least)


def higher(one: Role | None, other: Role | None) -> Role | None:
    """Return the role that may do more; None where there is none at all."""
    found = [role for role in (one, other) if role is not None]
    return max(found, key=_ORDER.index, default=None)


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


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does something."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group who has spoken to us there."""

    chat_id: int
    user_id: int
    name: str
    role: Role | None = None
    """What only they may do there; None: what everybody in the group may."""
