"""`/rules`: the list of rules, and the buttons that change those of the chats."""

from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler

from bot.chat.handlers import Context, UseCases, acknowledge, button, plain_command, show
from bot.chat.handlers.rule import ask_anew
from bot.chat.i18n import _
from bot.chat.rule_buttons import RULE_PATTERN, RulePress, decode_rule, list_keyboard
from bot.chat.views.rules import rule_pages, toast_text
from bot.chat.views.words import OLD_RULE


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what its buttons do."""

    async def rules(message: Message) -> None:
        text, keyboard = await _page(use.here(message), 0)
        await message.reply_html(text, reply_markup=keyboard)

    return [plain_command("rules", rules), button(RULE_PATTERN, partial(_pressed, use))]


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    wanted = decode_rule(data)
    by, use = press.from_user.id, use.here(message, press.from_user)
    await acknowledge(press, await _toast(use, message, wanted, user_id=by))
    if wanted.action != "edit":
        text, keyboard = await _page(use, wanted.page)
        await show(message, text, keyboard)


async def _page(use: UseCases, page: int) -> tuple[str, InlineKeyboardMarkup | None]:
    laid = rule_pages(await use.rules.status())
    page = min(page, len(laid) - 1)
    return laid[page].text, list_keyboard(laid[page].made, page=page, pages=len(laid))


async def _toast(use: UseCases, message: Message, wanted: RulePress, *, user_id: int) -> str:
    """Do what a button is for; say in a few words what has become of it."""
    match wanted.action:
        case "list":
            return ""
        case "edit":
            return await ask_anew(use, message, wanted.rule_id, user_id=user_id)
        case "pause":
            change = await use.rules.pause(wanted.rule_id)
        case "resume":
            change = await use.rules.resume(wanted.rule_id)
        case "delete":
            change = await use.rules.delete(wanted.rule_id)
        case "undo":
            change = await use.rules.restore(wanted.rule_id)
    return toast_text(change) if change is not None else _(OLD_RULE)
