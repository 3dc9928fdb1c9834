"""What a key may do, and what a person can do about a refusal."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.fetchers import (
    EXCHANGES,
    Credentials,
    CredentialsRejected,
    FetchError,
    KeyReport,
    PermissionMissing,
    UnexpectedAnswer,
    coinw,
    okx,
    open_fetcher,
    xt,
)
from bot.fetchers._http import Dialect, HttpClient
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.world import Key, World
from tests.fetchers.conftest import OverHandler

CREDENTIALS = Credentials("key-abcdef", "secret-abcdef", "phrase-abcdef")
ALL = frozenset({"read", "trade", "withdraw"})


def config(**members: Any) -> dict[str, Any]:
    """Write the one row of OKX's answer."""
    return {"uid": "7", "mainUid": "7", "perm": "read_only", "ip": "", "label": "", **members}


async def report(*rows: object, over_handler: OverHandler) -> KeyReport:
    text = json.dumps({"code": "0", "msg": "", "data": rows})
    http = over_handler(lambda _: httpx.Response(200, text=text))
    return await open_fetcher("okx", CREDENTIALS, http).check_key()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, KeyReport(frozenset({"read"}), (), None, False)),
        ({"perm": "read_only,withdraw,trade"}, KeyReport(ALL, (), None, False)),
        ({"perm": " read_only, trade"}, KeyReport(ALL - {"withdraw"}, (), None, False)),
        ({"perm": "trade"}, KeyReport(frozenset({"trade"}), (), None, False)),
        (
            {"ip": "203.0.113.7, 2001:db8::7"},
            KeyReport(frozenset({"read"}), ("203.0.113.7", "2001:db8::7"), None, False),
        ),
        ({"label": "balances"}, KeyReport(frozenset({"read"}), (), "balances", False)),
        ({"uid": "8"}, KeyReport(frozenset({"read"}), (), None, True)),
    ],
)
async def test_what_okx_tells_of_a_key(
    over_handler: OverHandler, members: dict[str, str], expected: KeyReport
) -> None:
    """Permissions in our words, the addresses, the name, and whether it is a sub-account's."""
    assert await report(config(**members), over_handler=over_handler) == expected


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [config(), config()],
        [config(perm=None)],
        [config(perm="")],
        [config(perm=["read_only"])],
        [config(uid=None)],
        [config(mainUid="")],
        [config(ip=None)],
        [config(label=["x"])],
        [config(label="a\nb")],
    ],
    ids=str,
)
async def test_what_is_no_report(over_handler: OverHandler, rows: list[Any]) -> None:
    """An answer with a part missing says nothing: nobody is told that a key may do nothing."""
    with pytest.raises(UnexpectedAnswer):
        await report(*rows, over_handler=over_handler)


@pytest.mark.parametrize("sub", [None, "desk1"])
async def test_keys_of_the_emulator(http: HttpClient, sub: str | None) -> None:
    """What the key was made with is told."""
    world = World()
    account = world.add_account("okx", Key("master", "s", "p"))
    account.add_sub("desk1")
    addresses = frozenset({"127.0.0.1", "203.0.113.7"})
    key = Key("k", "s", "p", permissions=ALL, addresses=addresses, label="desk", sub=sub)
    world.add_key(account, key)
    async with serve_exchange("okx", world) as served:
        fetcher = open_fetcher("okx", Credentials("k", "s", "p"), http, base_url=served.url)
        found = await fetcher.check_key()
    assert found == KeyReport(ALL, tuple(sorted(addresses)), "desk", sub is not None)


async def test_a_key_that_is_refused(http: HttpClient) -> None:
    """Asking about a key that is unknown is refused as reading with it is."""
    async with serve_exchange("okx", World()) as served:
        with pytest.raises(CredentialsRejected):
            await open_fetcher("okx", CREDENTIALS, http, base_url=served.url).check_key()


