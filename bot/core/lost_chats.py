"""Why a chat is lost, sorted from what Telegram says about it: its words are made for programs."""

from typing import Literal

LossReason = Literal[
    "blocked", "account deleted", "put out", "not there", "unknown", "group deleted", "upgraded",
    "topic gone", "topic closed", "may not write", "other", "topic-only",
]  # fmt: skip
"""The last one: no more than the topic where a group was told; the whole group is told now."""

_SIGNS: dict[str, LossReason] = {
    "blocked by the user": "blocked",
    "deactivated": "account deleted",
    "kicked": "put out",
    "not a member": "not there",
    "chat not found": "unknown",
    "initiate conversation": "unknown",
    "chat was deleted": "group deleted",
    "upgraded": "upgraded",
    "thread not found": "topic gone",
    "topic_closed": "topic closed",
    "rights": "may not write",
    "restricted": "may not write",
    "write_forbidden": "may not write",
}
"""By what Telegram's word contains; the first that fits."""


def why_lost(said: str) -> LossReason:
    """Sort what Telegram said when it took nothing for a chat."""
    told = said.lower()
    found = (ours for theirs, ours in _SIGNS.items() if theirs in told)
    return next(found, "other")


def is_about_topic(said: str) -> bool:
    """Whether no more than a topic of a group may be lost."""
    return why_lost(said) in {"topic gone", "topic closed"}


def is_back_by_words(said: str) -> bool:
    """Whether a chat that was lost so can be written to when somebody speaks to us there.

    Where we may hear and may not write it cannot.
    """
    return why_lost(said) not in {"topic gone", "topic closed", "may not write", "other"}
