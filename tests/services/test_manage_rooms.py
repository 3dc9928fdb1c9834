"""What an owner says of chats: what everybody there may do, and who is an owner no more."""

from typing import Any

from bot.core.access import Person
from bot.services.admit_chats import AdmitChats
from bot.services.manage_rooms import ManageRooms
from bot.services.watched import Watched

OWNER, GROUP = 1001, -4001
YOU, ADA = Person(OWNER, "You"), Person(2002, "Ada")


def rooms_of(house: Any, chats: Any) -> ManageRooms:
    return ManageRooms(
        chats=chats,
        watched=house.watched or Watched((), {}),
        open_unit=house.open_unit,
        clock=house.clock,
    )


async def test_a_role_lets_nobody_in(house: Any) -> None:
    """A chat of the settings that was given a role goes with them, and has to ask then."""
    chats = house.chats
    await chats.recall()
    await rooms_of(house, chats).set_role(GROUP, "manager", by=YOU)
    assert chats.role_of(ADA.user_id, GROUP) == "manager"
    house.chats_allowed = ()
    chats = house.chats
    await chats.recall()
    assert not chats.may_look(GROUP)
    admission = AdmitChats(
        chats=chats,
        open_unit=house.open_unit,
        clock=house.clock,
        announce=lambda code: True,
        wake_delivery=lambda: None,
    )
    assert await admission.ask(GROUP, title="Desk", by=ADA)
    assert not chats.may_look(GROUP)
    assert chats.known(GROUP).is_waiting
    await admission.approve(GROUP, "viewer", by=YOU)
    assert chats.role_of(ADA.user_id, GROUP) == "viewer"
    await rooms_of(house, chats).set_role(GROUP, "manager", by=YOU)
    assert chats.role_of(ADA.user_id, GROUP) == "manager"
