"""What people saw: a Telegram that remembers each message as it arrived, in any weather."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from typing_extensions import override

from bench.chaos.seams import AFTER_SEND
from bench.chaos.truth import Saying, sayings
from bench.chaos.weather import draw, fault_of
from bot.sandbox.telegram import Chat, Message, TelegramServer, User
from bot.sandbox.telegram.entities import FormattedText
from bot.sandbox.telegram.faults import ConnectionCut, Fault
from bot.sandbox.telegram.journal import Call
from bot.sandbox.telegram.wire import bad_request

MARKED = "may be a repeat"
DIGEST = "☀️ Digest · "
_SENDS = "sendMessage"
_SAYS = (_SENDS, "editMessageText", "answerCallbackQuery")
_NO_CHAT = 0
"""Stands for the one that is not named when a press is answered."""


@dataclass(slots=True)
class Post:
    """A message of the bot as it arrived; what becomes of it by edits does not count."""

    chat_id: int
    message_id: int
    text: str
    life: int
    at: float
    """By the clock that all processes share."""
    trouble: str = ""
    """What came in place of the answer that it had arrived; empty: that answer left."""
    said: list[Saying] = field(default_factory=list)

    @property
    def is_marked(self) -> bool:
        """Whether it says that it may be a repeat."""
        return MARKED in self.text

    @property
    def is_from_outbox(self) -> bool:
        """Whether it is an alert or a digest, and no answer to somebody."""
        return bool(self.said) or self.text.startswith(DIGEST)


class Phone(TelegramServer):
    """A Telegram for the campaign."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        chance: random.Random,
        *,
        share: float,
        drops: Counter[str],
    ) -> None:
        """`share` of the calls meet trouble, half as many of those that send nothing."""
        super().__init__(clock=clock)
        self._chance = chance
        self._drops = drops
        self._strike: Callable[[], None] | None = None
        self._strike_after = 0
        self._called = Call("", {}, clock())
        self.share = share
        self.objection: Callable[[Call], str | None] = no_objection
        """Says what is wrong with a call, in the words of Telegram."""
        self.life = 0
        self.posts: list[Post] = []
        self.shown: list[tuple[int, str]] = []
        """Chat and text of all that the bot has sent or edited."""
        self._troubled: dict[int, int] = {}
        """By chat, the last life in which saying something there has met trouble."""

    def strike_after(self, nth: int, strike: Callable[[], None] | None) -> None:
        """Strike when the n-th alert or digest from now on is there and its answer is not."""
        self._strike_after, self._strike = nth, strike

    def was_troubled(self, chat_id: int, life: int) -> bool:
        """Whether something said in a chat, or to a press, has met trouble since a life."""
        return any(self._troubled.get(where, -1) >= life for where in (chat_id, _NO_CHAT))

    def readmit(self, chat_id: int) -> None:
        """Let the bot into a group again."""
        chat = self.chats[chat_id]
        chat.refusal = None
        self._tell_membership(chat, by=chat.members[0], old="kicked", new="member")

    @override
    def post(self, chat: Chat, sender: User, content: FormattedText, **details: Any) -> Message:
        """Put a message into a chat, and remember it if it is the bot's."""
        message = super().post(chat, sender, content, **details)
        if sender.is_bot:
            said = list(sayings(message.text))
            at = time.monotonic()
            self.posts.append(Post(chat.id, message.id, message.text, self.life, at, said=said))
            self.shown.append((chat.id, message.text))
        return message

    @override
    def changed(self, message: Message) -> None:
        """Remember what an edit shows."""
        self.shown.append((message.chat.id, message.text))
        super().changed(message)

    @override
    def note(self, call: Call) -> None:
        """Write a call into the journal; the fault for it is asked for next."""
        self._called = call
        super().note(call)

    @override
    def take_fault(self, method: str) -> Fault:
        """Give what was ordered, else the end of this life, else what chance brings."""
        ordered = super().take_fault(method)
        if ordered != Fault():
            return ordered
        if reason := self.objection(self._called):
            return _refusing(reason)
        if method == _SENDS and self._strike is not None:
            return Fault(after=self._struck)
        share = self.share if method == _SENDS else self.share / 2
        if self._chance.random() >= share:
            return Fault()
        trouble = draw(self._chance)
        self._drops[f"Telegram: {trouble[0]}"] += 1
        if method in _SAYS:
            self._troubled[_chat_of(self._called)] = self.life
        return fault_of(trouble, lambda: self._lose_answer(method, trouble[0]))

    def _lose_answer(self, method: str, trouble: str) -> None:
        if method == _SENDS:
            self.posts[-1].trouble = trouble

    async def _struck(self) -> None:
        """Strike now, if it is time; the answer gets lost with the life."""
        if self._strike is None or not self.posts[-1].is_from_outbox:
            return
        self._strike_after -= 1
        if self._strike_after <= 0:
            self.posts[-1].trouble = AFTER_SEND
            self._strike()
            self._strike = None
            raise ConnectionCut


def no_objection(_call: Call) -> str | None:
    """Find nothing wrong."""
    return None


def _refusing(reason: str) -> Fault:
    async def refuse() -> None:
        raise bad_request(reason)

    return Fault(before=refuse)


def _chat_of(call: Call) -> int:
    return int(call.parameters.get("chat_id", _NO_CHAT))
