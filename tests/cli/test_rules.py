"""`rules test`: what a line covers, and whether it would fire now; unknown stays unknown."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.trial import PAST, judge
from bot.core.health import Health
from bot.core.measures import Facts
from bot.core.portfolio import Account, WalletState
from bot.core.rules import parse_rule
from bot.core.valuation import PriceBook
from bot.core.watches import watches_of
from bot.fetchers import Balance, Price, Staking

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def judged(run: Any, stage: Any, line: str) -> dict[str, tuple[str | None, bool | None]]:
    """Try a line where all can be read; give by subject the amount, and whether it would fire."""
    done = await run("rules", "test", line, "--json", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    return {s["subject"]: (s["amount"], s["would_fire"]) for s in json.loads(done.out)["subjects"]}


async def test_json_to_the_letter(run: Any, stage: Any) -> None:
    """One object: the rule in its canonical form, what it covers, and each subject."""
    line = "Main/Funding usdt<12500,for 2 reads"
    done = await run("rules", "test", "--json", line, settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("read_at"))
    assert found == {
        "rule": "Main/Funding USDT < 12500 · for 2 reads",
        "measure": "amount",
        "asset": "USDT",
        "comparison": "<",
        "limit": "12500",
        "for_reads": 2,
        "covers": ["main/funding"],
        "subjects": [
            {
                "subject": "main/funding",
                "amount": "12346.178901234567890123",
                "part": "total",
                "at_least": False,
                "would_fire": True,
            }
        ],
        "unreadable": [],
    }


async def test_each_on_its_own_and_all_together(run: Any, stage: Any) -> None:
    """A glob has many subjects, a sum one; only wallets that can hold the coin are among them."""
    assert await judged(run, stage, "* USDT < 500") == {
        "coinw/spot": ("257.518301140000000", True),
        "main/funding": ("12346.178901234567890123", False),
        "main/sub:desk 1": ("0", True),
        "xt/spot": ("0", True),
    }
    assert await judged(run, stage, "sum * USDT < 500") == {
        "sum *": ("12603.697202374567890123", False)
    }
    assert await judged(run, stage, "main/funding USDT available > 12345") == {
        "main/funding": ("12345.678901234567890123", True)
    }


async def test_for_people(run: Any, stage: Any) -> None:
    """The rule, what it covers, and a table in which no amount is cut."""
    line = "*/spot USDT < 257.6 · for 3 reads"
    done = await run("rules", "test", line, settings={**stage.settings, "COLUMNS": "40"})
    assert (done.code, done.err) == (0, "")
    first, second, _, coinw, xt = done.out.splitlines()
    assert first == line
    assert second == "covers 2 wallets, each on its own: coinw/spot, xt/spot"
    assert re.fullmatch(
        r"coinw/spot +257\.518301140000000 USDT +< 257\.6 USDT +would fire, after 3 such reads *",
        coinw,
    )
    assert re.fullmatch(r"xt/spot +0 USDT +< 257\.6 USDT +would fire, after 3 such reads *", xt)
    done = await run("rules", "test", "sum */spot USDT < 1", settings=stage.settings)
    assert "covers 2 wallets, together: coinw/spot, xt/spot" in done.out
    assert "would not fire" in done.out


async def test_a_value_by_prices_of_now(run: Any, stage: Any) -> None:
    """Prices are asked for; a coin without one leaves the value unknown, and is named."""
    stage.world.set_price("okx", "BTC", "USDT", "90000")
    assert await judged(run, stage, "main/sub:* total < 90000.5 USDT") == {
        "sum main/sub:*": ("90000", True)
    }
    assert await judged(run, stage, "coinw total > 250 USD") == {
        "sum coinw": ("257.51830114", True)
    }
    done = await run("rules", "test", "main/funding total < 5 USD", settings=stage.settings)
    assert done.code == 1
    assert "not known: there is no price of ETH" in done.out
    assert re.search(r"sum main/funding +unknown ", done.out)


async def test_prices_are_asked_for_values_only(run: Any, stage: Any) -> None:
    """A rule about coins needs none: markets that are away change nothing."""
    stage.served["coinw"].faults.inject("ticker", "http_502", times=None)
    assert await judged(run, stage, "coinw USDT < 500") == {
        "coinw/spot": ("257.518301140000000", True)
    }


async def test_what_cannot_be_read_is_not_judged(run: Any, stage: Any) -> None:
    """Unknown is not zero: no amount, no verdict, the reason, exit code 1; others are judged."""
    stage.served["xt"].faults.inject("*", "http_502", times=None)
    done = await run("rules", "test", "*/spot USDT < 500", "--json", settings=stage.settings)
    assert (done.code, done.err) == (1, "")
    found = json.loads(done.out)
    coinw, xt = found["subjects"]
    assert coinw["would_fire"] is True
    assert (xt["amount"], xt["part"], xt["at_least"], xt["would_fire"]) == (None,) * 4
    assert xt["why"] == "xt/spot cannot be read"
    assert found["unreadable"] == [
        {"path": "xt/spot", "error": "ExchangeUnavailable", "message": "xt answered HTTP 502"}
    ]
    done = await run("rules", "test", "sum */spot USDT < 500", settings=stage.settings)
    assert done.code == 1
    assert re.search(r"sum \*/spot +unknown .* not known: xt/spot cannot be read", done.out)
    assert "xt/spot cannot be read: xt answered HTTP 502 (ExchangeUnavailable)" in done.out
    done = await run("rules", "test", "coinw USDT < 500", settings=stage.settings)
    assert done.code == 0


@pytest.mark.parametrize("line", ["coinw USDT drops 30% in 1h", "coinw USDT lasts < 24h"])
async def test_the_past_is_with_the_running_bot(run: Any, stage: Any, line: str) -> None:
    """A rule that looks back is shown with what there is now, and not judged."""
    done = await run("rules", "test", line, "--json", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    (subject,) = json.loads(done.out)["subjects"]
    assert (subject["amount"], subject["would_fire"]) == ("257.518301140000000", None)
    assert subject["why"] == PAST
    assert f"not known: {PAST}" in (await run("rules", "test", line, settings=stage.settings)).out
    stage.served["coinw"].faults.inject("*", "http_502", times=None)
    done = await run("rules", "test", line, settings=stage.settings)
    assert (done.code, "unknown" in done.out, PAST in done.out) == (1, True, False)


@pytest.mark.parametrize(
    ("line", "message", "mark"),
    [
        (
            "main/funding USDT << 500",
            "expected < or > or drops or lasts, got «<<» at column 19",
            " " * 18 + "^^",
        ),
        (
            "main/funding USDT < 500 · 资",
            'expected for N reads, clear LEVEL, remind DURATION, warning, critical or "a note", '
            "got «资» at column 27",
            " " * 26 + "^^",
        ),
        (
            "main/funding USDT <",
            "expected a limit such as 500 or 0.05, got the end of the line",
            " " * 19 + "^",
        ),
        (
            "sum mian/funding USDT < 5",
            "expected a wallet that is here, such as main/funding, got «mian/funding» at column 5",
            " " * 4 + "^" * 12,
        ),
        (
            "main/eth-staking USDT < 5",
            "expected a wallet that can hold USDT, got «main/eth-staking» at column 1",
            "^" * 16,
        ),
    ],
)
async def test_a_mistake_is_pointed_at(
    run: Any, stage: Any, line: str, message: str, mark: str
) -> None:
    """What does not parse, or covers nothing, is refused before anybody is asked."""
    done = await run("rules", "test", line, settings=stage.settings)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [message, f"  {line}", f"  {mark}"]


async def test_a_coin_that_nobody_holds(run: Any, stage: Any) -> None:
    """It may be meant so; it may be misspelt, and then the nearest is named."""
    done = await run("rules", "test", "coinw UDST < 5", settings=stage.settings)
    assert done.code == 0
    assert "none of these wallets holds UDST now; did you mean USDT?" in done.out


async def test_discovered_sub_accounts(run: Any, stage: Any) -> None:
    """Those there are now are covered; a name that none of them has covers nothing."""
    main = stage.world.account("okx", "main")
    main.set(main.add_sub("desk2"), "USDT", available="5")
    stage.settings["BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS"] = "*"
    assert await judged(run, stage, "main/sub:* USDT < 100") == {
        "main/sub:desk 1": ("0", True),
        "main/sub:desk2": ("5", True),
    }
    assert await judged(run, stage, "sum main/sub:* USDT > 4") == {"sum main/sub:*": ("5", True)}
    done = await run("rules", "test", "main/sub:desk9 USDT < 100", settings=stage.settings)
    assert (done.code, done.out) == (2, "")
    assert "such as main/sub:desk2" in done.err
    for name in ("desk 1", "desk2"):
        main.remove_sub(name)
    done = await run("rules", "test", "main/sub:* USDT < 100", settings=stage.settings)
    assert (done.code, "covers nothing yet" in done.out) == (0, True)


async def test_a_list_that_cannot_be_read(run: Any, stage: Any) -> None:
    """Then nobody knows who is covered: wallets are judged, sums over them are not."""
    stage.settings["BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS"] = "*"
    stage.served["okx"].faults.inject("users/subaccount/list", "http_502", times=None)
    done = await run("rules", "test", "main USDT < 5", "--json", settings=stage.settings)
    assert done.code == 1
    found = json.loads(done.out)
    assert [(s["subject"], s["would_fire"]) for s in found["subjects"]] == [
        ("main/funding", False)
    ]
    assert [unread["path"] for unread in found["unreadable"]] == ["main/sub:*"]
    done = await run("rules", "test", "sum main USDT < 5", settings=stage.settings)
    assert (done.code, "not known: main/sub:* cannot be read" in done.out) == (1, True)
    done = await run("rules", "test", "main/sub:desk9 USDT < 5", settings=stage.settings)
    assert (done.code, "main/sub:* cannot be read: okx answered" in done.out) == (1, True)


async def test_no_secret_is_printed(run: Any, stage: Any) -> None:
    """A refused key is told without the key, also where prices are asked for."""
    stage.settings["BOT_ACCOUNTS__XT__API_SECRET"] = "wrong-secret-2"
    for line in ("* USDT < 5", "xt total < 5 USD"):
        for form in ((), ("--json",)):
            done = await run("rules", "test", line, *form, settings=stage.settings)
            assert done.code == 1
            assert "CredentialsRejected" in done.out
            for secret in ("wrong-secret-2", "okx-secret-1", "okx-pass-1", stage.telegram.token):
                assert secret not in done.out + done.err


async def test_the_database_is_left_alone(run: Any, stage: Any, tmp_path: Any) -> None:
    """Nothing is created or asked there, nor at Telegram."""
    await judged(run, stage, "* USDT < 5")
    assert not any(tmp_path.iterdir())
    assert list(stage.telegram.calls) == []


@pytest.mark.parametrize("arguments", [("rules",), ("rules", "test"), ("rules", "tset", "x")])
async def test_wrong_command_line(run: Any, arguments: tuple[str, ...]) -> None:
    """A rule that was forgotten, or a misspelt command, ends with 2 and a hint."""
    done = await run(*arguments, settings={})
    assert done.code == 2
    assert "Usage" in done.err + done.out
    assert "Traceback" not in done.err


_AMOUNTS = st.none() | st.sampled_from([Decimal(n) for n in (-3, 0, 1, 10)])
_STAKINGS = st.none() | st.just(Staking(NOW, Decimal(0), Decimal(0)))
_COINS = st.sampled_from(["USDT", "FOO"])
_BALANCES = st.builds(Balance, _COINS, _AMOUNTS, _AMOUNTS, st.none(), _STAKINGS)
_STATES = st.builds(
    lambda coins, age, failures: WalletState(
        "", tuple(coins), NOW - age * MINUTE, Health(failures)
    ),
    st.lists(_BALANCES, max_size=2, unique_by=lambda balance: balance.asset),
    st.integers(0, 6),
    st.integers(0, 1),
)
_LINES = (
    "a/x USDT < 5", "a/x USDT available > 5", "sum a USDT < 5", "a total < 5 USDT",
    "a total > 5 USD", "a/x USDT drops 5% in 1h", "sum a USDT lasts < 1d",
)  # fmt: skip
_ACCOUNT = Account("a", "okx", ("x", "y"), MINUTE)


@given(st.sampled_from(_LINES), _STATES, _STATES, st.integers(0, 10))
def test_unknown_has_a_reason(line: str, x: WalletState, y: WalletState, age: int) -> None:
    """Whatever was read: judged from an amount, or not known and why; one of both."""
    wallets = {"a/x": replace(x, path="a/x"), "a/y": replace(y, path="a/y")}
    quoted = Price("USDT", "USD", Decimal(1), NOW - age * MINUTE)
    books = {
        "USDT": PriceBook({"a": [quoted]}, "USDT", now=NOW),
        "USD": PriceBook({"a": [quoted]}, "USD", now=NOW),
    }
    for watch in watches_of("", parse_rule(line), [_ACCOUNT]):
        standing = judge(watch, Facts(wallets, books=books), now=NOW)
        assert (standing.fires is None) == bool(standing.why)
        assert standing.fires is None or standing.amount is not None
        unread = [path for path in watch.paths if not wallets[path].readable]
        if unread:
            assert (standing.amount, standing.fires) == (None, None)
            assert standing.why == f"{', '.join(unread)} cannot be read"
        elif "exchange does not tell how much" in standing.why:
            assert any(
                balance.available is None or balance.total is None
                for path in watch.paths
                for balance in wallets[path].balances or ()
            )
