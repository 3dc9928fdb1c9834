"""What is wrong: each line begins with the full name of a setting, none shows a secret."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import ValidationError

from bot.core.portfolio import Account
from bot.core.sentences import either
from bot.core.watches import watches_of
from bot.fetchers import EXCHANGES, Exchange, find_exchange
from bot.settings.model import OFFICIAL_API, AccountSettings, Group, Settings
from bot.settings.sources import PREFIX
from bot.settings.values import MAKE_ONE

OUR_PAGES = {"/healthz", "/metrics"}
WEBHOOK_PORTS = {None, 443, 80, 88, 8443}
"""None is the usual one of https."""


def unknown_names(named: Mapping[str, str]) -> Iterator[str]:
    """Refuse names that no setting has, with the one that may have been meant."""
    for name in sorted(named):
        known = list(_known_like(name))
        if name not in known:
            # Without what all have alike: BOT_ alone is near to nothing.
            tails = [other.removeprefix(PREFIX) for other in known]
            near = get_close_matches(name.removeprefix(PREFIX), tails, 1, 0.5)
            hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
            yield f"{name}: there is no such setting{hint}"


def _known_like(name: str) -> Iterator[str]:
    """List the names that there are, with the free parts filled in as in `name`."""
    parts = name.split("__")
    free = parts[1] if len(parts) > 1 and parts[1] else "MAIN"
    for field, info in Settings.model_fields.items():
        top = f"{PREFIX}{field.upper()}"
        match info.annotation:
            case type() as group if issubclass(group, Group):
                yield from (f"{top}__{inner.upper()}" for inner in group.model_fields)
            case annotation if field == "accounts":
                group = get_args(annotation)[1]
                yield from (f"{top}__{free}__{inner.upper()}" for inner in group.model_fields)
            case _ if field == "rules":
                yield f"{top}__{free}"
            case _:
                yield top


def lines_of(error: ValidationError) -> list[str]:
    """Say in our words what pydantic has found."""
    return [f"{_full_name(e['loc'])}: {_sentence(e)}" for e in error.errors()]


def _full_name(loc: tuple[int | str, ...]) -> str:
    return PREFIX + "__".join(str(part).upper() for part in loc if isinstance(part, str))


def _sentence(error: Any) -> str:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return str(cause)
    plain: dict[str, str] = {
        "literal_error": f"expected {error.get('ctx', {}).get('expected')}",
        "missing": "is missing",
        "int_parsing": "expected numbers, separated by commas",
        "bool_parsing": "expected true or false",
        "model_type": "expected a name behind it, such as __MAIN__EXCHANGE",
        "model_attributes_type": "expected a name behind it, such as __MAIN__EXCHANGE",
        "dict_type": "expected a name behind it, such as __MAIN",
    }
    return plain.get(error["type"]) or str(error["msg"]).lower()


_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_ODD_NAME = "a name has letters, digits, - and _ only, 32 at most"


def account_problems(settings: Settings) -> Iterator[str]:
    """Refuse accounts that no exchange can have."""
    for name, account in settings.accounts.items():
        top = f"BOT_ACCOUNTS__{name.upper()}"
        if not _NAME.fullmatch(name):
            yield f"{top}: {_ODD_NAME}"
        try:
            exchange = find_exchange(account.exchange)
        except ValueError as e:
            yield f"{top}__EXCHANGE: {e}"
        else:
            yield from _exchange_problems(top, account, exchange)
    yield from _shared_keys(settings)


def _exchange_problems(top: str, account: AccountSettings, exchange: Exchange) -> Iterator[str]:
    if exchange.needs_passphrase and account.passphrase is None:
        yield f"{top}__PASSPHRASE: is missing; keys of {exchange.slug} have one"
    for wallet in account.wallets or ():
        if wallet not in exchange.wallets:
            yield f"{top}__WALLETS: expected {either(tuple(exchange.wallets))}, got «{wallet}»"
    if account.sub_accounts and not exchange.sub_accounts:
        yield f"{top}__SUB_ACCOUNTS: {exchange.slug} has none that could be read"
    elif not account.discovers and any("*" in sub or "/" in sub for sub in account.sub_accounts):
        yield f"{top}__SUB_ACCOUNTS: expected names, or * alone, which means all there are"
    if any(not sub.isprintable() for sub in account.sub_accounts):
        yield f"{top}__SUB_ACCOUNTS: has a character in it that no name has"
    if account.demo and not exchange.has_demo:
        yield f"{top}__DEMO: {exchange.slug} has no demo accounts"
    if account.api_version not in ("auto", *exchange.versions):
        known = either(("auto", *exchange.versions))
        yield f"{top}__API_VERSION: expected {known}, got «{account.api_version}»"


def _shared_keys(settings: Settings) -> Iterator[str]:
    """Refuse a key in two accounts: they would share its limits without knowing."""
    keys = {
        name: (account.exchange, account.api_key.get_secret_value())
        for name, account in settings.accounts.items()
    }
    first: dict[tuple[str, str], str] = {}
    for name, key in sorted(keys.items()):
        other = first.setdefault(key, name)
        if other != name:
            top = f"BOT_ACCOUNTS__{name.upper()}"
            yield f"{top}__API_KEY: is the key of {other.upper()}, too; use it once"


def rule_problems(settings: Settings) -> Iterator[str]:
    """Refuse rules that could never speak; the accounts must be good."""
    accounts = settings.watched
    for name, rule in settings.rules.items():
        if not _NAME.fullmatch(name):
            yield f"BOT_RULES__{name.upper()}: {_ODD_NAME}"
        may_come = any(account.may_come_under(rule.pattern) for account in accounts)
        if accounts and not may_come and not watches_of(name, rule, accounts):
            held = "" if rule.measure == "value" else f" that could hold {rule.asset}"
            yield (
                f"BOT_RULES__{name.upper()}: {rule.pattern} covers no wallet{held}; "
                f"there are {', '.join(_all_paths(accounts))}"
            )


def _all_paths(accounts: Iterable[Account]) -> Iterator[str]:
    for account in accounts:
        yield from account.paths
        yield from (f"{account.name}/{wallet}" for wallet in account.sub_wallets)


def token_problems(settings: Settings) -> Iterator[str]:
    """Refuse to be a bot without a token."""
    if settings.telegram.token is None:
        yield "BOT_TELEGRAM__TOKEN: is missing; @BotFather gives you one"


def webhook_problems(settings: Settings) -> Iterator[str]:
    """Refuse a webhook that Telegram could not use, or that anybody could."""
    telegram = settings.telegram
    if telegram.webhook_url is None:
        if telegram.webhook_secret is not None:
            yield "BOT_TELEGRAM__WEBHOOK_URL: is missing; the secret alone is of no use"
        return
    if telegram.webhook_secret is None:
        yield f"BOT_TELEGRAM__WEBHOOK_SECRET: is missing; {MAKE_ONE} makes one"
    if settings.web.listen is None:
        yield "BOT_WEB__LISTEN: is empty; the webhook needs an address"
    parts = urlsplit(telegram.webhook_url)
    if parts.path in OUR_PAGES:
        yield f"BOT_TELEGRAM__WEBHOOK_URL: {parts.path} is a page of the bot; take another path"
    if telegram.api_url == OFFICIAL_API and parts.port not in WEBHOOK_PORTS:
        yield "BOT_TELEGRAM__WEBHOOK_URL: Telegram posts to the ports 443, 80, 88 and 8443 only"


def missing_accounts(settings: Settings) -> Iterator[str]:
    """Refuse to watch nothing."""
    if not settings.accounts:
        known = either(tuple(EXCHANGES))
        yield f"BOT_ACCOUNTS__MAIN__EXCHANGE: is missing: no account is set up yet ({known})"
