"""Settings: where they come from, what is refused in which words, and what is never shown."""

from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.fetchers import Credentials
from bot.fetchers._contract import _flaw_of
from bot.settings import Settings, SettingsError, load_settings, require_accounts, require_bot

Load = Callable[..., Settings]

OKX = {
    "BOT_ACCOUNTS__MAIN__EXCHANGE": "okx",
    "BOT_ACCOUNTS__MAIN__API_KEY": "hidden-key",
    "BOT_ACCOUNTS__MAIN__API_SECRET": "hidden-secret",
    "BOT_ACCOUNTS__MAIN__PASSPHRASE": "hidden-passphrase",
}
COINW = {
    "BOT_ACCOUNTS__SPARE__EXCHANGE": "coinw",
    "BOT_ACCOUNTS__SPARE__API_KEY": "hidden-key-2",
    "BOT_ACCOUNTS__SPARE__API_SECRET": "hidden-secret-2",
}


def refused(load: Load, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return caught.value.lines


def test_nothing_set(load: Load) -> None:
    """What is not given has the values that the example file tells."""
    settings = load()
    assert settings.telegram.token is None
    assert (settings.telegram.owners, settings.telegram.chats) == ((), ())
    assert settings.telegram.api_url == "https://api.telegram.org"
    assert (settings.accounts, settings.rules) == ({}, {})
    assert settings.check_every == timedelta(seconds=60)
    assert settings.database_url.get_secret_value() == "sqlite:///data/bot.db"
    assert (settings.currency, settings.language) == ("USD", "en")
    assert (settings.timezone, settings.digest_at) == (ZoneInfo("UTC"), time(9))
    assert (settings.log.level, settings.log.format) == ("INFO", None)


def test_everything_set(load: Load) -> None:
    """Each setting arrives where it belongs."""
    settings = load(
        OKX
        | {
            "BOT_TELEGRAM__TOKEN": "12:hidden-token",
            "BOT_TELEGRAM__OWNERS": "1, 2",
            "BOT_TELEGRAM__CHATS": "-1001",
            "BOT_TELEGRAM__API_URL": "http://127.0.0.1:8081/",
            "BOT_ACCOUNTS__MAIN__WALLETS": "funding",
            "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "desk1,desk2",
            "BOT_ACCOUNTS__MAIN__BASE_URL": "https://my.okx.com",
            "BOT_ACCOUNTS__MAIN__DEMO": "true",
            "BOT_ACCOUNTS__MAIN__API_VERSION": "Auto",
            "BOT_ACCOUNTS__MAIN__CHECK_EVERY": "5m",
            "BOT_RULES__LOW": "main/funding USDT < 500 · critical",
            "BOT_CHECK_EVERY": "90s",
            "BOT_DATABASE_URL": "sqlite:///other.db",
            "BOT_CURRENCY": "eur",
            "BOT_LANGUAGE": "ZH",
            "BOT_TIMEZONE": "Europe/Berlin",
            "BOT_DIGEST_AT": "7:30",
            "BOT_LOG__LEVEL": "debug",
            "BOT_LOG__FORMAT": "json",
        }
    )
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == "12:hidden-token"
    assert (settings.telegram.owners, settings.telegram.chats) == ((1, 2), (-1001,))
    assert settings.telegram.api_url == "http://127.0.0.1:8081"
    (account,) = settings.watched
    assert account.paths == ("main/funding", "main/sub:desk1", "main/sub:desk2")
    assert account.check_every == timedelta(minutes=5)
    assert settings.accounts["main"].credentials.api_key == "hidden-key"
    assert (settings.currency, settings.language) == ("EUR", "zh")
    assert settings.accounts["main"].demo is True
    assert settings.rules["low"].limit == Decimal(500)
    assert (settings.timezone.key, settings.digest_at) == ("Europe/Berlin", time(7, 30))
    assert (settings.log.level, settings.log.format) == ("DEBUG", "json")


def test_named_sub_accounts_trade_where_the_account_does(load: Load) -> None:
    """Each has its funding account, and its trading account where that wallet is watched."""
    subs = {"BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "a, b"}
    (account,) = load(OKX | subs | {"BOT_ACCOUNTS__MAIN__WALLETS": "trading"}).watched
    theirs = ("sub:a", "sub:a/trading", "sub:b", "sub:b/trading")
    assert account.wallets == ("trading", *theirs)
    assert account.listing is None


@pytest.mark.parametrize(
    ("wallets", "theirs"),
    [("funding", ("sub:*",)), ("funding,trading", ("sub:*", "sub:*/trading"))],
)
def test_discovered_sub_accounts(load: Load, wallets: str, theirs: tuple[str, ...]) -> None:
    """A star alone asks the exchange; what each sub-account has follows from the wallets."""
    (account,) = load(
        OKX | {"BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*", "BOT_ACCOUNTS__MAIN__WALLETS": wallets}
    ).watched
    assert account.wallets == tuple(wallets.split(","))
    assert (account.sub_wallets, account.subs) == (theirs, ())
    assert account.listing == "main/sub:*"


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        ("main/sub:* USDT < 5", True),
        ("main/sub:*/trading USDT < 5", True),
        ("main/sub:desk1 USDT < 5", True),
        ("main/sub:desk1/savings USDT < 5", False),
        ("main/spot USDT < 5", False),
        ("other/sub:* USDT < 5", False),
    ],
)
def test_rules_about_what_may_be_discovered(load: Load, rule: str, *, accepted: bool) -> None:
    """A rule about sub-accounts may wait for them where they are discovered, and only there."""
    named = OKX | {"BOT_RULES__LOW": rule}
    if accepted:
        load(named | {"BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*"})
    else:
        with pytest.raises(SettingsError, match=r"main/sub:\*, main/sub:\*/trading"):
            load(named | {"BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*"})
    with pytest.raises(SettingsError, match="covers no wallet"):
        load(named)


