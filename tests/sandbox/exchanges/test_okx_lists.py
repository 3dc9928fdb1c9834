"""OKX: sub-accounts page by page, what a key is, prices and the clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.exchanges import EMULATORS
from bot.sandbox.exchanges._judge import Call, User
from bot.sandbox.world import Key, World
from tests.sandbox.exchanges.okx_calls import (
    CONFIG,
    EXCHANGE_RATE,
    FUNDING,
    SUBS,
    TICKERS,
    TIME,
    OpenStage,
    ask,
    signed,
)

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


async def test_public_time_and_unknown_paths(open_stage: OpenStage) -> None:
    """The clock needs no key; what does not exist is 404, and so is the wrong method."""
    stage = await open_stage("okx")
    time = await stage.call(TIME)
    ghost = await stage.call("/api/v5/asset/ghost", signed("/api/v5/asset/ghost"))
    wrong = await stage.call(FUNDING, signed(FUNDING), method="POST")
    assert time.json["data"] == [{"ts": "1768467600000"}]
    assert (ghost.status, wrong.status) == (404, 404)


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
