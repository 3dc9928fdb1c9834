"""Every fault on every endpoint: the right error, no zero, and the right next attempt.

What becomes of each is written down in `faults.md`, which a test compares.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.fetchers import (
    Balance,
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    Price,
    RateLimited,
    UnexpectedAnswer,
)
from tests.fetchers.endpoints import ENDPOINTS, Endpoint, attempt
from tests.fetchers.wire.faults import FAULTS, Fault, is_clock
from tests.fetchers.wire.server import NOW, OpenAt, RawServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Outcome:
    """What one fault of one endpoint led to."""

    error: FetchError | None
    value: Any
    asked: list[str]
    """While it misbehaved."""
    next_error: FetchError | None
    next_value: Any
    next_asked: list[str]
    """When it was asked anew, and behaved."""


async def suffer(server: RawServer, fault: Fault, open_at: OpenAt) -> Outcome:
    """Ask while the server misbehaves, and once more when it does not."""
    endpoint = server.endpoint
    server.script = None
    fetcher = open_at(server, fault.deadline_s)
    if endpoint.has_been_read:
        await attempt(endpoint, fetcher)
    server.heads.clear()
    server.script = fault.script
    error, value = await attempt(endpoint, fetcher)
    asked = server.asked
    server.heads.clear()
    server.script = None
    next_error, next_value = await attempt(endpoint, fetcher)
    return Outcome(error, value, asked, next_error, next_value, server.asked)


Outcomes = dict[str, dict[str, Outcome | None]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Keep what was found out, by fault and endpoint."""
    return {}


async def find_out(
    name: str, listening: list[RawServer], open_at: OpenAt, outcomes: Outcomes
) -> dict[str, Outcome | None]:
    """Let every endpoint misbehave in one way, all at the same time."""
    if name not in outcomes:
        fault = FAULTS[name]
        able = [
            server
            for server in listening
            if fault.spoil(server.endpoint, server.honest(server.endpoint.route)) is not None
        ]
        found = await asyncio.gather(*(suffer(server, fault, open_at) for server in able))
        by_name = {
            server.endpoint.name: outcome for server, outcome in zip(able, found, strict=True)
        }
        outcomes[name] = {endpoint.name: by_name.get(endpoint.name) for endpoint in ENDPOINTS}
    return outcomes[name]


TABLE = Path(__file__).parent / "faults.md"
RENEW = "pytest tests/fetchers/wire/test_faults.py --renew-faults"
PREAMBLE = f"""# What becomes of each fault

Every way in which an exchange can misbehave, on everything that is asked for. A test fills this
table over real sockets and compares it with this file; after a change that is meant:
`{RENEW}`.

Before the point: what came of it.

- *unexpected, unavailable, limited, clock off, key refused*: the error `UnexpectedAnswer`,
  `ExchangeUnavailable`, `RateLimited`, `ClockSkewed`, `CredentialsRejected`. There are no balances
  then, and no zeros.
- *good*: read all the same, rightly. *nothing held*: CoinW leaves out the data where nothing is
  held. *available part*: total and held are unknown. *left out*: a market without a usable price
  has none; the others have theirs.
- *by the clock*: the exchange's clock was asked, and then once more. *other way*: the other
  command, or the other version, was asked, too.

After the point: what the next attempt does, when the exchange behaves again.

- *again*: it asks at once, and is answered. *in 7 s*: nothing is asked before. *later*: the pause
  is kept, and what belongs to it left out. *other way*: it keeps to the way that has worked.
- —: there is no such fault here.
"""

WORDS: Mapping[type[FetchError], str] = {
    ClockSkewed: "clock off",
    CredentialsRejected: "key refused",
    ExchangeUnavailable: "unavailable",
    PermissionMissing: "not permitted",
    RateLimited: "limited",
    UnexpectedAnswer: "unexpected",
}


def worth_of(value: Any, honest: Any) -> str:
    """Compare a value that came of a fault with the honest one; "" is one that is wrong."""
    if value == honest:
        return "good"
    if value == ():
        return "nothing held"
    if isinstance(value, tuple) and all(isinstance(one, Price) for one in value):
        return "left out" if set(value) < set(honest) else ""
    if isinstance(value, tuple) and all(isinstance(one, Balance) for one in value):
        parts = tuple(replace(balance, total=None, held=None) for balance in honest)
        return "available part" if value == parts else ""
    return ""


