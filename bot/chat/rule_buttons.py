"""The buttons of rules: what they carry, and how they stand in rows.

Each carries a number that is never used twice, so an old button acts on what it was made for, or
on nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import MOST_BYTES
from bot.chat.i18n import _, later
from bot.services.draft_rules import VALUE
from bot.services.ports import MadeRule

RuleAction = Literal["list", "pause", "resume", "delete", "undo", "edit"]
DraftAction = Literal["turn", "wallet", "coin", "condition", "add", "cancel"]

_RULE_ACTIONS: dict[str, RuleAction] = {
    "l": "list", "p": "pause", "r": "resume", "d": "delete", "u": "undo", "e": "edit",
}  # fmt: skip
_DRAFT_ACTIONS: dict[str, DraftAction] = {
    "t": "turn", "w": "wallet", "c": "coin", "k": "condition", "a": "add", "x": "cancel",
}  # fmt: skip
_SHORT = {action: short for short, action in (*_RULE_ACTIONS.items(), *_DRAFT_ACTIONS.items())}

RULE_PATTERN = r"^r:[lprdue]:\d{1,4}:\d{1,18}$"
DRAFT_PATTERN = r"^d:(t:\d{1,18}:\d{1,4}|[wck]:\d{1,18}:.+|[ax]:\d{1,18}:)$"
RULE_CHANGE = r"^(r:[prdue]|d):"
"""All but looking at the list: only owners may."""

_WALLETS_A_PAGE, _COINS, _COINS_A_ROW = 12, 24, 3

CONDITIONS = {
    "<": later("⬇️ below"),
    ">": later("⬆️ above"),
    "drops": later("📉 drops"),
    "lasts <": later("⏳ lasts less than"),
}


@dataclass(frozen=True, slots=True)
class RulePress:
    """A button in the list of rules."""

    action: RuleAction
    page: int
    """That is shown then, counted from 0."""
    rule_id: int = 0

    def encode(self) -> str:
        """Return the data for the button."""
        return f"r:{_SHORT[self.action]}:{self.page}:{self.rule_id}"


def decode_rule(data: str) -> RulePress:
    """Read what `encode` wrote; the caller has matched `RULE_PATTERN`."""
    _kind, short, page, rule_id = data.split(":")
    return RulePress(_RULE_ACTIONS[short], int(page), int(rule_id))


@dataclass(frozen=True, slots=True)
class DraftPress:
    """A button in the talk about a rule."""

    action: DraftAction
    draft_id: int
    chosen: str = ""
    """The word, or the number of the page."""

    def encode(self) -> str | None:
        """Return the data for the button; None where it would be too long for one."""
        data = f"d:{_SHORT[self.action]}:{self.draft_id}:{self.chosen}"
        return data if len(data.encode()) <= MOST_BYTES else None


def decode_draft(data: str) -> DraftPress:
    """Read what `encode` wrote; the caller has matched `DRAFT_PATTERN`."""
    _kind, short, draft_id, chosen = data.split(":", 3)
    return DraftPress(_DRAFT_ACTIONS[short], int(draft_id), chosen)


def list_keyboard(
    made: Iterable[MadeRule], *, page: int, pages: int
) -> InlineKeyboardMarkup | None:
    """Offer what can be done with each rule of the chats, and to turn pages."""
    turns = [
        _rule_button(_("‹ Back"), RulePress("list", page - 1)) if page > 0 else None,
        _rule_button(f"{page + 2}/{pages} ›", RulePress("list", page + 1))
        if page + 1 < pages
        else None,
    ]
    markup = _markup([*(_actions(rule, page) for rule in made), turns])
    return markup if markup.inline_keyboard else None


def _actions(made: MadeRule, page: int) -> list[InlineKeyboardButton]:
    if made.deleted_at is not None:
        return [
            _rule_button(
                _("↩️ Undo delete of {rule}").format(rule=made.name),
                RulePress("undo", page, made.id),
            )
        ]
    paused = (
        _rule_button(_("▶️ Resume"), RulePress("resume", page, made.id))
        if made.paused
        else _rule_button(_("⏸ Pause"), RulePress("pause", page, made.id))
    )
    return [
        _rule_button(_("✏️ Edit {rule}").format(rule=made.name), RulePress("edit", page, made.id)),
        paused,
        _rule_button(_("🗑 Delete"), RulePress("delete", page, made.id)),
    ]


def _rule_button(label: str, press: RulePress) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=press.encode())


def all_rules_keyboard() -> InlineKeyboardMarkup:
    """Offer the list."""
    return InlineKeyboardMarkup([[_rule_button(_("📋 All rules"), RulePress("list", 0))]])


def wallets_keyboard(draft_id: int, wallets: Sequence[str], *, page: int) -> InlineKeyboardMarkup:
    """Offer wallets, a page of them; one whose name is too long for a button can be typed."""
    start = page * _WALLETS_A_PAGE
    shown = wallets[start : start + _WALLETS_A_PAGE]
    rows = [[_draft_button(words, DraftPress("wallet", draft_id, words))] for words in shown]
    turns = [
        _draft_button(_("‹ Back"), DraftPress("turn", draft_id, str(page - 1))) if page else None,
        _draft_button(_("More ›"), DraftPress("turn", draft_id, str(page + 1)))
        if start + _WALLETS_A_PAGE < len(wallets)
        else None,
    ]
    return _markup([*rows, turns, _cancel(draft_id)])


def coins_keyboard(draft_id: int, coins: Sequence[str]) -> InlineKeyboardMarkup:
    """Offer the coins that are there, and what all of them are worth."""
    buttons = [_draft_button(c, DraftPress("coin", draft_id, c)) for c in coins[:_COINS]]
    starts = range(0, len(buttons), _COINS_A_ROW)
    rows = [buttons[start : start + _COINS_A_ROW] for start in starts]
    value = _draft_button(_("💰 what all is worth"), DraftPress("coin", draft_id, VALUE))
    return _markup([*rows, [value], _cancel(draft_id)])


def conditions_keyboard(draft_id: int, *, of_value: bool) -> InlineKeyboardMarkup:
    """Offer what can be judged; of a value only on which side of the limit it lies."""
    offered = [
        (word, _(label)) for word, label in CONDITIONS.items() if not of_value or len(word) == 1
    ]
    buttons = [
        _draft_button(label, DraftPress("condition", draft_id, word)) for word, label in offered
    ]
    return _markup([buttons[:2], buttons[2:], _cancel(draft_id)])


def cancel_keyboard(draft_id: int) -> InlineKeyboardMarkup:
    """Offer to give up."""
    return _markup([_cancel(draft_id)])


def preview_keyboard(draft_id: int, *, edits: bool) -> InlineKeyboardMarkup:
    """Offer to take a rule as it is previewed."""
    add = _draft_button(_("✅ Save") if edits else _("✅ Add"), DraftPress("add", draft_id))
    return _markup([[add, *_cancel(draft_id)]])


def _cancel(draft_id: int) -> list[InlineKeyboardButton | None]:
    return [_draft_button(_("✖️ Cancel"), DraftPress("cancel", draft_id))]


def _draft_button(label: str, press: DraftPress) -> InlineKeyboardButton | None:
    data = press.encode()
    return InlineKeyboardButton(label, callback_data=data) if data else None


def _markup(rows: Iterable[Iterable[InlineKeyboardButton | None]]) -> InlineKeyboardMarkup:
    whole = [[button for button in row if button is not None] for row in rows]
    return InlineKeyboardMarkup([row for row in whole if row])
