"""`/digest`: what is known, told at once; when it comes by itself; and the picture to it."""

from dataclasses import replace
from functools import partial

from telegram import CallbackQuery, Message, Update
from telegram.ext import BaseHandler, CommandHandler

from bot.chat.digest_buttons import DIGEST_PATTERN, decode_digest, digest_keyboard
from bot.chat.handlers import Context, UseCases, acknowledge, button, person_of, show_typing
from bot.chat.handlers.history import Charts, send_picture
from bot.chat.i18n import _
from bot.chat.views.digests import digest_text
from bot.chat.views.history import DRAWING
from bot.chat.views.plans import plan_mistake, plan_text
from bot.chat.views.words import NOT_TOLD_HERE, ONLY_OWNERS_DIGEST
from bot.core.plans import PlanMistake
from bot.services.build_digests import SPAN_OF
from bot.services.show_history import Question


def handlers(use: UseCases, charts: Charts) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and its button."""

    async def digest(update: Update, context: Context) -> None:
        message = update.message
        if message is None or message.from_user is None:
            return
        if not context.args:
            await _show(use.here(message), message)
        elif not use.may_manage(message.from_user.id, message.chat_id):
            await message.reply_text(_(ONLY_OWNERS_DIGEST))
        else:
            await _change(use, message, context.args)

    return [
        CommandHandler("digest", digest),
        button(DIGEST_PATTERN, partial(_pressed, use, charts)),
    ]


async def _show(use: UseCases, message: Message) -> None:
    """Tell now what the digest would tell, and when the next one comes."""
    await show_typing(message)
    chat = use.chats.known(message.chat_id)
    digest = await use.digests.preview(chat)
    text = digest_text(digest, use.zone)
    told = plan_text(await use.digests.plan_of(chat))
    await message.reply_html(f"{text}\n\n{told}", reply_markup=digest_keyboard(digest.period))


async def _change(use: UseCases, message: Message, words: list[str]) -> None:
    """Let the digest of a chat come at another time."""
    user = message.from_user
    try:
        here = use.chats.known(message.chat_id)
        plan = use.digests.planned(here, words, at=message.date)
    except PlanMistake as e:
        await message.reply_html(plan_mistake(e))
        return
    chat = await use.chats.change(
        message.chat_id,
        lambda chat: replace(chat, preferences=replace(chat.preferences, digest=plan)),
        deed="settings_changed",
        about=" ".join(["digest", *words]),
        by=person_of(user) if user is not None else None,
    )
    told = plan_text(await use.digests.plan_of(chat)) if chat is not None else _(NOT_TOLD_HERE)
    await message.reply_html(told)


async def _pressed(
    use: UseCases, charts: Charts, press: CallbackQuery, message: Message, data: str
) -> None:
    """Answer a digest with a picture of its time."""
    await acknowledge(press, _(DRAWING))
    await send_picture(
        use.here(message), charts, message, Question(span=SPAN_OF[decode_digest(data)])
    )
