"""Meet people: who has spoken to us in a group, what they may do there, what they talk about."""

from dataclasses import replace

from bot.core.access import Member, Person, Role
from bot.services.known_chats import KnownChats

MOST_MEMBERS = 200
"""Of one group; who comes later may do what everybody may."""


class MeetPeople(KnownChats):
    """Takes note of the members of groups."""

    async def meet(self, chat_id: int, person: Person) -> None:
        """Take note of who speaks to us in a group."""
        known = self._members.get((chat_id, person.user_id))
        if known is not None and known.name == person.name:
            return
        if known is None and len(self.members(chat_id)) >= MOST_MEMBERS:
            return
        role = known.role if known is not None else None
        async with self.changing() as unit:
            await unit.chats.save_member(Member(chat_id, person.user_id, person.name, role))

    async def set_member(
        self, chat_id: int, user_id: int, role: Role | None, *, by: Person
    ) -> Member | None:
        """Let somebody do more in a group than everybody may; None where nobody knows them."""
        async with self.changing() as unit:
            found = [m for m in await unit.chats.members(chat_id) if m.user_id == user_id]
            if not found:
                return None
            member = replace(found[0], role=role)
            if member != found[0]:
                await unit.chats.save_member(member)
                about = f"{member.name} {user_id}: {role or 'as everybody'}"
                await self._write_down(unit, "role_changed", about, chat_id=chat_id, by=by)
        return member

    def note_asked(self, chat_id: int, user_id: int, *, about: int) -> None:
        """Take note of the chat that the next words of somebody are about."""
        self._asked[chat_id, user_id] = about

    def asked_about(self, chat_id: int, user_id: int) -> int:
        """Name the chat that words are about, as far as anybody was asked since the start.

        What they change stands in one order with what buttons change there.
        """
        return self._asked.get((chat_id, user_id), chat_id)
