"""The buttons about chats: who comes in, what each may see, how it is spoken to.

Each names the chat that it is about, so that it works after a restart; who may press it follows
from that alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.balance_buttons import mark_of
from bot.chat.callbacks import MOST_BYTES
from bot.chat.i18n import _, languages, later
from bot.chat.places import city_text, region_text
from bot.core.access import Member, Role
from bot.core.audit import Entry
from bot.core.delivery import Chat
from bot.core.events import ChatAsked, Event
from bot.core.preferences import Kind, Loudness
from bot.core.stock import SMALL
from bot.core.valuation import Currency
from bot.core.zones import COMMON

ROOM_PATTERN = r"^c:[a-zA-Z]:-?\d{1,18}:"
ROOM_CHANGE = re.compile(r"^[co]:")
AUDIT_PATTERN = r"^j:\d{1,18}$"
WELCOME_PATTERN = r"^o:[lzZtTrx]:"
"""Of the talk in which a new owner is led."""
_OF_SETTINGS = frozenset("egGzZtTuUwWqQkKxX")
"""What managers may press about their own chat."""

MARKS: dict[Loudness, str] = {"on": "🔔", "silent": "🔕", "off": "✖️"}
_NEXT: dict[Loudness, Loudness] = {"on": "silent", "silent": "off", "off": "on"}
KIND_NAMES: dict[Kind, str] = {
    "critical": later("critical alerts"),
    "warnings": later("warnings"),
    "sources": later("what cannot be read"),
    "digests": later("digests"),
    "sub_accounts": later("sub-accounts"),
    "chat_news": later("news of chats"),
}
CHATS_A_PAGE, _ACCOUNTS_A_PAGE, _MEMBERS_A_PAGE = 10, 20, 30
QUIET_OFFERED = ("22:00-07:00", "23:00-08:00", "00:00-07:00")

Row = list[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class RoomPress:
    """A button about a chat."""

    verb: str
    """One letter; `handlers/room_steps.py` and `room_settings.py` say what each is for."""
    chat_id: int
    chosen: str = ""

    def encode(self) -> str:
        """Return the data for the button."""
        return f"c:{self.verb}:{self.chat_id}:{self.chosen}"


def decode_room(data: str) -> RoomPress:
    """Read what `encode` wrote; the caller has matched `ROOM_PATTERN`."""
    _kind, verb, chat_id, chosen = data.split(":", 3)
    return RoomPress(verb, int(chat_id), chosen)


def least_role(data: str, *, place: int) -> Role | None:
    """Say which role a press takes where it is pressed; None: that is decided elsewhere."""
    if re.match(AUDIT_PATTERN, data) or data.startswith("o:"):
        return "owner"
    if not re.match(ROOM_PATTERN, data):
        return None
    press = decode_room(data)
    of_settings = press.verb in _OF_SETTINGS and press.chat_id == place
    return "manager" if of_settings else "owner"


def _button(label: str, verb: str, chat_id: int, chosen: str = "") -> InlineKeyboardButton:
    data = RoomPress(verb, chat_id, chosen).encode()
    return InlineKeyboardButton(label, callback_data=data)


def _rows(buttons: Iterable[InlineKeyboardButton], a_row: int) -> list[Row]:
    found = list(buttons)
    return [found[start : start + a_row] for start in range(0, len(found), a_row)]


def _markup(rows: Iterable[Row]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([row for row in rows if row])


def asked_keyboard(events: Sequence[Event]) -> InlineKeyboardMarkup | None:
    """Offer to let chats in, or not; None where none has asked."""
    asked = [event for event in events if isinstance(event, ChatAsked)]
    return _markup(row for event in asked for row in _decisions(event.chat_id)) if asked else None


def _decisions(chat_id: int) -> list[Row]:
    return [
        [
            _button(_("✅ Approve as viewer"), "d", chat_id, "viewer"),
            _button(_("✅ as manager"), "d", chat_id, "manager"),
        ],
        [_button(_("🚫 Block"), "d", chat_id, "block")],
    ]


def decided_keyboard(chat: Chat) -> InlineKeyboardMarkup | None:
    """Offer to say what a chat sees that was let in; None where it was blocked."""
    if chat.blocked:
        return None
    return _markup([[_button(_("🔭 What it sees"), "s", chat.chat_id, "0")]])


def chats_keyboard(chats: Sequence[tuple[int, str]], page: int) -> InlineKeyboardMarkup:
    """Offer the cards of chats, a page of them, by what they are called."""
    start = page * CHATS_A_PAGE
    rows = [[_button(name, "o", i)] for i, name in chats[start : start + CHATS_A_PAGE]]
    turns = _turns("l", 0, page, more=start + CHATS_A_PAGE < len(chats))
    return _markup([*rows, turns])


def card_keyboard(chat: Chat, *, fixed: bool, is_owner: bool) -> InlineKeyboardMarkup:
    """Offer what an owner can change about a chat."""
    c = chat.chat_id
    back = [_button(_("‹ All chats"), "l", 0, "0")]
    if is_owner:
        is_paired = chat.role == "owner" and not fixed
        depose = [_button(_("👑 No longer an owner"), "n", c)] if is_paired else []
        return _markup([[_button(_("🔔 Loudness"), "k", c)], depose, back])
    if chat.blocked:
        return _markup([[_button(_("Unblock"), "B", c)], back])
    if chat.is_waiting:
        first = [_button(_("🔭 What it sees"), "s", c, "0"), _percent(chat)]
        return _markup([*_decisions(c), first, back])
    other: Role = "viewer" if chat.role == "manager" else "manager"
    return _markup(
        [
            [_button(_turn(c, other), "r", c, other), *_members(c)],
            [_button(_("🔭 What it sees"), "s", c, "0"), _percent(chat)],
            [_button(_("🔔 Loudness"), "k", c), _button(_("🌙 Quiet hours"), "q", c)],
            [_button(_("🗣 Language"), "g", c), _button(_("🕑 Time zone"), "z", c)],
            [_button(_("💬 To the whole group"), "h", c)] if chat.thread_id is not None else [],
            [
                _button(_("🚫 Block"), "b", c),
                *([] if fixed else [_button(_("🗑 Forget"), "f", c)]),
            ],
            back,
        ]
    )


def is_private(chat_id: int) -> bool:
    """Whether one person is alone with us there: groups have ids below zero."""
    return chat_id > 0


def _turn(chat_id: int, role: Role) -> str:
    if is_private(chat_id):
        return _("👤 Make a viewer") if role == "viewer" else _("🛠 Make a manager")
    return _("👤 All are viewers") if role == "viewer" else _("🛠 All are managers")


def _members(chat_id: int) -> Row:
    return [] if is_private(chat_id) else [_button(_("👥 Members"), "m", chat_id)]


def _percent(chat: Chat) -> InlineKeyboardButton:
    """Offer to hide amounts, or to show them: the button says which, however often it is told."""
    if chat.preferences.percent_only:
        return _button(_("💯 Show amounts"), "p", chat.chat_id, "0")
    return _button(_("💯 Percent only"), "p", chat.chat_id, "1")


def settings_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Offer what managers can change about their own chat."""
    c = chat_id
    return _markup(
        [
            [_button(_("🗣 Language"), "g", c), _button(_("🕑 Time zone"), "z", c)],
            [_button(_("💱 Currency"), "u", c), _button(_("🧹 Small coins"), "w", c)],
            [_button(_("🌙 Quiet hours"), "q", c), _button(_("🔔 Loudness"), "k", c)],
        ]
    )


