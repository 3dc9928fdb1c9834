"""What the use cases need from outside; implemented above, replaced whole in tests.

A unit of work is one transaction: everything done through its repositories is kept when it is left
in peace, and nothing of it when it is left with an error.
"""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol

from bot.core.access import Member, Person
from bot.core.alerts import AlertKey, AlertState
from bot.core.audit import Deed, Entry
from bot.core.delivery import Chat, Decision, Outcome
from bot.core.digest import Digest
from bot.core.elsewhere import Critical, Late
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, ChatAsked, Event
from bot.core.exports import Changed
from bot.core.faces import Ending, Face
from bot.core.history import History
from bot.core.past_prices import KeptPrices
from bot.core.portfolio import Holdings, WalletState
from bot.core.quiet import QuietHours
from bot.core.rules import Rule
from bot.core.series import MOST_APART, Gap
from bot.core.timing import Period
from bot.core.valuation import Currency, Pair, PriceBook
from bot.fetchers.model import Price, Reading, SubAccount

Clock = Callable[[], datetime]
"""Gives the present instant, aware, UTC."""

Recipients = Callable[[Sequence[Chat]], Sequence[Chat]]
"""Chooses among all known chats those that events are sent to."""


class Spawn(Protocol):
    """Start a task that the app owns, waits for and cancels at its end."""

    def __call__(self, work: Coroutine[Any, Any, None], *, name: str) -> None: ...


class WalletReader(Protocol):
    """Reads one wallet now, by its path; what goes wrong is in the reading."""

    async def __call__(self, path: str) -> Reading: ...


class SubAccountLister(Protocol):
    """Lists the sub-accounts of an account, by its name, all of them or none.

    Raises:
        FetchError: they could not be listed to the end.
    """

    async def __call__(self, account: str) -> Sequence[SubAccount]: ...


class PriceReader(Protocol):
    """Asks one exchange for the last prices of all that is traded there, without using a key.

    Raises:
        FetchError: they could not be read.
    """

    async def __call__(self) -> Sequence[Price]: ...


class PingFailed(Exception):
    """A ping did not arrive, as far as we know; the message names no address."""


class Ping(Protocol):
    """Lets somebody outside know that we live.

    Raises:
        PingFailed: there was no good answer within its time.
    """

    async def __call__(self) -> None: ...


