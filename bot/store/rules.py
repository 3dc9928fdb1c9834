"""Rules that were made in a chat, and those that are still talked about."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.errors import RuleError
from bot.core.rules import Rule, parse_rule
from bot.services.ports import Draft, MadeRule
from bot.store.schema import drafts, rules

log = structlog.get_logger(__name__)


class SqlRules:
    """`RuleRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def load(self) -> Sequence[MadeRule]:
        """See the port."""
        rows = await self._connection.execute(select(rules).order_by(rules.c.id))
        return [_made(row) for row in rows if _is_readable(row.text)]

    async def add(self, rule: Rule, *, by: str, at: datetime) -> MadeRule:
        """See the port."""
        made = MadeRule(0, rule, made_by=by, made_at=at)
        row = _row(made)
        del row["id"]
        added = insert(rules).values(row).returning(rules.c.id)
        return replace(made, id=(await self._connection.execute(added)).scalar_one())

    async def save(self, made: MadeRule) -> None:
        """See the port."""
        this = rules.c.id == made.id
        await self._connection.execute(update(rules).where(this).values(_row(made)))

    async def forget(self, *, before: datetime) -> None:
        """See the port."""
        await self._connection.execute(delete(rules).where(rules.c.deleted_at < before))


class SqlDrafts:
    """`DraftRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, chat_id: int, user_id: int, *, text: str, edits: int | None, at: datetime
    ) -> Draft:
        """See the port."""
        row = {"chat_id": chat_id, "user_id": user_id, "text": text, "edits": edits}
        added = insert(drafts).values(begun_at=at, **row).returning(*drafts.c)
        return Draft(**(await self._connection.execute(added)).mappings().one())

    async def load(self, draft_id: int) -> Draft | None:
        """See the port."""
        return await self._one(drafts.c.id == draft_id)

    async def waiting(self, chat_id: int, user_id: int) -> Draft | None:
        """See the port."""
        theirs = and_(drafts.c.chat_id == chat_id, drafts.c.user_id == user_id)
        return await self._one(and_(theirs, drafts.c.question.is_not(None)))

    async def _one(self, which: ColumnElement[bool]) -> Draft | None:
        newest_first = select(drafts).where(which).order_by(drafts.c.id.desc()).limit(1)
        row = (await self._connection.execute(newest_first)).mappings().first()
        return Draft(**row) if row is not None else None

    async def save(self, draft: Draft) -> None:
        """See the port."""
        this = drafts.c.id == draft.id
        await self._connection.execute(update(drafts).where(this).values(asdict(draft)))

    async def remove(self, draft_id: int) -> None:
        """See the port."""
        await self._connection.execute(delete(drafts).where(drafts.c.id == draft_id))

    async def forget(self, *, before: datetime) -> None:
        """See the port."""
        await self._connection.execute(delete(drafts).where(drafts.c.begun_at < before))


@lru_cache(maxsize=1024)
def _is_readable(text: str) -> bool:
    """Leave out a rule that another version wrote, and say once which it is."""
    with suppress(RuleError):
        parse_rule(text)
        return True
    log.error("A rule cannot be read and is left out", action="read", rule=text)
    return False


def _made(row: Row[Any]) -> MadeRule:
    return MadeRule(
        id=row.id,
        rule=parse_rule(row.text),
        made_by=row.made_by,
        made_at=row.made_at,
        paused=row.paused,
        deleted_at=row.deleted_at,
    )


def _row(made: MadeRule) -> dict[str, Any]:
    return {
        "id": made.id,
        "text": str(made.rule),
        "made_by": made.made_by,
        "made_at": made.made_at,
        "paused": made.paused,
        "deleted_at": made.deleted_at,
    }
