"""The buttons under answers to `/balance`: what they carry, and how they stand in rows.

Each names what it shows, so that it works after a restart and means nothing else when names have
changed. A name that is too long for a button is stood for by a mark, which is made of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Literal

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import MOST_BYTES
from bot.chat.i18n import _
from bot.chat.numbers import width_of
from bot.chat.views.holdings import EVERYTHING, Choice, Page
from bot.core.overview import By, Overview
from bot.core.stock import account_of

BalanceAction = Literal["show", "refresh"]
BALANCE_PATTERN = r"^b:[sr][pcf]:\d{1,4}:(?s:.)"

_ACTIONS: dict[str, BalanceAction] = {"s": "show", "r": "refresh"}
_BYS: dict[str, By] = {"p": "places", "c": "coins", "f": "full"}
_SHORT = {word: short for short, word in (*_ACTIONS.items(), *_BYS.items())}
_MARK = "#"
_ROW_WIDTH, _MOST_A_ROW = 36, 4


@dataclass(frozen=True, slots=True)
class Place:
    """What an answer shows."""

    query: str
    by: By = "places"
    page: int = 0
    """Counted from 0."""


@dataclass(frozen=True, slots=True)
class BalancePress:
    """A button under an answer to `/balance`."""

    action: BalanceAction
    """Show what is known, or read it again."""
    place: Place

    def encode(self) -> str:
        """Return the data for the button."""
        place = self.place
        begin = f"b:{_SHORT[self.action]}{_SHORT[place.by]}:{place.page}:"
        data = begin + place.query
        fits = len(data.encode()) <= MOST_BYTES and not place.query.startswith(_MARK)
        return data if fits else begin + mark_of(place.query)


def decode_balance(data: str) -> BalancePress:
    """Read what `encode` wrote; the caller has matched `BALANCE_PATTERN`."""
    _kind, short, page, query = data.split(":", 3)
    return BalancePress(_ACTIONS[short[0]], Place(query, _BYS[short[1]], int(page)))


def mark_of(query: str) -> str:
    """Make what stands for a name that is too long."""
    return _MARK + blake2s(query.encode(), digest_size=9).hexdigest()


def name_for(query: str, known: Iterable[str]) -> str | None:
    """Find the name that a button carries, or the one that it has a mark of; None: it is gone."""
    if not query.startswith(_MARK):
        return query
    return next((name for name in known if mark_of(name) == query), None)


def overview_keyboard(overview: Overview, page: Page, place: Place) -> InlineKeyboardMarkup:
    """Offer to look into what a page lists, to turn it, and to see it in another way."""
    place = replace(place, page=page.page)
    one = overview.level == "wallet" or overview.coin is not None
    other = [] if one else [_other_way(overview, place)]
    return _markup(
        [
            *_choices(page.choices),
            _turns(place, page.pages),
            [*other, _refresh(place), *_back(overview, place)],
        ]
    )


def full_keyboard(place: Place, *, pages: int) -> InlineKeyboardMarkup:
    """Offer to turn the pages of all details, and to see them summed up."""
    summed = _button(_("‹ Back"), Place(place.query))
    return _markup([_turns(place, pages), [_refresh(place), summed]])


def names_keyboard(names: Sequence[str]) -> InlineKeyboardMarkup | None:
    """Offer names instead of one that nothing is called."""
    return _markup(_choices([Choice(name, name) for name in names])) if names else None


def _choices(choices: Sequence[Choice]) -> list[list[InlineKeyboardButton]]:
    """Set buttons in rows, as many a row as can be read."""
    rows: list[list[InlineKeyboardButton]] = []
    room = 0
    for choice in choices:
        width = width_of(choice.label) + 4
        if not rows or width > room or len(rows[-1]) == _MOST_A_ROW:
            rows.append([])
            room = _ROW_WIDTH
        rows[-1].append(_button(choice.label, Place(choice.query)))
        room -= width
    return rows


def _turns(place: Place, pages: int) -> list[InlineKeyboardButton]:
    turns = []
    if place.page > 0:
        turns.append(_button(f"‹ {place.page}/{pages}", replace(place, page=place.page - 1)))
    if place.page + 1 < pages:
        turns.append(_button(f"{place.page + 2}/{pages} ›", replace(place, page=place.page + 1)))
    return turns


def _other_way(overview: Overview, place: Place) -> InlineKeyboardButton:
    if place.by == "places":
        return _button(_("By coin"), Place(place.query, "coins"))
    label = _("By account") if overview.level == "accounts" else _("By wallet")
    return _button(label, Place(place.query))


def _refresh(place: Place) -> InlineKeyboardButton:
    return _button(_("🔄 Refresh"), place, "refresh")


def _back(overview: Overview, place: Place) -> list[InlineKeyboardButton]:
    """Lead from a wallet to its account, from all else to everything."""
    if place.query == EVERYTHING:
        return []
    if overview.coin is not None:
        return [_button(_("‹ Back"), Place(EVERYTHING, "coins"))]
    account = account_of(place.query)
    one_of_many = overview.level == "wallet" and not overview.is_alone and "*" not in account
    return [_button(_("‹ Back"), Place(account if one_of_many else EVERYTHING))]


def _button(label: str, place: Place, action: BalanceAction = "show") -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=BalancePress(action, place).encode())


def _markup(rows: Iterable[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([row for row in rows if row])
