"""Who hears what, and how loud: the one place that decides it, for all that is queued or sent.

A chat hears of a wallet only where its scope has it, and of a number over several only where the
scope has all of them. What it wants to hear at all is among its preferences.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from bot.core.delivery import Chat
from bot.core.events import (
    AlertRaised,
    AlertTested,
    ChatApproved,
    ChatAsked,
    DigestDue,
    Event,
    Notice,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.portfolio import SUB
from bot.core.preferences import Kind


def kind_of(event: Event) -> Kind | None:
    """Say to which kind an event belongs; None: it is told whatever a chat prefers."""
    match event:
        case ChatAsked() | ChatApproved() | AlertTested():
            return None
        case SourceLost() | SourceFound():
            return "sources"
        case SubAccountsChanged():
            return "sub_accounts"
        case DigestDue():
            return "digests"
        case _ if isinstance(event, Notice):
            return "chat_news"
        case _:
            return "critical" if event.alert.severity == "critical" else "warnings"


def heard(events: Iterable[Event], chat: Chat, paths: Collection[str]) -> tuple[Event, ...]:
    """Leave of what has happened what a chat is told, and of each event what it may know.

    Args:
        events: What has happened.
        chat: Who might be told.
        paths: All wallets and lists of sub-accounts that there are.
    """
    wanted = (event for event in events if _is_wanted(event, chat))
    return seen(wanted, chat, paths)


def seen(events: Iterable[Event], chat: Chat, paths: Collection[str]) -> tuple[Event, ...]:
    """Leave of what has happened, and of each event, what a chat may know; see `heard`."""
    found = (_narrowed(event, chat, paths) for event in events)
    return tuple(event for event in found if event is not None)


def _is_wanted(event: Event, chat: Chat) -> bool:
    kind = kind_of(event)
    return kind is None or chat.preferences.loud(kind) != "off"


def is_silent(events: Iterable[Event], chat: Chat) -> bool:
    """Whether a message that tells these makes no sound there."""
    kinds = [kind_of(event) for event in events]
    return all(kind is not None and chat.preferences.loud(kind) == "silent" for kind in kinds)


def _narrowed(event: Event, chat: Chat, paths: Collection[str]) -> Event | None:
    scope = chat.scope
    match event:
        case SourceLost() | SourceFound():
            return event if scope.has(event.path) else None
        case SubAccountsChanged():
            return _sub_accounts(event, chat)
        case DigestDue() | ChatApproved() | AlertTested():
            return event
        case _ if isinstance(event, Notice):
            return event
        case _ if not scope.covers(event.alert.subject, paths):
            return None
        case AlertRaised():
            places = tuple(place for place in event.elsewhere if scope.has(place[0]))
            return replace(event, elsewhere=places)
        case _:
            return event


def _sub_accounts(event: SubAccountsChanged, chat: Chat) -> SubAccountsChanged | None:
    def seen(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(n for n in names if chat.scope.has(f"{event.account}/{SUB}{n}"))

    told = replace(
        event,
        added=seen(event.added),
        gone=seen(event.gone),
        frozen=seen(event.frozen),
        thawed=seen(event.thawed),
    )
    return told if told.added or told.gone or told.frozen or told.thawed else None