@pytest.mark.parametrize("slug", ["coinw", "xt"])
async def test_who_does_not_tell(slug: str, over_handler: OverHandler) -> None:
    """Nothing is asked, and everything unknown."""
    http = over_handler(lambda _: pytest.fail("asked"))
    found = await open_fetcher(slug, CREDENTIALS, http).check_key()
    assert found == KeyReport(may=None, addresses=None, label=None, sub_account=None)


# ---- how long a sweep takes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "wallets", "seconds"),
    [
        ("okx", [], 0),
        ("okx", ["funding"], 1 / 6),
        ("okx", [f"sub:{number}" for number in range(60)], 20),
        ("okx", [f"sub:{number}/trading" for number in range(60)], 20),
        ("okx", ["sub:a"] * 3, 1),
        # Limits are side by side: the longest counts.
        ("okx", ["funding", "trading", "savings", "eth-staking", "sol-staking"], 1 / 5),
        ("okx", [f"sub:{n}{kind}" for n in range(60) for kind in ("", "/trading")], 20),
        ("okx", ["funding", *(f"sub:{number}" for number in range(30))], 10),
        ("coinw", ["spot"], 2 / 5),
        ("xt", ["spot"], 1 / 3),
        ("xt", ["nowhere"], 0),
    ],
)
def test_how_often_all_can_be_read(
    over_handler: OverHandler, slug: str, wallets: list[str], seconds: float
) -> None:
    """By the limits of the documents, as one would reckon by hand."""
    fetcher = open_fetcher(slug, CREDENTIALS, over_handler(lambda _: None))
    floor = fetcher.sweep_floor(wallets)
    assert abs(floor - timedelta(seconds=seconds)) < timedelta(milliseconds=1)


# ---- remedies -----------------------------------------------------------------------------------

DIALECTS: dict[str, Dialect] = {
    "okx": okx._DIALECT,
    "coinw": coinw._DIALECT,
    "xt": xt._V1,
    "xt, version 4": xt._V4,
}
REFUSALS = [(name, code) for name, dialect in DIALECTS.items() for code in dialect.refusals]


def kinds() -> list[type[FetchError]]:
    return FetchError.__subclasses__()


@pytest.mark.parametrize(("name", "code"), REFUSALS)
def test_each_refusal_says_what_to_do(name: str, code: str) -> None:
    """What a person has brought about names what that person can do, in a plain phrase."""
    refusal = DIALECTS[name].refusals[code]
    remedy = refusal.remedy or refusal.kind.remedy
    assert remedy
    assert remedy[0].islower()
    assert not remedy.endswith(".")
    if refusal.kind in (CredentialsRejected, PermissionMissing):
        named = ("key", "secret", "passphrase", "demo", "address", "right", "name")
        assert any(word in remedy for word in named), remedy


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("50105", "passphrase"),
        ("50104", "passphrase"),
        ("50101", "demo"),
        ("50110", "address"),
        ("50121", "address"),
        ("50113", "secret"),
        ("50111", "my.okx.com"),
        ("50114", "right to read"),
        ("50120", "right to read"),
        ("59510", "master"),
    ],
)
async def test_remedies_come_with_the_error(
    over_handler: OverHandler, code: str, words: str
) -> None:
    """The reading's error has the remedy of its code, and not just that of its kind."""
    text = json.dumps({"code": code, "msg": "", "data": []})
    http = over_handler(lambda _: httpx.Response(401, text=text))
    error = (await open_fetcher("okx", CREDENTIALS, http).fetch("funding")).error
    assert error is not None
    assert words in error.remedy
    assert error.lasting
    assert type(error).remedy != error.remedy


def test_every_kind_of_error_has_a_remedy() -> None:
    """There are six, and each says something, and something of its own."""
    assert len(kinds()) == 6
    assert len({kind.remedy for kind in kinds()} - {""}) == 6


def test_every_exchange_is_here() -> None:
    """A new exchange needs its dialect in this list."""
    assert {name.partition(",")[0] for name in DIALECTS} == set(EXCHANGES)
