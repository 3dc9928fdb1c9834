"""OKX: who is believed, what is answered, and how much is too much."""

import base64
import functools
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.exchanges import EMULATORS, ENDPOINTS
from bot.sandbox.exchanges._judge import Call, User
from bot.sandbox.world import Key, World

FUNDING = "/api/v5/asset/balances"
SUB = "/api/v5/asset/subaccount/balances"
STAKING = "/api/v5/finance/staking-defi/eth/balance"
TRADING = "/api/v5/account/balance"
SUB_TRADING = "/api/v5/account/subaccount/balances"
SAVINGS = "/api/v5/finance/savings/balance"
SOL_STAKING = "/api/v5/finance/staking-defi/sol/balance"
SUBS = "/api/v5/users/subaccount/list"
CONFIG = "/api/v5/account/config"
TICKERS = "/api/v5/market/tickers?instType=SPOT"
EXCHANGE_RATE = "/api/v5/market/exchange-rate"
TIME = "/api/v5/public/time"

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
STAMP = "2026-01-15T09:00:00.000Z"
# Computed with openssl, not with this program's language.
FUNDING_SIGN = "THVW9F2/CTgyI32XVGzWTIhD5HKH1NCRGqB33bVJQRM="
SPACE_SIGN = "Zpw/GDLRHyzGXdatWT/kaBA+hR0EUgVNZq0YJyelTMc="
SPACE_SIGN_UNENCODED = "5JdD50ACMlsxkfUvWhQkTxCnBEMA0KX5yGuM+s2/mBo="

OpenStage = Callable[..., Awaitable[Any]]


def signed(target: str, stamp: str = STAMP, **changes: str | None) -> dict[str, str]:
    """Give the four headers, with changes; None leaves one out."""
    text = f"{stamp}GET{target}"
    digest = hmac.new(b"okx-secret", text.encode(), hashlib.sha256).digest()
    headers: dict[str, str | None] = {
        "OK-ACCESS-KEY": "okx-key",
        "OK-ACCESS-PASSPHRASE": "okx-pass",
        "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": stamp,
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


def with_key(key: Key, target: str) -> dict[str, str]:
    """Sign with another key."""
    digest = hmac.new(key.api_secret.encode(), f"{STAMP}GET{target}".encode(), hashlib.sha256)
    return {
        "OK-ACCESS-KEY": key.api_key,
        "OK-ACCESS-PASSPHRASE": key.passphrase or "",
        "OK-ACCESS-SIGN": base64.b64encode(digest.digest()).decode(),
        "OK-ACCESS-TIMESTAMP": STAMP,
    }


async def test_funding_to_the_last_digit(open_stage: OpenStage) -> None:
    """Amounts come as they were set, zeros are left out, and total is the exact sum."""
    stage = await open_stage("okx")
    stage.account.set("funding", "USDT", available="12345.678901234567890123", held="0.10")
    stage.account.set("funding", "SHIB", available="0.00000001")
    stage.account.set("funding", "ETH", available="0.000")

    reply = await stage.call(FUNDING, signed(FUNDING, OK_ACCESS_SIGN=FUNDING_SIGN))

    assert reply.status == 200
    assert reply.json == {
        "code": "0",
        "msg": "",
        "data": [
            {
                "availBal": "12345.678901234567890123",
                "bal": "12345.778901234567890123",
                "ccy": "USDT",
                "frozenBal": "0.10",
            },
            {"availBal": "0.00000001", "bal": "0.00000001", "ccy": "SHIB", "frozenBal": "0"},
        ],
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"OK_ACCESS_KEY": None}, "50103"),
        ({"OK_ACCESS_PASSPHRASE": None}, "50104"),
        ({"OK_ACCESS_SIGN": None}, "50106"),
        ({"OK_ACCESS_TIMESTAMP": None}, "50107"),
        ({"OK_ACCESS_KEY": "somebody"}, "50111"),
        ({"OK_ACCESS_PASSPHRASE": "wrong"}, "50105"),
        ({"OK_ACCESS_SIGN": SPACE_SIGN}, "50113"),  # good, but of another request
        ({"OK_ACCESS_SIGN": FUNDING_SIGN.lower()}, "50113"),
        ({"OK_ACCESS_TIMESTAMP": "2026-01-15T09:00:00.001Z"}, "50113"),  # not what was signed
        ({"x_simulated_trading": "1"}, "50101"),
    ],
)
async def test_refuses_a_stranger(
    open_stage: OpenStage, changes: dict[str, str | None], code: str
) -> None:
    """Each wrong header has its own code, under 401, and no data."""
    stage = await open_stage("okx")
    reply = await stage.call(FUNDING, signed(FUNDING, STAMP, **changes))
    assert (reply.status, reply.code, reply.json["data"]) == (401, code, [])


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        ("2026-01-15T09:00:30.000Z", "0"),
        ("2026-01-15T08:59:30.000Z", "0"),
        ("2026-01-15T09:00:30.001Z", "50102"),
        ("2026-01-15T08:59:29.999Z", "50102"),
        ("2026-01-15T09:00:00Z", "50112"),  # no milliseconds
        ("2026-01-15T09:00:00.000+00:00", "50112"),
        ("2026-02-30T09:00:00.000Z", "50112"),  # no such day
        ("1768467600000", "50112"),
    ],
)
async def test_window_of_the_clock(open_stage: OpenStage, stamp: str, code: str) -> None:
    """Thirty seconds either way pass, a millisecond more does not; only one form is read."""
    stage = await open_stage("okx")
    reply = await stage.call(FUNDING, signed(FUNDING, stamp))
    assert reply.code == code


