"""One transaction, and what can be done in it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.services.ports.checks import (
    AccountRepository,
    AlertRepository,
    LeaseRepository,
    PastRepository,
    WalletRepository,
)
from bot.services.ports.messages import (
    DigestRepository,
    ElsewhereRepository,
    InboxRepository,
    OutboxRepository,
)
from bot.services.ports.people import (
    AuditRepository,
    ChatRepository,
    DraftRepository,
    PairingRepository,
    QuestionRepository,
    RuleRepository,
)


class NotKept(Exception):
    """The database did not do what a unit asked of it; as far as we know nothing is kept."""


class Outdated(Exception):
    """A newer version has changed the database: this process can do nothing more with it."""


class Unit(Protocol):
    """One transaction."""

    @property
    def accounts(self) -> AccountRepository: ...
    @property
    def leases(self) -> LeaseRepository: ...
    @property
    def wallets(self) -> WalletRepository: ...
    @property
    def alerts(self) -> AlertRepository: ...
    @property
    def outbox(self) -> OutboxRepository: ...
    @property
    def elsewhere(self) -> ElsewhereRepository: ...
    @property
    def chats(self) -> ChatRepository: ...
    @property
    def pairing(self) -> PairingRepository: ...
    @property
    def questions(self) -> QuestionRepository: ...
    @property
    def audit(self) -> AuditRepository: ...
    @property
    def rules(self) -> RuleRepository: ...
    @property
    def drafts(self) -> DraftRepository: ...
    @property
    def digests(self) -> DigestRepository: ...
    @property
    def past(self) -> PastRepository: ...
    @property
    def inbox(self) -> InboxRepository: ...


OpenUnit = Callable[[], AbstractAsyncContextManager[Unit]]
