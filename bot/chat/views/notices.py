"""Notices about the bot itself, for owners: chats that are lost, somebody else who listens."""

from collections.abc import Iterator, Mapping, Sequence

from bot.chat.i18n import _, later
from bot.chat.numbers import span_text
from bot.chat.views.layout import one_line
from bot.chat.views.words import scope_text
from bot.core.access import Role
from bot.core.events import (
    ChatApproved,
    ChatAsked,
    ChatFound,
    ChatLost,
    Event,
    PollContested,
    PollRegained,
)
from bot.core.lost_chats import LossReason
from bot.services.admit_chats import Decided

_WHY: Mapping[LossReason, str] = {
    "blocked": later("I was blocked there. When I am let in again I go on by myself."),
    "account deleted": later("The account was deleted."),
    "put out": later("I was put out of the group. Put me in again and I go on by myself."),
    "not there": later("I am not in the group. Put me in and I go on by myself."),
    "unknown": later(
        "There is no such chat, or I was never in it. See whether its id in the settings is right."
    ),
    "group deleted": later("The group was deleted."),
    "upgraded": later(
        "The group was made a supergroup, which has another id. Say something there, or put the "
        "new id into the settings."
    ),
    "topic gone": later("Its topic is gone."),
    "topic closed": later("Its topic is closed."),
    "may not write": later("I may not write there. Once I may I go on by myself."),
    "other": later("Telegram takes nothing for it."),
    "topic-only": later(
        "It is gone or closed: the whole group is told now. /start in another topic sends there."
    ),
}


def notice_blocks(events: Sequence[Event]) -> Iterator[str]:
    """Tell each of them in a block of its own."""
    for event in events:
        match event:
            case ChatLost(reason="topic-only"):
                heading = _("💬 TOPIC LOST · {chat}").format(chat=_chat(event))
                yield f"{heading}\n{_(_WHY[event.reason])}"
            case ChatLost():
                heading = _("📵 CHAT LOST · {chat}").format(chat=_chat(event))
                yield "\n".join([heading, _("nothing is told there now"), _(_WHY[event.reason])])
            case ChatFound():
                yield _("🟢 CHAT BACK · {chat}").format(chat=_chat(event))
            case ChatAsked():
                yield asked_text(event)
            case ChatApproved():
                yield approved_text(event.role)
            case PollContested():
                yield _contested(event)
            case PollRegained():
                lasted = span_text(event.at - event.since)
                yield _("🟢 Nobody else takes my updates any more, after {span}").format(
                    span=lasted
                )
            case _other:
                pass


def asked_text(event: ChatAsked) -> str:
    """Ask an owner whether a chat may come in."""
    heading = _("🙋 MAY THEY COME IN? · {chat}").format(chat=_chat(event))
    if event.user_id is None or event.user_id == event.chat_id:
        return heading
    by = _("asked for by {name} · <code>{user}</code>").format(
        name=one_line(event.name), user=event.user_id
    )
    return f"{heading}\n{by}"


def decided_text(event: ChatAsked, decided: Decided) -> str:
    """Show what was decided where it was asked."""
    if decided.chat.blocked:
        told = _("🚫 blocked: whatever is said there is not answered")
    elif decided.chat.role == "manager":
        told = _("✅ approved as manager")
    else:
        told = _("✅ approved as viewer")
    by = f" · {one_line(decided.by)}" if decided.by else ""
    lines = [asked_text(event), f"{told}{by}"]
    if not decided.chat.blocked:
        lines.append(f"🔭 {scope_text(decided.chat.scope)}")
    return "\n".join(lines)


def approved_text(role: Role) -> str:
    """Tell a chat what it may do from now on."""
    welcome = _("👋 You are in: I write here when something is wrong, and answer /balance.")
    may = (
        _("You may also set rules and silence alerts: /rule and /help.")
        if role == "manager"
        else _("/help lists what you can ask.")
    )
    return f"{welcome}\n{may}"


def _chat(event: ChatLost | ChatFound | ChatAsked) -> str:
    """Name a chat; what it is called was written by others."""
    called = f"{one_line(event.title)} · " if event.title else ""
    return f"{called}<code>{event.chat_id}</code>"


def _contested(event: PollContested) -> str:
    if event.host:
        return _(
            "⚠️ A webhook led what is said to me to {host}. I have removed it, because I ask for "
            "it myself. Where it comes back, somebody else uses my token: take a new one from "
            "@BotFather."
        ).format(host=f"<code>{one_line(event.host)}</code>")
    return _(
        "⚠️ Another program asks Telegram for what is said to me: commands are answered late, or "
        "not at all. Alerts go out as ever. Stop the other one; where you know of none, take a "
        "new token from @BotFather."
    )