async def test_signs_what_goes_over_the_wire(open_stage: OpenStage) -> None:
    """A sub-account's name with a space is signed percent-encoded, as it is sent."""
    stage = await open_stage("okx")
    stage.account.set(stage.account.add_sub("desk 1"), "ETH", available="37.11827078")
    target = f"{SUB}?subAcct=desk%201"

    good = await stage.call(target, signed(target, OK_ACCESS_SIGN=SPACE_SIGN))
    bad = await stage.call(target, signed(target, OK_ACCESS_SIGN=SPACE_SIGN_UNENCODED))

    assert [row["bal"] for row in good.json["data"]] == ["37.11827078"]
    assert bad.code == "50113"


@pytest.mark.parametrize("query", ["ccy=BTC,ETH", "ccy=BTC%2CETH", "ccy=BTC%2cETH", "ccy="])
async def test_signs_any_way_of_writing_it(open_stage: OpenStage, query: str) -> None:
    """The bytes count, not what they mean: no way of encoding is turned into another."""
    stage = await open_stage("okx")
    target = f"{FUNDING}?{query}"
    assert (await stage.call(target, signed(target))).code == "0"
    if "%2C" in query:
        other = signed(target.replace("%2C", ","))
        assert (await stage.call(target, other)).code == "50113"


async def test_the_body_is_signed_too(open_stage: OpenStage) -> None:
    """A body that was not signed spoils the signature."""
    stage = await open_stage("okx")
    reply = await stage.call(FUNDING, signed(FUNDING), data=b"{}")
    assert reply.code == "50113"