def _back(chat_id: int) -> Row:
    return [_button(_("‹ Back"), "e", chat_id)]


def languages_keyboard(chat_id: int, names: Iterable[tuple[str, str]]) -> InlineKeyboardMarkup:
    """Offer the languages there are, by their own names."""
    buttons = [_button(name, "G", chat_id, code) for code, name in names]
    usual = [_button(_("As usual"), "G", chat_id)]
    return _markup([*_rows(buttons, 2), usual, _back(chat_id)])


def regions_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Offer regions, and to type a city."""
    buttons = [_button(region_text(region), "Z", chat_id, region) for region in COMMON]
    return _markup(
        [
            *_rows(buttons, 3),
            [_button("UTC", "t", chat_id, "UTC"), _button(_("As usual"), "t", chat_id)],
            [_button(_("✏️ Type a city"), "T", chat_id)],
            _back(chat_id),
        ]
    )


def zones_keyboard(chat_id: int, zones: Iterable[str]) -> InlineKeyboardMarkup:
    """Offer time zones."""
    buttons = [_button(city_text(zone), "t", chat_id, zone) for zone in zones]
    again = [_button(_("✏️ Type a city"), "T", chat_id)]
    return _markup([*_rows(buttons, 2), again, [_button(_("‹ Back"), "z", chat_id)]])


def currencies_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Offer the currencies in which values can be told."""
    known: tuple[Currency, ...] = get_args(Currency)
    buttons = [_button(currency, "U", chat_id, currency) for currency in known]
    usual = [_button(_("As usual"), "U", chat_id)]
    return _markup([*_rows(buttons, 3), usual, _back(chat_id)])


