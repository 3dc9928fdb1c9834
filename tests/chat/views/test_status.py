"""Status as a person reads it: problems first, on pages that fit."""

from dataclasses import replace
from datetime import timedelta

from bot.chat.views.status import status_pages
from bot.core.status import Status, sources_of
from tests.chat.views.reading import read
from tests.chat.views.samples import DOWN, NOW, UTC_ZONE, ago, wallet


def status(*states: object, **more: object) -> Status:
    due = {"a": NOW + timedelta(seconds=40), "late": ago(minutes=3), "now": ago(seconds=1)}
    return Status(
        **{
            "at": NOW,
            "began_at": ago(hours=3, minutes=4),
            "version": "1.2.3",
            "ailing": {},
            "sources": sources_of(
                states,  # type: ignore[arg-type]
                stale=more.pop("stale", ()),  # type: ignore[arg-type]
                due=due,
                now=NOW,
            ),
            "waiting": 0,
            "waiting_since": None,
            "prices": {"a": ago(seconds=20)},
            **more,
        }
    )


def test_all_is_well() -> None:
    assert status_pages(status(wallet("a/x"), wallet("a/y")), UTC_ZONE) == [
        "<b>Status</b> · 12:00:30 UTC\n<b>✅ all is well</b>\n"
        "sources: 2 of 2 read\nno message waits to be sent\nprices: 20 s old\n"
        "version 1.2.3, running for 3 h 4 min\n"
        "\n<pre>a/x    5 s ago\na/y    5 s ago</pre>"
    ]


def test_problems_come_first() -> None:
    """Parts, what cannot be read, what is old, what is late; then what is well."""
    rests = replace(DOWN, retry_at=NOW + timedelta(minutes=9))
    old = wallet("now/z", read_at=ago(hours=2))
    first, well = status_pages(
        status(
            wallet("a/ok"),
            wallet("late/x"),
            wallet("a/b", health=rests),
            old,
            stale=["now/z"],
            ailing={"poll": ago(minutes=5)},
            waiting=3,
            waiting_since=ago(minutes=6),
            prices={"a": ago(hours=1), "b": None},
        ),
        UTC_ZONE,
    )
    assert first.splitlines() == [
        "<b>Status</b> · 12:00:30 UTC",
        "<b>⚠️ 4 problems</b>",
        "🔌 nothing has got through from Telegram since 11:55:30 UTC",
        "sources: 2 of 4 read",
        "3 messages wait to be sent, the oldest for 6 min",
        "⚠️ prices: none so far of b",
        "version 1.2.3, running for 3 h 4 min",
        "",
        "🔌 <code>a/b</code>",
        "okx answered HTTP 502",
        "last read 5 s ago",
        "read next in 9 min",
        "",
        "⏳ <code>now/z</code>",
        "not read for 2 h",
        "is being read now",
        "",
        "⏳ <code>late/x</code>",
        "not read for 5 s",
        "should have been read 3 min ago",
    ]
    assert "a/ok" in well


def test_two_hundred_sources_are_pages() -> None:
    """Each fits, and no source is left out."""
    states = [wallet(f"a/{n:03}", health=DOWN) for n in range(100)]
    laid = status_pages(status(*states, *(wallet(f"a/ok{n:03}") for n in range(100))), UTC_ZONE)
    told = "".join(read(page) for page in laid)
    assert all(told.count(f"a/{n:03}") == told.count(f"a/ok{n:03}") == 1 for n in range(100))


def test_a_list_of_sub_accounts_is_called_what_it_is() -> None:
    """Nobody knows it by its path."""
    (page,) = status_pages(status(wallet("a/x"), wallet("a/sub:*")), UTC_ZONE)
    assert "sub-accounts of a    5 s ago" in page
    assert "sub:*" not in page
