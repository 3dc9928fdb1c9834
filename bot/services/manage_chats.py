"""Manage chats: all that is done with them, each part in a module of its own.

They share what is known of chats in memory (`known_chats.py`); who needs one part asks for that.
"""

from bot.services.change_chats import ChangeChats
from bot.services.meet_people import MeetPeople
from bot.services.trace_chats import TraceChats


class ManageChats(ChangeChats, TraceChats, MeetPeople):
    """Knows the chats, changes them, follows them, and meets who is in them."""
