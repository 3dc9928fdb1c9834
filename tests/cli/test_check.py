"""`check`: what is wrong, one by one, and what to do about it, in plain words."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.world import Key, World


async def test_check_when_all_is_well(run: Any, stage: Any, tmp_path: Path) -> None:
    """Everything is tried and found good; nothing is created."""
    done = await run("check", "--json", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["ok"] is True
    assert [c["what"] for c in found["checks"] if not c["ok"]] == []
    tried = {check["what"]: check["message"] for check in found["checks"]}
    assert tried["telegram"] == "@balance_demo_bot"
    assert {"settings", "database", "main/funding", "xt/spot", "main clock"} <= tried.keys()
    assert stage.telegram.calls_of("getUpdates") == []
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else is to happen meanwhile


async def test_check_warns_of_files_that_others_can_read(
    run: Any, stage: Any, tmp_path: Path
) -> None:
    """Each has its line that says what to do; it is no reason to fail."""
    token, database = tmp_path / "token", tmp_path / "bot.db"
    token.write_text(stage.settings.pop("BOT_TELEGRAM__TOKEN"))
    database.touch()
    stage.settings |= {
        "BOT_TELEGRAM__TOKEN_FILE": str(token),
        "BOT_DATABASE_URL": f"sqlite:///{database}",
    }
    for path in (token, database):
        path.chmod(0o604)
    done = await run("check", settings=stage.settings)
    assert done.code == 0
    for path in (token, database):
        assert done.out.count(f"→ chmod 600 {path}\n") == 1
        path.chmod(0o600)
    assert "chmod" not in (await run("check", settings=stage.settings)).out


async def test_check_says_what_to_mend(run: Any, stage: Any) -> None:
    """Each thing that is wrong has its line and an advice; the others are still tried."""
    stage.settings |= {
        "BOT_TELEGRAM__TOKEN": "1:wrong-token-abc",
        "BOT_DATABASE_URL": "postgresql://me:hunter2@db/bot",
        "BOT_ACCOUNTS__MAIN__PASSPHRASE": "wrong-pass",
    }
    done = await run("check", settings=stage.settings)
    assert done.code == 1
    bad = [line for line in done.out.splitlines() if line.startswith("BAD")]
    assert {line.split()[1] for line in bad} == {
        "database", "telegram", "main", "main/funding", "main/eth-staking", "main/sub:desk",
    }  # fmt: skip
    assert "→ give the passphrase that was chosen when the key was made" in done.out
    assert "→ copy BOT_TELEGRAM__TOKEN from @BotFather again" in done.out
    for secret in ("hunter2", "wrong-token-abc", "wrong-pass"):
        assert secret not in done.out + done.err


async def findings(run: Any, settings: Mapping[str, str]) -> dict[str, tuple[bool, str, str]]:
    """Run the doctor; give what it says of each thing."""
    found = json.loads((await run("check", "--json", settings=settings)).out)["checks"]
    return {check["what"]: (check["ok"], check["message"], check["advice"]) for check in found}


def with_key(stage: Any, key: Key) -> dict[str, str]:
    """Give the account `main` another key."""
    stage.world.add_key(stage.world.account("okx"), key)
    settings: dict[str, str] = stage.settings
    return settings | {
        "BOT_ACCOUNTS__MAIN__API_KEY": key.api_key,
        "BOT_ACCOUNTS__MAIN__API_SECRET": key.api_secret,
        "BOT_ACCOUNTS__MAIN__PASSPHRASE": str(key.passphrase),
    }


async def test_a_key_that_may_too_much(run: Any, stage: Any) -> None:
    """Trading and withdrawing are said loudly, each on its own, and make the exit code 1."""
    key = Key("loud-key", "s", "p", permissions=frozenset({"read", "trade", "withdraw"}))
    settings = with_key(stage, key)
    found = await findings(run, settings)
    assert found["main key may read"][0]
    for right in ("trade", "withdraw"):
        ok, message, advice = found[f"main key may {right}"]
        assert not ok
        assert f"IT MAY {right.upper()}" in message
        assert "may only read" in advice
    assert "14 days" in found["main key addresses"][1]
    assert (await run("check", settings=settings)).code == 1


async def test_a_key_as_it_should_be(run: Any, stage: Any) -> None:
    """Label and addresses are told; what an exchange does not tell is said, too."""
    key = Key("good-key", "s", "p", addresses=frozenset({"127.0.0.1"}), label="watch")
    found = await findings(run, with_key(stage, key))
    assert found["main key may read"] == (True, "yes (watch)", "")
    assert found["main key addresses"] == (True, "usable from 127.0.0.1 only", "")
    assert "does not tell" in found["coinw key"][1]
    assert all(ok for ok, *_ in found.values())


@pytest.mark.parametrize(
    ("key", "message", "advice"),
    [
        (Key("k", "s", "p", addresses=frozenset({"203.0.113.7"})), "127.0.0.1", "key's list"),
        (Key("k", "s", "p", demo=True), "demo and live", "turn demo on"),
        (Key("k", "s", "p", permissions=frozenset()), "read that", "the right to read"),
    ],
    ids=["address", "demo", "permission"],
)
async def test_what_to_do(run: Any, stage: Any, key: Key, message: str, advice: str) -> None:
    """Each refusal has its own advice, at the key and at each wallet."""
    found = await findings(run, with_key(stage, key))
    for what in ("main key", "main/funding"):
        ok, told, todo = found[what]
        assert not ok
        assert message in told
        assert advice in todo


async def test_a_key_that_nobody_knows(run: Any, stage: Any) -> None:
    """It may be of another domain of OKX, and that is said."""
    settings = stage.settings | {"BOT_ACCOUNTS__MAIN__API_KEY": "elsewhere"}
    ok, _, advice = (await findings(run, settings))["main key"]
    assert not ok
    assert "my.okx.com" in advice


async def test_a_clock_that_is_off(run: Any, stage: Any) -> None:
    """The seconds are told, and that requests are corrected; the wallets are read all the same."""
    world = World()
    world.add_account("okx", stage.world.keys(stage.world.account("okx"))[0])

    def late() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=2)  # noqa: TID251 - a real skew

    async with serve_exchange("okx", world, clock=late) as served:
        settings = stage.settings | {"BOT_ACCOUNTS__MAIN__BASE_URL": served.url}
        settings.pop("BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS", None)
        found = await findings(run, settings)
    ok, message, advice = found["main clock"]
    assert not ok
    assert message.startswith(("ours is 120 s behind", "ours is 119 s behind"))
    assert "time server" in advice
    assert found["main/funding"][0]


async def test_a_pace_that_cannot_be_kept(run: Any, stage: Any) -> None:
    """More wallets than the limits allow: the floor is told."""
    names = ",".join(f"desk{number}" for number in range(7))
    settings = stage.settings | {
        "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": names,
        "BOT_ACCOUNTS__MAIN__CHECK_EVERY": "1s",
    }
    ok, message, advice = (await findings(run, settings))["main pace"]
    assert not ok
    assert message == "every 1 s is wanted; the exchange's limits allow one every 3s"
    assert advice == "set BOT_ACCOUNTS__MAIN__CHECK_EVERY to 3s or more"


async def test_check_looks_at_other_channels(run: Any, stage: Any) -> None:
    """Well-formed is all that can be said of an address without sending; none of it is shown."""
    urls = "BOT_FALLBACK_URLS"
    assert "other channels" not in await findings(run, stage.settings)
    good = await findings(run, {**stage.settings, urls: "json://127.0.0.1:1/hidden-token"})
    assert good["other channels"][:2] == (
        True,
        "1 well-formed address; none was tried, as that sends something",
    )
    bad = await findings(run, {**stage.settings, urls: "ntfys://hidden,nosuch://hidden"})
    ok, message, advice = bad["other channels"]
    assert (ok, message) == (
        False,
        "BOT_FALLBACK_URLS: the 2nd is no address that Apprise knows",
    )
    assert "appriseit.com" in advice
    assert "hidden" not in str(good) + str(bad)
