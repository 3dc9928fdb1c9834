"""What stands below a chart and in it: numbers with units, what is missing, times of the zone."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.history_buttons import (
    HISTORY_PATTERN,
    HistoryPress,
    decode_history,
    history_keyboard,
)
from bot.chat.picture import Picture
from bot.chat.views.history import caption, nothing_text, picture_of, span_mistake
from bot.core.series import Band, Figure, Series
from bot.services.show_history import HistoryReport, Limit, Mark, Question, UnknownSpan

BEGIN = datetime(2026, 3, 27, 12, tzinfo=UTC)
END = datetime(2026, 3, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


def figure(days: float, value: str | None, **marks: bool) -> Figure:
    return Figure(BEGIN + days * DAY, None if value is None else Decimal(value), **marks)


def series(*figures: Figure, **other: Any) -> Series:
    band = Band("main", tuple(found.value for found in figures))
    return Series(totals=figures, bands=(band,), **other)


def report(found: Series, **other: Any) -> HistoryReport:
    given: dict[str, Any] = {
        "question": Question("*", "7d"),
        "at": END,
        "since": BEGIN,
        "unit": "USD",
        "is_value": True,
        "pattern": "*",
        "places": "account",
        "bands": "account",
        "may_turn": True,
        "limits": (),
        "marks": (),
    }
    return HistoryReport(series=found, **(given | other))


def lines(found: Series, **other: Any) -> list[str]:
    return caption(report(found, **other), UTC_ZONE, {}).splitlines()


def test_from_the_opening_to_the_closing() -> None:
    """The change in money and in percent, and the extremes with their times."""
    told = lines(
        series(figure(0, "1000"), figure(1, "800.004"), figure(2, "1200"), figure(3, "1100"))
    )
    assert told == [
        "<b>All wallets · value</b> · 7d",
        "1,000.00 → <b>1,100.00</b> USD",
        "+100.00 (+10 %)",
        "min 800.00 · 28 Mar 12:00 UTC",
        "max 1,200.00 · 29 Mar 12:00 UTC",
    ]


def test_amounts_are_exact() -> None:
    """Of a coin every digit counts; where nothing changes that is said, once."""
    told = lines(
        series(figure(0, "12345.678901234567"), figure(3, "12345.678901234567")),
        is_value=False,
        unit="ETH",
        pattern="main/funding",
    )
    assert told == [
        "<b>main/funding · ETH</b> · 7d",
        "12,345.678901234567 → <b>12,345.678901234567</b> ETH",
        "no change",
    ]


def test_what_is_missing_is_said() -> None:
    """What was not read, for how long, the longest first; since when; and what had no price."""
    found = series(
        figure(0, "5", partly=True),
        figure(1, None, unread=True),
        figure(2, "7"),
        figure(3, "6", unread=True),
        unread={f"a/{n}": n * timedelta(minutes=30) for n in range(1, 6)}
        | {"b/sub:*": timedelta(hours=3)},
        unwatched={"b/spot": BEGIN + DAY, "c/spot": None},
        unpriced=("<XYZ>",),
    )
    told = lines(found)
    assert told[1:] == [
        "≥ 5.00 → <b>≥ 6.00</b> USD",
        "⚠️ not read: sub-accounts of b 3 h, <code>a/5</code> 2 h 30 min, "
        "<code>a/4</code> 2 h and 3 more",
        "first read: <code>b/spot</code> 28 Mar 12:00 UTC, <code>c/spot</code> never",
        "at times without a price: &lt;XYZ&gt;",
    ]


def test_what_may_be_less_is_no_least() -> None:
    """Debts that nobody read or can value; and a change that is known roughly says so."""
    told = lines(series(figure(0, "5", may_be_less=True), figure(3, "7", partly=True)))
    assert told[1:3] == ["≈ 5.00 → <b>≥ 7.00</b> USD", "≈ +2.00 (+40 %)"]


def test_a_caption_fits() -> None:
    """Names may be as long as they like, and as many."""
    long = {f"main/sub:{'x' * 300}{n}": DAY for n in range(50)}
    found = series(
        figure(0, "1e30", unread=True),
        figure(3, "-1e-30", partly=True),
        unread=long,
        unwatched=dict.fromkeys(long),
        unpriced=tuple("Y" * 50 + str(n) for n in range(50)),
    )
    numbered = {f"#{n}": "名" * 300 for n in range(1, 9)}
    text = caption(report(found, pattern="main/" + "z" * 300), UTC_ZONE, numbered)
    shown = re.sub("</?(code|b)>", "", text)
    assert len(shown.encode("utf-16-le")) // 2 <= 1024
    assert "#8 = " in text


def test_where_there_is_no_picture() -> None:
    """A sentence says why, and what would help."""
    assert "ever read" in nothing_text(report(Series()))
    unpriced = nothing_text(report(series(figure(0, None), unpriced=("BTC",))))
    assert "/history BTC" in unpriced
    assert "in this time" in nothing_text(report(series(figure(0, None, unread=True))))
    assert "«&lt;5d»" in span_mistake(UnknownSpan("<5d"))
    assert "shows one time" in span_mistake(UnknownSpan("30d")), "it was the second one"


def test_the_axis_is_in_the_zone() -> None:
    """Midnights of the chat, also where the clocks are changed between them."""
    found = report(series(figure(0, "5"), figure(3, "7")))
    picture = picture_of(found, BERLIN)
    days = [(at, label) for at, label in picture.ticks if ":" not in label]
    instants = [datetime.fromtimestamp(at, BERLIN) for at, _ in days]
    assert [label for _, label in days] == ["28 Mar", "29 Mar", "30 Mar"]
    assert {(at.hour, at.minute) for at in instants} == {(0, 0)}
    assert days[2][0] - days[1][0] == 23 * 3600
    assert picture.subtitle == "27 Mar 13:00 – 30 Mar 14:00 CEST"


@given(st.integers(1, 91 * 86400), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_ticks_are_few_and_within(seconds: int, zone: str) -> None:
    """However long it is: in order, no more than a phone has room for."""
    since = END - timedelta(seconds=seconds)
    found = report(series(figure(0, "5")), since=since)
    ticks = [at for at, _ in picture_of(found, ZoneInfo(zone)).ticks]
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= 8
    assert all(since.timestamp() <= at <= END.timestamp() for at in ticks)


def test_a_picture_has_it_all() -> None:
    """Limits in words, marks, bands; and it is the same on the other side of the pipe."""
    found = report(
        series(figure(0, "5"), figure(3, None, unread=True)),
        limits=(Limit(Decimal("1234.5"), "<"),),
        marks=(Mark(BEGIN, raised=True),),
    )
    picture = picture_of(found, UTC_ZONE)
    assert picture.limits == ((1234.5, "< 1,234.5"),)
    assert picture.marks == ((BEGIN.timestamp(), True),)
    assert picture.strips[0].values == (5.0, None)
    assert picture.unread == (False, True)
    assert Picture.decode(picture.encode()).strips == picture.strips
    empty = picture_of(report(Series(totals=(figure(0, "0"),))), UTC_ZONE)
    assert empty.strips[0].values == (0.0,)


@given(
    st.builds(
        HistoryPress,
        st.sampled_from(["1d", "7d", "30d", "90d"]),
        st.sampled_from(["coin", "place"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
    )
)
def test_a_button_carries_what_was_put_into_it(press: HistoryPress) -> None:
    """What is encoded fits Telegram, and is decoded to the same; what would not is none."""
    data = press.encode()
    if data is None:
        assert len(press.query.encode()) > 64 - len("h:90d:c:")
    else:
        assert len(data.encode()) <= 64
        assert re.match(HISTORY_PATTERN, data)
        assert decode_history(data) == press


def test_the_buttons_say_where_one_is() -> None:
    """A long name goes by what stands for it; without that there are none."""
    question = Question("main/" + "x" * 80, "30d", "coin")
    found = report(series(figure(0, "5")), question=question, bands="coin", places="wallet")
    keyboard = history_keyboard(found, shortened=lambda query: "#12")
    assert keyboard is not None
    assert [[b.text for b in row] for row in keyboard.inline_keyboard] == [
        ["1d", "7d", "· 30d ·", "90d"],
        ["📊 By wallet"],
    ]
    assert keyboard.inline_keyboard[0][0].callback_data == "h:1d:c:#12"
    assert keyboard.inline_keyboard[1][0].callback_data == "h:30d:p:#12"
    assert history_keyboard(found, shortened=lambda query: None) is None


@pytest.mark.parametrize("data", ["h:", "h:5d:c:main", "h:7d:x:main", "xh:7d:c:"])
def test_what_is_not_ours_does_not_match(data: str) -> None:
    """Data of other buttons are not taken for ours."""
    assert not re.match(HISTORY_PATTERN, data)
