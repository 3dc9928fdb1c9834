"""`/history [path] [coin] [time]`: a picture of the past, and the buttons that change it."""

import asyncio
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from telegram import CallbackQuery, InputMediaPhoto, Message, Update
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest
from telegram.ext import BaseHandler, CommandHandler

from bot.aside import AsideFailed, run_aside
from bot.chat.handlers import Context, UseCases, acknowledge, button, unknown_name
from bot.chat.history_buttons import HISTORY_PATTERN, decode_history, history_keyboard
from bot.chat.i18n import ENGLISH, _, speaking
from bot.chat.picture import Drawn, Picture
from bot.chat.views.history import (
    DRAWING,
    NOT_DRAWN,
    NOTHING_THEN,
    caption,
    nothing_text,
    picture_of,
    span_mistake,
)
from bot.chat.views.words import OLD_BUTTON, usage_text
from bot.core.errors import UnknownName
from bot.services.show_history import HistoryReport, Question, UnknownSpan, ask

log = structlog.get_logger(__name__)

DRAWN_WITHIN_S = 20.0
LONGEST_QUERY = 200
_MOST_WORDS = 3


def handlers(use: UseCases, charts: "Charts") -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what its buttons do."""

    async def history(update: Update, context: Context) -> None:
        if update.message is not None:
            await _answer(use.here(update.message), charts, update.message, context.args or [])

    return [
        CommandHandler("history", history),
        button(HISTORY_PATTERN, partial(_pressed, use, charts)),
    ]


class Charts:
    """Has charts drawn, one at a time: each takes a core for a second."""

    def __init__(self) -> None:
        self._drawing = asyncio.Lock()

    async def draw(self, report: HistoryReport, zone: ZoneInfo) -> Drawn | None:
        """Return a picture; None where it could not be drawn, which is logged.

        Where no font here can write the language it speaks English, as every font can.
        """
        drawn = await self._drawn(picture_of(report, zone))
        if drawn is None or not drawn.speechless:
            return drawn
        with speaking(ENGLISH):
            picture = picture_of(report, zone)
        return await self._drawn(picture)

    async def _drawn(self, picture: Picture) -> Drawn | None:
        try:
            async with self._drawing:
                made = await run_aside(
                    "bot.chat.charts", picture.encode(), within_s=DRAWN_WITHIN_S
                )
        except AsideFailed as e:
            log.warning("A chart was not drawn", action="draw_chart", reason=str(e))
            return None
        return Drawn.decode(made)


async def _answer(use: UseCases, charts: Charts, message: Message, words: list[str]) -> None:
    if len(words) > _MOST_WORDS or sum(map(len, words)) > LONGEST_QUERY:
        await message.reply_html(usage_text("history"))
        return
    try:
        await send_picture(use, charts, message, ask(words))
    except UnknownSpan as e:
        await message.reply_html(span_mistake(e))
    except UnknownName as e:
        await message.reply_html(unknown_name(use, e, "history"))


async def send_picture(
    use: UseCases, charts: Charts, message: Message, question: Question
) -> None:
    """Answer a message with a picture, or with what there is to say instead of one.

    Raises:
        UnknownName: a word of the question is no path here, and no coin.
    """
    await message.reply_chat_action(ChatAction.UPLOAD_PHOTO)
    report = await use.history.report(question)
    if not report.series.known:
        await message.reply_html(nothing_text(report))
        return
    drawn = await charts.draw(report, use.zone)
    text = _caption(use, report, drawn)
    keyboard = history_keyboard(report, shortened=use.history.shortened)
    if drawn is None:
        await message.reply_html(text)
        return
    await message.reply_photo(
        drawn.png, caption=text, parse_mode=ParseMode.HTML, reply_markup=keyboard
    )


def _caption(use: UseCases, report: HistoryReport, drawn: Drawn | None) -> str:
    """Write what stands below a picture, or instead of it."""
    text = caption(report, use.zone, drawn.numbered if drawn else {})
    return text if drawn else f"{text}\n{_(NOT_DRAWN)}"


async def _pressed(
    use: UseCases, charts: Charts, press: CallbackQuery, message: Message, data: str
) -> None:
    """Put another picture where the one before was."""
    wanted, use = decode_history(data), use.here(message)
    query = wanted.query
    if query.startswith("#"):
        query = use.history.lengthened(query) or query
    try:
        report = await use.history.report(Question(query, wanted.span, wanted.by))
    except UnknownName:
        await acknowledge(press, _(OLD_BUTTON))
        return
    if not report.series.known:
        await acknowledge(press, _(NOTHING_THEN))
        return
    await acknowledge(press, _(DRAWING))
    drawn = await charts.draw(report, use.zone)
    keyboard = history_keyboard(report, shortened=use.history.shortened)
    text = _caption(use, report, drawn)
    try:
        if drawn is None:
            await message.edit_caption(text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
            return
        photo = InputMediaPhoto(drawn.png, caption=text, parse_mode=ParseMode.HTML)
        await message.edit_media(photo, reply_markup=keyboard)
    except BadRequest as e:
        if "not modified" not in str(e):
            raise