class SweepFloor(Protocol):
    """Tells the least time that an exchange's limits allow for reading these wallets once."""

    def __call__(self, account: str, wallets: Collection[str]) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to check an account while a lease lasts; the fence tells an old one from a new."""

    account: str
    fence: int


class AccountRepository(Protocol):
    """When each account is due, and who is checking it."""

    async def retain(self, names: Collection[str], *, now: datetime) -> None:
        """Make these accounts due at once, free of leases that died, and forget all others."""

    async def claim_due(
        self, *, now: datetime, until: datetime, busy: Collection[str]
    ) -> Sequence[Claim]:
        """Lease all accounts that are due and free, but for those that we are busy with."""

    async def claim(self, name: str, *, now: datetime, until: datetime) -> Claim | None:
        """Lease one account, due or not; None while somebody else has it."""

    async def renew(self, claim: Claim, *, until: datetime) -> bool:
        """Prolong a lease; False when it has passed to somebody else."""

    async def oldest_due(self, *, now: datetime) -> tuple[str, datetime] | None:
        """Name the account that is due for longest, checked or not, and since when it is."""

    async def due(self) -> Mapping[str, datetime]:
        """Return by name when each account is due."""

    async def finish(self, claim: Claim, *, due_at: datetime) -> bool:
        """End a lease and say when the account is due again.

        False, and nothing is changed, when the lease has passed to somebody else.
        """


class WalletRepository(Protocol):
    """What is known of the wallets, now and before."""

    async def retain(self, paths: Collection[str]) -> None:
        """Forget the present state of all others; their history stays."""

    async def forget(self, paths: Collection[str]) -> None:
        """Forget the present state of these; their history stays."""

    async def load(self, paths: Collection[str] | None = None) -> Mapping[str, WalletState]:
        """Return the states by path; None means all. One that was never read is left out."""

    async def save(
        self, states: Iterable[WalletState], *, most_apart: timedelta = MOST_APART
    ) -> None:
        """Keep the states, and in the history each coin that has changed.

        Between good readings that lie further apart than that a gap is kept.
        """

    async def holdings_at(self, at: datetime) -> Holdings:
        """Return the balances that were known at an instant, for wallets already read by then."""

    async def history(
        self,
        paths: Collection[str],
        assets: Collection[str] | None,
        *,
        since: datetime,
        every: timedelta | None = None,
    ) -> History:
        """Return what is kept of some coins from an instant on, and what there was at it.

        Nothing is told of a wallet that was never read.

        Args:
            paths: Of the wallets.
            assets: The coins; None means all.
            since: The instant.
            every: Of each coin the last change in each such time only; None: all changes.
        """

    async def count_changes(self, paths: Collection[str], asset: str, *, since: datetime) -> int:
        """Return how many changes of one coin are kept from an instant on."""


Turn = AlertRaised | AlertCleared | AlertEnded
"""The beginning or the end of an episode."""


class PastRepository(Protocol):
    """What a picture of the past needs beside the changes of amounts."""

    async def keep_prices(self, prices: Mapping[Pair, Decimal], *, hour: datetime) -> None:
        """Keep prices of a full hour; one that is there already stays as it is."""

    async def thin_prices(self, *, now: datetime) -> None:
        """Delete most of the prices of what is long past; doing it again deletes nothing more."""

    async def prices(self, *, since: datetime, every_h: int, coins: Collection[str]) -> KeptPrices:
        """Return what is kept of some coins: of each `every_h`-th hour of the day."""

    async def gaps(
        self, paths: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[Gap]]:
        """Return by path when wallets were not read; a gap that goes on is not among them."""

    async def count_changes(
        self, paths: Collection[str], assets: Collection[str] | None, *, since: datetime
    ) -> int:
        """Return how many changes are kept from an instant on; `assets` None means all coins."""

    async def coins(self, paths: Collection[str]) -> Sequence[tuple[str, str]]:
        """Return the paths and the coins of which anything is kept, in their order."""

    async def changed(
        self, path: str, coin: str, *, since: datetime, after: int, most: int
    ) -> Sequence[Changed]:
        """Return in order what a coin of a wallet was from an instant on, a piece of it.

        Args:
            path: Of the wallet.
            coin: The one that is meant.
            since: The instant; what there was at it comes first.
            after: The id of the last one of the piece before; 0 for the first piece.
            most: How many at the most.
        """

    async def was_held(self, paths: Collection[str], coin: str) -> bool:
        """Say whether a coin ever was in one of these wallets."""

    async def turns(self, *, since: datetime) -> Sequence[Turn]:
        """Return which episodes began and ended, in order, as far as it is kept."""


class PriceSource(Protocol):
    """Has the last prices of all markets."""

    @property
    def markets(self) -> Mapping[str, str]:
        """By the name of each account, the market where its coins are priced."""

    def book(self, currency: Currency) -> PriceBook:
        """Return the prices, told in a currency."""


class AlertRepository(Protocol):
    """Where each alert stands."""

    async def load(
        self, keys: Collection[AlertKey] | None = None
    ) -> Mapping[AlertKey, AlertState]:
        """Return the states by key; None means all."""

    async def firing(self) -> Sequence[AlertState]:
        """Return the states of all alerts that fire."""

    async def save(self, states: Iterable[AlertState]) -> None:
        """Keep the states."""

    async def remove(self, keys: Collection[AlertKey]) -> None:
        """Forget the states."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one chat, leased for an attempt."""

    id: int
    chat: Chat
    events: tuple[Event, ...]
    """() where the chat may hear none of it any more."""
    attempts: int
    """Counting the one it is leased for."""
    maybe_sent: bool
    """Whether an earlier attempt may have arrived."""
    reply_to: int | None
    """The message it belongs to."""
    late: Late | None = None
    """What to say of how late it is; None: it is not."""


@dataclass(frozen=True, slots=True)
class Question:
    """A message in which an owner is asked whether a chat may come in."""

    about: int
    """The chat."""
    event: ChatAsked
    chat_id: int
    """Where it is asked."""
    message_id: int | None
    """None while it has not been sent."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the first message of an episode in a chat shows of it."""

    incident: str
    parcel_id: int
    """The message in the outbox; it may show other episodes, too."""
    chat_id: int
    message_id: int
    face: Face
    shown_at: datetime
    """Since when."""
    ending: Ending | None
    """How the episode ended, where that was told in this chat."""