def dust_keyboard(chat_id: int, currency: Currency) -> InlineKeyboardMarkup:
    """Offer limits below which coins are told in one line."""
    usual = SMALL[currency]
    offered = [f"{usual * factor:f}" for factor in (0, 1, 10, 100)]
    buttons = [_button(f"{limit} {currency}", "W", chat_id, limit) for limit in offered]
    typed = [_button(_("✏️ Type another"), "W", chat_id, "?"), _button(_("As usual"), "W", chat_id)]
    return _markup([*_rows(buttons, 2), typed, _back(chat_id)])


def quiet_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Offer quiet hours."""
    buttons = [_button(hours, "Q", chat_id, hours) for hours in QUIET_OFFERED]
    others = [_button(_("✏️ Type others"), "Q", chat_id, "?"), _button(_("None"), "Q", chat_id)]
    return _markup([*_rows(buttons, 2), others, _back(chat_id)])


def loudness_keyboard(chat: Chat) -> InlineKeyboardMarkup:
    """Offer to make kinds of messages more quiet, or loud again."""
    buttons = [
        _button(f"{MARKS[now]} {_(name)}", "K", chat.chat_id, f"{kind}:{_NEXT[now]}")
        for kind, name in KIND_NAMES.items()
        for now in (chat.preferences.loud(kind),)
    ]
    return _markup([*_rows(buttons, 2), _back(chat.chat_id)])


def scope_keyboard(chat: Chat, accounts: Sequence[str], page: int) -> InlineKeyboardMarkup:
    """Offer accounts, those that the chat sees marked; a name that is long has a mark for it."""
    c, seen = chat.chat_id, chat.scope
    start = page * _ACCOUNTS_A_PAGE
    buttons = [
        _button(f"✅ {name}"[:40], "S", c, f"0:{page}:{mark_of(name)}")
        if seen.has(name)
        else _button(f"▫️ {name}"[:40], "S", c, f"1:{page}:{mark_of(name)}")
        for name in accounts[start : start + _ACCOUNTS_A_PAGE]
    ]
    turns = _turns("s", c, page, more=start + _ACCOUNTS_A_PAGE < len(accounts))
    more = [_button(_("Everything"), "A", c), _button(_("✏️ Type paths"), "P", c)]
    return _markup([*_rows(buttons, 2), turns, more, _back(c)])


def members_keyboard(chat_id: int, members: Sequence[Member], page: int) -> InlineKeyboardMarkup:
    """Offer to make somebody a manager, or what everybody is; the button says which."""
    names = Counter(map(_called, members))
    start = page * _MEMBERS_A_PAGE
    buttons = []
    for member in members[start : start + _MEMBERS_A_PAGE]:
        called, is_manager = _called(member), member.role == "manager"
        if names[called] > 1 or not called:
            called = f"{called[:24]} {member.user_id}".strip()
        mark, wanted = ("🛠", "0") if is_manager else ("👤", "1")
        chosen = f"{wanted}:{page}:{member.user_id}"
        buttons.append(_button(f"{mark} {called}"[:40], "M", chat_id, chosen))
    turns = _turns("m", chat_id, page, more=start + _MEMBERS_A_PAGE < len(members))
    return _markup([*_rows(buttons, 2), turns, _back(chat_id)])


def _called(member: Member) -> str:
    """Return what can be seen of a name."""
    return " ".join("".join(c for c in member.name if c.isprintable()).split())


def _turns(verb: str, chat_id: int, page: int, *, more: bool) -> Row:
    """Offer the pages before and after."""
    before = [_button(_("‹ Before"), verb, chat_id, str(page - 1))] if page else []
    after = [_button(_("More ›"), verb, chat_id, str(page + 1))] if more else []
    return [*before, *after]


def forget_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Ask once more."""
    return _markup([[_button(_("🗑 Yes, forget it"), "F", chat_id)], _back(chat_id)])


