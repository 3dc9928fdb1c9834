"""What every fetcher does alike: a deadline, a corrected clock, and a reading whatever happens."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

import httpx

from ._clock import Clock
from ._http import HEADERS, Call, Deadline, Dialect, HttpClient, TimeRefused, Wire
from ._limits import Limit, Pacer
from ._parsing import Malformed
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    FetchError,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, KeyReport, Price, Reading, SubAccount

T = TypeVar("T")
Content = Mapping[str, object]

_TOLERATED_SKEW = timedelta(seconds=5)  # the servers take 30 s; less than this is the network's


@dataclass(frozen=True, slots=True)
class Source:
    """Where a wallet is read, and how its answer becomes balances."""

    call: Call
    parse: Callable[[Content], tuple[Balance, ...]]


class Fetcher(ABC):
    """Reads the wallets of one account; made by `open_fetcher()`.

    One exchange is a subclass with a `dialect`, an `httpx.Auth`, the wallets it knows and pure
    functions that parse their answers. All wallets may be read at the same time.
    """

    dialect: ClassVar[Dialect]

    def __init__(
        self,
        credentials: Credentials,
        http: HttpClient,
        *,
        base_url: httpx.URL,
        demo: bool,
        pacer: Pacer,
        clock: Clock,
        deadline: timedelta,
    ) -> None:
        self._clock = clock
        self._offset = timedelta(0)  # what the exchange's clock is ahead of ours
        self._deadline = deadline
        self._base_url = str(base_url).rstrip("/")
        self._flaw = _flaw_of(credentials)
        # What cannot be sent must not come near a header, or the text of an encoding error.
        sendable = Credentials("", "") if self._flaw else credentials
        self._auth = self.build_auth(sendable, demo=demo)
        self._sources: dict[str, Source] = {}
        self._wire = Wire(
            self.dialect,
            http,
            pacer=pacer,
            clock=clock,
            host=base_url.netloc.decode("ascii"),
            user=credentials.api_key,
        )

    @abstractmethod
    def build_auth(self, credentials: Credentials, *, demo: bool) -> httpx.Auth:
        """Make what signs the requests, by the time of `exchange_time()`."""

    @abstractmethod
    def build_source(self, wallet: str) -> Source | None:
        """Prepare what can be prepared for a wallet; None: the exchange has no such wallet."""

    def build_clock(self) -> tuple[Call, Callable[[Content], datetime]] | None:
        """Prepare the reading of the exchange's clock; None: it shows none."""
        return None

    async def fetch(self, wallet: str) -> Reading:
        """Read one wallet; a failure is a reading with `error`, and may be repeated at any time.

        Raises:
            ValueError: The exchange has no such wallet.
        """
        source = self._sources.get(wallet) or self._prepared(wallet)
        try:
            balances = await self._read(source)
        except FetchError as e:
            # Its frames would keep the answer in memory, and the signed request.
            return Reading(wallet, self._clock(), None, e.with_traceback(None))
        return Reading(wallet, self._clock(), balances)

    async def measure_clock(self) -> timedelta | None:
        """Ask how far the exchange's clock is ahead of ours; None where it shows none.

        Raises:
            FetchError: It could not be read.
        """
        return await self._measure(self._new_deadline())

    async def list_sub_accounts(self) -> tuple[SubAccount, ...]:
        """List the sub-accounts of the account, by their names; frozen ones, too.

        Raises:
            FetchError: The list could not be read, or not to its end.
            ValueError: The exchange has no sub-accounts that could be read.
        """
        raise ValueError(f"{self.dialect.exchange} has no sub-accounts that could be read")

    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for the last prices of everything that is traded, without using the key.

        Raises:
            FetchError: They could not be read.
        """
        raise NotImplementedError

    async def check_key(self) -> KeyReport:
        """Ask what the key may do; whether it can read a wallet, only a reading tells.

        Raises:
            FetchError: The key was refused, or could not be asked about.
        """
        return KeyReport(may=None, addresses=None)

    def exchange_time(self) -> datetime:
        """Tell the time as far as the exchange has corrected it."""
        return self._clock() + self._offset

    def call(
        self,
        method: str,
        target: str,
        *limits: Limit,
        content_type: str = "",
        public: bool = False,
    ) -> Call:
        """Prepare a request to a path with its query, which counts in these windows."""
        extra = {"Content-Type": content_type} if content_type else {}
        url = httpx.URL(self._base_url + target)
        headers = httpx.Headers({**HEADERS, **extra})
        return Call(method, url, headers, limits, None if public else self._auth)

    def _prepared(self, wallet: str) -> Source:
        source = self.build_source(wallet)
        if source is None:
            raise ValueError(f"{self.dialect.exchange} has no wallet {wallet!r}")
        self._sources[wallet] = source
        return source

    async def _read(self, source: Source) -> tuple[Balance, ...]:
        if self._flaw:
            raise CredentialsRejected(f"{self.dialect.exchange} was not asked: {self._flaw}")
        content = await self._ask(source.call, self._new_deadline())
        return self._parsed(source.parse, content)

    async def _ask(self, call: Call, deadline: Deadline) -> Content:
        """Ask, and once more by the exchange's clock if ours may be the reason of a refusal."""
        used = self._offset
        try:
            return await self._wire.request(call, deadline)
        except TimeRefused as e:
            error = e.error
        if not await self._correct_clock(used, deadline):
            raise error
        try:
            return await self._wire.request(call, deadline)
        except TimeRefused as e:
            error = e.error
        raise self._still_refused(error)

    async def _correct_clock(self, used: timedelta, deadline: Deadline) -> bool:
        """Take over the exchange's clock; say whether that differs from the correction used."""
        if abs(self._offset - used) > _TOLERATED_SKEW:
            return True  # another fetch has just done it
        try:
            offset = await self._measure(deadline)
        except FetchError:
            return False  # what the exchange said before tells more
        if offset is None or abs(offset - used) <= _TOLERATED_SKEW:
            return False
        self._offset = offset
        return True

    async def _measure(self, deadline: Deadline) -> timedelta | None:
        clock = self.build_clock()
        if clock is None:
            return None
        call, parse = clock
        asked_at = self._clock()
        content = await self._wire.request(call, deadline)
        answered_at = self._clock()
        return self._parsed(parse, content) - (asked_at + (answered_at - asked_at) / 2)

    def _still_refused(self, error: FetchError) -> FetchError:
        if isinstance(error, CredentialsRejected):
            return error  # the time is right now, so the signature is not
        ahead_s = -self._offset.total_seconds()
        way = "ahead of" if ahead_s > 0 else "behind"
        return ClockSkewed(
            f"our clock is {abs(ahead_s):.0f} s {way} that of {self.dialect.exchange}, "
            "which refuses the corrected time, too"
        )

    def _parsed(self, parse: Callable[[Content], T], content: Content) -> T:
        try:
            return parse(content)
        except Malformed as e:
            flaw = str(e)
        raise UnexpectedAnswer(
            f"{self.dialect.exchange} gave an answer that is no balance: {flaw}"
        )

    def _new_deadline(self) -> Deadline:
        seconds = self._deadline.total_seconds()
        return Deadline(seconds, f"{seconds:g} s")


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
