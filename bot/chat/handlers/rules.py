"""`/rules`: the list of rules, and the buttons that change those of the chats."""

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler, CallbackQueryHandler

from bot.chat.handlers import Context, UseCases, acknowledge, plain_command, show
from bot.chat.handlers.rule import ask_anew
from bot.chat.rule_buttons import RULE_PATTERN, RulePress, decode_rule, list_keyboard
from bot.chat.views.rules import rule_pages, toast_text
from bot.chat.views.words import OLD_BUTTON, OLD_RULE, ONLY_OWNERS


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what its buttons do."""

    async def rules(message: Message) -> None:
        text, keyboard = await _page(use, 0)
        await message.reply_html(text, reply_markup=keyboard)

    async def pressed(update: Update, _context: Context) -> None:
        press = update.callback_query
        if press is None or not press.data:
            return
        if not isinstance(press.message, Message):
            await acknowledge(press, OLD_BUTTON)
            return
        wanted = decode_rule(press.data)
        if wanted.action != "list" and not use.chats.is_owner(press.from_user.id):
            await acknowledge(press, ONLY_OWNERS)
            return
        await acknowledge(press, await _toast(use, press, wanted))
        if wanted.action != "edit":
            text, keyboard = await _page(use, wanted.page)
            await show(press.message, text, keyboard)

    return [plain_command("rules", rules), CallbackQueryHandler(pressed, pattern=RULE_PATTERN)]


async def _page(use: UseCases, page: int) -> tuple[str, InlineKeyboardMarkup | None]:
    laid = rule_pages(await use.rules.status())
    page = min(page, len(laid) - 1)
    return laid[page].text, list_keyboard(laid[page].made, page=page, pages=len(laid))


async def _toast(use: UseCases, press: CallbackQuery, wanted: RulePress) -> str:
    """Do what a button is for; say in a few words what has become of it."""
    match wanted.action:
        case "list":
            return ""
        case "edit":
            return await ask_anew(use, press, wanted.rule_id)
        case "pause":
            change = await use.rules.pause(wanted.rule_id)
        case "resume":
            change = await use.rules.resume(wanted.rule_id)
        case "delete":
            change = await use.rules.delete(wanted.rule_id)
        case "undo":
            change = await use.rules.restore(wanted.rule_id)
    return toast_text(change) if change is not None else OLD_RULE
