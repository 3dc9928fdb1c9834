"""Settings that are refused: in which words, all at once, and without a secret."""

import pytest

from bot.fetchers import Credentials
from bot.fetchers._contract import _flaw_of
from tests.settings.conftest import COINW, OKX, OKX_PATHS, TOKEN, Load, refused

MISSPELT = "there is no such setting; did you mean"
DURATION = "expected a duration such as 90s, 5m, 4h or 1d, got"
TIME = "expected a time such as 09:00, or nothing for off, got"
URL = "expected a URL such as https://api.example.com"
PORT = "expected a port from 1 to 65535 behind the host"
LIST = "expected a list such as 5,6 or [5, 6]"
ODD = "has a space or a character in it that no"
USERS = "expected user ids, which are positive; ids of groups go into BOT_TELEGRAM__CHATS, got"
COVERS = f"covers no wallet that could hold USDT; there are {', '.join(OKX_PATHS)}"
NAMES = "expected names, or * alone, which means all there are"


@pytest.mark.parametrize(
    ("others", "name", "value", "sentence"),
    [
        # Missing or misspelt.
        ({}, "BOT_TELEGRM__TOKEN", "hidden", f"{MISSPELT} {TOKEN}?"),
        ({}, "BOT_TELEGRAM__TOKN", "hidden", f"{MISSPELT} {TOKEN}?"),
        (
            OKX,
            "BOT_ACCOUNTS__MAIN__APIKEY",
            "hidden",
            f"{MISSPELT} BOT_ACCOUNTS__MAIN__API_KEY?",
        ),
        ({}, "BOT_RULE__LOW", "x", f"{MISSPELT} BOT_RULES__LOW?"),
        ({}, "BOT_RULES__LOW__X", "x", f"{MISSPELT} BOT_RULES__LOW?"),
        ({}, "BOT_RULES", "x", f"{MISSPELT} BOT_RULES__MAIN?"),
        ({}, "BOT_ZZZZZZZZZZZZ", "x", "there is no such setting"),
        ({}, "BOT_", "x", "there is no such setting"),
        (OKX, "BOT_ACCOUNTS__MAIN__API_KEY", "", "is missing"),
        (OKX, "BOT_ACCOUNTS__MAIN__EXCHANGE", "", "is missing"),
        (OKX, "BOT_ACCOUNTS__MAIN__PASSPHRASE", "", "is missing; keys of okx have one"),
        # Values.
        ({}, "BOT_CHECK_EVERY", "60", f"{DURATION} «60»"),
        ({}, "BOT_CHECK_EVERY", "0s", f"{DURATION} «0s»"),
        (OKX, "BOT_ACCOUNTS__MAIN__CHECK_EVERY", "1w", f"{DURATION} «1w»"),
        (
            {},
            "BOT_TIMEZONE",
            "qqqqqq",
            "expected a time zone such as Europe/Berlin, UTC, got «qqqqqq»",
        ),
        ({}, "BOT_LANGUAGE", "tlh", "expected a language: en, zh; got «tlh»"),
        ({}, "BOT_CURRENCY", "EURO", "expected 'USD', 'USDT', 'BTC', 'EUR' or 'CNY'"),
        ({}, "BOT_DIGEST_AT", "9", f"{TIME} «9»"),
        ({}, "BOT_DIGEST_AT", "24:00", f"{TIME} «24:00»"),
        ({}, "BOT_TELEGRAM__OWNERS", "1,me", "expected numbers, separated by commas"),
        ({}, "BOT_TELEGRAM__OWNERS", "-5", f"{USERS} «-5»"),
        ({}, "BOT_TELEGRAM__OWNERS", "[7, 0]", f"{USERS} «0»"),
        ({}, "BOT_TELEGRAM__CHATS", '["-1"', LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[1,]", LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[1] 2", LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[true]", LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[[1]]", LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[NaN]", LIST),
        ({}, "BOT_TELEGRAM__CHATS", "[" * 100_000, LIST),
        ({}, "BOT_TELEGRAM__CHATS", "1]", "expected numbers, separated by commas"),
        (OKX, "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS", "[desk1]", LIST),
        # Addresses.
        ({}, "BOT_TELEGRAM__API_URL", "api.telegram.org", URL),
        ({}, "BOT_TELEGRAM__API_URL", "https://[hidden", URL),
        ({}, "BOT_TELEGRAM__API_URL", "https://hidden:hidden@\u2100.com", URL),
        ({}, "BOT_TELEGRAM__API_URL", "http://127.0.0.1:99999", PORT),
        ({}, "BOT_TELEGRAM__API_URL", "http://127.0.0.1:0", PORT),
        (OKX, "BOT_ACCOUNTS__MAIN__BASE_URL", "https://okx.com:hidden", PORT),
        (
            {},
            "BOT_TELEGRAM__API_URL",
            "http://telegram.example",
            "plain http is accepted for loopback only; use https",
        ),
        (OKX, "BOT_ACCOUNTS__MAIN__BASE_URL", "https://hidden:hidden@okx.com", URL),
        (OKX, "BOT_ACCOUNTS__MAIN__DEMO", "perhaps", "expected true or false"),
        # Secrets, as they are after a slip of copying.
        ({}, TOKEN, "12:hidden token", f"{ODD} token has"),
        ({}, TOKEN, "12:hidden\n", f"{ODD} token has"),
        ({}, TOKEN, "12:hidden\u200b", f"{ODD} token has"),
        (OKX, "BOT_ACCOUNTS__MAIN__API_KEY", " hidden", f"{ODD} key has"),
        (OKX, "BOT_ACCOUNTS__MAIN__API_SECRET", "hidden\t", f"{ODD} key has"),
        (OKX, "BOT_ACCOUNTS__MAIN__PASSPHRASE", "hídden", f"{ODD} key has"),
        # Accounts.
        (
            OKX,
            "BOT_ACCOUNTS__MAIN__EXCHANGE",
            "okex",
            "expected coinw, okx, xt or ccxt:<id>, got «okex»",
        ),
        (
            OKX,
            "BOT_ACCOUNTS__MAIN__EXCHANGE",
            "ccxt:mtgox",
            "ccxt knows no exchange «mtgox»",
        ),
        (OKX, "BOT_ACCOUNTS__MAIN__API_VERSION", "4", "expected auto, got «4»"),
        (
            OKX,
            "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS",
            "desk\udc80",
            "has a character in it that no name has",
        ),
        (
            COINW | {"BOT_ACCOUNTS__SPARE__EXCHANGE": "xt"},
            "BOT_ACCOUNTS__SPARE__API_VERSION",
            "2",
            "expected auto, 1 or 4, got «2»",
        ),
        (
            OKX,
            "BOT_ACCOUNTS__MAIN__WALLETS",
            "funding,spot",
            "expected funding, trading, savings, eth-staking or sol-staking, got «spot»",
        ),
        (COINW, "BOT_ACCOUNTS__SPARE__WALLETS", "funding", "expected spot, got «funding»"),
        (COINW, "BOT_ACCOUNTS__SPARE__SUB_ACCOUNTS", "a", "coinw has none that could be read"),
        (COINW, "BOT_ACCOUNTS__SPARE__DEMO", "true", "coinw has no demo accounts"),
        (COINW, "BOT_ACCOUNTS__SPARE__SUB_ACCOUNTS", "*", "coinw has none that could be read"),
        (OKX, "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS", "*,desk1", NAMES),
        (OKX, "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS", "desk*", NAMES),
        (OKX, "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS", "desk1/trading", NAMES),
        # Rules.
        (
            {},
            "BOT_RULES__LOW",
            "",
            "expected a path such as main/funding or */spot, got the end of the line",
        ),
        (
            {},
            "BOT_RULES__LOW",
            "main/funding USDT << 500",
            "expected < or > or drops or lasts, got «<<» at column 19",
        ),
        (
            {},
            "BOT_RULES__LOW",
            "main/funding USDT <",
            "expected a limit such as 500 or 0.05, got the end of the line",
        ),
        (OKX, "BOT_RULES__LOW", "other/funding USDT < 5", f"other/funding {COVERS}"),
        (OKX, "BOT_RULES__LOW", "main/eth-staking USDT < 5", f"main/eth-staking {COVERS}"),
        (
            OKX,
            "BOT_RULES__LOW",
            "other total < 5 USD",
            f"other {COVERS}".replace(" that could hold USDT", ""),
        ),
    ],
)
def test_what_is_refused(
    load: Load, others: dict[str, str], name: str, value: str, sentence: str
) -> None:
    """One mistake is one line, which begins with the full name and shows no secret."""
    lines = refused(load, others | {name: value})
    assert lines == (f"{name}: {sentence}",)
    assert "hidden" not in lines[0]


def test_near_zones_and_odd_names(load: Load) -> None:
    """A zone that is nearly right is guessed; a bad name is the fault of the name."""
    (line,) = refused(load, {"BOT_TIMEZONE": "Europe/Berln"})
    assert line.startswith("BOT_TIMEZONE: expected a time zone such as Europe/Berlin, ")
    odd = {name.replace("MAIN", "A.B"): value for name, value in OKX.items()}
    assert refused(load, odd) == (
        "BOT_ACCOUNTS__A.B: a name has letters, digits, - and _ only, 32 at most",
    )
    assert refused(load, {"BOT_RULES__#1": "main USDT < 5"}) == (
        "BOT_RULES__#1: a name has letters, digits, - and _ only, 32 at most",
    )


def test_two_accounts_with_one_key(load: Load) -> None:
    """The line names the second account and the first; the key itself is not shown."""
    twins = OKX | {name.replace("MAIN", "TWIN"): value for name, value in OKX.items()}
    assert refused(load, twins) == (
        "BOT_ACCOUNTS__TWIN__API_KEY: is the key of MAIN, too; use it once",
    )


def test_all_mistakes_are_named_at_once(load: Load) -> None:
    """Nobody has to start the bot once for each mistake."""
    lines = refused(load, {"BOT_CHECK_EVERY": "x", "BOT_DIGEST_AT": "y", "BOT_LOG__LEVEL": "z"})
    assert {line.partition(":")[0] for line in lines} == {
        "BOT_CHECK_EVERY",
        "BOT_DIGEST_AT",
        "BOT_LOG__LEVEL",
    }


def test_no_secret_is_ever_shown(load: Load) -> None:
    """Neither the settings as text nor any refusal has the value of a secret in it."""
    everything = OKX | COINW | {TOKEN: "12:hidden-token"}
    settings = load(everything)
    for text in (repr(settings), str(settings), repr(settings.accounts["main"].credentials)):
        assert "hidden" not in text
    assert len(settings.secrets) == 6
    assert all("hidden" in secret for secret in settings.secrets)
    wrong = {f"{name}X": value for name, value in everything.items()}
    assert "hidden" not in "".join(refused(load, wrong))
    nested = {f"{name}__X": value for name, value in everything.items()}
    assert "hidden" not in "".join(refused(load, nested))


@pytest.mark.parametrize(
    "value", ["k", "a b", "k ", " k", "k\n", "a\tb", "k\x7f", "a\u00a0b", "ké", "~!", "a\x00b"]
)
def test_keys_are_judged_as_the_fetchers_do(load: Load, value: str) -> None:
    """What loads is what a fetcher would send, and the other way round."""
    for name in ("API_KEY", "API_SECRET", "PASSPHRASE"):
        environ = OKX | {f"BOT_ACCOUNTS__MAIN__{name}": value}
        if _flaw_of(Credentials("k", "s", value)) is None:
            assert value in load(environ).secrets
        else:
            assert refused(load, environ) == (f"BOT_ACCOUNTS__MAIN__{name}: {ODD} key has",)
