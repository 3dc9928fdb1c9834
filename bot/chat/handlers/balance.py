"""`/balance [path or coin]`: what is known at once, then what is read; and its buttons."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, MessageEntity, Update
from telegram.ext import BaseHandler, CommandHandler

from bot.chat.balance_buttons import (
    BALANCE_PATTERN,
    Place,
    decode_balance,
    full_keyboard,
    name_for,
    names_keyboard,
    overview_keyboard,
)
from bot.chat.handlers import (
    Context,
    UseCases,
    acknowledge,
    button,
    names_there,
    show,
    unknown_name,
)
from bot.chat.i18n import _
from bot.chat.numbers import amounts_are_hidden
from bot.chat.views.balances import balance_blocks, reading_text, still_reading_text
from bot.chat.views.holdings import EVERYTHING, overview_page
from bot.chat.views.layout import pages
from bot.chat.views.words import OLD_BUTTON, READING, usage_text
from bot.core.errors import UnknownName
from bot.core.stock import SMALL
from bot.services.narrowed import narrowed

LONGEST_QUERY = 200
"""No path is longer; the answer to a name that is not known repeats it."""
FULL = "full"
SAYS_SO_AFTER_S, STILL_AFTER_S = 1.0, 8.0
"""When an answer says that it is being read, and when that it takes its time."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a message says, and the buttons under it."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None
    was_read: bool = True
    """Whether anything of it was ever read."""
    is_mistake: bool = False


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what its buttons do."""
    answers = Answers(use)

    async def balance(update: Update, context: Context) -> None:
        if update.message is None:
            return
        here = answers.within(use.here(update.message))
        query = " ".join(context.args or ()) or EVERYTHING
        if " " in query or len(query) > LONGEST_QUERY:
            await update.message.reply_html(usage_text("balance"))
        elif query.lower() == FULL:
            await here.give(update.message, Place(EVERYTHING, "full"))
        else:
            await here.give(update.message, Place(query))

    return [
        CommandHandler("balance", balance),
        button(BALANCE_PATTERN, partial(_pressed, use, answers)),
    ]


async def _pressed(
    use: UseCases, answers: "Answers", press: CallbackQuery, message: Message, data: str
) -> None:
    """Show something else, or read again; nothing where the name on the button is gone."""
    wanted, use = decode_balance(data), use.here(message)
    answers = answers.within(use)
    known = [*use.balances.names, *message.parse_entities([MessageEntity.CODE]).values()]
    name = name_for(wanted.place.query, known)
    if name is None or not await use.balances.knows(name):
        await acknowledge(press, _(OLD_BUTTON))
        return
    place = replace(wanted.place, query=name)
    await acknowledge(press, _(READING) if wanted.action == "refresh" else "")
    if wanted.action == "refresh":
        await answers.read(message, place)
    else:
        await answers.turn(message, place)


@dataclass
class _Answer:
    """A message while it is changed: what it is to show, and for whom it is read."""

    place: Place
    readers: int = 0
    is_slow: bool = False
    users: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Answers:
    """Keeps each message at what was wanted last, whatever is read for it meanwhile."""

    def __init__(self, use: UseCases) -> None:
        self._use = use
        self._changing: dict[tuple[int, int], _Answer] = {}

    def within(self, use: UseCases) -> "Answers":
        """Return what answers where only so much may be known of."""
        return narrowed(self, use=use)

    async def give(self, command: Message, place: Place) -> None:
        """Answer with what is known; then read, and put that into the same message."""
        accounts = self._use.balances.accounts_of(place.query)
        reading = _Shown(reading_text(accounts))
        try:
            known = await self._shown(place, reading.text, at_once=True)
            shown = known if known.was_read else reading
        except UnknownName as e:
            shown = _unknown(self._use, e) if self._use.checks.all_attempted else reading
        message = await command.reply_html(shown.text, reply_markup=shown.keyboard)
        if shown.is_mistake:
            return
        with self._held(message, place) as answer:
            answer.readers += 1
            await self._read(message, answer, accounts, says_so=True)

    async def read(self, message: Message, place: Place) -> None:
        """Read again what a message shows."""
        with self._held(message, place) as answer:
            answer.readers += 1
            accounts = self._use.balances.accounts_of(place.query)
            await self._read(message, answer, accounts, says_so=False)

    async def turn(self, message: Message, place: Place) -> None:
        """Show something else of what is known."""
        with self._held(message, place) as answer:
            await self._edit(message, answer)

    @contextmanager
    def _held(self, message: Message, place: Place) -> Iterator[_Answer]:
        key = message.chat_id, message.message_id
        answer = self._changing.setdefault(key, _Answer(place))
        answer.place = place
        answer.users += 1
        try:
            yield answer
        finally:
            answer.users -= 1
            if not answer.users:
                del self._changing[key]

    async def _read(
        self, message: Message, answer: _Answer, accounts: Collection[str], *, says_so: bool
    ) -> None:
        """Read accounts, and say so where it takes longer than a moment."""
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._use.checks.read_now(accounts))
            if not says_so and not await _is_done(reading, within_s=SAYS_SO_AFTER_S):
                await self._edit(message, answer)
            if not await _is_done(reading, within_s=STILL_AFTER_S):
                answer.is_slow = True
                await self._edit(message, answer)
        answer.readers -= 1
        await self._edit(message, answer)

    async def _edit(self, message: Message, answer: _Answer) -> None:
        async with answer.lock:
            status = self._status(answer) if answer.readers else ""
            try:
                shown = await self._shown(answer.place, status)
            except UnknownName as e:
                shown = _unknown(self._use, e)
            await show(message, shown.text, shown.keyboard)

    def _status(self, answer: _Answer) -> str:
        accounts = self._use.balances.accounts_of(answer.place.query)
        under_way = [name for name in accounts if name in self._use.checks.under_way]
        text_of = still_reading_text if answer.is_slow else reading_text
        return text_of(under_way or accounts)

    async def _shown(self, place: Place, status: str, *, at_once: bool = False) -> _Shown:
        """Set what is known.

        Raises:
            UnknownName: nothing is called so.
        """
        if place.by == "full" and amounts_are_hidden():
            place = replace(place, by="coins")
        if place.by == "full":
            return await self._full(place, status)
        return await self._overview(place, status, at_once=at_once)

    async def _overview(self, place: Place, status: str, *, at_once: bool) -> _Shown:
        overview = await self._use.balances.overview(place.query, by=place.by, at_once=at_once)
        page = overview_page(
            overview,
            self._use.zone,
            by=place.by,
            small=SMALL[overview.total.currency] if self._use.dust is None else self._use.dust,
            page=place.page,
            status=status,
        )
        keyboard = overview_keyboard(overview, page, place)
        return _Shown(page.text, keyboard, was_read=overview.was_read)

    async def _full(self, place: Place, status: str) -> _Shown:
        report = await self._use.balances.balances(place.query)
        laid = pages(balance_blocks(report, self._use.zone, status=status))
        place = replace(place, page=min(place.page, len(laid) - 1))
        was_read = any(state.read_at for state in report.wallets)
        return _Shown(laid[place.page], full_keyboard(place, pages=len(laid)), was_read=was_read)


def _unknown(use: UseCases, error: UnknownName) -> _Shown:
    names = error.nearest or names_there(use)
    return _Shown(unknown_name(use, error, "balance"), names_keyboard(names), is_mistake=True)


async def _is_done(task: asyncio.Task[None], *, within_s: float) -> bool:
    done, _waiting = await asyncio.wait({task}, timeout=within_s)
    return bool(done)
