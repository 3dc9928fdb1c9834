"""The steps by which owners give a chat what it may see, and its people what they may do."""

from collections.abc import Mapping

from telegram import Message

from bot.chat.balance_buttons import name_for
from bot.chat.handlers import UseCases
from bot.chat.handlers.room_cards import Shown, Step, ask, card, chat_list, choice
from bot.chat.i18n import _
from bot.chat.room_buttons import (
    RoomPress,
    depose_keyboard,
    forget_keyboard,
    members_keyboard,
    scope_keyboard,
)
from bot.chat.views import rooms as words
from bot.chat.views.words import scope_text
from bot.core.access import Person, Role


async def _open(use: UseCases, wanted: RoomPress, message: Message, _by: Person) -> Shown:
    return await card(use, message, wanted.chat_id)


async def _chats(use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    return chat_list(use, int(wanted.chosen or 0))


async def _role(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    role: Role = "manager" if wanted.chosen == "manager" else "viewer"
    if not use.chats.is_owner(wanted.chat_id):
        await use.rooms.set_role(wanted.chat_id, role, by=by)
    return await card(use, message, wanted.chat_id)


async def _scope(use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    return await _scope_page(use, wanted.chat_id, int(wanted.chosen or 0))


async def _scope_page(use: UseCases, chat_id: int, page: int) -> Shown:
    chat = use.chats.known(chat_id)
    lines = [_(words.WHICH_SCOPE), scope_text(chat.scope)]
    if not chat.scope.is_all:
        lines.append(_(words.LATER_ACCOUNTS))
    return "\n".join(lines), scope_keyboard(chat, use.rooms.accounts, page)


async def _show_account(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    seen, page, mark = choice(wanted)
    name = name_for(mark, use.rooms.accounts)
    if name is not None and mark:
        await use.rooms.show_account(wanted.chat_id, name, seen=seen, by=by)
    return await _scope_page(use, wanted.chat_id, page)


async def _see_all(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    await use.rooms.see_all(wanted.chat_id, by=by)
    return await _scope_page(use, wanted.chat_id, 0)


async def _type_scope(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> None:
    await ask(use, message, wanted, by, "scope", words.TYPE_SCOPE)


async def _members(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    page = int(wanted.chosen) if wanted.chosen.isdigit() else 0
    if wanted.verb == "M":
        is_manager, page, who = choice(wanted)
        role: Role | None = "manager" if is_manager else None
        if who.isdigit():
            await use.rooms.set_member(wanted.chat_id, int(who), role, by=by)
    found = use.chats.members(wanted.chat_id)
    text = words.WHICH_MEMBERS if found else words.NO_MEMBERS
    return _(text), members_keyboard(wanted.chat_id, found, page)


async def _topic(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    await use.rooms.leave_topic(wanted.chat_id, by=by)
    return await card(use, message, wanted.chat_id)


async def _block(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "b":
        await use.admission.block(wanted.chat_id, by=by)
    else:
        await use.admission.unblock(wanted.chat_id, by=by)
    return await card(use, message, wanted.chat_id)


async def _forget(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    if wanted.verb == "f":
        return _(words.REALLY_FORGET), forget_keyboard(wanted.chat_id)
    await use.chats.forget(wanted.chat_id, by=by)
    return chat_list(use, 0)


async def _depose(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "n":
        return _(words.REALLY_DEPOSE), depose_keyboard(wanted.chat_id)
    await use.rooms.depose(wanted.chat_id, by=by)
    return await card(use, message, wanted.chat_id)


async def _cancel(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    asked = int(wanted.chosen) if wanted.chosen.isdigit() else by.user_id
    await use.rooms.forget_question(message.chat_id, asked)
    return _(words.CANCELLED), None


ROOM_STEPS: Mapping[str, Step] = {
    "o": _open, "e": _open, "l": _chats, "r": _role,
    "s": _scope, "S": _show_account, "A": _see_all, "P": _type_scope,
    "m": _members, "M": _members, "h": _topic, "b": _block, "B": _block,
    "f": _forget, "F": _forget, "n": _depose, "N": _depose, "x": _cancel,
}  # fmt: skip
