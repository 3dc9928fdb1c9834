"""What is worth telling: facts in the past tense, complete enough to be told days later.

The outbox holds these, not texts. All instants are aware UTC, all amounts in units of the coin.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.core.access import Role
from bot.core.lost_chats import LossReason
from bot.core.timing import Period

Severity = Literal["warning", "critical"]
Measure = Literal["amount", "value", "drop", "runway"]
"""What a rule is about: units of a coin, money, percent of a fall, seconds that are left."""
Places = tuple[tuple[str, Decimal], ...]
"""Paths, and how much of a coin lies there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An episode: a rule broken for one subject, from the first bad reading to recovery."""

    incident: str
    """The id of the episode, the same from the first message to recovery."""
    rule: str
    """The rule's name."""
    subject: str
    """A path, or `sum PATTERN`."""
    asset: str
    """The coin; for a value the currency."""
    measure: Measure = "amount"
    """What is limited, and so the unit of the limit and of all amounts told of the alert."""
    part: Literal["total", "available"]
    """Which part was seen: what is available stands in for a total that is not told."""
    asked: Literal["total", "available"] | None = None
    """Which part the rule is about; None: kept before this was known."""
    comparison: Literal["<", ">"]
    limit: Decimal
    clear: Decimal
    """The level at which it ends."""
    window: timedelta | None = None
    """In which the fall was; None for all but falls."""
    least: Decimal | None = None
    """How much of the coin must have gone for a fall to count; None: any."""
    severity: Severity
    since: datetime
    """The first bad reading."""
    note: str = ""
    at_least: bool = False
    """Whether a part of what its amounts count is not told by the exchange."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What its state is known by."""
        return (self.rule, self.subject, self.asset)

    @property
    def is_summed(self) -> bool:
        """Whether it is about one number over many wallets."""
        return self.subject.startswith("sum ")

    @property
    def is_about_too_little(self) -> bool:
        """Whether more of the coin would mend it."""
        return self.comparison == "<" or self.measure == "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """A rule is broken: an episode has begun."""

    alert: Alert
    amount: Decimal
    before: Decimal | None
    """The amount in the reading before; None when there was none."""
    held: Decimal | None = None
    """How much of the coin there is; None where just that is measured, and for a value."""
    by_amounts: Decimal | None = None
    """For a value: what of the change since then is due to amounts, and not to prices."""
    change_24h: Decimal | None = None
    """By how much there is more of the coin than 24 hours before; for a value what amounts have
    changed of it, at present prices. None: unknown."""
    elsewhere: Places = ()
    """Other wallets where the coin is available, and how much of it; the most comes first."""
    empty_in: timedelta | None = None
    """How long the coin lasts at the present rate of spending; None: unknown, or for ever."""
    at: datetime
    kind: Literal["alert_raised"] = "alert_raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReminded:
    """An alert fires on, and nobody has silenced it."""

    alert: Alert
    amount: Decimal
    at: datetime
    number: int
    """Which reminder of the episode it is, counted from 1."""
    kind: Literal["alert_reminded"] = "alert_reminded"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTested:
    """Somebody wanted to see how an alert arrives: nothing is wrong."""

    alert: Alert
    amount: Decimal
    at: datetime
    kind: Literal["alert_tested"] = "alert_tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared:
    """A good reading has reached the clear level: the episode is over."""

    alert: Alert
    amount: Decimal
    at: datetime
    kind: Literal["alert_cleared"] = "alert_cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEnded:
    """The rule or the wallet is no longer what it was: nobody knows whether it has recovered."""

    alert: Alert
    amount: Decimal
    """The last one that was seen."""
    at: datetime
    kind: Literal["alert_ended"] = "alert_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLost:
    """A wallet cannot be read; what is known of it grows old."""

    path: str
    error: str
    """The class of the error."""
    message: str
    since: datetime
    last_good_at: datetime | None
    """None: it was never read."""
    blind: int = 0
    """How many rules cannot be judged meanwhile."""
    at: datetime
    kind: Literal["source_lost"] = "source_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFound:
    """A lost wallet can be read again."""

    path: str
    since: datetime
    """The first failure."""
    at: datetime
    kind: Literal["source_found"] = "source_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubAccountsChanged:
    """An account's sub-accounts are not those that were there before."""

    account: str
    added: tuple[str, ...]
    gone: tuple[str, ...]
    frozen: tuple[str, ...]
    """Out of use now; what lies in them is read all the same."""
    thawed: tuple[str, ...]
    """In use again."""
    at: datetime
    kind: Literal["sub_accounts_changed"] = "sub_accounts_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDue:
    """A chat's digest of a local date, about the time before it."""

    local_date: date
    since: datetime | None
    """The opening: when the digest before it was due, or would have been; None: not known."""
    late: bool
    """Whether its time had passed while the bot was down."""
    at: datetime
    period: Period = "daily"
    kind: Literal["digest_due"] = "digest_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLost:
    """Nothing can be sent to a chat any more, though the settings name it."""

    chat_id: int
    title: str
    """As it was known last; empty where it never was."""
    reason: LossReason
    at: datetime
    kind: Literal["chat_lost"] = "chat_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFound:
    """A lost chat can be sent to again."""

    chat_id: int
    title: str
    at: datetime
    kind: Literal["chat_found"] = "chat_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAsked:
    """A chat that nobody has approved wants to be let in."""

    chat_id: int
    title: str
    user_id: int | None
    """Who spoke there, or put us in."""
    name: str
    at: datetime
    kind: Literal["chat_asked"] = "chat_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatApproved:
    """An owner has let a chat in: for that chat."""

    role: Role
    at: datetime
    kind: Literal["chat_approved"] = "chat_approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollContested:
    """Somebody else takes what people say to us: commands are answered late, or not at all."""

    host: str
    """Where a webhook led it, which was removed; empty for a program that polls as we do."""
    at: datetime
    kind: Literal["poll_contested"] = "poll_contested"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRegained:
    """Nobody else takes what people say to us any more."""

    since: datetime
    """When it was noticed."""
    at: datetime
    kind: Literal["poll_regained"] = "poll_regained"


Event = (
    AlertRaised
    | AlertReminded
    | AlertTested
    | AlertCleared
    | AlertEnded
    | SourceLost
    | SourceFound
    | SubAccountsChanged
    | DigestDue
    | ChatLost
    | ChatFound
    | ChatAsked
    | ChatApproved
    | PollContested
    | PollRegained
)

Notice = ChatLost | ChatFound | ChatAsked | PollContested | PollRegained
"""About the bot itself: for owners."""


def about(event: Event) -> str:
    """Name in a word or two what an event is about."""
    match event:
        case SourceLost() | SourceFound():
            return event.path
        case SubAccountsChanged():
            return event.account
        case DigestDue():
            return event.local_date.isoformat()
        case ChatLost() | ChatFound() | ChatAsked():
            return f"chat {event.chat_id}"
        case PollContested() | PollRegained():
            return "updates"
        case ChatApproved():
            return "this chat"
        case _:
            return f"{event.alert.subject} {event.alert.asset}"