class OutboxRepository(Protocol):
    """Messages on their way: rows first, sent later, in order within each chat."""

    async def add(self, events: Sequence[Event], *, chats: Iterable[Chat], at: datetime) -> None:
        """Queue events for each chat as one message, or as many as have room for all of them.

        What ends an earlier one is a reply to it. A chat that was not told the beginning is not
        told the end. Each is told what it may hear and wants to; `lease` sees to that again.
        """

    async def told(self, chat_id: int) -> Collection[str]:
        """Name the open incidents whose beginning this chat was told, or will be."""

    async def shown(self) -> Sequence[Shown]:
        """Return what first messages show, of open episodes and of those that show no end yet."""

    async def show(self, faces: Mapping[str, Face], parcel_id: int, *, at: datetime) -> None:
        """Record what a message shows; once all of it is over it is not looked at again."""

    async def events_of(self, parcel_id: int) -> tuple[Event, ...]:
        """Return what a message tells."""

    async def seen(self, events: Sequence[Event], chat: Chat) -> tuple[Event, ...]:
        """Leave of events what a chat may know of them now; see `core/routing.py`."""

    async def questions(self, *, since: datetime | None = None) -> Sequence[Question]:
        """Return where owners are asked about chats, of all or of those asked since then."""

    async def told_in(self, chat_id: int, message_id: int) -> Sequence[str]:
        """Name the incidents that a message is about; () for one that is not ours."""

    async def waiting(self, *, now: datetime, busy: Collection[int]) -> Collection[int]:
        """Name the chats, but for those that are busy, whose next message is due."""

    async def lease(
        self, *, now: datetime, only: Collection[int] | None = None
    ) -> Sequence[Parcel]:
        """Take the next message of each chat, or of these only, marked as being sent."""

    async def settle(
        self, parcel_id: int, decision: Decision, *, at: datetime, sent_to: int | None = None
    ) -> None:
        """Record what an attempt has come to.

        `sent_to` is the chat by its id then: in a group that has moved meanwhile the message's
        own id is another message's. None: the chat's id cannot have changed.
        """

    async def put_off(self, parcel_id: int, *, until: datetime) -> None:
        """Let a message that was not sent wait for the end of quiet hours, with others there.

        What overtakes it is not held up by it.
        """

    async def release(self, chat_id: int, *, at: datetime) -> None:
        """Let what was put off in a chat wait no longer."""

    async def interrupted(self) -> Sequence[Parcel]:
        """Return the messages whose sender died while it was sending them."""

    async def depth(self, *, chats: Collection[int]) -> int:
        """Count the messages that wait to be sent to these chats."""

    async def oldest_due(self, *, now: datetime, chats: Collection[int]) -> datetime | None:
        """Return since when the oldest message waits for one of these chats; None: none does."""

    async def forget(self, *, before: datetime) -> None:
        """Delete what was done before an instant."""


class ElsewhereRepository(Protocol):
    """Critical events, from when they are queued until everybody has them.

    They are kept with the messages about them, and know by themselves when a chat has them.
    """

    async def load(self, *, chats: Collection[int]) -> Sequence[Critical]:
        """Return those that are not closed, the oldest first; only these chats may wait."""

    async def mark_told(self, names: Collection[str], *, to: str) -> None:
        """Record, after the telling, that a channel has them."""

    async def close(self, names: Collection[str], *, at: datetime) -> None:
        """Look at them no more."""

    async def forget(self, *, before: datetime) -> None:
        """Delete what was queued before an instant."""


