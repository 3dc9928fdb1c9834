"""Every event is told: whatever is in them, what is queued as one message fits one message."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.i18n import _, languages, speaking
from bot.chat.views.alerts import events_text
from bot.chat.views.cards import card_text
from bot.chat.views.layout import length_of
from bot.core.alerts import Hush
from bot.core.elsewhere import Late
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    ChatLost,
    Event,
    Measure,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.faces import Face
from bot.core.lost_chats import LossReason
from bot.core.portions import fits, portions, room_of
from bot.sandbox.telegram.entities import parse_html, utf16_length

NOW = datetime(2026, 12, 28, 22, 59, 59, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=29, hours=23, minutes=59)
ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
WORST = "😀<&>\"'" * 60
LONGEST = Decimal("-" + "9" * 40 + "." + "9" * 40)

names = st.one_of(
    st.just(WORST), st.just("😀" * 300), st.just("漢" * 300), st.text(max_size=40), st.just("main")
)
amounts = st.one_of(st.just(LONGEST), st.decimals(allow_nan=False, allow_infinity=False, places=8))


@st.composite
def alerts(draw: st.DrawFn, incident: str) -> Alert:
    measure: Measure = draw(st.sampled_from(get_args(Measure)))
    return Alert(
        incident=incident,
        rule=draw(names),
        subject=draw(st.sampled_from(["", "sum "])) + draw(names),
        asset="USDT" if measure == "value" else draw(names),
        measure=measure,
        part=draw(st.sampled_from(["total", "available"])),
        comparison=draw(st.sampled_from(["<", ">"])),
        limit=abs(draw(amounts)),
        clear=abs(draw(amounts)),
        window=timedelta(days=29, hours=23) if measure == "drop" else None,
        severity=draw(st.sampled_from(["warning", "critical"])),
        since=LONG_AGO,
        note=draw(names),
        at_least=draw(st.booleans()),
    )


def _within(alert: Alert, amount: Decimal) -> Decimal:
    """Have no more seconds in a runway than a duration can have."""
    return Decimal(86_399_999) if alert.measure == "runway" else amount


@st.composite
def raised(draw: st.DrawFn, incident: str) -> AlertRaised:
    alert = draw(alerts(incident))
    if alert.measure == "runway":
        alert = replace(alert, limit=Decimal(86_399_999), clear=Decimal(86_399_999))
    places = [(f"{n}{draw(names)}", draw(amounts)) for n in range(draw(st.integers(0, 3)))]
    return AlertRaised(
        alert=alert,
        amount=_within(alert, draw(amounts)),
        before=draw(st.none() | amounts),
        held=draw(st.none() | amounts),
        by_amounts=draw(st.none() | amounts),
        change_24h=draw(st.none() | amounts),
        elsewhere=tuple(places),
        empty_in=timedelta(days=29, hours=23),
        at=NOW,
    )


@st.composite
def events(draw: st.DrawFn, n: int) -> Event:
    incident = f"{n:06d}"
    kind = draw(st.integers(0, 8))
    if kind <= 1:
        return draw(raised(incident))
    if kind <= 5:
        event = draw(raised(incident))
        told: dict[str, Any] = {"alert": event.alert, "amount": event.amount, "at": NOW}
        match kind:
            case 2:
                return AlertReminded(number=99, **told)
            case 3:
                return AlertTested(**told)
            case 4:
                return AlertCleared(**told)
            case _:
                return AlertEnded(**told)
    path = f"{n}{draw(names)}"
    match kind:
        case 6:
            good = draw(st.none() | st.just(LONG_AGO))
            return SourceLost(
                path=path,
                error=draw(st.sampled_from(["ExchangeUnavailable", "CredentialsRejected"])),
                message=draw(names),
                since=LONG_AGO,
                last_good_at=good,
                blind=1000,
                at=NOW,
            )
        case 7:
            return SourceFound(path=path, since=LONG_AGO, at=NOW)
        case _:
            subs = tuple(draw(st.lists(names, max_size=7)))
            return SubAccountsChanged(
                account=draw(names), added=subs, gone=subs, frozen=subs, thawed=subs, at=NOW
            )


@st.composite
def many_events(draw: st.DrawFn) -> list[Event]:
    return [draw(events(n)) for n in range(draw(st.integers(1, 25)))]


def _raised(incident: str, name: str = WORST, amount: Decimal = LONGEST) -> AlertRaised:
    """Raise the longest there is."""
    alert = Alert(
        incident=incident,
        rule=name,
        subject=f"sum {name}",
        asset=name,
        part="available",
        comparison="<",
        limit=amount,
        clear=amount,
        severity="critical",
        since=LONG_AGO,
        note=name,
        at_least=True,
    )
    return AlertRaised(
        alert=alert,
        amount=amount,
        before=-amount,
        change_24h=amount,
        elsewhere=((name, amount),) * 3,
        empty_in=timedelta(days=29, hours=23),
        at=NOW,
    )


def _in_money(event: AlertRaised) -> AlertRaised:
    alert = replace(event.alert, measure="value", asset="USDT")
    return replace(event, alert=alert, by_amounts=event.amount / 3)


def _reminded(event: AlertRaised) -> AlertReminded:
    return AlertReminded(alert=event.alert, amount=event.amount, at=NOW, number=99)


def _seen(text: str) -> str:
    """Read it like Telegram, which must find the marks whole and the text not too long."""
    assert len(text.encode()) <= 32_768
    parsed = parse_html(text).text
    assert utf16_length(parsed) <= 4096
    assert length_of(text) == utf16_length(parsed)
    return parsed


def _told(message: tuple[Event, ...]) -> str:
    alone = events_text(message, zone=ZONE, now=NOW, maybe_repeated=False)
    assert length_of(alone) <= room_of(message)
    late = Late(since=LONG_AGO, elsewhere=True)
    text = events_text(message, zone=ZONE, now=NOW, maybe_repeated=True, late=late)
    seen = _seen(text)
    assert _("… and more: /alerts shows all") not in seen
    repeat = _("<i>This may be a repeat: Telegram did not confirm the first one.</i>")
    assert seen.endswith(parse_html(repeat).text)
    return seen


def _edited(message: tuple[Event, ...]) -> str:
    """Edit in what takes the most room: a silence by somebody with a long name."""
    told = [event for event in message if isinstance(event, AlertRaised)]
    hush = Hush("until", by="😀" * 40, at=LONG_AGO, until=NOW + timedelta(days=30))
    faces = {e.alert.incident: Face(e.amount, hush, silent=True, reminders=999) for e in told}
    text = card_text(message, faces, zone=ZONE, now=NOW, read_at=LONG_AGO)
    assert length_of(text) <= room_of(message) + 30  # when it was read is said of all together
    return _seen(text)


@pytest.mark.parametrize("language", languages())
@given(told=many_events())
@settings(max_examples=40)
@example([_raised("000001", "main", Decimal("1234.56"))])
@example([_in_money(_raised("000001", "main", Decimal("1234.56")))])
@example([_reminded(_raised("000001", "main", Decimal("1234.56")))])
@example([_raised(f"{n:06d}") for n in range(10)])
@example([_raised(f"{n:06d}", "main", Decimal(100)) for n in range(40)])
def test_every_event_is_told(language: str, told: list[Event]) -> None:
    """Parted or not, all events are there, each message fits, and so it does once edited."""
    messages = portions(told)
    assert sorted(map(id, (e for message in messages for e in message))) == sorted(map(id, told))
    with speaking(language):
        for message in messages:
            seen = _told(message)
            edited = _edited(message)
            assert _("… and more: /alerts shows all") not in edited
            for event in message:
                if isinstance(event, AlertRaised | AlertReminded | AlertCleared | AlertEnded):
                    assert event.alert.incident in seen
            if len(messages) > 1:
                assert len(message) == 1 or fits(message)


@settings(max_examples=30)
@given(pairs=st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=60))
def test_what_waits_together_fits(pairs: list[tuple[str, bool]]) -> None:
    """What began and ended in quiet hours is a line each; what fits by estimate fits indeed."""
    merged: tuple[Event, ...] = ()
    for n, (name, source) in enumerate(pairs):
        more: tuple[Event, ...]
        if source:
            lost = SourceLost(
                path=f"{n}{name}",
                error="E",
                message=name,
                since=LONG_AGO,
                last_good_at=None,
                at=NOW,
            )
            more = (lost, SourceFound(path=lost.path, since=LONG_AGO, at=NOW))
        else:
            begun = _raised(f"{n:06d}", name)
            more = (begun, AlertCleared(alert=begun.alert, amount=begun.amount, at=NOW))
        if not fits((*merged, *more)):
            break
        merged += more
        _told(merged)


@pytest.mark.parametrize("reason", get_args(LossReason))
def test_notices_fit(reason: Any) -> None:
    """Each word about the bot itself has room."""
    lost = ChatLost(chat_id=-1001234567890, title=WORST, reason=reason, at=NOW)
    for message in portions([lost] * 20):
        _told(message)


def test_ordinary_ones_stay_together() -> None:
    """Five alerts of one check are one message, sixty wallets behind one exchange, too."""
    few = [_raised(f"{n:06d}", "main/funding", Decimal("1234.56")) for n in range(5)]
    assert portions(few) == [tuple(few)]
    lost: list[Event] = [
        SourceLost(
            path=f"main/sub:{n}", error="E", message="down", since=NOW, last_good_at=None, at=NOW
        )
        for n in range(60)
    ]
    assert portions(lost) == [tuple(lost)]


def test_the_worst_is_told_first() -> None:
    """What is critical goes out before what is not, and what is wrong before what is well."""
    critical = _raised("000001")
    warning = replace(critical, alert=replace(critical.alert, severity="warning"))
    found = SourceFound(path="a/b", since=NOW, at=NOW)
    first, *rest = portions([found, warning, critical, critical, critical])
    assert first[0] is critical
    assert rest[-1][-1] is found
