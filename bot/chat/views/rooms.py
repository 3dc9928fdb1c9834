"""Chats as owners and managers see them: who is there, what it may see, how loud it is."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import amount_text
from bot.chat.room_buttons import KIND_NAMES, MARKS, is_private
from bot.chat.views.layout import one_line
from bot.chat.views.mistakes import either, name_mistake
from bot.chat.views.words import scope_text
from bot.core.access import Role
from bot.core.delivery import Chat
from bot.core.errors import UnknownName
from bot.core.preferences import USUAL
from bot.core.stock import SMALL
from bot.core.valuation import Currency
from bot.core.zones import name_of
from bot.services.manage_rooms import TooMany

ROLE_NAMES: Mapping[Role, str] = {
    "owner": later("owner"),
    "manager": later("manager"),
    "viewer": later("viewer"),
}
_LONGEST_LABEL = 40

CHATS_HEADING = later("<b>Chats</b>\nWhich one?")
NO_CHATS = later("<b>Chats</b>\nNobody but you has spoken to me yet.")
WHICH_LANGUAGE = later("🗣 Which language is spoken here?")
WHICH_ZONE = later("🕑 Where are you? All times here are told by that clock.")
WHICH_CURRENCY = later("💱 In which currency are values told here?")
WHICH_DUST = later("🧹 Coins worth less than what are told in one line?")
WHICH_QUIET = later("🌙 When shall I tell only what is critical here?")
WHICH_LOUDNESS = later("🔔 with a sound · 🔕 without one · ✖️ not at all")
WHICH_SCOPE = later("🔭 What may this chat see? A sum is shown only where all of it may be seen.")
WHICH_MEMBERS = later("👥 Who has spoken here: 🛠 may set rules and silence alerts.")
NO_MEMBERS = later("👥 Nobody has spoken to me here yet.")
REALLY_FORGET = later("🗑 Forget this chat, with all that is said about it here?")
REALLY_DEPOSE = later("👑 Shall this be no owner any more? They may ask to be let in again.")
TYPE_ZONE = later("✏️ Answer with a city or a time zone, such as Berlin or Asia/Shanghai.")
TYPE_DUST = later("✏️ Answer with an amount, such as 2.50.")
TYPE_QUIET = later("✏️ Answer with hours, such as 22:00-07:00.")
TYPE_SCOPE = later("✏️ Answer with paths, such as <code>main, xt/spot, main/sub:desk*</code>.")
NO_HOURS = later("These are no hours. Examples: 22:00-07:00, 23:30-08:00, 00:00-06:00.")
NO_DUST = later("This is no amount. Examples: 0, 2.50, 100.")
LATER_ACCOUNTS = later("An account that comes into the settings later is not seen here by itself.")
NOT_THERE = later("This chat is no longer known. /chats lists all.")
CANCELLED = later("✖️ Nothing was changed.")
KEPT = later("✅ Kept")

WELCOME_ZONE = later("🕑 Where are you? Tap a region, or answer with a city such as Berlin.")
WELCOME_RULE = later(
    "📏 Now a first rule: I write to you when a balance falls below what you say. "
    "It can be changed at any time."
)
WELCOME_DONE = later(
    "👍 All set. /balance shows what there is, /rule makes rules, /help the rest."
)


def chat_label(chat: Chat, *, is_owner: bool) -> str:
    """Name a chat on a button, with a mark of how it stands."""
    called = "".join(c for c in chat.title if c.isprintable()).strip() or str(chat.chat_id)
    mark = (
        "👑"
        if is_owner
        else "🚫"
        if chat.blocked
        else "🙋"
        if chat.is_waiting
        else "📵"
        if chat.gone
        else "🛠"
        if chat.role == "manager"
        else "👤"
    )
    return f"{mark} {called}"[:_LONGEST_LABEL]


def card_text(chat: Chat, *, is_owner: bool, members: int, zone: ZoneInfo) -> str:
    """Show what holds in a chat, for an owner."""
    title = one_line(chat.title) if chat.title else _("no title")
    lines = [f"<b>{title}</b> · <code>{chat.chat_id}</code>"]
    if is_owner:
        lines.append(_("👑 an owner's own chat: it sees everything"))
    elif chat.blocked:
        lines.append(_("🚫 blocked: whatever is said there is not answered"))
    elif chat.is_waiting:
        lines += [_("🙋 waits to be let in"), *_seen(chat)]
    else:
        lines += [*_people(chat, members), *_seen(chat)]
    if chat.gone and not (chat.blocked or chat.is_waiting):
        lines.append(_("📵 nothing can be sent there now"))
    if chat.thread_id is not None:
        lines.append(_("💬 in topic {id}").format(id=chat.thread_id))
    return "\n".join([*lines, *_loudness(chat), *_quiet(chat), *_spoken(chat, zone)])


def _people(chat: Chat, members: int) -> Iterator[str]:
    """Say who is there and may do what; in a private chat that is one."""
    role = _(ROLE_NAMES[chat.role or "viewer"])
    if is_private(chat.chat_id):
        yield _("👤 {role}").format(role=role)
        return
    yield _("👤 everybody there is: {role}").format(role=role)
    told = ngettext("👥 {n} member has spoken", "👥 {n} members have spoken", members)
    yield told.format(n=members)


def _seen(chat: Chat) -> Iterator[str]:
    yield "🔭 " + scope_text(chat.scope)
    if chat.preferences.percent_only:
        yield _("💯 it sees shares and percents, and no amounts")


def settings_text(chat: Chat, *, language: str, zone: ZoneInfo, currency: Currency) -> str:
    """Show how a chat is spoken to, for those who may change it."""
    preferences = chat.preferences
    dust = SMALL[currency] if preferences.dust is None else preferences.dust
    lines = [
        _("<b>Settings of this chat</b>"),
        _("🗣 language: {language}").format(language=escape(language)),
        _("🕑 time zone: {zone}").format(zone=escape(name_of(zone.key))),
        _("💱 currency: {currency}").format(currency=currency),
        _("🧹 small coins: below {limit} {currency}").format(
            limit=amount_text(dust), currency=currency
        ),
        *(_quiet(chat) or [_("🌙 quiet hours: none")]),
        *(_loudness(chat) or [_("🔔 everything is told with a sound")]),
        _("☀️ /digest says when the digest comes, and changes that"),
    ]
    return "\n".join(lines)


def _loudness(chat: Chat) -> list[str]:
    told = [
        f"{MARKS[loudness]} {_(KIND_NAMES[kind])}"
        for kind, loudness in chat.preferences.loudness.items()
    ]
    return [" · ".join(told)] if told else []


def _quiet(chat: Chat) -> list[str]:
    return [_("🌙 quiet hours: {hours}").format(hours=str(chat.quiet))] if chat.quiet else []


def _spoken(chat: Chat, zone: ZoneInfo) -> Iterator[str]:
    preferences = chat.preferences
    if preferences.language is not None:
        yield _("🗣 language: {language}").format(language=escape(preferences.language))
    if preferences.zone is not None:
        yield _("🕑 time zone: {zone}").format(zone=escape(name_of(zone.key)))
    if preferences.currency is not None:
        yield _("💱 currency: {currency}").format(currency=preferences.currency)
    if preferences == USUAL and not chat.blocked:
        yield _("all else as the settings say")


def zone_mistake(typed: str, near: Sequence[str]) -> str:
    """Say that no time zone is called so, and which are called alike."""
    if not near:
        told = _("There is no time zone «{typed}».").format(typed=one_line(typed))
        return f"{told}\n{_(TYPE_ZONE)}"
    return _("There is no time zone «{typed}». Did you mean {near}?").format(
        typed=one_line(typed), near=either(near)
    )


def scope_mistake(error: UnknownName) -> str:
    """Say that a path means nothing, and what does."""
    return f"{one_line(name_mistake(error))}\n{_(TYPE_SCOPE)}"


def too_many(error: TooMany) -> str:
    """Say how many paths can be typed."""
    told = ngettext("Up to {n} path can be typed.", "Up to {n} paths can be typed.", error.most)
    return f"{told.format(n=error.most)}\n{_(TYPE_SCOPE)}"


def dust_of(typed: str) -> Decimal | None:
    """Read an amount as people write it; None where it is none."""
    text = typed.strip().replace(" ", "")
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    digits = plain.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    return Decimal(plain)
