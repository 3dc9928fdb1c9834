"""The unit of work: one transaction, and the repositories that live in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cached_property

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.services.ports import NotKept, OpenUnit
from bot.store.accounts import SqlAccounts
from bot.store.alerts import SqlAlerts
from bot.store.audit import SqlAudit
from bot.store.chats import SqlChats
from bot.store.digests import SqlDigests
from bot.store.elsewhere import SqlElsewhere
from bot.store.inbox import SqlInbox
from bot.store.leases import SqlLeases
from bot.store.locks import Lock, take
from bot.store.outbox import SqlOutbox
from bot.store.pairing import SqlPairing
from bot.store.past import SqlPast
from bot.store.questions import SqlQuestions
from bot.store.rules import SqlDrafts, SqlRules
from bot.store.wallets import SqlWallets


class SqlUnit:
    """The repositories on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @cached_property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self._connection)

    @cached_property
    def leases(self) -> SqlLeases:
        return SqlLeases(self._connection)

    @cached_property
    def wallets(self) -> SqlWallets:
        return SqlWallets(self._connection)

    @cached_property
    def alerts(self) -> SqlAlerts:
        return SqlAlerts(self._connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def elsewhere(self) -> SqlElsewhere:
        return SqlElsewhere(self._connection)

    @cached_property
    def past(self) -> SqlPast:
        return SqlPast(self._connection)

    @cached_property
    def chats(self) -> SqlChats:
        return SqlChats(self._connection)

    @cached_property
    def pairing(self) -> SqlPairing:
        return SqlPairing(self._connection)

    @cached_property
    def questions(self) -> SqlQuestions:
        return SqlQuestions(self._connection)

    @cached_property
    def audit(self) -> SqlAudit:
        return SqlAudit(self._connection)

    @cached_property
    def rules(self) -> SqlRules:
        return SqlRules(self._connection)

    @cached_property
    def drafts(self) -> SqlDrafts:
        return SqlDrafts(self._connection)

    @cached_property
    def digests(self) -> SqlDigests:
        return SqlDigests(self._connection)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self._connection)


_FAULTS = OperationalError, InterfaceError, InternalError, WaitedTooLong
"""An internal error is also what it says to who stood still for long, or where it only reads."""


def units_of(engine: AsyncEngine, *, lock: Lock = Lock.ALONE) -> OpenUnit:
    """Return what opens a unit of work on `engine`; left in peace it is committed.

    Those that work alone come one after the other here already: no more than one of a process
    waits for the others, so that the rest of its connections are free for checks.
    """
    turn: AbstractAsyncContextManager[object] = (
        asyncio.Lock() if lock is Lock.ALONE else nullcontext()
    )

    @asynccontextmanager
    async def unit() -> AsyncIterator[SqlUnit]:
        try:
            async with turn, engine.begin() as connection:
                await take(connection, lock)
                yield SqlUnit(connection)
        except _FAULTS as e:
            raise NotKept(f"the database did not take it: {type(e).__name__}") from e

    def open_unit() -> AbstractAsyncContextManager[SqlUnit]:
        return unit()

    return open_unit
