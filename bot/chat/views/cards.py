"""The first message of an episode as it stands now: figures, who has seen it, how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import clock_text, span_text
from bot.chat.views.alerts import events_text
from bot.chat.views.figures import ORDER, measured_text, title_text
from bot.chat.views.layout import first_page
from bot.chat.views.standing import pressed_text
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, AlertReminded, Event
from bot.core.faces import Face
from bot.core.quiet import QuietHours


def card_text(
    events: Sequence[Event],
    faces: Mapping[str, Face],
    *,
    zone: ZoneInfo,
    now: datetime,
    read_at: datetime | None,
) -> str:
    """Set a message anew: what fires first, then what is over, then the rest as it was told."""
    raised = [event for event in events if isinstance(event, AlertRaised)]
    raised.sort(key=lambda e: (faces[e.alert.incident].over is not None, ORDER[e.alert.severity]))
    rest = [event for event in events if not _is_about(event, faces)]
    blocks = [_block(event, faces[event.alert.incident], zone, now) for event in raised]
    if not raised:
        blocks.append(_("🙈 What was told here is no longer for this chat."))
    if rest:
        blocks.append(events_text(rest, zone=zone, now=now, maybe_repeated=False))
    spaced = [block if n == 0 else f"\n{block}" for n, block in enumerate(blocks)]
    if raised and read_at is not None:
        read = _("<i>read {at}</i>").format(at=clock_text(read_at, zone, now=now))
        spaced.append(f"\n{read}" if len(blocks) > 1 else read)
    return first_page(spaced, more=_("… and more: /alerts shows all"))


def _is_about(event: Event, faces: Mapping[str, Face]) -> bool:
    """Whether an event is told by how its alert stands now."""
    match event:
        case AlertRaised():
            return True
        case AlertReminded() | AlertCleared() | AlertEnded():
            return event.alert.incident in faces
        case _:
            return False


def _block(event: AlertRaised, face: Face, zone: ZoneInfo, now: datetime) -> str:
    if face.over is not None:
        return "\n".join([f"{_OVER[face.over]} {title_text(event.alert)}", _end(event, face)])
    block = events_text([event], zone=zone, now=now, maybe_repeated=False)
    return "\n".join([block, *_marks(face, zone, now)])


_OVER = {"cleared": "✅", "ended": "⏹", "unknown": "⏹"}


def _end(event: AlertRaised, face: Face) -> str:
    if face.over == "unknown" or face.over_at is None:
        return _("over; how it ended was not told here")
    if face.over == "ended":
        told = _("ended after {span}: its rule or wallet is no longer there as it was")
    elif event.alert.measure == "drop":
        told = _("over after {span}, now {amount}")
    else:
        told = _("recovered after {span}, now {amount}")
    return told.format(
        span=span_text(face.over_at - event.alert.since),
        amount=measured_text(event.alert, face.amount),
    )


def _marks(face: Face, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    if face.reminders:
        n = face.reminders
        yield ngettext("🔁 reminded {n}×", "🔁 reminded {n}×", n).format(n=n)
    if face.hush is not None:
        yield pressed_text(face.hush, zone, now=now)


def quiet_text(hours: QuietHours | None, zone: ZoneInfo) -> str:
    """Tell the quiet hours of a chat."""
    if hours is None:
        return _(
            "🔔 No quiet hours here: everything is told at once. /quiet 22:00-07:00 sets some."
        )
    return _(
        "🌙 Quiet hours here: {start}–{end} ({zone}). "
        "What is critical is told all the same, the rest when they end. /quiet off ends them."
    ).format(start=f"{hours.start:%H:%M}", end=f"{hours.end:%H:%M}", zone=escape(zone.key))