async def test_sub_accounts(open_stage: OpenStage) -> None:
    """An empty sub-account is empty, an unknown one is refused under 200, a nameless one 400."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    replies = []
    for target in (f"{SUB}?subAcct=desk1", f"{SUB}?subAcct=ghost", SUB):
        reply = await stage.call(target, signed(target))
        replies.append((reply.status, reply.code, reply.json["data"]))
    assert replies == [(200, "0", []), (200, "59510", []), (400, "50014", [])]


async def test_a_sub_accounts_own_key(open_stage: OpenStage) -> None:
    """It reads its own funding account, not that of others, and is another user for limits."""
    stage = await open_stage("okx")
    stage.account.set(stage.account.add_sub("desk1"), "BTC", available="1.5")
    stage.account.set("funding", "BTC", available="9")
    key = Key("sub-key", "sub-secret", "sub-pass", sub="desk1")
    stage.world.add_key(stage.account, key)
    target = f"{SUB}?subAcct=desk1"

    own = await stage.call(FUNDING, with_key(key, FUNDING))
    others = await stage.call(target, with_key(key, target))

    assert [row["bal"] for row in own.json["data"]] == ["1.5"]
    assert (others.status, others.code) == (401, "50120")
    assert [entry.user for entry in stage.served.journal] == ["main/desk1", "main/desk1"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("k", "s", "p", permissions=frozenset()), "50120"),
        (Key("k", "s", "p", addresses=frozenset({"203.0.113.9"})), "50110"),
        (Key("k", "s", "p", addresses=frozenset({"127.0.0.1"})), "0"),
        (Key("k", "s", "p", demo=True), "50101"),
    ],
)
async def test_what_a_key_may_do(open_stage: OpenStage, key: Key, code: str) -> None:
    """Permission, addresses and environment of a key are its own refusals."""
    stage = await open_stage("okx")
    stage.world.add_key(stage.account, key)
    reply = await stage.call(FUNDING, with_key(key, FUNDING))
    assert reply.code == code
    assert ("127.0.0.1" in reply.json["msg"]) == (code == "50110")


async def test_a_demo_key_in_demo_trading(open_stage: OpenStage) -> None:
    """It is accepted with the header that says so."""
    stage = await open_stage("okx")
    key = Key("k", "s", "p", demo=True)
    stage.world.add_key(stage.account, key)
    headers = with_key(key, FUNDING) | {"x-simulated-trading": "1"}
    assert (await stage.call(FUNDING, headers)).code == "0"


async def test_only_the_currencies_asked_for(open_stage: OpenStage) -> None:
    """`ccy` picks; more than twenty are refused."""
    stage = await open_stage("okx")
    for coin in ("BTC", "ETH", "USDT"):
        stage.account.set("funding", coin, available="1")
    twenty = ",".join(["ETH", "BTC", *(f"X{number}" for number in range(18))])

    some = await stage.call(f"{FUNDING}?ccy={twenty}", signed(f"{FUNDING}?ccy={twenty}"))
    many = await stage.call(f"{FUNDING}?ccy={twenty},Y", signed(f"{FUNDING}?ccy={twenty},Y"))

    assert {row["ccy"] for row in some.json["data"]} == {"BTC", "ETH"}
    assert (many.status, many.code) == (400, "51000")


async def test_staking_snapshot(open_stage: OpenStage) -> None:
    """Amount, interest and the time of the snapshot; nothing staked is an empty list."""
    stage = await open_stage("okx")
    none = await stage.call(STAKING, signed(STAKING))
    stage.account.stake(
        "0.63926191",
        latest="0.00006549",
        total="0.01490596",
        taken_at=datetime(2023, 11, 6, 8, tzinfo=UTC),
    )
    some = await stage.call(STAKING, signed(STAKING))

    assert none.json["data"] == []
    assert some.json["data"] == [
        {
            "amt": "0.63926191",
            "ccy": "BETH",
            "latestInterestAccrual": "0.00006549",
            "totalInterestAccrual": "0.01490596",
            "ts": "1699257600000",
        }
    ]


async def test_public_time_and_unknown_paths(open_stage: OpenStage) -> None:
    """The clock needs no key; what does not exist is 404, and so is the wrong method."""
    stage = await open_stage("okx")
    time = await stage.call(TIME)
    ghost = await stage.call("/api/v5/asset/ghost", signed("/api/v5/asset/ghost"))
    wrong = await stage.call(FUNDING, signed(FUNDING), method="POST")
    assert time.json["data"] == [{"ts": "1768467600000"}]
    assert (ghost.status, wrong.status) == (404, 404)


@pytest.mark.parametrize(
    ("target", "most", "window_s"),
    [
        (FUNDING, 6, 1),
        (STAKING, 6, 1),
        (f"{SUB}?subAcct=desk1", 6, 2),
        (TRADING, 10, 2),
        (f"{SUB_TRADING}?subAcct=desk1", 6, 2),
        (SAVINGS, 6, 1),
        (SOL_STAKING, 6, 1),
        (SUBS, 20, 2),
        (CONFIG, 5, 2),
        (TICKERS, 20, 2),
        (EXCHANGE_RATE, 1, 2),
        (TIME, 10, 2),
    ],
)
async def test_limits(
    open_stage: OpenStage, clock: Any, target: str, most: int, window_s: int
) -> None:
    """So many pass in one window and no more, until the first of them has left it."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")

    async def ask() -> tuple[int, str]:
        stamp = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        reply = await stage.call(target, signed(target, stamp))
        return reply.status, reply.code

    assert [await ask() for _ in range(most)] == [(200, "0")] * most
    clock.seconds += window_s - 0.001
    assert await ask() == (429, "50011")
    clock.seconds += 0.001
    assert await ask() == (200, "0")
    assert len(stage.served.journal.limited()) == 1


async def test_all_sub_accounts_share_one_limit(open_stage: OpenStage) -> None:
    """Six in two seconds over all names together; the funding account has a limit of its own."""
    stage = await open_stage("okx")
    codes = []
    for number in range(7):
        stage.account.add_sub(f"desk{number}")
        target = f"{SUB}?subAcct=desk{number}"
        codes.append((await stage.call(target, signed(target))).code)
    assert codes == ["0"] * 6 + ["50011"]
    assert (await stage.call(FUNDING, signed(FUNDING))).code == "0"


