"""What stands now, as events: for a chat that begins to listen, or listens again."""

from collections.abc import Iterable
from datetime import datetime

from bot.core.alerts import AlertState
from bot.core.events import AlertRaised, Event, SourceLost
from bot.core.portfolio import WalletState


def standing_events(
    alerts: Iterable[AlertState], wallets: Iterable[WalletState], *, at: datetime
) -> tuple[Event, ...]:
    """Tell what is lost and what is firing at `at`, as if it had just happened."""
    lost = [_lost(wallet, at) for wallet in wallets if wallet.health.lost_for is not None]
    raised = [
        AlertRaised(alert=state.alert, amount=state.amount, before=None, at=at)
        for state in alerts
        if state.alert is not None and state.amount is not None
    ]
    return (*lost, *raised)


def _lost(wallet: WalletState, at: datetime) -> SourceLost:
    health = wallet.health
    return SourceLost(
        path=wallet.path,
        error=health.error or "",
        message=health.message or "",
        since=health.failing_since or at,
        last_good_at=wallet.read_at,
        at=at,
    )
