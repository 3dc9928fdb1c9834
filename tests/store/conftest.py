"""A real database in a folder of its own, and short ways to say what is put into it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.events import Alert, AlertCleared, AlertRaised
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance
from bot.services.ports import OpenUnit
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

NOW = datetime(2026, 1, 15, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'bot.db'}"


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(url) as engine:
        yield engine


@pytest.fixture
def open_unit(engine: AsyncEngine) -> OpenUnit:
    return units_of(engine)


@pytest.fixture
def wallet() -> Callable[..., WalletState]:
    """Build a wallet as it stands after a good reading; amounts are of what is available."""

    def build(path: str, *, minutes: float = 0, **amounts: str) -> WalletState:
        balances = tuple(
            Balance(coin, Decimal(amount), Decimal(amount), Decimal(0))
            for coin, amount in sorted(amounts.items())
        )
        return WalletState(path, balances, NOW + timedelta(minutes=minutes))

    return build


@pytest.fixture
def alert() -> Callable[[str], Alert]:
    """Build an episode by its id."""

    def build(incident: str) -> Alert:
        return Alert(
            incident=incident,
            rule="low",
            subject="main/funding",
            asset="USDT",
            part="total",
            comparison="<",
            limit=Decimal(500),
            clear=Decimal(525),
            severity="critical",
            since=NOW,
        )

    return build


@pytest.fixture
def raised(alert: Callable[[str], Alert]) -> Callable[[str], AlertRaised]:
    """Build the beginning of an episode."""
    return lambda incident: AlertRaised(
        alert=alert(incident), amount=Decimal(499), before=None, at=NOW
    )


@pytest.fixture
def cleared(alert: Callable[[str], Alert]) -> Callable[[str], AlertCleared]:
    """Build the end of an episode."""
    return lambda incident: AlertCleared(alert=alert(incident), amount=Decimal(600), at=NOW)