async def test_strangers_use_up_nobodys_limit(open_stage: OpenStage) -> None:
    """A wrong signature is not counted against the user whose key it names."""
    stage = await open_stage("okx")
    for _ in range(10):
        await stage.call(FUNDING, signed(FUNDING, OK_ACCESS_SIGN="x"))
    assert (await stage.call(FUNDING, signed(FUNDING))).code == "0"


# ---- more wallets -------------------------------------------------------------------------------


async def ask(stage: Any, target: str, key: Key | None = None) -> Any:
    """Call with a good signature, of the master key unless another is given."""
    return await stage.call(target, with_key(key, target) if key else signed(target))


EMPTY_TRADING = [{"details": [], "totalEq": "0", "uTime": "1768467600000"}]


async def test_trading_to_the_last_digit(open_stage: OpenStage) -> None:
    """Equity is cash and profit, cash is both parts less the debt; zeros are left out."""
    stage = await open_stage("okx")
    stage.world.set_price("okx", "BTC", "USDT", "100000")
    trading = functools.partial(stage.account.set, "trading")
    trading("USDT", available="12345.678901234567890123", held="0.10", profit="-0.010")
    trading("BTC", available="0", owed="0.05")
    trading("ETH", available="0.000")

    reply = await ask(stage, TRADING)

    assert reply.status == 200
    (told,) = reply.json["data"]
    assert (told["totalEq"], told["uTime"]) == ("7345.768901234567890123", "1768467600000")
    assert told["details"] == [
        {
            "availBal": "12345.678901234567890123",
            "cashBal": "12345.778901234567890123",
            "ccy": "USDT",
            "eq": "12345.768901234567890123",
            "frozenBal": "0.10",
            "liab": "0",
            "uTime": "1768467600000",
            "upl": "-0.010",
        },
        {
            "availBal": "0",
            "cashBal": "-0.05",
            "ccy": "BTC",
            "eq": "-0.05",
            "frozenBal": "0",
            "liab": "0.05",
            "uTime": "1768467600000",
            "upl": "0",
        },
    ]


async def test_an_empty_trading_account_is_an_object(open_stage: OpenStage) -> None:
    """Of the master as of a sub-account."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    for target in (TRADING, f"{SUB_TRADING}?subAcct=desk1"):
        assert (await ask(stage, target)).json["data"] == EMPTY_TRADING


async def test_trading_of_a_sub_account(open_stage: OpenStage) -> None:
    """It is neither its funding account nor the trading account of its master."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    for number, wallet in enumerate(("trading", "sub:desk1", "sub:desk1/trading"), start=1):
        stage.account.set(wallet, "BTC", available=str(number))
    target = f"{SUB_TRADING}?subAcct=desk1"
    rows = (await ask(stage, target)).json["data"][0]["details"]
    assert [(row["ccy"], row["eq"]) for row in rows] == [("BTC", "3")]


@pytest.mark.parametrize("path", [SUB, SUB_TRADING])
async def test_a_wallet_of_a_sub_account_is_no_sub_account(
    open_stage: OpenStage, path: str
) -> None:
    """Only names of sub-accounts are taken."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    target = f"{path}?subAcct=desk1/trading"
    assert (await ask(stage, target)).code == "59510"


async def test_savings(open_stage: OpenStage) -> None:
    """Amount and earnings, what is lent and what waits; `ccy` picks."""
    stage = await open_stage("okx")
    stage.account.save("USDT", "1800.25", earned="3.41870013")
    stage.account.save("BTC", "0.5")

    everything = (await ask(stage, SAVINGS)).json["data"]
    some = (await ask(stage, f"{SAVINGS}?ccy=BTC")).json["data"]

    assert everything[0] == {
        "amt": "1800.25",
        "ccy": "USDT",
        "earnings": "3.41870013",
        "loanAmt": "1800.25",
        "pendingAmt": "0",
        "rate": "0.01",
        "redemptAmt": "",
    }
    assert [row["ccy"] for row in everything] == ["USDT", "BTC"]
    assert [(row["ccy"], row["amt"], row["earnings"]) for row in some] == [("BTC", "0.5", "0")]


async def test_sol_staking(open_stage: OpenStage) -> None:
    """What is staked of SOL has no time; nothing staked is an empty list."""
    stage = await open_stage("okx")
    none = await ask(stage, SOL_STAKING)
    stage.account.stake_sol("21.40733185", latest="0.00391204", total="0.40733185")
    some = await ask(stage, SOL_STAKING)
    assert none.json["data"] == []
    assert some.json["data"] == [
        {
            "amt": "21.40733185",
            "ccy": "OKSOL",
            "latestInterestAccrual": "0.00391204",
            "totalInterestAccrual": "0.40733185",
        }
    ]


async def test_what_a_sub_accounts_key_sees(open_stage: OpenStage) -> None:
    """Its own funding and trading; nothing that is the master's."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    for number, wallet in enumerate(("funding", "trading", "sub:desk1", "sub:desk1/trading")):
        stage.account.set(wallet, "BTC", available=str(number))
    stage.account.save("USDT", "1")
    stage.account.stake_sol("1")
    key = Key("sub-key", "sub-secret", "sub-pass", sub="desk1")
    stage.world.add_key(stage.account, key)

    assert (await ask(stage, FUNDING, key)).json["data"][0]["bal"] == "2"
    assert (await ask(stage, TRADING, key)).json["data"][0]["details"][0]["eq"] == "3"
    for path in (SAVINGS, SOL_STAKING):
        assert (await ask(stage, path, key)).json["data"] == []
    for path in (f"{SUB_TRADING}?subAcct=desk1", SUBS):
        refused = await ask(stage, path, key)
        assert (refused.status, refused.code) == (401, "50120")


