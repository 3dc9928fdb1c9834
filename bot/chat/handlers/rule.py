"""`/rule`: the talk in which somebody makes a rule or changes one, by buttons and typed words."""

from collections.abc import Mapping
from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import (
    ApplicationHandlerStop,
    BaseHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.chat.handlers import Context, UseCases, acknowledge, button, show, show_typing
from bot.chat.i18n import _
from bot.chat.numbers import amounts_are_hidden
from bot.chat.rule_buttons import (
    DRAFT_PATTERN,
    DraftPress,
    all_rules_keyboard,
    cancel_keyboard,
    coins_keyboard,
    conditions_keyboard,
    decode_draft,
    preview_keyboard,
    wallets_keyboard,
)
from bot.chat.views.drafts import (
    coin_question,
    condition_question,
    edit_question,
    limit_question,
    mistake_text,
    preview_text,
    wallet_question,
)
from bot.chat.views.rules import accepted_text
from bot.chat.views.words import (
    CANCELLED,
    NO_RULES_HERE,
    OLD_RULE,
    OLD_TALK,
    ONLY_OWNERS,
)
from bot.core.errors import RuleError
from bot.services.draft_rules import VALUE
from bot.services.ports import Draft

_QUOTES = str.maketrans("“”„‟«»", '""""""')
"""What the keyboards of phones make of a plain one."""
_EXAMPLES: Mapping[str, str] = {
    "<": "500",
    ">": "50000",
    "drops": "30% in 1h",
    "lasts <": "24h",
}

Shown = tuple[str, InlineKeyboardMarkup]


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what the buttons of the talk do."""

    async def rule(update: Update, _context: Context) -> None:
        message, user = update.message, update.effective_user
        if message is None or user is None:
            return
        here = use.here(message, user)
        if not use.may_manage(user.id, message.chat_id):
            await message.reply_html(_(ONLY_OWNERS))
        elif amounts_are_hidden():
            await message.reply_html(_(NO_RULES_HERE))
        elif line := _line("".join((message.text or "").split(maxsplit=1)[1:])):
            await _preview_new(here, message, user.id, line)
        else:
            await begin(here, message, user.id)

    return [CommandHandler("rule", rule), button(DRAFT_PATTERN, partial(_pressed, use))]


async def begin(use: UseCases, message: Message, user_id: int) -> None:
    """Begin the talk: ask for the wallet."""
    draft = await use.drafts.begin(message.chat_id, user_id)
    text, keyboard = _wallets(use, draft, page=0)
    question = await message.reply_html(text, reply_markup=keyboard)
    await use.drafts.ask(draft.id, question=question.message_id)


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    if amounts_are_hidden():
        await acknowledge(press, _(NO_RULES_HERE))
        return
    use = use.here(message, press.from_user)
    shown = await _after(use, decode_draft(data), by=press.from_user.full_name)
    await acknowledge(press, "" if shown else _(OLD_TALK))
    if shown:
        await show(message, *shown)


def answers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return what takes the words that a talk waits for, and lets all others pass."""

    async def answered(update: Update, _context: Context) -> None:
        message, user = update.message, update.effective_user
        if message is None or user is None or amounts_are_hidden():
            return
        if not use.may_manage(user.id, message.chat_id):
            return
        reply_to = message.reply_to_message.message_id if message.reply_to_message else None
        draft = await use.drafts.awaited(message.chat_id, user.id, reply_to=reply_to)
        if draft is None:
            return
        await _preview_draft(
            use.here(message, user), message, draft, _line(f"{draft.text} {message.text or ''}")
        )
        raise ApplicationHandlerStop

    return [MessageHandler(filters.TEXT & ~filters.COMMAND, answered)]


async def ask_anew(use: UseCases, message: Message, rule_id: int, *, user_id: int) -> str:
    """Ask for the new line of a rule; return what to say to the press itself."""
    if amounts_are_hidden():
        return _(NO_RULES_HERE)
    made = await use.rules.find(rule_id)
    if made is None:
        return _(OLD_RULE)
    draft = await use.drafts.begin(message.chat_id, user_id, edits=rule_id)
    keyboard = cancel_keyboard(draft.id)
    question = await message.reply_html(edit_question(made), reply_markup=keyboard)
    await use.drafts.ask(draft.id, question=question.message_id)
    return ""


def _line(text: str) -> str:
    """Take what was typed as one line, each character in its place."""
    one = "".join(c if c.isprintable() else " " for c in text).strip()
    return one if '"' in one else one.translate(_QUOTES)


async def _preview_new(use: UseCases, message: Message, user_id: int, line: str) -> None:
    await show_typing(message)
    try:
        preview = await use.previews.preview(line)
    except RuleError as e:
        await message.reply_html(mistake_text(line, e))
        return
    draft = await use.drafts.begin(message.chat_id, user_id, text=line)
    keyboard = preview_keyboard(draft.id, edits=False)
    await message.reply_html(preview_text(preview, use.zone, edits=None), reply_markup=keyboard)


async def _preview_draft(use: UseCases, message: Message, draft: Draft, line: str) -> None:
    """Preview what a talk has come to; where it is no rule, the talk goes on."""
    await show_typing(message)
    try:
        preview = await use.previews.preview(line)
    except RuleError as e:
        keyboard = cancel_keyboard(draft.id)
        again = await message.reply_html(mistake_text(line, e), reply_markup=keyboard)
        await use.drafts.ask(draft.id, question=again.message_id)
        return
    edits = await use.rules.find(draft.edits) if draft.edits is not None else None
    if draft.edits is not None and edits is None:
        await message.reply_html(_(OLD_RULE))
    elif await use.drafts.fill(draft.id, line) is not None:
        keyboard = preview_keyboard(draft.id, edits=edits is not None)
        text = preview_text(preview, use.zone, edits=edits)
        await message.reply_html(text, reply_markup=keyboard)


async def _after(use: UseCases, wanted: DraftPress, *, by: str) -> Shown | tuple[str] | None:
    """Say what is shown when a button was pressed; None: it is old."""
    match wanted.action:
        case "add":
            change = await use.rules.accept(wanted.draft_id, by=by)
            return (accepted_text(change), all_rules_keyboard()) if change else None
        case "cancel":
            return (_(CANCELLED),) if await use.drafts.cancel(wanted.draft_id) else None
        case "turn":
            draft = await use.drafts.find(wanted.draft_id)
            return _wallets(use, draft, page=int(wanted.chosen)) if draft else None
        case step:
            draft = await use.drafts.choose(wanted.draft_id, step, wanted.chosen)
            return await _next_question(use, draft, wanted) if draft else None


async def _next_question(use: UseCases, draft: Draft, wanted: DraftPress) -> Shown:
    if wanted.action == "wallet":
        coins = await use.drafts.coins(draft)
        return coin_question(draft.text), coins_keyboard(draft.id, coins)
    of_value = VALUE in draft.text.split()
    if wanted.action == "coin":
        keyboard = conditions_keyboard(draft.id, of_value=of_value)
        return condition_question(draft.text), keyboard
    example = "10000 USD" if of_value else _EXAMPLES.get(wanted.chosen, "500")
    return limit_question(draft.text, example=example), cancel_keyboard(draft.id)


def _wallets(use: UseCases, draft: Draft, *, page: int) -> Shown:
    return wallet_question(), wallets_keyboard(draft.id, use.drafts.wallets(), page=page)