TOKEN = "BOT_TELEGRAM__TOKEN"


MISSPELT = "there is no such setting; did you mean"
DURATION = "expected a duration such as 90s, 5m, 4h or 1d, got"
TIME = "expected a time such as 09:00, or nothing for off, got"
URL = "expected a URL such as https://api.example.com"
PORT = "expected a port from 1 to 65535 behind the host"
LIST = "expected a list such as 5,6 or [5, 6]"
USERS = "expected user ids, which are positive; ids of groups go into BOT_TELEGRAM__CHATS, got"
ODD = "has a space or a character in it that no"
OKX_WALLETS = ["funding", "trading", "savings", "eth-staking", "sol-staking"]
OKX_PATHS = [f"main/{wallet}" for wallet in OKX_WALLETS]
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


def test_who_wins(load: Load, secrets: Path) -> None:
    """The environment wins over the file, and the file over the folder of secrets."""
    (secrets / "BOT_TIMEZONE").write_text("Asia/Tokyo\n")
    (secrets / "bot_check_every").write_text("7s")
    (secrets / "other").write_text("not ours")
    assert load().timezone.key == "Asia/Tokyo"
    file = "BOT_TIMEZONE=Europe/Rome\nOTHER=1\n"
    with pytest.raises(SettingsError, match="OTHER: there is no such setting"):
        load(file=file)
    settings = load(file="BOT_TIMEZONE=Europe/Rome\n")
    assert (settings.timezone.key, settings.check_every) == ("Europe/Rome", timedelta(seconds=7))
    assert load({"BOT_TIMEZONE": "Asia/Dubai", "OTHER": "1"}).timezone.key == "Asia/Dubai"
    assert load({"BOT_TIMEZONE": ""}).timezone.key == "Europe/Rome"  # empty: not given


def test_secrets_as_one_file(load: Load, secrets: Path) -> None:
    """A container may mount the whole file; a file for one setting is more to the point."""
    (secrets / "settings.env").write_text("BOT_TIMEZONE=Asia/Tokyo\nBOT_LANGUAGE=zh\n")
    (secrets / "BOT_TIMEZONE").write_text("Asia/Dubai")
    assert (load().timezone.key, load().language) == ("Asia/Dubai", "zh")
    assert load(file="BOT_LANGUAGE=en\n").language == "en"
    (secrets / "settings.env").write_text("BOT_LANGUAGE\n")
    with pytest.raises(SettingsError, match="line 1 is not NAME=value"):
        load()


def test_credentials_of_systemd(load: Load, secrets: Path, tmp_path: Path) -> None:
    """What LoadCredential hands over counts like secrets, and wins over those of a container."""
    (secrets / "BOT_TIMEZONE").write_text("Asia/Tokyo")
    (secrets / "BOT_LANGUAGE").write_text("zh")
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    (handed_over / "BOT_TIMEZONE").write_text("Asia/Dubai")
    (handed_over / "settings.env").write_text(f"{TOKEN}=12:abc\n")
    settings = load({"CREDENTIALS_DIRECTORY": str(handed_over)})
    assert (settings.timezone.key, settings.language) == ("Asia/Dubai", "zh")
    assert settings.telegram.token is not None
    assert load({"CREDENTIALS_DIRECTORY": ""}).telegram.token is None
    not_a_folder = handed_over / "BOT_TIMEZONE"
    with pytest.raises(SettingsError, match=r"settings\.env: cannot be read"):
        load({"CREDENTIALS_DIRECTORY": str(not_a_folder)})


def test_values_in_files(load: Load, tmp_path: Path) -> None:
    """A name with _FILE points to the value; it counts where it stands, above or below others."""
    path = tmp_path / "token"
    path.write_text("12:from-file\n")
    pointing = {f"{TOKEN}_FILE": str(path)}

    def token(environ: dict[str, str], file: str = "") -> str:
        secret = load(environ, file=file).telegram.token
        assert secret is not None
        return secret.get_secret_value()

    assert token(pointing) == "12:from-file"
    assert token(pointing, f"{TOKEN}=12:from-env-file") == "12:from-file"
    assert token({TOKEN: "12:from-environment"}, f"{TOKEN}_FILE={path}") == "12:from-environment"
    assert token({TOKEN: "12:there", f"{TOKEN}_FILE": ""}) == "12:there"
    assert refused(load, {f"{TOKEN}_FILE": str(tmp_path / "none")}) == (
        f"{TOKEN}_FILE: the file cannot be read",
    )


