"""Questions of ours that wait for words."""

from dataclasses import fields

from sqlalchemy import and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import Asked
from bot.store._upsert import upsert
from bot.store.schema import questions


class SqlQuestions:
    """`QuestionRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def load(self, chat_id: int, user_id: int) -> Asked | None:
        """See the port."""
        this = and_(questions.c.chat_id == chat_id, questions.c.user_id == user_id)
        row = (await self._connection.execute(select(questions).where(this))).mappings().first()
        return Asked(**row) if row is not None else None

    async def save(self, asked: Asked) -> None:
        """See the port."""
        row = {field.name: getattr(asked, field.name) for field in fields(asked)}
        await upsert(self._connection, questions, [row])

    async def forget(self, chat_id: int, user_id: int) -> None:
        """See the port."""
        this = and_(questions.c.chat_id == chat_id, questions.c.user_id == user_id)
        await self._connection.execute(delete(questions).where(this))
