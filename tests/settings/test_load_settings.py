"""Settings: what arrives where, and what may be left out."""

from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.settings import SettingsError, require_accounts, require_bot
from tests.settings.conftest import OKX, OKX_PATHS, TOKEN, Load


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