def test_a_file_that_is_no_text(load: Load, tmp_path: Path) -> None:
    """What cannot be read is refused by its name, not with a trace."""
    (tmp_path / "settings.env").write_bytes(b"\xff\xfe\x00")
    assert refused(load, {}) == ("settings.env: cannot be read",)


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("BOT_TIMEZONE=UTC\nhidden value\n", [2]),
        ("BOT_TELEGRAM__TOKEN\n", [1]),
        ("\n\n  =hidden\n# fine\n\nBOT_TIMEZONE='UTC' hidden", [3, 6]),
        ('BOT_TIMEZONE=UTC\r\n\r\nBOT_TELEGRAM__TOKEN="hidden\r\n', [3]),
    ],
)
def test_lines_of_the_file_that_say_nothing(
    load: Load, file: str, lines: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A line that is no setting is refused by its number; it is neither dropped nor shown."""
    with pytest.raises(SettingsError) as caught:
        load(file=file)
    assert list(caught.value.lines) == [
        f"settings.env: line {line} is not NAME=value" for line in lines
    ]
    assert not caplog.records


def test_what_the_file_may_look_like(load: Load) -> None:
    """Comments, quotes, export and lines that say nothing are read as shells do."""
    file = (
        "\ufeff# first\n\nexport BOT_TIMEZONE='Asia/Tokyo' # why\nBOT_LOG__LEVEL = \"debug\"\n \n"
    )
    settings = load(file=file)
    assert (settings.timezone.key, settings.log.level) == ("Asia/Tokyo", "DEBUG")


def test_an_emptied_rule_is_no_rule(load: Load, tmp_path: Path) -> None:
    """An emptied rule is refused wherever it stands; only no file behind _FILE is not given."""
    empty = tmp_path / "empty"
    empty.touch()
    for environ, file in [
        ({}, "BOT_RULES__LOW=\n"),
        ({"BOT_RULES__LOW": ""}, "BOT_RULES__LOW=*/spot USDT < 5\n"),
        ({"BOT_RULES__LOW_FILE": str(empty)}, ""),
    ]:
        with pytest.raises(SettingsError, match=r"^BOT_RULES__LOW: expected a path"):
            load(environ, file=file)
    assert load({"BOT_RULES__LOW_FILE": ""}).rules == {}


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


@pytest.mark.parametrize(
    "text", ["1,2", " 1 , 2 ", "[1, 2]", "[1,2]", '["1", "2"]', "1,2,", "[1,\n2]"]
)
def test_lists(load: Load, text: str) -> None:
    """Lists are written with commas, or as JSON."""
    assert load({"BOT_TELEGRAM__OWNERS": text}).telegram.owners == (1, 2)


def test_names_in_any_case(load: Load) -> None:
    """Names of settings, accounts, rules and exchanges mean the same in any case."""
    lower = {name.lower(): value for name, value in OKX.items()} | {
        "Bot_Rules__Low": "main/funding USDT < 5",
        "bot_accounts__main__exchange": "OKX",
    }
    settings = load(lower)
    assert list(settings.watched[0].paths) == OKX_PATHS
    assert list(settings.rules) == ["low"]


@pytest.mark.parametrize("given", [{}, None])
def test_an_empty_time_turns_digests_off(load: Load, given: dict[str, str] | None) -> None:
    """Nothing behind the = is a choice, in the file as in the environment."""
    assert load(given, file="BOT_DIGEST_AT=\n").digest_at is None
    assert load({"BOT_DIGEST_AT": ""}, file="BOT_DIGEST_AT=08:00\n").digest_at is None
    assert load(given, file="").digest_at == time(9)


def test_what_only_the_bot_needs(load: Load) -> None:
    """Reading balances needs an account; running needs a token, too."""
    account = (
        "BOT_ACCOUNTS__MAIN__EXCHANGE: is missing: no account is set up yet (coinw, okx or xt)"
    )
    with pytest.raises(SettingsError) as caught:
        require_bot(load())
    assert caught.value.lines == (f"{TOKEN}: is missing; @BotFather gives you one", account)
    with pytest.raises(SettingsError) as caught:
        require_accounts(load())
    assert caught.value.lines == (account,)
    require_accounts(load(OKX))
    require_bot(load(OKX | {TOKEN: "12:hidden"}))


def test_the_environment_of_the_process(
    monkeypatch: pytest.MonkeyPatch, secrets: Path, tmp_path: Path
) -> None:
    """Without arguments the process's own environment and folder count."""
    monkeypatch.setenv("BOT_CHECK_EVERY", "33s")
    monkeypatch.chdir(tmp_path)
    assert load_settings().check_every == timedelta(seconds=33)
