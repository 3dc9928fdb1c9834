"""The button under a digest: a picture of the time that it is about."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.i18n import _
from bot.core.timing import PERIODS, Period

DIGEST_PATTERN = r"^g:(daily|weekly|monthly)$"


def digest_keyboard(period: Period) -> InlineKeyboardMarkup:
    """Offer the picture: a digest waits for none, and loses nothing where none can be drawn."""
    chart = InlineKeyboardButton(_("📈 Chart"), callback_data=f"g:{period}")
    return InlineKeyboardMarkup([[chart]])


def decode_digest(data: str) -> Period:
    """Read what a button carries; the caller has matched `DIGEST_PATTERN`."""
    told = data.removeprefix("g:")
    return next(period for period in PERIODS if period == told)
