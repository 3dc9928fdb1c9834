"""What every fetcher does alike: a deadline, a corrected clock, and a reading whatever happens."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import httpx

from ._clock import Clock
from ._http import HEADERS, Call, Deadline, Dialect, HttpClient, Refused, Sign, Wire
from ._limits import Limit, Pacer
from ._parsing import Malformed
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    FetchError,
    RateLimited,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, KeyReport, Price, Reading, SubAccount

_log = logging.getLogger(__name__)

T = TypeVar("T")
Content = Mapping[str, object]

_TRY_BETTER_AFTER = timedelta(hours=1)
_TOLERATED_SKEW = timedelta(seconds=5)  # the servers take 30 s; less than this is the network's


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """Where something is asked for, and how the answer is understood."""

    call: Call
    parse: Callable[[Content], T]
    clock: "Source[datetime] | None" = None
    """Shows the time that requests to it must have; None: they have none."""


Balances = tuple[Balance, ...]


@dataclass(slots=True)
class _Ways:
    """The ways to one wallet, the best first, and the one that has once led there."""

    sources: tuple[Source[Balances], ...]
    taken: Source[Balances] | None = None
    better_after: datetime | None = None
    """From when on a better way than the taken one is worth a try."""
    paused: Source[Balances] | None = None
    """The one that wants a pause: those before it, which are not open, are not asked meanwhile."""

    def open(self, now: datetime) -> tuple[Source[Balances], ...]:
        if self.paused is not None:
            return (self.paused,)
        if self.taken is None or (self.better_after and now >= self.better_after):
            return self.sources
        return (self.taken,)

    def take(self, source: Source[Balances], now: datetime) -> None:
        if len(self.open(now)) > 1:
            self.taken = source
            is_best = source is self.sources[0]
            self.better_after = None if is_best else now + _TRY_BETTER_AFTER


class Fetcher(ABC):
    """Reads the wallets of one account; made by `open_fetcher()`.

    One exchange is a subclass that says what it asks where, and how it signs; the answers are
    understood by pure functions. All wallets may be read at the same time.
    """

    exchange: str
    """Its slug."""

    def __init__(
        self,
        credentials: Credentials,
        http: HttpClient,
        *,
        base_url: httpx.URL | None,
        demo: bool,
        version: str | None,
        pacer: Pacer,
        clock: Clock,
        deadline: timedelta,
    ) -> None:
        self._clock = clock
        self._offset = timedelta(0)  # what the exchange's clock is ahead of ours
        self._deadline = deadline
        self._base_url = str(base_url or "").rstrip("/")
        self._flaw = _flaw_of(credentials)
        self._wallets: dict[str, _Ways] = {}
        self._wire = Wire(http, pacer=pacer, clock=clock, user=credentials.api_key)
        # What cannot be sent must not come near a header, or the text of an encoding error.
        sendable = Credentials("", "") if self._flaw else credentials
        self.set_up(sendable, demo=demo, version=version)

    @abstractmethod
    def set_up(self, credentials: Credentials, *, demo: bool, version: str | None) -> None:
        """Prepare what is the same for all requests; they are signed by `exchange_time()`."""

    @abstractmethod
    def sources_of(self, wallet: str) -> tuple[Source[Balances], ...]:
        """Name the ways to read a wallet, the best first; (): the exchange has no such wallet.

        The next one is tried when a way turns out not to be open to this key, until one has
        worked: from then on that is the way, but that the best one is tried again once an hour.
        """

    @property
    def clock_source(self) -> Source[datetime] | None:
        """Where the exchange shows its clock; None: nowhere."""
        return None

    async def fetch(self, wallet: str) -> Reading:
        """Read one wallet; a failure is a reading with `error`, and may be repeated at any time.

        Raises:
            ValueError: The exchange has no such wallet.
        """
        if not self.has_wallet(wallet):
            raise ValueError(f"{self.exchange} has no wallet {wallet!r}")
        try:
            balances = await self.read(wallet)
        except FetchError as e:
            # Its frames would keep the answer in memory, and the signed request.
            return Reading(wallet, self._clock(), None, e.with_traceback(None))
        except Exception as e:  # noqa: BLE001 - no answer may break who reads many wallets
            broken = type(e).__name__  # no more of it: it may carry the answer, or the request
            _log.warning("reading %s broke off in a way not foreseen: %s", self.exchange, broken)
            error = UnexpectedAnswer(f"{self.exchange} gave an answer that broke us ({broken})")
            return Reading(wallet, self._clock(), None, error)
        return Reading(wallet, self._clock(), balances)

    async def list_sub_accounts(self) -> tuple[SubAccount, ...]:
        """List the sub-accounts of the account, by their names; frozen ones, too.

        Raises:
            FetchError: The list could not be read, or not to its end.
            ValueError: The exchange has no sub-accounts that could be read.
        """
        raise ValueError(f"{self.exchange} has no sub-accounts that could be read")

    @abstractmethod
    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for the last prices of everything that is traded, without using the key.

        What has no usable price is left out.

        Raises:
            FetchError: They could not be read.
        """

    async def check_key(self) -> KeyReport:
        """Ask what the key may do; whether it can read a wallet, only a reading tells.

        Raises:
            FetchError: The key was refused, or could not be asked about.
        """
        return KeyReport(may=None, addresses=None)

    async def measure_clock(self) -> timedelta | None:
        """Ask how far the exchange's clock is ahead of ours; None where it shows none.

        Raises:
            FetchError: It could not be read.
        """
        source = self.clock_source
        return None if source is None else await self._measure(source, self.new_deadline())

    def sweep_floor(self, wallets: Iterable[str]) -> timedelta:
        """Tell how often, at most, the limits let all these wallets be read again and again."""
        needed: dict[Limit, int] = {}
        for wallet in wallets:
            for source in self._ways_to(wallet).open(self._clock())[:1]:
                for limit in source.call.limits:
                    needed[limit] = needed.get(limit, 0) + 1
        floors = (limit.period * count / limit.requests for limit, count in needed.items())
        return max(floors, default=timedelta(0))

    def taken_source(self, wallet: str) -> Source[Balances] | None:
        """Tell which way to a wallet has worked; None: it was not read yet."""
        return self._ways_to(wallet).taken

    def exchange_time(self) -> datetime:
        """Tell the time as far as the exchange has corrected it."""
        return self._clock() + self._offset

    def call(
        self,
        dialect: Dialect,
        target: str,
        *limits: Limit,
        method: str = "GET",
        sign: Sign | None = None,
        content_type: str = "",
        base_url: str = "",
    ) -> Call:
        """Prepare a request to a path with its query, which counts in these windows."""
        url = httpx.URL((base_url or self._base_url) + target)
        headers = [("Host", url.netloc.decode("ascii")), *HEADERS]
        headers += [("Content-Type", content_type)] if content_type else []
        headers += [("Content-Length", "0")] if method != "GET" else []
        return Call(dialect, method, url, tuple(headers), limits, sign)

    async def ask(self, source: Source[T], *, within: Deadline | None = None) -> T:
        """Ask for something and understand the answer; signed requests need a sendable key.

        Raises:
            FetchError: There is no good answer.
        """
        failure: FetchError
        try:
            return await self._ask(source, within or self.new_deadline())
        except Refused as e:
            failure = e.error
        raise failure

    def _ways_to(self, wallet: str) -> _Ways:
        ways = self._wallets.get(wallet)
        if ways is None:
            ways = _Ways(self.sources_of(wallet))
            if ways.sources:
                self._wallets[wallet] = ways
        return ways

    def has_wallet(self, wallet: str) -> bool:
        """Say whether an account can have this wallet; a sub-account need not exist."""
        return bool(self._ways_to(wallet).sources)

    async def read(self, wallet: str) -> Balances:
        """Read by the way that is known to be open, or by the first that turns out to be.

        Raises:
            FetchError: It could not be read.
        """
        ways = self._ways_to(wallet)
        deadline = self.new_deadline()
        refusals: list[Refused] = []
        sources, ways.paused = ways.open(self._clock()), None
        for source in sources:
            try:
                balances = await self._ask(source, deadline)
            except RateLimited:
                ways.paused = source
                raise
            except Refused as e:
                refusals.append(e)
                if not e.elsewhere:
                    break
            else:
                ways.take(source, self._clock())
                return balances
        raise _most_telling(refusals)

    async def _ask(self, source: Source[T], deadline: Deadline) -> T:
        """Ask, and once more by the exchange's clock if ours may be the reason of a refusal."""
        if self._flaw and source.call.sign is not None:
            raise CredentialsRejected(f"{self.exchange} was not asked: {self._flaw}")
        used = self._offset
        try:
            return self._parsed(source, await self._wire.request(source.call, deadline))
        except Refused as e:
            refused = e
        if source.clock is None or not refused.may_be_clock:
            raise refused
        if not await self._correct_clock(source.clock, used, deadline):
            raise refused
        try:
            return self._parsed(source, await self._wire.request(source.call, deadline))
        except Refused as e:
            refused = e
        raise Refused(self._still_refused(refused.error)) if refused.may_be_clock else refused

    async def _correct_clock(
        self, clock: Source[datetime], used: timedelta, deadline: Deadline
    ) -> bool:
        """Take over the exchange's clock; say whether that differs from the correction used."""
        if abs(self._offset - used) > _TOLERATED_SKEW:
            return True  # another fetch has just done it
        try:
            offset = await self._measure(clock, deadline)
        except FetchError:
            return False  # what the exchange said before tells more
        if abs(offset - used) <= _TOLERATED_SKEW:
            return False
        self._offset = offset
        return True

    async def _measure(self, clock: Source[datetime], deadline: Deadline) -> timedelta:
        asked_at = self._clock()
        shown = await self.ask(clock, within=deadline)
        answered_at = self._clock()
        return shown - (asked_at + (answered_at - asked_at) / 2)

    def _still_refused(self, error: FetchError) -> FetchError:
        if isinstance(error, CredentialsRejected):
            return error  # the time is right now, so the signature is not
        ahead_s = -self._offset.total_seconds()
        way = "ahead of" if ahead_s > 0 else "behind"
        return ClockSkewed(
            f"our clock is {abs(ahead_s):.0f} s {way} that of {self.exchange}, "
            "which refuses the corrected time, too"
        )

    def _parsed(self, source: Source[T], content: Content) -> T:
        try:
            return source.parse(content)
        except Malformed as e:
            flaw = str(e)
        raise UnexpectedAnswer(f"{self.exchange} gave an unusable answer: {flaw}")

    def new_deadline(self) -> Deadline:
        """Begin to count the network time of one reading."""
        seconds = self._deadline.total_seconds()
        return Deadline(seconds, f"{seconds:g} s")


def _most_telling(refusals: list[Refused]) -> FetchError:
    """Choose what to say when no way was open.

    That a key is unknown on one way is no reason to call it wrong while another way gives answers
    that nobody understands; unless there is no such way at all.
    """
    last = refusals[-1]
    if not last.elsewhere:
        return last.error
    if last.is_absent:
        return refusals[0].error
    odd = (refused.error for refused in refusals if isinstance(refused.error, UnexpectedAnswer))
    return next(odd, last.error)


def _flaw_of(credentials: Credentials) -> str | None:
    """Name what cannot be sent as a header or in an address, and so cannot be right."""
    parts = {"API key": credentials.api_key, "API secret": credentials.api_secret}
    if credentials.passphrase is not None:
        parts["passphrase"] = credentials.passphrase
    for name, value in parts.items():
        if not value:
            return f"the {name} is empty"
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            return f"the {name} has a space or a character in it that no key has"
    return None
