"""All settings as one frozen value, under their names without the prefix."""

from datetime import time, timedelta
from typing import Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from bot.core.portfolio import Account
from bot.fetchers import Credentials, find_exchange
from bot.settings.values import (
    Address,
    Addresses,
    ClockTime,
    Duration,
    Ids,
    Language,
    Level,
    Listen,
    Lowered,
    MoneyName,
    Names,
    RuleText,
    Secret,
    SecretUrl,
    Token,
    Url,
    UserIds,
    WebhookSecret,
    WebhookUrl,
    Zone,
)

OFFICIAL_API = "https://api.telegram.org"


class Group(BaseModel):
    """Settings that share the first part of their names."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class TelegramSettings(Group):
    """`BOT_TELEGRAM__…`."""

    token: Token | None = None
    owners: UserIds = ()
    chats: Ids = ()
    api_url: Url = OFFICIAL_API
    webhook_url: WebhookUrl | None = None
    """Where Telegram posts updates to; None: it is asked for them."""
    webhook_secret: WebhookSecret | None = None


class AccountSettings(Group):
    """`BOT_ACCOUNTS__<NAME>__…`."""

    exchange: Lowered
    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None
    wallets: Names | None = None
    sub_accounts: Names = ()
    base_url: Url | None = None
    demo: bool = False
    api_version: Lowered = "auto"
    """Of the exchange's API, where a key belongs to one; `auto`: whichever knows the key."""
    check_every: Duration | None = None

    @property
    def discovers(self) -> bool:
        """Whether the exchange is asked which sub-accounts there are."""
        return self.sub_accounts == ("*",)

    @property
    def credentials(self) -> Credentials:
        """The key, for a fetcher."""
        return Credentials(
            self.api_key.get_secret_value(),
            self.api_secret.get_secret_value(),
            self.passphrase.get_secret_value() if self.passphrase else None,
        )


class LogSettings(Group):
    """`BOT_LOG__…`."""

    level: Level = "INFO"
    format: Literal["text", "json"] | None = None
    """None: text on a terminal, JSON elsewhere."""


class WebSettings(Group):
    """`BOT_WEB__…`."""

    listen: Listen = Address("127.0.0.1", 8081)
    """Where the bot is seen from outside; None: nowhere."""
    balances: bool = False
    """Whether amounts are among what is seen there."""

    @property
    def is_chosen(self) -> bool:
        """Whether somebody wants it just there, and counts on it."""
        return "listen" in self.model_fields_set


class Settings(BaseSettings):
    """All of them, by their names without the prefix."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=False,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    telegram: TelegramSettings = TelegramSettings()
    accounts: dict[str, AccountSettings] = {}
    rules: dict[str, RuleText] = {}
    check_every: Duration = timedelta(seconds=60)
    database_url: SecretStr = SecretStr("sqlite:///data/bot.db")
    currency: MoneyName = "USD"
    timezone: Zone = ZoneInfo("UTC")
    language: Language = "en"
    digest_at: ClockTime = time(9)
    log: LogSettings = LogSettings()
    web: WebSettings = WebSettings()
    fallback_urls: Addresses = ()
    heartbeat_url: SecretUrl | None = None

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values only as they are handed over: `sources` has gathered and named them."""
        return (init_settings,)

    @property
    def watched(self) -> tuple[Account, ...]:
        """The accounts as the core knows them, in the order of their names."""
        return tuple(self._account(name) for name in sorted(self.accounts))

    def _account(self, name: str) -> Account:
        account = self.accounts[name]
        exchange = find_exchange(account.exchange)
        wallets = exchange.wallets if account.wallets is None else account.wallets
        named = () if account.discovers else account.sub_accounts
        theirs = [w for sub in named for w in exchange.wallets_of_sub(sub, wallets)]
        return Account(
            name=name,
            exchange=account.exchange,
            wallets=tuple(dict.fromkeys([*wallets, *theirs])),
            check_every=account.check_every or self.check_every,
            coins=exchange.restricted,
            sub_wallets=exchange.wallets_of_sub("*", wallets) if account.discovers else (),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that must never be shown."""
        keys = [
            secret
            for account in self.accounts.values()
            for secret in (account.api_key, account.api_secret, account.passphrase)
        ]
        ours = [self.telegram.token, self.telegram.webhook_secret]
        all_of_them = [*ours, *keys, *self.fallback_urls, self.heartbeat_url]
        told = tuple(s.get_secret_value() for s in all_of_them if s)
        return (*told, *_passwords_in(self.database_url.get_secret_value()))


def _passwords_in(url: str) -> tuple[str, ...]:
    """Find a password in a URL, as it is written there and as it is meant."""
    try:
        written = urlsplit(url).password
    except ValueError:
        return ()
    return tuple({written, unquote(written)}) if written else ()
