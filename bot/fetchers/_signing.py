"""How requests are signed: pure functions of text, checked against vectors in the tests."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def encoded(text: str) -> str:
    """Percent-encode all but `A-Z a-z 0-9 - . _ ~`, a form that nothing on the way changes."""
    return quote(text, safe="")


def encoded_query(parameters: Iterable[tuple[str, str]]) -> str:
    """Join parameters in the order given."""
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in parameters)


def unix_ms(instant: datetime) -> int:
    """Count whole milliseconds since 1970."""
    return (instant - _EPOCH) // _MILLISECOND


def okx_timestamp(instant: datetime) -> str:
    """Write an instant as OKX wants it: `2020-12-08T09:08:57.715Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def okx_signature(api_secret: str, *, timestamp: str, method: str, target: str) -> str:
    """Sign a request without a body.

    Args:
        api_secret: The key of the HMAC.
        timestamp: As in the header `OK-ACCESS-TIMESTAMP`.
        method: In upper case.
        target: Path and query exactly as they go over the wire, percent-encoding included.
    """
    signed = f"{timestamp}{method}{target}".encode()
    return base64.b64encode(hmac.digest(api_secret.encode(), signed, "sha256")).decode("ascii")


def coinw_signature(api_secret: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Sign parameters (all but `command`): MD5 is what CoinW asks for, and it holds for ever."""
    signed = f"{_joined(parameters)}&secret_key={api_secret}".encode()
    return hashlib.md5(signed, usedforsecurity=False).hexdigest().upper()


def xt_signature(api_secret: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Sign parameters (all but `signature`)."""
    return hmac.digest(api_secret.encode(), _joined(parameters).encode(), "sha256").hex()


def xt_v4_signature(
    api_secret: str, headers: Iterable[tuple[str, str]], *, method: str, target: str
) -> str:
    """Sign a request without a body: its `validate-…` headers, method, path and query."""
    path, _, query = target.partition("?")
    signed = f"{_joined(headers)}#{method}#{path}" + (f"#{query}" if query else "")
    return hmac.digest(api_secret.encode(), signed.encode(), "sha256").hex()


def _joined(parameters: Iterable[tuple[str, str]]) -> str:
    """Sort by name and join without percent-encoding, as CoinW and XT both sign."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters))
