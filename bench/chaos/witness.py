"""Somebody who looks at the phone all the time, asks now and then, and expects an answer."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from bench.chaos.ledger import Account, Ledger
from bench.chaos.scene import CHATS, YOU, Scene
from bench.chaos.truth import Subject, Transition
from bot.sandbox.telegram import Message, Press

SEEN = "👁 Seen"
_NEWEST = 10


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a person did and expects an answer to."""

    chat_id: int
    word: str
    """The name of a command's answer; of a press, what it says."""
    life: int
    """In which it was asked."""
    asked_at: float
    press: Press | None = None


class Witness:
    """Moves the world, talks to the bot, and reads what it says."""

    def __init__(self, scene: Scene, chats: Collection[int] = CHATS) -> None:
        self._scene = scene
        self.ledger = Ledger(scene.truth, chats)
        self.open: list[Question] = []
        """What has no answer yet."""
        self._read = self._shown = self._words = 0

    @property
    def account(self) -> Account:
        """What it has come to."""
        return self.ledger.account

    def move(self, subject: Subject) -> Transition:
        """Let a subject go low or recover, which everybody is to be told."""
        transition = self._scene.truth.move(subject)
        self.ledger.expect(transition)
        return transition

    def ask(self, chat_id: int) -> Question:
        """Ask for what no wallet is called, so that the answer can be told from all others."""
        self._words += 1
        word = f"nowhere{self._words}x"
        by = YOU if chat_id < 0 else chat_id
        self._scene.phone.say(chat_id, by, f"/balance {word}")
        return self._expect(chat_id, word)

    def press(self, chat_id: int) -> None:
        """Press a button under the newest alert that has some."""
        phone = self._scene.phone
        found = [m for m in phone.messages(chat_id)[-_NEWEST:] if _has_button(m)]
        if found:
            by = YOU if chat_id < 0 else chat_id
            press = phone.press(chat_id, found[-1].id, SEEN, by)
            self._expect(chat_id, f"press {press.data}", press)

    def look(self) -> None:
        """Read what has come since the last look."""
        phone = self._scene.phone
        for post in phone.posts[self._read :]:
            self.ledger.take(post)
        self._read = len(phone.posts)
        shown = phone.shown[self._shown :]
        self._shown = len(phone.shown)
        self.open = [q for q in self.open if not _is_answered(q, shown)]

    def give_up(self) -> None:
        """Count what nobody has answered: by the bot's fault, or because the answer got lost."""
        for question in self.open:
            missed = self.account.unanswered
            if self._scene.phone.was_troubled(question.chat_id, question.life):
                missed = self.account.answers_lost
            missed.append(f"{question.word} in {question.chat_id}")
        self.open.clear()

    def waits_for_answer(self) -> bool:
        """Whether something is open whose answer cannot have got lost on its way."""
        phone = self._scene.phone
        return any(not phone.was_troubled(q.chat_id, q.life) for q in self.open)

    def _expect(self, chat_id: int, word: str, press: Press | None = None) -> Question:
        self.account.asked += 1
        question = Question(chat_id, word, self._scene.phone.life, time.monotonic(), press)
        self.open.append(question)
        return question


def _is_answered(question: Question, shown: Collection[tuple[int, str]]) -> bool:
    if question.press is not None:
        return question.press.answered.is_set()
    return any(chat_id == question.chat_id and question.word in text for chat_id, text in shown)


def _has_button(message: Message) -> bool:
    return message.from_bot and SEEN in message.labels
