"""`balances`: to the letter of what was promised to scripts, and to the last digit for people."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_json_to_the_letter(run: Any, stage: Any) -> None:
    """One object; every wallet in order, every amount as text, unknown parts null."""
    done = await run("balances", "--json", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert list(found) == ["read_at", "wallets"]
    instants = [found["read_at"], *(wallet.pop("read_at") for wallet in found["wallets"])]
    assert all(INSTANT.fullmatch(instant) for instant in instants)
    assert found["wallets"] == [
        {
            "path": "coinw/spot",
            "exchange": "coinw",
            "status": "ok",
            "balances": [
                {
                    "asset": "USDT",
                    "total": "257.518301140000000",
                    "available": "257.518301140000000",
                    "held": "0",
                }
            ],
        },
        {
            "path": "main/funding",
            "exchange": "okx",
            "status": "ok",
            "balances": [
                {
                    "asset": "ETH",
                    "total": "37.11827078",
                    "available": "37.11827078",
                    "held": "0",
                },
                {
                    "asset": "USDT",
                    "total": "12346.178901234567890123",
                    "available": "12345.678901234567890123",
                    "held": "0.5",
                },
            ],
        },
        {
            "path": "main/eth-staking",
            "exchange": "okx",
            "status": "ok",
            "balances": [
                {
                    "asset": "BETH",
                    "total": "0.63926191",
                    "available": None,
                    "held": None,
                    "as_of": "2023-11-06T08:00:00.000Z",
                    "interest_latest": "0.00006549",
                    "interest_total": "0.01490596",
                }
            ],
        },
        {
            "path": "main/sub:desk 1",
            "exchange": "okx",
            "status": "ok",
            "balances": [{"asset": "BTC", "total": "1", "available": "1", "held": "0"}],
        },
        {"path": "xt/spot", "exchange": "xt", "status": "ok", "balances": []},
    ]


async def test_what_is_lent_tells_what_it_has_earned(run: Any, stage: Any) -> None:
    """Where that is known; no other coin has the key, and there is no column for nothing."""
    main = stage.world.account("okx", "main")
    main.save("USDT", "1800.25", earned="3.41870013")
    stage.settings["BOT_ACCOUNTS__MAIN__WALLETS"] = "funding,savings,eth-staking"
    done = await run("balances", "main", "--json", settings=stage.settings)
    wallets = json.loads(done.out)["wallets"]
    earned = {w["path"]: b["earned"] for w in wallets for b in w["balances"] if "earned" in b}
    assert earned == {"main/savings": "3.41870013"}
    done = await run("balances", "main", settings=stage.settings)
    rows = done.out.splitlines()
    for row in (
        r"wallet .* held +earned *",
        r"main/savings +USDT +1800\.25 .* 3\.41870013 *",
        r"main/eth-staking +BETH .* 0\.01490596 *",
        r"main/funding +ETH +37\.11827078 +37\.11827078 +0 *",
    ):
        assert any(re.fullmatch(row, shown) for shown in rows)
    done = await run("balances", "coinw", settings=stage.settings)
    assert (done.code, "earned" in done.out) == (0, False)


async def test_unreadable_wallets_are_told(run: Any, stage: Any) -> None:
    """What cannot be read says why, has no balances, and makes the exit code 1."""
    stage.served["coinw"].faults.inject("*", "http_502", times=None)
    stage.served["xt"].faults.inject("*", "http_429", times=None)
    done = await run("balances", "--json", settings=stage.settings)
    assert (done.code, done.err) == (1, "")
    wallets = {wallet["path"]: wallet for wallet in json.loads(done.out)["wallets"]}
    coinw, xt = wallets["coinw/spot"], wallets["xt/spot"]
    assert (coinw["status"], coinw["error"]) == ("unreadable", "ExchangeUnavailable")
    assert coinw["message"] == "coinw answered HTTP 502"
    assert (coinw["balances"], "retry_at" in coinw) == ([], False)
    assert (xt["status"], xt["error"], xt["balances"]) == ("unreadable", "RateLimited", [])
    pause = datetime.fromisoformat(xt["retry_at"]) - datetime.fromisoformat(xt["read_at"])
    assert timedelta(minutes=9) < pause <= timedelta(minutes=11)
    assert wallets["main/funding"]["status"] == "ok"


async def test_paths_choose(run: Any, stage: Any) -> None:
    """Only what was asked for is read and printed, each wallet once, in the order of settings."""
    done = await run("balances", "--json", "*/spot", "XT", "main/sub:*", settings=stage.settings)
    paths = [wallet["path"] for wallet in json.loads(done.out)["wallets"]]
    assert paths == ["coinw/spot", "main/sub:desk 1", "xt/spot"]
    done = await run("balances", "mian/funding", settings=stage.settings)
    assert (done.code, done.out) == (2, "")
    assert "did you mean main/funding" in done.err


async def test_text_shows_every_digit(run: Any, stage: Any) -> None:
    """For people a table: no amount is cut, however narrow the terminal, no unknown is a zero."""
    for columns in ("80", "40"):
        done = await run("balances", settings={**stage.settings, "COLUMNS": columns})
        assert done.code == 0
        assert "12346.178901234567890123" in done.out
        assert "12345.678901234567890123" in done.out
        assert "main/sub:desk 1" in done.out
        assert re.search(r"main/eth-staking +BETH +0\.63926191 +unknown +unknown", done.out)
        assert re.search(r"xt/spot +empty", done.out)


async def test_text_tells_what_cannot_be_read(run: Any, stage: Any) -> None:
    """The reason stands on one line below the table; the exit code is 1."""
    stage.served["xt"].faults.inject("*", "http_502", times=None)
    done = await run("balances", settings=stage.settings)
    assert done.code == 1
    assert "xt/spot cannot be read: xt answered HTTP 502 (ExchangeUnavailable)" in done.out


async def test_no_secret_is_printed(run: Any, stage: Any) -> None:
    """A refused key is told without the key."""
    stage.settings["BOT_ACCOUNTS__XT__API_SECRET"] = "wrong-secret-2"
    for arguments in (("balances",), ("balances", "--json"), ("check",)):
        done = await run(*arguments, settings=stage.settings)
        assert done.code == 1
        assert "CredentialsRejected" in done.out or "make the key anew" in done.out
        for secret in ("wrong-secret-2", "okx-secret-1", "okx-pass-1", stage.telegram.token):
            assert secret not in done.out + done.err


async def test_discovered_sub_accounts(run: Any, stage: Any) -> None:
    """With `*` the exchange is asked first; frozen ones are named so, but not in the JSON."""
    main = stage.world.account("okx", "main")
    main.set(main.add_sub("desk2", enabled=False), "USDT", available="5")
    stage.settings |= {
        "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*",
        "BOT_ACCOUNTS__MAIN__WALLETS": "funding,trading",
    }
    done = await run("balances", "main/sub:*", "main/sub:*/trading", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"main/sub:desk 1 +BTC +1 ", done.out)
    assert re.search(r"main/sub:desk2 \(frozen\) +USDT +5 ", done.out)
    assert re.search(r"main/sub:desk2/trading \(frozen\) +empty", done.out)
    assert "main/funding" not in done.out
    done = await run("balances", "main", "--json", settings=stage.settings)
    wallets = json.loads(done.out)["wallets"]
    assert [wallet["path"] for wallet in wallets] == [
        "main/funding",
        "main/trading",
        "main/sub:desk 1",
        "main/sub:desk 1/trading",
        "main/sub:desk2",
        "main/sub:desk2/trading",
    ]
    assert {frozenset(wallet) for wallet in wallets} == {
        frozenset({"path", "exchange", "status", "read_at", "balances"})
    }
    done = await run("balances", "main/sub:desk9", settings=stage.settings)
    assert (done.code, "did you mean main/sub:desk2" in done.err) == (2, True)
    done = await run("check", settings=stage.settings)
    assert (done.code, "ok  main/sub:desk2 " in done.out) == (0, True)


async def test_a_list_that_cannot_be_read(run: Any, stage: Any) -> None:
    """It is unreadable itself, the wallets that are known are read; so are others without it."""
    stage.settings["BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS"] = "*"
    stage.served["okx"].faults.inject("users/subaccount/list", "http_502", times=None)
    for pattern in ("main", "main/sub:desk9"):
        done = await run("balances", "--json", pattern, settings=stage.settings)
        assert (done.code, done.err) == (1, "")
        *wallets, listing = json.loads(done.out)["wallets"]
        assert (listing["path"], listing["status"]) == ("main/sub:*", "unreadable")
        assert (listing["error"], listing["balances"]) == ("ExchangeUnavailable", [])
        assert all(wallet["status"] == "ok" for wallet in wallets)
        assert len(wallets) == (2 if pattern == "main" else 0)
    done = await run("balances", "main", settings=stage.settings)
    assert (done.code, "main/sub:* cannot be read: okx answered" in done.out) == (1, True)
    done = await run("balances", "main/funding", settings=stage.settings)
    assert done.code == 0
    done = await run("check", settings=stage.settings)
    assert (done.code, "BAD main/sub:* " in done.out) == (1, True)
