"""What the use cases need from the world: clock, exchanges, chats, other channels."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.core.delivery import Chat, Outcome
from bot.core.digest import Digest
from bot.core.elsewhere import Late
from bot.core.events import Event
from bot.core.faces import Face
from bot.core.valuation import Currency, PriceBook
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


CheckOutcome = Literal["kept", "lease_lost", "broken"]


class Tally(Protocol):
    """Counts what happens, for whoever watches the bot from outside; never fails, never waits."""

    def read(self, exchange: str, outcome: str, *, seconds: float) -> None:
        """Count that a wallet was asked for: `ok`, or the class of the error."""

    def checked(self, outcome: CheckOutcome) -> None:
        """Count a check of an account."""

    def sent(self, outcome: Outcome) -> None:
        """Count an attempt to send a message of the outbox."""

    def rate_limited(self) -> None:
        """Count that Telegram wanted a pause."""

    def told(self, events: Iterable[Event]) -> None:
        """Count the episodes that begin or end with these."""


class Uncounted:
    """The tally of who is not watched."""

    def read(self, exchange: str, outcome: str, *, seconds: float) -> None:
        """See the port."""

    def checked(self, outcome: CheckOutcome) -> None:
        """See the port."""

    def sent(self, outcome: Outcome) -> None:
        """See the port."""

    def rate_limited(self) -> None:
        """See the port."""

    def told(self, events: Iterable[Event]) -> None:
        """See the port."""


UNCOUNTED: Tally = Uncounted()


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


class PriceSource(Protocol):
    """Has the last prices of all markets."""

    @property
    def markets(self) -> Mapping[str, str]:
        """By the name of each account, the market where its coins are priced."""

    def book(self, currency: Currency) -> PriceBook:
        """Return the prices, told in a currency."""


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
