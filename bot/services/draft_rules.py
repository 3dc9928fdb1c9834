"""Draft rules: the talk in which somebody makes a rule or changes one.

All of it is in the database, so that it survives a restart; nothing is judged by a draft.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bot.core.portfolio import matches
from bot.core.scope import ALL, Asker
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, Draft, OpenUnit
from bot.services.watched import Watched

DRAFTS_LIVE = timedelta(days=1)
"""How long an unfinished talk can be taken up again."""

Step = Literal["wallet", "coin", "condition"]
VALUE = "total"
"""Chosen in place of a coin: what all coins together are worth."""
SUM = "sum "


class DraftRules:
    """Keeps what is chosen and typed until it is a rule."""

    def __init__(self, *, watched: Watched, open_unit: OpenUnit, clock: Clock) -> None:
        self._watched = watched
        self._open_unit = open_unit
        self._clock = clock
        self._scope = ALL

    def within(self, asker: Asker) -> "DraftRules":
        """Return what offers only what may be known of where `asker` is."""
        return narrowed(self, watched=self._watched.within(asker.scope), scope=asker.scope)

    async def begin(
        self, chat_id: int, user_id: int, *, text: str = "", edits: int | None = None
    ) -> Draft:
        """Begin a draft; one that still waits for words of this user here is given up."""
        now = self._clock()
        async with self._open_unit() as unit:
            await unit.drafts.forget(before=now - DRAFTS_LIVE)
            await unit.questions.forget(chat_id, user_id)
            if waiting := await unit.drafts.waiting(chat_id, user_id):
                await unit.drafts.remove(waiting.id)
            return await unit.drafts.add(chat_id, user_id, text=text, edits=edits, at=now)

    async def find(self, draft_id: int) -> Draft | None:
        """Return a draft that is not finished; None when it is gone or too old."""
        async with self._open_unit() as unit:
            draft = await unit.drafts.load(draft_id)
        return draft if draft is not None and self._is_open(draft) else None

    async def awaited(self, chat_id: int, user_id: int, *, reply_to: int | None) -> Draft | None:
        """Return the draft that words of a user are meant for; None when they are for nobody.

        In a private chat the next words are; elsewhere only a reply to our question.
        """
        async with self._open_unit() as unit:
            draft = await unit.drafts.waiting(chat_id, user_id)
        if draft is None or not self._is_open(draft):
            return None
        private = chat_id == user_id and reply_to is None
        return draft if private or reply_to == draft.question else None

    async def choose(self, draft_id: int, step: Step, word: str) -> Draft | None:
        """Add what a button says; what was chosen at this step or after it is replaced."""
        return await self._change(draft_id, lambda d: replace(d, text=chosen(d.text, step, word)))

    async def ask(self, draft_id: int, *, question: int) -> Draft | None:
        """Wait for words: the answer to this message of ours is the rest of the text."""
        return await self._change(draft_id, lambda d: replace(d, question=question))

    async def fill(self, draft_id: int, text: str) -> Draft | None:
        """Keep the whole text; no words are waited for any more."""
        return await self._change(draft_id, lambda d: replace(d, text=text, question=None))

    async def _change(self, draft_id: int, changed: Callable[[Draft], Draft]) -> Draft | None:
        """Change a draft that is not finished; None when it is gone."""
        async with self._open_unit() as unit:
            draft = await unit.drafts.load(draft_id)
            if draft is None or not self._is_open(draft):
                return None
            draft = changed(draft)
            await unit.drafts.save(draft)
        return draft

    async def cancel(self, draft_id: int) -> bool:
        """Give a draft up; False when it is no longer there, or a rule already."""
        async with self._open_unit() as unit:
            draft = await unit.drafts.load(draft_id)
            if draft is None or not self._is_open(draft):
                return False
            await unit.drafts.remove(draft_id)
        return True

    def wallets(self) -> Sequence[str]:
        """List what a rule can be about, in its own words; no word has a space in it."""
        accounts = (account.name for account in self._watched.accounts)
        paths = (path for path in self._watched.paths if len(path.split()) == 1)
        everything = (f"{SUM}*", "*") if self._scope.is_all else ()
        whole = (name for name in accounts if self._scope.has(name))
        return (*everything, *whole, *paths)

    async def coins(self, draft: Draft) -> Sequence[str]:
        """List the coins that lie in the chosen wallets, those of most wallets first."""
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
        pattern = draft.text.removeprefix(SUM)
        held = Counter(
            balance.asset
            for state in self._watched.states_in(known)
            if matches(pattern, state.path)
            for balance in state.balances or ()
        )
        return sorted(held, key=lambda coin: (-held[coin], coin))

    def _is_open(self, draft: Draft) -> bool:
        return draft.became is None and not is_too_old(draft, self._clock())


def is_too_old(draft: Draft, now: datetime) -> bool:
    """Whether nobody remembers any more what a draft was about."""
    return draft.begun_at < now - DRAFTS_LIVE


def chosen(text: str, step: Step, word: str) -> str:
    """Set a word at its step behind those of the steps before."""
    words = text.split()
    subject = words[: 2 if words[:1] == [SUM.strip()] else 1]
    match step:
        case "wallet":
            return word
        case "coin" if word == VALUE:
            return " ".join([*subject[-1:], VALUE])
        case "coin":
            return " ".join([*subject, word])
        case "condition":
            return " ".join([*subject, *words[len(subject) :][:1], word])
