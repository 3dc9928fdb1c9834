"""The list of sub-accounts: all of them or an error, never a part that passes for all."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.fetchers import (
    EXCHANGES,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    Pacer,
    PermissionMissing,
    SubAccount,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import HttpClient
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.world import Key, World
from tests.fetchers.conftest import OverHandler

CREDENTIALS = Credentials("key-abcdef", "secret-abcdef", "phrase-abcdef")
KEY = Key("key-abcdef", "secret-abcdef", "phrase-abcdef")
AT = datetime(2025, 3, 1, tzinfo=UTC)


def row(name: Any, number: int = 0, **members: Any) -> dict[str, Any]:
    """Write a row as OKX does."""
    ts = str(int(AT.timestamp() * 1000) - number)
    return {"subAcct": name, "enable": True, "ts": ts, "label": "", "type": "1", **members}


async def listed(http: HttpClient, **options: Any) -> tuple[SubAccount, ...]:
    return await open_fetcher("okx", CREDENTIALS, http, **options).list_sub_accounts()


async def listed_from(*pages: object, over_handler: OverHandler) -> tuple[SubAccount, ...]:
    """List what a server tells page by page, the last one again and again."""
    left = list(pages)

    def answer(_: httpx.Request) -> httpx.Response:
        page = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(page, httpx.Response):
            return page
        return httpx.Response(200, text=json.dumps({"code": "0", "msg": "", "data": page}))

    return await listed(over_handler(answer), pacer=Pacer(enabled=False))


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_all_of_them(http: HttpClient, count: int) -> None:
    """Whatever their number, each is there once, by its name; no page too many is asked for."""
    world = World()
    account = world.add_account("okx", KEY)
    for number in range(count):
        account.add_sub(f"desk{number}", enabled=number % 3 != 0)
    async with serve_exchange("okx", world) as served:
        subs = await listed(http, base_url=served.url)
        assert len(served.journal) == count // 100 + 1
    assert [sub.name for sub in subs] == sorted(f"desk{number}" for number in range(count))
    assert {sub.name for sub in subs if sub.frozen} == {f"desk{n}" for n in range(0, count, 3)}


async def test_two_that_were_made_at_once(http: HttpClient) -> None:
    """The last of a page and the first of the next may have one time, and neither gets lost."""
    world = World()
    account = world.add_account("okx", KEY)
    for number in range(250):
        account.add_sub(f"desk{number}", created_at=AT + timedelta(seconds=(number + 1) // 2))
    async with serve_exchange("okx", world) as served:
        assert len(await listed(http, base_url=served.url)) == 250


async def test_a_page_that_repeats(over_handler: OverHandler) -> None:
    """A server that does not turn the page is not asked for ever."""
    data = [row(f"desk{number}", number) for number in range(100)]
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        return httpx.Response(200, text=json.dumps({"code": "0", "msg": "", "data": data}))

    with pytest.raises(UnexpectedAnswer, match="does not end"):
        await listed(over_handler(answer))
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (httpx.Response(200, text='{"code": "0", "data": [{"subAcct": "de'), UnexpectedAnswer),
        (httpx.Response(200, text="<html></html>"), UnexpectedAnswer),
        (httpx.Response(502), ExchangeUnavailable),
        (None, UnexpectedAnswer),
        ({}, UnexpectedAnswer),
        ([None], UnexpectedAnswer),
    ],
    ids=["cut", "page", "502", "null", "object", "row null"],
)
async def test_a_page_that_cannot_be_read(
    over_handler: OverHandler, second: object, kind: type[FetchError]
) -> None:
    """The first hundred are no list."""
    first = [row(f"desk{number}", number) for number in range(100)]
    with pytest.raises(kind) as caught:
        await listed_from(first, second, over_handler=over_handler)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "spoilt",
    [
        row("a/b"),
        row("/"),
        row(""),
        row(None),
        row(7),
        row("a\n"),
        row("x" * 129),
        row("a", ts="soon"),
        row("a", ts=None),
        row("a", enable="true"),
        row("a", enable=None),
        row("a", enable=1),
    ],
    ids=str,
)
async def test_rows_that_are_none(over_handler: OverHandler, spoilt: dict[str, Any]) -> None:
    """A name that no path can hold, or one that is missing, is an error: nobody is left out."""
    with pytest.raises(UnexpectedAnswer):
        await listed_from([row("b"), spoilt], over_handler=over_handler)


async def test_a_row_that_comes_twice(over_handler: OverHandler) -> None:
    """One that was made while the pages were turned moves the others on: they are listed once."""
    first = [row(f"desk{number}", number) for number in range(100)]
    second = [*first[98:], row("last", 100)]
    subs = await listed_from(first, second, over_handler=over_handler)
    assert len(subs) == 101


async def test_names_are_what_wallets_are_called(http: HttpClient) -> None:
    """What is listed can be read, whatever its name looks like; frozen ones, too."""
    world = World()
    account = world.add_account("okx", KEY)
    for name in ("Desk 1, Zürich", "a&b=c", "+%20", "frozen"):
        wallet = account.add_sub(name, enabled=name != "frozen")
        account.set(wallet, "ETH", available="2.5")
    async with serve_exchange("okx", world) as served:
        fetcher = open_fetcher("okx", CREDENTIALS, http, base_url=served.url)
        for sub in await fetcher.list_sub_accounts():
            for wallet, coins in ((f"sub:{sub.name}", 1), (f"sub:{sub.name}/trading", 0)):
                reading = await fetcher.fetch(wallet)
                assert len(reading.balances or ()) == coins, (wallet, reading.error)


async def test_who_may_not_list(http: HttpClient) -> None:
    """A wrong key is told as one, and a sub-account's own key is permitted less."""
    world = World()
    account = world.add_account("okx", KEY)
    account.add_sub("desk1")
    world.add_key(account, Key("key-of-desk1", "s", "p", sub="desk1"))
    async with serve_exchange("okx", world) as served:
        for credentials, kind in (
            (Credentials("other", "s", "p"), CredentialsRejected),
            (Credentials("key-of-desk1", "s", "p"), PermissionMissing),
            (Credentials("", "s", "p"), CredentialsRejected),
        ):
            fetcher = open_fetcher("okx", credentials, http, base_url=served.url)
            with pytest.raises(kind):
                await fetcher.list_sub_accounts()
        assert len(served.journal) == 2  # the empty key was not sent


@pytest.mark.parametrize("slug", [slug for slug, of in EXCHANGES.items() if not of.sub_accounts])
async def test_who_has_none(over_handler: OverHandler, slug: str) -> None:
    """Where the registry has no sub-accounts, asking for them is a mistake of ours."""
    http = over_handler(lambda _: pytest.fail("asked"))
    with pytest.raises(ValueError, match="no sub-accounts"):
        await open_fetcher(slug, CREDENTIALS, http).list_sub_accounts()
