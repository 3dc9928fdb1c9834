"""OKX: who is believed, and how much is too much."""

from typing import Any

import pytest

from bot.sandbox.exchanges import ENDPOINTS
from bot.sandbox.world import Key
from tests.sandbox.exchanges.okx_calls import (
    CONFIG,
    EXCHANGE_RATE,
    FUNDING,
    FUNDING_SIGN,
    SAVINGS,
    SOL_STAKING,
    SPACE_SIGN,
    SPACE_SIGN_UNENCODED,
    STAKING,
    STAMP,
    SUB,
    SUB_TRADING,
    SUBS,
    TICKERS,
    TIME,
    TRADING,
    OpenStage,
    ask,
    signed,
    with_key,
)


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


async def test_an_endpoint_may_be_kept_from_a_key(open_stage: OpenStage) -> None:
    """It may read, but not this."""
    stage = await open_stage("okx")
    key = Key("k", "s", "p", refused=frozenset({"finance/savings/balance"}))
    stage.world.add_key(stage.account, key)
    refused = await ask(stage, SAVINGS, key)
    assert (refused.status, refused.code) == (401, "50120")
    assert (await ask(stage, FUNDING, key)).code == "0"


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