class ChatRepository(Protocol):
    """The chats that get events."""

    async def load(self) -> Sequence[Chat]:
        """Return all of them, allowed or not."""

    async def add(self, chat: Chat) -> None:
        """Keep a chat; one that is there already keeps its `since`, and is no longer gone."""

    async def mark_gone(self, chat_id: int, *, reason: str) -> None:
        """Send nothing there until it speaks again."""

    async def move(self, chat_id: int, *, to: int) -> None:
        """Follow a group that became a supergroup, with all that waits for it."""

    async def hold(self, chat_id: int, *, until: datetime) -> None:
        """Send nothing there before an instant."""

    async def set_quiet(self, chat_id: int, quiet: QuietHours | None) -> None:
        """Keep when it wants to hear only what is critical; None: never."""

    async def save(self, chat: Chat) -> None:
        """Keep a chat that is there as it is now."""

    async def forget(self, chat_id: int) -> None:
        """Forget a chat, with all that waits for it and who has spoken there."""

    async def members(self, chat_id: int | None = None) -> Sequence[Member]:
        """Return who has spoken in a group, by name; None means in any."""

    async def save_member(self, member: Member) -> None:
        """Keep one as they are now."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The code that makes its first opener an owner, as far as it is kept."""

    digest: str
    expires_at: datetime
    wrong_tries: int = 0


class PairingRepository(Protocol):
    """The one code that is open, if any."""

    async def load(self) -> Pairing | None:
        """Return it."""

    async def save(self, found: Pairing) -> None:
        """Keep it instead of any other."""

    async def end(self) -> None:
        """Let no code open anything."""


