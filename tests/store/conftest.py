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
    """Name a file; most tests take `any_url` instead."""
    return f"sqlite:///{tmp_path / 'data' / 'bot.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest) -> str:
    """Name a new database of each kind."""
    name = "url" if request.param == "sqlite" else "postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
async def sqlite(url: str) -> AsyncIterator[AsyncEngine]:
    """Open a new file of SQLite."""
    async with open_database(url) as engine:
        yield engine


@pytest.fixture
async def engine(any_url: str) -> AsyncIterator[AsyncEngine]:
    """Open a new database of each kind."""
    async with open_database(any_url) as engine:
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
