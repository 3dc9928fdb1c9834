"""Who may do what: roles, and those who have them."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["viewer", "manager", "owner"]
"""Owners may do all and approve chats, managers set rules and silence alerts, viewers look."""

_ORDER: tuple[Role, ...] = ("viewer", "manager", "owner")


def reaches(role: Role | None, least: Role) -> bool:
    """Whether a role is enough for what takes at least another."""
    return role is not None and _ORDER.index(role) >= _ORDER.index(least)


def higher(one: Role | None, other: Role | None) -> Role | None:
    """Return the role that may do more; None where there is none at all."""
    found = [role for role in (one, other) if role is not None]
    return max(found, key=_ORDER.index, default=None)


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
