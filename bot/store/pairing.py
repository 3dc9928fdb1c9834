"""The one code that makes its first opener an owner; in clear it is not here."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import Pairing
from bot.store.schema import pairing


class SqlPairing:
    """`PairingRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def load(self) -> Pairing | None:
        """See the port."""
        row = (await self._connection.execute(select(pairing))).mappings().first()
        return Pairing(**row) if row is not None else None

    async def save(self, found: Pairing) -> None:
        """See the port."""
        await self.end()
        row = {
            "digest": found.digest,
            "expires_at": found.expires_at,
            "wrong_tries": found.wrong_tries,
        }
        await self._connection.execute(insert(pairing).values(row))

    async def end(self) -> None:
        """See the port."""
        await self._connection.execute(delete(pairing))
