"""Change chats: what a chat may see and wants to hear, when, and where in a group.

What it hears of by that is told at once, and what it was shown is shown as it may see it now.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

from bot.core.access import Person
from bot.core.audit import Deed
from bot.core.delivery import Chat
from bot.core.faces import EDITABLE_FOR
from bot.core.quiet import QuietHours
from bot.core.routing import heard
from bot.services.ports import Unit
from bot.services.welcome_chats import WelcomeChats


class ChangeChats(WelcomeChats):
    """Keeps chats otherwise than they were, and writes down who wanted it."""

    async def change(
        self,
        chat_id: int,
        changed: Callable[[Chat], Chat],
        *,
        deed: Deed,
        about: str,
        by: Person | None,
    ) -> Chat | None:
        """Keep a chat otherwise than it was, and write it down; None where nobody knows it.

        What it hears of by this is told, and what it sees otherwise is shown so.
        """
        async with self.changing() as unit:
            before = await self._kept(unit, chat_id)
            if before is None:
                return None
            after = changed(before)
            if after != before:
                await unit.chats.save(after)
                await unit.outbox.release(chat_id, at=self._clock())
                await self._tell_more(unit, before, after)
                await self._show_anew(unit, before, after)
                await self._write_down(unit, deed, about, chat_id=chat_id, by=by)
        self._wake_delivery()
        return after

    async def _tell_more(self, unit: Unit, before: Chat, after: Chat) -> None:
        """Queue what stands, of that of which a chat did not hear before and does now."""
        events, paths = await self._standing(unit, after), await unit.wallets.load()
        known = heard(events, before, paths)
        more = [event for event in heard(events, after, paths) if event not in known]
        if more:
            await unit.outbox.add(more, chats=self.recipients([after]), at=self._clock())

    async def _show_anew(self, unit: Unit, before: Chat, after: Chat) -> None:
        """Have alerts edited that a chat was shown, where it may see more of them or less.

        Those that are over, too, as far as they can be edited.
        """
        percent_only = after.preferences.percent_only
        if (before.scope, before.preferences.percent_only) == (after.scope, percent_only):
            return
        shown = [one for one in await unit.outbox.shown() if one.chat_id == after.chat_id]
        for parcel_id, group in groupby(shown, key=lambda one: one.parcel_id):
            message = list(group)
            faces = {one.incident: replace(one.face, renew=True) for one in message}
            await unit.outbox.show(faces, parcel_id, at=message[0].shown_at)
        over = await unit.outbox.over(after.chat_id, since=self._clock() - EDITABLE_FOR)
        await unit.outbox.look_again(
            replace(one, face=replace(one.face, renew=True)) for one in over
        )

    async def quiet_hours(self, chat_id: int) -> QuietHours | None:
        """Return the quiet hours of a chat."""
        async with self._open_unit() as unit:
            known = {chat.chat_id: chat.quiet for chat in await unit.chats.load()}
        return known.get(chat_id)

    async def set_quiet(
        self, chat_id: int, quiet: QuietHours | None, *, title: str, by: Person | None = None
    ) -> None:
        """Keep the quiet hours of a chat; what waits for the end of others is looked at anew."""
        async with self.changing() as unit:
            if await self._kept(unit, chat_id, title=title) is None:
                return
            await unit.chats.set_quiet(chat_id, quiet)
            await unit.outbox.release(chat_id, at=self._clock())
            about = f"quiet {quiet or 'off'}"
            await self._write_down(unit, "settings_changed", about, chat_id=chat_id, by=by)
        self._wake_delivery()

    async def tell_in(self, chat_id: int, thread_id: int | None, *, by: Person) -> None:
        """Send to a topic of a group from now on; None: to the whole group."""
        if self.known(chat_id).thread_id == thread_id:
            return
        about = f"topic {thread_id}" if thread_id is not None else "no topic"
        await self.change(
            chat_id,
            lambda chat: replace(chat, thread_id=thread_id),
            deed="settings_changed",
            about=about,
            by=by,
        )

    async def forget(self, chat_id: int, *, by: Person) -> bool:
        """Forget a chat, and all that was said about it; False where that is not to be had."""
        if self.is_owner(chat_id) or chat_id in self._chats:
            return False
        async with self.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            if chat_id not in kept:
                return False
            await unit.chats.forget(chat_id)
            about = f"{kept[chat_id].title} {chat_id}"
            await self._write_down(unit, "chat_forgotten", about, chat_id=chat_id, by=by)
        self._gone.discard(chat_id)
        return True