# ---- the list of sub-accounts -------------------------------------------------------------------


async def test_list_of_sub_accounts(open_stage: OpenStage) -> None:
    """The newest first, the frozen one too, each with its time."""
    stage = await open_stage("okx")
    opened_at = datetime(2025, 6, 1, 12, tzinfo=UTC)
    stage.account.add_sub("desk 1, Zürich", created_at=opened_at, label="grid")
    stage.account.add_sub("desk2", created_at=opened_at + timedelta(milliseconds=1), enabled=False)

    rows = (await ask(stage, SUBS)).json["data"]

    assert [(row["subAcct"], row["enable"], row["label"], row["ts"]) for row in rows] == [
        ("desk2", False, "", "1748779200001"),
        ("desk 1, Zürich", True, "grid", "1748779200000"),
    ]


@pytest.mark.parametrize(
    ("limit", "sizes"), [(None, [100, 100, 50]), (100, [100, 100, 50]), (60, [60] * 4 + [10])]
)
async def test_pages_of_sub_accounts(
    open_stage: OpenStage, limit: int | None, sizes: list[int]
) -> None:
    """All 250 come, page by page, none of them lost or doubled."""
    stage = await open_stage("okx")
    names = [f"desk{number}" for number in range(250)]
    for name in names:
        stage.account.add_sub(name)
    pages: list[list[str]] = []
    more = "" if limit is None else f"&limit={limit}"
    after = ""
    while rows := (await ask(stage, f"{SUBS}?type=1{more}{after}")).json["data"]:
        pages.append([row["subAcct"] for row in rows])
        after = f"&after={rows[-1]['ts']}"
    assert [len(page) for page in pages] == sizes
    assert [name for page in pages for name in page] == names[::-1]


@given(st.sets(st.integers(0, 2**41), max_size=40), st.integers(1, 100))
def test_no_page_loses_or_doubles(times_ms: set[int], limit: int) -> None:
    """Whenever they were opened and however many come at once, all come once, newest first."""
    world = World()
    account = world.add_account("okx", Key("k", "s", "p"))
    for ms in times_ms:
        account.add_sub(str(ms), created_at=datetime.fromtimestamp(0, UTC) + ms * MILLISECOND)
    user, judge = User(account, world.keys(account)[0]), EMULATORS["okx"](world)
    found: list[int] = []
    query = {"limit": str(limit)}
    while True:
        asked = Call("GET", SUBS, SUBS, query, {}, b"", "127.0.0.1", START)
        rows = judge.answer(asked, "users/subaccount/list", user).payload["data"]
        if not rows:
            break
        assert len(rows) <= limit
        found += [int(row["subAcct"]) for row in rows]
        query["after"] = rows[-1]["ts"]
    assert found == sorted(times_ms, reverse=True)


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=ten", "after=x", "after="])
async def test_pages_that_are_none(open_stage: OpenStage, query: str) -> None:
    """A limit above a hundred, or what is no number, is refused."""
    stage = await open_stage("okx")
    reply = await ask(stage, f"{SUBS}?{query}")
    assert (reply.status, reply.code) == (400, "51000")