Topic = Literal["zone", "welcome", "quiet", "dust", "scope"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the next words of somebody in a chat are the answer to."""

    chat_id: int
    user_id: int
    message_id: int
    """The question."""
    topic: Topic
    about: int
    """The chat that it is about."""
    asked_at: datetime


class QuestionRepository(Protocol):
    """Questions of ours that wait for words, one a user and chat."""

    async def load(self, chat_id: int, user_id: int) -> Asked | None:
        """Return what was asked last."""

    async def save(self, asked: Asked) -> None:
        """Wait for the answer to this one, and to no other."""

    async def forget(self, chat_id: int, user_id: int) -> None:
        """Wait for no answer."""


class AuditRepository(Protocol):
    """Who did what when."""

    async def add(
        self, deed: Deed, about: str, *, by: Person | None, chat_id: int | None, at: datetime
    ) -> None:
        """Write down a deed, in the transaction in which it is done."""

    async def load(self, *, before: int | None = None, most: int = 10) -> Sequence[Entry]:
        """Return the newest, or those that came before one of them; the newest first."""

    async def forget(self, *, before: datetime) -> None:
        """Delete what is older than an instant."""


@dataclass(frozen=True, slots=True)
class MadeRule:
    """A rule that was made in a chat."""

    id: int
    rule: Rule
    made_by: str
    """What the person who made it, or changed it last, is called."""
    made_at: datetime
    paused: bool = False
    deleted_at: datetime | None = None
    """It is kept for a while after that, for whoever wants it back."""

    @property
    def name(self) -> str:
        """The rule's name; no rule of the settings can be called so."""
        return f"#{self.id}"

    @property
    def in_force(self) -> bool:
        """Whether anything is judged by it."""
        return not self.paused and self.deleted_at is None


class RuleRepository(Protocol):
    """The rules that were made in chats."""

    async def load(self) -> Sequence[MadeRule]:
        """Return all of them, the oldest first."""

    async def add(self, rule: Rule, *, by: str, at: datetime) -> MadeRule:
        """Keep a new one; its number was never another's."""

    async def save(self, made: MadeRule) -> None:
        """Keep one as it is now."""

    async def forget(self, *, before: datetime) -> None:
        """Lose for good what was deleted before an instant."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule that somebody in a chat is about to make or to change."""

    id: int
    chat_id: int
    user_id: int
    text: str
    """The words chosen or typed so far; maybe not a whole rule yet."""
    begun_at: datetime
    edits: int | None = None
    """The rule that it is to replace; None: none."""
    question: int | None = None
    """The message of ours whose answer is the rest of the text; None: no answer is waited for."""
    became: int | None = None
    """The rule that was made of it."""


class DraftRepository(Protocol):
    """What is talked about; no number is used twice, so that an old button stays old."""

    async def add(
        self, chat_id: int, user_id: int, *, text: str, edits: int | None, at: datetime
    ) -> Draft:
        """Begin one."""

    async def load(self, draft_id: int) -> Draft | None:
        """Return one; None when it is no longer there."""

    async def waiting(self, chat_id: int, user_id: int) -> Draft | None:
        """Return the newest that waits for words of this user in this chat."""

    async def save(self, draft: Draft) -> None:
        """Keep one as it is now."""

    async def remove(self, draft_id: int) -> None:
        """Forget one."""

    async def forget(self, *, before: datetime) -> None:
        """Forget what was begun before an instant."""


class DigestRepository(Protocol):
    """Which chat got which digest of which local date; each period has dates of its own."""

    async def add(
        self, chat_id: int, local_date: date, *, period: Period = "daily", at: datetime
    ) -> bool:
        """Record it; False when it was there already."""

    async def last_before(
        self, chat_id: int, local_date: date, *, period: Period = "daily"
    ) -> datetime | None:
        """Return when the digest before that date was due."""

    async def dates(
        self, chat_id: int, *, since: date, period: Period = "daily"
    ) -> Collection[date]:
        """Return the dates that had one, from a date on."""


class InboxRepository(Protocol):
    """Updates from Telegram: kept before they are confirmed, handled at least once."""

    async def add(self, updates: Mapping[int, str], *, at: datetime) -> Collection[int]:
        """Keep raw updates by their id; return those that are new, the rest is left alone."""

    async def unhandled(self) -> Mapping[int, str]:
        """Return those that were not handled to the end, in order."""

    async def mark_handled(self, update_id: int, *, at: datetime) -> None:
        """Never handle it again."""

    async def next_offset(self) -> int | None:
        """Return what to ask Telegram for next; None before the first update."""

    async def forget(self, *, before: datetime) -> None:
        """Delete what was handled before an instant, but for what came last."""


class Unit(Protocol):
    """One transaction."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def wallets(self) -> WalletRepository: ...
    @property
    def alerts(self) -> AlertRepository: ...
    @property
    def outbox(self) -> OutboxRepository: ...
    @property
    def elsewhere(self) -> ElsewhereRepository: ...
    @property
    def chats(self) -> ChatRepository: ...
    @property
    def pairing(self) -> PairingRepository: ...
    @property
    def questions(self) -> QuestionRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def rules(self) -> RuleRepository: ...
    @property
    def drafts(self) -> DraftRepository: ...
    @property
    def digests(self) -> DigestRepository: ...
    @property
    def past(self) -> PastRepository: ...
    @property
    def inbox(self) -> InboxRepository: ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]


@dataclass(frozen=True, slots=True)
class Card:
    """A message, and how the alerts in it stand now."""

    parcel_id: int
    chat: Chat
    message_id: int
    events: tuple[Event, ...]
    """What it tells, as it would be told now."""
    faces: Mapping[str, Face]
    """By incident."""
    read_at: datetime | None
    """When all that fires was read last; None where that is not known."""


class ChatDoor(Protocol):
    """Tells whether a chat takes anything, without saying anything there."""

    async def knock(self, chat: Chat) -> Outcome:
        """Return what would become of a message: `Sent` where it would arrive."""


class ChatSender(Protocol):
    """Says something in a chat; what goes wrong is in the outcome."""

    def turn(self, chat_id: int, *, edits: bool = False) -> AbstractAsyncContextManager[None]:
        """Wait until one message or one edit may leave for a chat, and keep that place for it."""

    def may_edit(self, chat_id: int) -> bool:
        """Whether an edit may leave for a chat at once: no message is to wait behind it."""

    async def send_events(
        self,
        chat: Chat,
        events: Sequence[Event],
        *,
        maybe_repeated: bool,
        reply_to: int | None,
        late: Late | None = None,
    ) -> Outcome:
        """Tell alerts and sources, all in one message."""

    async def edit_events(self, card: Card) -> Outcome:
        """Let a message show how its alerts stand; that it does so already is no failure."""

    async def send_digest(self, chat: Chat, digest: Digest, *, maybe_repeated: bool) -> Outcome:
        """Send a digest."""


class OtherChannels(Protocol):
    """Tells by other ways than Telegram."""

    @property
    def names(self) -> Sequence[str]:
        """Their names, the same after every start; none tells anything of an address."""

    async def tell(self, messages: Mapping[str, Sequence[Event]]) -> Collection[str]:
        """Tell channels by their names something, all at once; name those that took it.

        It ends within a minute, and what goes wrong with one is no matter of the others.
        """
