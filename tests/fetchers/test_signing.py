"""Signatures, against vectors that `openssl dgst` has made."""

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetchers import Credentials
from bot.fetchers._http import Call, Dialect, Sign
from bot.fetchers._signing import (
    coinw_signature,
    encoded,
    encoded_query,
    okx_signature,
    okx_timestamp,
    unix_ms,
    xt_signature,
    xt_v4_signature,
)
from bot.fetchers.coinw import CoinwSigner
from bot.fetchers.okx import OkxSigner
from bot.fetchers.xt import XtSigner, XtV4Signer

AT = datetime(2026, 1, 15, 9, 0, 0, 123999, tzinfo=UTC)


def signed(sign: Sign, method: str, url: str) -> httpx.Request:
    """Let a signer sign a request."""
    signed_url, headers = sign(Call(Dialect("made up", 0, {}), method, httpx.URL(url), (), ()))
    return httpx.Request(method, signed_url, headers=list(headers))


def test_okx_signature_of_the_document() -> None:
    """The request of OKX's document, whose secret it names, gives openssl's signature."""
    signature = okx_signature(
        "22582BD0CFF14C41EDBF1AB98506286D",
        timestamp="2020-12-08T09:08:57.715Z",
        method="GET",
        target="/api/v5/account/balance?ccy=BTC",
    )
    assert signature == "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (AT, "2026-01-15T09:00:00.123Z"),  # cut, not rounded: never ahead of the clock
        (AT.replace(microsecond=0), "2026-01-15T09:00:00.000Z"),
        (AT.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-15T09:00:00.123Z"),
    ],
)
def test_okx_timestamp(instant: datetime, text: str) -> None:
    """OKX's time stamp is UTC with exactly three digits, whatever the zone of the instant."""
    assert okx_timestamp(instant) == text


def test_okx_signer_signs_what_goes_over_the_wire() -> None:
    """The target is signed with its percent-encoding; the other headers are there."""
    sign = OkxSigner(Credentials("okx-key", "okx-secret", "okx-phrase"), lambda: AT)
    query = encoded_query([("subAcct", "a b,cé")])
    request = signed(sign, "GET", f"https://www.okx.com/api/v5/asset/subaccount/balances?{query}")
    assert request.url.raw_path == b"/api/v5/asset/subaccount/balances?subAcct=a%20b%2Cc%C3%A9"
    assert request.headers["OK-ACCESS-KEY"] == "okx-key"
    assert request.headers["OK-ACCESS-PASSPHRASE"] == "okx-phrase"
    assert request.headers["OK-ACCESS-TIMESTAMP"] == "2026-01-15T09:00:00.123Z"
    assert request.headers["OK-ACCESS-SIGN"] == "j1qPd++z5/inxspYKLWvYpIMSTMqqdN67+PbfVjap7c="
    assert "x-simulated-trading" not in request.headers


def test_okx_signer_in_the_demo() -> None:
    """Demo trading has its header."""
    sign = OkxSigner(Credentials("k", "s", "p"), lambda: AT, demo=True)
    assert signed(sign, "GET", "https://www.okx.com/x").headers["x-simulated-trading"] == "1"


def test_coinw_signer() -> None:
    """The signature is the upper-case MD5 of key and secret, in the query in CoinW's order."""
    request = signed(
        CoinwSigner(Credentials("coinw-key", "coinw-secret")),
        "POST",
        "https://api.coinw.com/api/v1/private?command=returnBalances",
    )
    assert request.url.query == (
        b"command=returnBalances&api_key=coinw-key&sign=77789A9EB2F5CFCC679C54C60E1F38A3"
    )


def test_coinw_signs_sorted_and_unencoded() -> None:
    """Other parameters are sorted among the key, and signed without percent-encoding."""
    one = coinw_signature("s", [("symbol", "A B"), ("api_key", "k")])
    assert one == coinw_signature("s", [("api_key", "k"), ("symbol", "A B")])
    assert one != coinw_signature("s", [("api_key", "k"), ("symbol", "A%20B")])


def test_xt_signer() -> None:
    """The nonce is the time in 13 digits, and the signature an HMAC over the sorted parameters."""
    request = signed(
        XtSigner(Credentials("xt-key", "xt-secret"), lambda: AT),
        "GET",
        "https://api.xt.com/trade/api/v1/getBalance",
    )
    assert request.url.query == (
        b"accesskey=xt-key&nonce=1768467600123&signature="
        b"9842ff3fea7b8c38883bbb803f8691e77c2b8229f26ef1880f106b2eab41c62f"
    )


def test_xt_signature_sorts_by_name() -> None:
    """The order in which the parameters come does not matter."""
    parameters = [("nonce", "1768467600123"), ("accesskey", "xt-key")]
    assert xt_signature("xt-secret", parameters).startswith("9842ff3f")


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("", "91fa9036056493afb56303b2b84fdc176d3e6c6f27b9e4807fed0a4483a74883"),
        (
            "?currencies=usdt,btc",
            "131b0d43b3858d01bbffb2a49a2351d9b5fe2012e0bd2e0bf9d51a52d28b4571",
        ),
    ],
    ids=["without a query", "with one"],
)
def test_xt_v4_signer(query: str, signature: str) -> None:
    """Four headers are signed with method, path and query, and the signature is a fifth."""
    request = signed(
        XtV4Signer(Credentials("xt-key", "xt-secret"), lambda: AT),
        "GET",
        f"https://sapi.xt.com/v4/balances{query}",
    )
    assert {name: value for name, value in request.headers.items() if "validate" in name} == {
        "validate-algorithms": "HmacSHA256",
        "validate-appkey": "xt-key",
        "validate-recvwindow": "30000",
        "validate-timestamp": "1768467600123",
        "validate-signature": signature,
    }


def test_xt_v4_signature_sorts_by_name() -> None:
    """The order in which the headers are given does not matter; what stands in them does."""
    headers = [
        ("validate-timestamp", "1768467600123"),
        ("validate-recvwindow", "30000"),
        ("validate-appkey", "xt-key"),
        ("validate-algorithms", "HmacSHA256"),
    ]
    of = {"method": "GET", "target": "/v4/balances"}
    assert xt_v4_signature("xt-secret", headers, **of).startswith("91fa9036")
    assert not xt_v4_signature("xt-secret", headers[1:], **of).startswith("91fa9036")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_httpx_leaves_the_encoded_as_it_is(text: str) -> None:
    """No text is quoted anew on its way into the address: what was signed is what is sent."""
    query = f"subAcct={encoded(text)}"
    assert httpx.URL(f"https://www.okx.com/path?{query}").raw_path.decode() == f"/path?{query}"


@given(st.datetimes(min_value=datetime(2001, 9, 9, 2), max_value=datetime(2286, 1, 1)))  # noqa: DTZ001 - hypothesis wants them naive
def test_milliseconds_are_cut(instant: datetime) -> None:
    """A nonce has 13 digits and is never ahead of the clock."""
    aware = instant.replace(tzinfo=UTC)
    ms = unix_ms(aware)
    assert len(str(ms)) == 13
    ahead = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) - aware
    assert timedelta(milliseconds=-1) < ahead <= timedelta(0)


def test_signers_have_no_secret_in_its_repr() -> None:
    """A signer or its credentials in a log line tell nothing."""
    credentials = Credentials("okx-key", "okx-secret", "okx-phrase")
    timed = (sign(credentials, lambda: AT) for sign in (OkxSigner, XtSigner, XtV4Signer))
    for thing in (credentials, CoinwSigner(credentials), *timed):
        assert "okx-" not in f"{thing!r} {thing!s}"