def depose_keyboard(chat_id: int) -> InlineKeyboardMarkup:
    """Ask once more."""
    return _markup([[_button(_("👑 Yes, no longer"), "N", chat_id)], _back(chat_id)])


def cancel_keyboard(chat_id: int, asked: int) -> InlineKeyboardMarkup:
    """Offer that somebody need not answer; whoever presses it, it is the question of `asked`."""
    return _markup([[_button(_("✖️ Cancel"), "x", chat_id, str(asked))]])


def audit_keyboard(entries: Sequence[Entry], *, more: bool) -> InlineKeyboardMarkup | None:
    """Offer what was done before."""
    if not more:
        return None
    data = f"j:{entries[-1].id}"
    return _markup([[InlineKeyboardButton(_("Before that ›"), callback_data=data)]])


def welcome_language_keyboard(names: Iterable[tuple[str, str]]) -> InlineKeyboardMarkup:
    """Offer a new owner a language."""
    return _markup([*_rows((_step(name, "l", code) for code, name in names), 2), _skip("z")])


def welcome_zone_keyboard(zones: Iterable[str] = ()) -> InlineKeyboardMarkup:
    """Offer a new owner regions, or time zones."""
    found = list(zones)
    if found:
        offered = [_step(city_text(zone), "t", zone) for zone in found]
        return _markup([*_rows(offered, 2), [_step(_("‹ Back"), "z")], _skip("r")])
    regions = _rows((_step(region_text(region), "Z", region) for region in COMMON), 3)
    return _markup([*regions, [_step("UTC", "t", "UTC")], _skip("r")])


def welcome_rule_keyboard() -> InlineKeyboardMarkup:
    """Offer a new owner to make a rule."""
    return _markup([[_step(_("➕ Make the first rule"), "r", "make")], _skip("x")])


def _skip(to: str) -> Row:
    return [_step(_("Skip"), to)]


def _step(label: str, step: str, chosen: str = "") -> InlineKeyboardButton:
    data = f"o:{step}:{chosen}"
    if len(data.encode()) > MOST_BYTES:
        raise ValueError(f"too long for a button: {data}")
    return InlineKeyboardButton(label, callback_data=data)


def language_names() -> list[tuple[str, str]]:
    """Name each language there is in itself, by its code."""
    from babel import Locale

    return [
        (code, (Locale.parse(code).get_display_name(code) or code).capitalize())
        for code in languages()
    ]
