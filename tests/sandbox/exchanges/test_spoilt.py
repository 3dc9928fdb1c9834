"""Every fault really spoils what an endpoint tells: all endpoints, all faults of the answer."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.sandbox.exchanges import EMULATORS, ENDPOINTS
from bot.sandbox.exchanges._judge import Call, Refused, User
from bot.sandbox.faults import FAULTS, Answer, Fault
from bot.sandbox.world import Account, Key, World

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
QUERY = {"subAcct": "desk1", "instType": "SPOT"}
PUBLIC = {"public/time", "market/tickers", "market/exchange-rate", "returnTicker"}
PUBLIC |= {"getServerTime", "getTickers", "v4/public/time"}


@dataclass(frozen=True)
class Place:
    """Where an endpoint has its rows, and what the first of them tells."""

    rows: tuple[str | int, ...]
    amounts: frozenset[str] = frozenset()
    """The names of the amounts; none where the row is the amount."""
    name: str | None = None
    """The member that says what the row is about; none where it is its name or the time."""


def place(rows: tuple[str | int, ...], amounts: str = "", name: str | None = None) -> Place:
    return Place(rows, frozenset(amounts.split()), name)


DETAILS = place(("data", 0, "details"), "availBal cashBal eq frozenBal liab upl", "ccy")
FUNDING = place(("data",), "availBal bal frozenBal", "ccy")
STAKED = place(("data",), "amt latestInterestAccrual totalInterestAccrual", "ccy")
PLACES: Mapping[str, Place] = {
    "asset/balances": FUNDING,
    "asset/subaccount/balances": FUNDING,
    "account/balance": DETAILS,
    "account/subaccount/balances": DETAILS,
    "finance/savings/balance": place(
        ("data",), "amt earnings loanAmt pendingAmt rate redemptAmt", "ccy"
    ),
    "finance/staking-defi/eth/balance": STAKED,
    "finance/staking-defi/sol/balance": STAKED,
    # Neither has amounts, so all of the row is spoilt.
    "users/subaccount/list": place(("data",), "enable label subAcct ts type uid", "subAcct"),
    "account/config": place(("data",), "acctLv ip label mainUid perm uid", "perm"),
    "public/time": place(("data",), "ts"),
    "market/tickers": place(("data",), "askPx bidPx last", "instId"),
    "market/exchange-rate": place(("data",), "usdCny"),
    "returnBalances": place(("data",)),
    "returnCompleteBalances": place(("data",), "available onOrders"),
    "returnTicker": place(("data",), "highestBid last lowestAsk"),
    "getBalance": place(("data",), "available freeze"),
    "getServerTime": place(("data",)),
    "getTickers": place((), "high low price"),
    "v4/balances": place(
        ("result", "assets"), "availableAmount frozenAmount totalAmount", "currency"
    ),
    "v4/public/time": place(("result",)),
}
ALL = [(slug, endpoint) for slug, names in ENDPOINTS.items() for endpoint in names]

IN_THE_ANSWER = [f for f in FAULTS.values() if f.kind not in ("silent", "lost", "clock")]

# What json would make the same of is told apart by a mark.
WRITTEN: Mapping[str, object] = {
    "amount_nan": "constant NaN",
    "amount_nan_text": "NaN",
    "amount_infinity": "constant Infinity",
    "amount_infinity_text": "Infinity",
    "amount_huge": "number 1e999",
    "amount_huge_text": "1e999",
    "amount_boolean": True,
    "amount_null": None,
    "amount_empty": "",
    "amount_in_words": "1,234.5",
}


def furnished(slug: str) -> tuple[World, Account]:
    """Build a world where every endpoint of an exchange has two rows to tell, if it can."""
    world = World()
    account = world.add_account(slug, Key("k", "s", addresses=frozenset({"203.0.113.9"})))
    if slug == "okx":
        for name in ("desk1", "desk2"):
            account.add_sub(name)
        account.stake("1", taken_at=NOW)
        account.stake_sol("1")
    for wallet in account.wallets:
        account.set(wallet, "USDT", available="100.50", held="1")
        account.set(wallet, "BTC", available="2")
    for coin in ("BTC", "ETH"):
        world.set_price(slug, coin, "USDT", "97412.30")
    return world, account


def call(endpoint: str) -> Call:
    return Call("GET", "/", "/", QUERY, {}, b"", "127.0.0.1", NOW)


def honest(slug: str, endpoint: str) -> Answer:
    """Answer as the emulator would, whoever asks."""
    world, account = furnished(slug)
    user = None if endpoint in PUBLIC else User(account, world.keys(account)[0])
    return EMULATORS[slug](world).answer(call(endpoint), endpoint, user)


async def spoilt(fault: Fault, answer: Answer) -> Any:
    return await fault.act(make_mocked_request("GET", "/"), answer)


def parse(body: bytes) -> Any:
    return json.loads(
        body,
        parse_constant=lambda text: f"constant {text}",
        parse_float=lambda text: f"number {text}",
    )


async def parsed(name: str, slug: str, endpoint: str) -> tuple[Any, Any]:
    """Give the honest answer and the spoilt one."""
    answer = honest(slug, endpoint)
    response = await spoilt(FAULTS[name], answer)
    assert response.status == 200
    return parse(answer.body()), parse(response.body)


def rows_of(payload: Any, endpoint: str) -> Any:
    for step in PLACES[endpoint].rows:
        payload = payload[step]
    return payload


def first(rows: Any) -> Any:
    return rows[0] if isinstance(rows, list) else next(iter(rows.values()))


def others(rows: Any, where: Any) -> Any:
    """Give what is left without the first row."""
    rest = deepcopy(rows)
    del rest[where]
    return rest


def where_first(rows: Any) -> Any:
    return 0 if isinstance(rows, list) else next(iter(rows))


def test_every_endpoint_has_its_place() -> None:
    """A new endpoint needs a line above."""
    assert PLACES.keys() == {endpoint for _, endpoint in ALL}


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
def test_places_are_right(slug: str, endpoint: str) -> None:
    """An honest answer has rows where the table says, and the first has these amounts."""
    rows = rows_of(parse(honest(slug, endpoint).body()), endpoint)
    row, spot = first(rows), PLACES[endpoint]
    assert spot.amounts <= (row.keys() if isinstance(row, dict) else set())
    assert isinstance(row, dict) == bool(spot.amounts)
    assert spot.name is None or spot.name in row


@pytest.mark.parametrize("fault", IN_THE_ANSWER, ids=lambda fault: fault.name)
async def test_no_fault_is_honest(fault: Fault) -> None:
    """Status, headers or body differ from the honest answer, whatever was asked."""
    for slug, endpoint in ALL:
        answer = honest(slug, endpoint)
        good, bad = answer.response(), await spoilt(fault, answer)
        differs = (bad.status, bad.body) != (good.status, good.body)
        assert differs or "Content-Encoding" in bad.headers, endpoint


@pytest.mark.parametrize("fault", IN_THE_ANSWER, ids=lambda fault: fault.name)
async def test_a_refusal_can_be_spoilt(fault: Fault) -> None:
    """It has no rows, and need not have data; no fault breaks the server over that."""
    for slug, endpoint in ALL:
        judge = EMULATORS[slug](World())
        for refused in (Refused("404", "no", status=404), judge.too_many()):
            await spoilt(fault, judge.refusal(refused, endpoint))


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
async def test_codes(slug: str, endpoint: str) -> None:
    """The code has the other type, is gone, null or unknown; a bare answer gets what it lacks."""
    code, data = ("rc", "result") if slug == "xt" and endpoint[:2] == "v4" else ("code", "data")
    good, wrong = await parsed("code_of_wrong_type", slug, endpoint)
    told = good.get(code, 200) if endpoint == "getTickers" else good[code]
    assert (type(wrong[code]), int(wrong[code])) == ({str: int, int: str}[type(told)], int(told))
    _, missing = await parsed("code_missing", slug, endpoint)
    _, null = await parsed("code_null", slug, endpoint)
    _, unknown = await parsed("code_unknown", slug, endpoint)
    assert code not in missing
    assert null[code] is None
    assert unknown[code] == "987654321"
    assert unknown.get("mc", unknown[code]) == "987654321"
    for payload in (wrong, missing, null, unknown):
        assert payload[data] == good.get(data, good)


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
async def test_data(slug: str, endpoint: str) -> None:
    """Data is gone, null, text, of another shape; rows inside of it are gone or null."""
    data = "result" if slug == "xt" and endpoint[:2] == "v4" else "data"
    good, missing = await parsed("data_missing", slug, endpoint)
    _, null = await parsed("data_null", slug, endpoint)
    _, text = await parsed("data_text", slug, endpoint)
    _, other = await parsed("data_wrong_shape", slug, endpoint)
    assert data not in missing
    assert null[data] is None
    assert text[data] == "[]"
    assert other[data] == ({} if isinstance(good.get(data), list) else [])
    _, rowless = await parsed("rows_missing", slug, endpoint)
    _, nullrows = await parsed("rows_null", slug, endpoint)
    *outside, name = PLACES[endpoint].rows or ("data",)
    for step in outside:
        rowless, nullrows = rowless[step], nullrows[step]
    assert nullrows[name] is None
    assert (name not in rowless) if outside else rowless[name] is None


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
async def test_amounts(slug: str, endpoint: str) -> None:
    """Every amount of the first row is written so, and nothing else is changed."""
    spot = PLACES[endpoint]
    for name, written in WRITTEN.items():
        good, bad = (rows_of(payload, endpoint) for payload in await parsed(name, slug, endpoint))
        where = where_first(good)
        if spot.amounts:
            assert {bad[where][amount] for amount in spot.amounts} == {written}, name
            kept = good[where].keys() - spot.amounts
            assert all(bad[where][member] == good[where][member] for member in kept)
        else:
            assert bad[where] == written
        assert others(bad, where) == others(good, where)


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
async def test_rows(slug: str, endpoint: str) -> None:
    """The first row loses its shape, its amounts, what it is about; the others stay."""
    spot = PLACES[endpoint]
    good, shapeless = (
        rows_of(p, endpoint) for p in await parsed("row_wrong_shape", slug, endpoint)
    )
    amountless = rows_of((await parsed("row_without_amount", slug, endpoint))[1], endpoint)
    nameless = rows_of((await parsed("row_without_currency", slug, endpoint))[1], endpoint)
    where = where_first(good)
    assert shapeless[where] == ["1"]
    assert not spot.amounts & (amountless[where] or {}).keys()
    assert others(shapeless, where) == others(amountless, where) == others(good, where)
    if isinstance(good, dict):
        assert nameless == {**others(good, where), "": good[where]}
    elif spot.name is None:
        assert nameless == [{}, *good[1:]]
    else:
        assert spot.name not in nameless[0]
        assert nameless[1:] == good[1:]


@pytest.mark.parametrize(("slug", "endpoint"), ALL)
async def test_duplicates(slug: str, endpoint: str) -> None:
    """The first row comes twice."""
    answer = honest(slug, endpoint)
    rows = rows_of(parse(answer.body()), endpoint)
    body = (await spoilt(FAULTS["duplicate_coin"], answer)).body
    if isinstance(rows, list):
        assert rows_of(parse(body), endpoint) == [*rows, rows[0]]
    else:
        name = f'"{next(iter(rows))}":'.encode()
        assert body.count(name) == answer.body().count(name) + 1
        assert b"@" not in body
