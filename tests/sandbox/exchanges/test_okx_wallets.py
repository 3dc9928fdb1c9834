"""OKX: what it answers about wallets, to the last digit."""

import functools
from datetime import UTC, datetime

import pytest

from bot.sandbox.world import Key
from tests.sandbox.exchanges.okx_calls import (
    FUNDING,
    FUNDING_SIGN,
    SAVINGS,
    SOL_STAKING,
    STAKING,
    SUB,
    SUB_TRADING,
    SUBS,
    TRADING,
    OpenStage,
    ask,
    signed,
)


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


async def test_sub_accounts(open_stage: OpenStage) -> None:
    """An empty sub-account is empty, an unknown one is refused under 200, a nameless one 400."""
    stage = await open_stage("okx")
    stage.account.add_sub("desk1")
    replies = []
    for target in (f"{SUB}?subAcct=desk1", f"{SUB}?subAcct=ghost", SUB):
        reply = await stage.call(target, signed(target))
        replies.append((reply.status, reply.code, reply.json["data"]))
    assert replies == [(200, "0", []), (200, "59510", []), (400, "50014", [])]


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