async def test_a_list_of_one(open_stage: OpenStage) -> None:
    """A smaller limit is kept to."""
    stage = await open_stage("okx")
    for name in "abc":
        stage.account.add_sub(name)
    assert [row["subAcct"] for row in (await ask(stage, f"{SUBS}?limit=1")).json["data"]] == ["c"]


# ---- the key, and prices ------------------------------------------------------------------------


async def test_what_a_key_is(open_stage: OpenStage) -> None:
    """Permissions in OKX's words, addresses, label, and whose it is."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    bold = Key(
        "k1",
        "s",
        "p",
        permissions=frozenset({"withdraw", "read", "trade"}),
        addresses=frozenset({"203.0.113.9", "127.0.0.1"}),
        label="grid bot",
    )
    sub = Key("k2", "s", "p", sub="desk1")
    for key in (bold, sub):
        stage.world.add_key(stage.account, key)

    (own,) = (await ask(stage, CONFIG)).json["data"]
    (told,) = (await ask(stage, CONFIG, bold)).json["data"]
    (subs,) = (await ask(stage, CONFIG, sub)).json["data"]

    assert (own["perm"], own["ip"], own["label"]) == ("read_only", "", "")
    assert told["perm"] == "read_only,trade,withdraw"
    assert (told["ip"], told["label"]) == ("127.0.0.1,203.0.113.9", "grid bot")
    assert own["uid"] == own["mainUid"] == told["uid"] == subs["mainUid"]
    assert subs["uid"] != own["uid"]


async def test_an_endpoint_may_be_kept_from_a_key(open_stage: OpenStage) -> None:
    """It may read, but not this."""
    stage = await open_stage("okx")
    key = Key("k", "s", "p", refused=frozenset({"finance/savings/balance"}))
    stage.world.add_key(stage.account, key)
    refused = await ask(stage, SAVINGS, key)
    assert (refused.status, refused.code) == (401, "50120")
    assert (await ask(stage, FUNDING, key)).code == "0"


async def test_tickers(open_stage: OpenStage) -> None:
    """Every market of OKX with its last price, for anybody."""
    stage = await open_stage("okx")
    stage.world.set_price("okx", "BTC", "USDT", "97412.30")
    stage.world.set_price("okx", "USDT", "EUR", "0.8621")
    stage.world.set_price("xt", "LTC", "USDT", "84")

    rows = (await stage.call(TICKERS)).json["data"]

    assert [(row["instId"], row["last"], row["ts"]) for row in rows] == [
        ("BTC-USDT", "97412.30", "1768467600000"),
        ("USDT-EUR", "0.8621", "1768467600000"),
    ]


@pytest.mark.parametrize(("query", "code"), [("", "50014"), ("?instType=SWAPS", "51000")])
async def test_tickers_of_what(open_stage: OpenStage, query: str, code: str) -> None:
    """The kind of markets must be told."""
    stage = await open_stage("okx")
    reply = await stage.call(TICKERS.partition("?")[0] + query)
    assert (reply.status, reply.code) == (400, code)


async def test_exchange_rate(open_stage: OpenStage) -> None:
    """Yuan for a dollar, for anybody."""
    stage = await open_stage("okx")
    stage.world.usd_cny = Decimal("7.10")
    assert (await stage.call(EXCHANGE_RATE)).json["data"] == [{"usdCny": "7.10"}]


PRIVATE = (
    FUNDING,
    f"{SUB}?subAcct=desk1",
    TRADING,
    f"{SUB_TRADING}?subAcct=desk1",
    SAVINGS,
    STAKING,
    SOL_STAKING,
    SUBS,
    CONFIG,
)


@pytest.mark.parametrize("target", PRIVATE)
async def test_one_byte_of_the_signature(open_stage: OpenStage, target: str) -> None:
    """Every private endpoint refuses it, and what was signed for another address, or nothing."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    good = signed(target)
    sign = good["OK-ACCESS-SIGN"]
    other = ("B" if sign[0] == "A" else "A") + sign[1:]
    codes = [
        (await stage.call(target, headers)).code
        for headers in (good, good | {"OK-ACCESS-SIGN": other}, signed(f"{target}&x=1"), {})
    ]
    assert codes == ["0", "50113", "50113", "50103"]


def test_every_endpoint_is_tested_here() -> None:
    """Those that need a key, and those that do not."""
    paths = {target.partition("?")[0] for target in (*PRIVATE, TIME, TICKERS, EXCHANGE_RATE)}
    assert paths == {f"/api/v5/{name}" for name in ENDPOINTS["okx"]}
