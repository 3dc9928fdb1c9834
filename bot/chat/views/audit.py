"""Who did what when, as owners read it (`/audit`); what is kept is in words of the code."""

from collections.abc import Mapping, Sequence
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later
from bot.chat.numbers import clock_text, masked
from bot.chat.room_buttons import KIND_NAMES
from bot.chat.views.layout import one_line
from bot.chat.views.rooms import ROLE_NAMES
from bot.core.audit import Deed, Entry

NO_DEEDS = later("<b>Audit</b>\nNothing was done yet.")

_DEEDS: Mapping[Deed, str] = {
    "rule_made": later("made a rule"),
    "rule_changed": later("changed a rule"),
    "rule_paused": later("paused a rule"),
    "rule_resumed": later("resumed a rule"),
    "rule_deleted": later("deleted a rule"),
    "rule_restored": later("brought a rule back"),
    "alert_seen": later("has seen an alert"),
    "alert_silenced": later("silenced an alert"),
    "alert_unmuted": later("unmuted an alert"),
    "chat_approved": later("approved a chat"),
    "chat_blocked": later("blocked a chat"),
    "chat_unblocked": later("unblocked a chat"),
    "chat_forgotten": later("forgot a chat"),
    "role_changed": later("changed a role"),
    "scope_changed": later("changed what a chat sees"),
    "settings_changed": later("changed the settings of a chat"),
    "owner_paired": later("became an owner by pairing"),
}


_WORDS: Mapping[str, str] = {
    **{str(kind): name for kind, name in KIND_NAMES.items()},
    **{str(role): name for role, name in ROLE_NAMES.items()},
    "everybody": later("everybody"),
    "as everybody": later("as everybody"),
    "no owner": later("no owner any more"),
    "on": later("with a sound"),
    "silent": later("without a sound"),
    "off": later("not at all"),
    "as usual": later("as usual"),
    "True": later("yes"),
    "False": later("no"),
    "language": later("language"),
    "zone": later("time zone"),
    "currency": later("currency"),
    "dust": later("small coins"),
    "percent_only": later("percents only"),
}
"""What is kept of deeds about chats, as it is said."""


def _about(entry: Entry) -> str:
    """Say what was changed of a chat in words; what people have made up stays as it is."""
    match entry.kind:
        case "chat_approved":
            return _with_its_end_said(entry.about)
        case "role_changed":
            return ", ".join(map(_with_its_end_said, entry.about.split(", ")))
        case "scope_changed" | "settings_changed":
            return _whole_said(entry.about) or _parts_said(entry.about)
        case _:
            return entry.about


def _whole_said(about: str) -> str | None:
    """Say what is kept in words without a colon; None of what is kept otherwise."""
    match about.split():
        case ["sees", *what]:
            return _sight_said(what)
        case ["quiet", "off"]:
            return _("quiet hours: none")
        case ["quiet", *what]:
            return _("quiet hours: {what}").format(what=" ".join(what))
        case ["no", "topic"]:
            return _("to the whole group")
        case ["topic", *what]:
            return _("in topic {what}").format(what=" ".join(what))
        case ["digest", *_rest]:
            return f"/{about}"
        case _:
            return None


def _sight_said(what: Sequence[str]) -> str:
    match what:
        case ["*"]:
            return _("sees everything")
        case ["nothing"]:
            return _("sees nothing")
        case ["no", "more", *paths]:
            return _("sees no more {what}").format(what=" ".join(paths))
        case _:
            return _("sees {what}").format(what=" ".join(what))


def _parts_said(about: str) -> str:
    parts = (part.rpartition(": ") for part in about.split(", "))
    return ", ".join(f"{_said(what)}{colon}{_said(how)}" for what, colon, how in parts)


def _with_its_end_said(about: str) -> str:
    """Say the role at the end; before it stands whom it is about."""
    whom, colon, role = about.rpartition(": ")
    return f"{_said(whom)}{colon}{_said(role)}" if colon else about


def _said(word: str) -> str:
    return _(_WORDS[word]) if word in _WORDS else word


def audit_text(entries: Sequence[Entry], titles: Mapping[int, str], zone: ZoneInfo) -> str:
    """Tell who did what when, the newest first."""
    blocks = [_("<b>Audit</b>")]
    for entry in entries:
        at = clock_text(entry.at, zone, now=entry.at)
        day = f"{entry.at.astimezone(zone):%Y-%m-%d}"
        who = one_line(entry.by_name) or _("somebody")
        where = titles.get(entry.chat_id or 0, "")
        place = f" · {one_line(where)}" if where else ""
        blocks.append(
            f"\n{day} {escape(at)}\n<b>{who}</b> {_(_DEEDS[entry.kind])}{place}\n"
            f"{one_line(masked(_about(entry)))}"
        )
    return "\n".join(blocks)
