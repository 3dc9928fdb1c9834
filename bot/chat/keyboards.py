"""Rows of buttons under a message."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import BalancePress


def balance_keyboard(query: str, *, page: int, pages: int) -> InlineKeyboardMarkup | None:
    """Offer to read again and to turn pages; None where the query is too long for a button."""
    turns = [
        _button("‹ Back", BalancePress("turn", page - 1, query)) if page > 0 else None,
        _button(f"{page + 2}/{pages} ›", BalancePress("turn", page + 1, query))
        if page + 1 < pages
        else None,
    ]
    refresh = [_button("🔄 Refresh", BalancePress("refresh", page, query))]
    rows = [[button for button in row if button] for row in (turns, refresh)]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(label: str, press: BalancePress) -> InlineKeyboardButton | None:
    data = press.encode()
    return InlineKeyboardButton(label, callback_data=data) if data else None
