"""How a person writes a value: durations, lists, zones, addresses; errors say what is expected."""

import ipaddress
import json
import re
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, SecretStr

from bot.core.durations import parse_duration
from bot.core.rules import Rule, parse_rule
from bot.core.valuation import Currency

LOCALES = Path(__file__).parents[1] / "chat" / "locales"
"""What the chat can speak besides English: a file each."""
MAKE_ONE = "openssl rand -hex 32"
_LAST_PORT = 65535
_NO_URL = "expected a URL such as https://api.example.com"


def _duration(value: object) -> timedelta:
    span = parse_duration(str(value).strip())
    if span is None:
        raise ValueError(f"expected a duration such as 90s, 5m, 4h or 1d, got «{value}»")
    return span


def _listed(value: object) -> object:
    """Read a list: comma-separated, or whatever begins with a bracket as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json_list(value)
    return [item.strip().strip('"') for item in value.split(",") if item.strip()]


def _addresses(value: object) -> object:
    """Read addresses: between them are commas with `…://` behind, as commas may be in them."""
    if not isinstance(value, str) or value.lstrip().startswith("["):
        return _listed(value)
    found = re.split(r"\s*,\s*(?=[A-Za-z][A-Za-z0-9+.-]*://)", value.strip())
    return [address for address in found if address]


def _json_list(text: str) -> list[str]:
    """Read strings and numbers, the numbers as they are written."""
    try:
        items = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        items = [None]
    if not all(isinstance(item, str) for item in items):
        raise ValueError("expected a list such as 5,6 or [5, 6]")
    return [item.strip() for item in items if item.strip()]


def _user_ids(ids: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse the id of a group among the owners: all its members would be meant, none could be."""
    for number in ids:
        if number <= 0:
            raise ValueError(
                "expected user ids, which are positive; "
                f"ids of groups go into BOT_TELEGRAM__CHATS, got «{number}»"
            )
    return ids


def _secret(value: SecretStr) -> SecretStr:
    """Refuse what the fetchers could not send; a slip of copying is found at the start."""
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value.get_secret_value()):
        raise ValueError("has a space or a character in it that no key has")
    return value


def _token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("has a space or a character in it that no token has")
    return value


class Address(NamedTuple):
    """Where a server of ours listens."""

    host: str
    port: int
    """0 takes a free one."""


def _address(value: object) -> object:
    text = str(value or "").strip()
    if not text:
        return None
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})", text)
    if found is None or int(found[3]) > _LAST_PORT:
        raise ValueError(
            f"expected an address and a port such as 127.0.0.1:8081, or nothing for off, "
            f"got «{text}»"
        )
    return Address(found[1] or found[2], int(found[3]))


def _webhook_secret(value: SecretStr) -> SecretStr:
    """Refuse what Telegram does not take, and what could be guessed."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value.get_secret_value()):
        raise ValueError(f"expected 16 to 256 letters, digits, - and _; {MAKE_ONE} makes some")
    return value


def _zone(value: object) -> object:
    name = str(value)
    if name in available_timezones():
        return ZoneInfo(name)
    near = get_close_matches(name, available_timezones(), 3) or ["Europe/Berlin", "UTC"]
    raise ValueError(f"expected a time zone such as {', '.join(near)}, got «{name}»")


def _language(value: object) -> str:
    known = ["en", *sorted(path.stem for path in LOCALES.glob("*.po"))]
    by_lower = {code.lower(): code for code in known}
    if (found := by_lower.get(str(value).strip().lower())) is None:
        raise ValueError(f"expected a language: {', '.join(known)}; got «{value}»")
    return found


def _clock_time(value: object) -> object:
    text = str(value or "").strip()
    if not text:
        return None
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        raise ValueError(f"expected a time such as 09:00, or nothing for off, got «{text}»")
    return time(int(found[1]), int(found[2]))


def _base_url(value: object) -> object:
    """Accept https, and http on loopback; the value may hold a secret and is not shown."""
    if _checked(str(value)).query:
        raise ValueError(_NO_URL)
    return str(value).rstrip("/")


def _webhook_url(value: object) -> object:
    """Refuse a path that a proxy could hand on in another spelling than Telegram was told."""
    url = _base_url(value)
    path = urlsplit(str(url)).path
    if not re.fullmatch(r"[A-Za-z0-9._~/-]*", path) or {".", ".."} & set(path.split("/")):
        raise ValueError("expected a path of letters, digits, and . _ ~ - between the /")
    return url


def _full_url(value: SecretStr) -> SecretStr:
    """Accept the same with a query, and keep it as it is: it is asked for word by word."""
    _checked(value.get_secret_value())
    return value


def _checked(text: str) -> SplitResult:
    parts = _split(text)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise ValueError(_NO_URL)
    if not _has_good_port(parts):
        raise ValueError("expected a port from 1 to 65535 behind the host")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("plain http is accepted for loopback only; use https")
    return parts


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError(_NO_URL) from None  # its own words repeat the value


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rule(value: object) -> object:
    return parse_rule(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Lowered = Annotated[str, BeforeValidator(lambda value: str(value).strip().lower())]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Ids = Annotated[tuple[int, ...], BeforeValidator(_listed)]
UserIds = Annotated[Ids, AfterValidator(_user_ids)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Token = Annotated[SecretStr, AfterValidator(_token)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
Listen = Annotated[Address | None, BeforeValidator(_address)]
Url = Annotated[str, BeforeValidator(_base_url)]
WebhookUrl = Annotated[str, BeforeValidator(_webhook_url)]
SecretUrl = Annotated[SecretStr, AfterValidator(_full_url)]
Addresses = Annotated[tuple[SecretStr, ...], BeforeValidator(_addresses)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Language = Annotated[str, BeforeValidator(_language)]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda value: str(value).strip().upper()),
]
MoneyName = Annotated[Currency, BeforeValidator(lambda value: str(value).strip().upper())]
ClockTime = Annotated[time | None, BeforeValidator(_clock_time)]
RuleText = Annotated[Rule, BeforeValidator(_rule)]