def cell_of(endpoint: Endpoint, outcome: Outcome | None, honest: Any) -> str:
    """Put an outcome into a few words."""
    if outcome is None:
        return "—"
    if outcome.error:
        words = WORDS[type(outcome.error)]
    else:
        words = worth_of(outcome.value, honest) or "WRONG"
    after = outcome.asked[outcome.asked.index(endpoint.route) + 1 :]
    if any(is_clock(route) for route in after):
        words += ", by the clock"
    elif endpoint.is_wallet and after:
        words += ", other way"
    return f"{words} · {next_words(endpoint, outcome, honest)}"


def next_words(endpoint: Endpoint, outcome: Outcome, honest: Any) -> str:
    if isinstance(outcome.next_error, RateLimited) and not outcome.next_asked:
        seconds = (outcome.next_error.retry_at - NOW).total_seconds()
        return f"in {seconds:.0f} s"
    if outcome.next_error:
        return f"WRONG: {WORDS[type(outcome.next_error)]}"
    if endpoint.route not in outcome.next_asked:
        return "other way" if endpoint.is_wallet else "later"
    return "again" if outcome.next_value == honest else "WRONG"


def is_meant(endpoint: Endpoint, name: str, words: str) -> bool:
    """Say whether it is by design that a fault is not the error that it usually is."""
    is_no_way = name.startswith(("HTTP 404", "code "))
    match words:
        case "left out" | "left out, other way":
            return "price" in endpoint.name
        case "good":
            return (endpoint.name, name) == ("okx list of sub-accounts", "row twice")
        case "good, by the clock":
            return FAULTS[name].until_clock
        case "nothing held":
            return endpoint.exchange == "coinw" and name == "data missing"
        case "available part, other way":
            return endpoint.name == "coinw spot, complete" and is_no_way
        case "key refused":  # so it is where there is no version 4, and the key is wrong
            return endpoint.name == "xt spot, version 4" and name.startswith("HTTP 404")
    return False


@pytest.mark.parametrize("name", FAULTS)
async def test_what_becomes_of_a_fault(
    listening: list[RawServer],
    open_at: OpenAt,
    outcomes: Outcomes,
    honest: dict[str, Any],
    name: str,
) -> None:
    """Each has its error and its words on every endpoint, no value, and the right next attempt."""
    fault = FAULTS[name]
    found = await find_out(name, listening, open_at, outcomes)
    assert any(found.values())
    for endpoint in ENDPOINTS:
        outcome = found[endpoint.name]
        if outcome is None:
            continue
        cell = cell_of(endpoint, outcome, honest[endpoint.name])
        words, _, following = cell.partition(" · ")
        assert "WRONG" not in cell, endpoint.name
        if not is_meant(endpoint, name, words):
            assert type(outcome.error) is fault.error, (endpoint.name, cell)
            assert outcome.value is None
            # Where no command is open at all, what the better one says is told.
            assert fault.text in str(outcome.error) or "(code -3)" in str(outcome.error)
            assert endpoint.exchange in str(outcome.error)
        assert following.startswith("in ") == (fault.error is RateLimited) or following == "later"
        assert outcome.asked.count(endpoint.route) == (2 if "by the clock" in words else 1)
        assert "other way" not in words or not endpoint.has_been_read


def as_table(cells: dict[str, list[str]]) -> str:
    """Write Markdown."""
    lines = [["fault", *(endpoint.name for endpoint in ENDPOINTS)], ["---"] * (len(ENDPOINTS) + 1)]
    lines += [[name, *row] for name, row in cells.items()]
    return "\n".join([PREAMBLE, *(f"| {' | '.join(line)} |" for line in lines), ""])


async def test_the_table_of_faults_is_true(
    listening: list[RawServer],
    open_at: OpenAt,
    outcomes: Outcomes,
    honest: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    """`faults.md` says what was found out, for every fault on every endpoint."""
    cells = {}
    for name in FAULTS:
        found = await find_out(name, listening, open_at, outcomes)
        cells[name] = [cell_of(of, found[of.name], honest[of.name]) for of in ENDPOINTS]
    table = as_table(cells)
    if request.config.getoption("--renew-faults", default=False):
        TABLE.write_text(table, "utf-8")
    assert TABLE.read_text("utf-8").splitlines() == table.splitlines(), f"if it is meant: {RENEW}"
