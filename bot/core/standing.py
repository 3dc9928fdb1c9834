"""What stands now, as events: for a chat that begins to listen, or listens again."""

from collections.abc import Collection, Iterable
from datetime import datetime

from bot.core.alerts import AlertState
from bot.core.context import elsewhere
from bot.core.events import AlertRaised, Event, Places, SourceLost
from bot.core.portfolio import WalletState, matches


def standing_events(
    alerts: Collection[AlertState],
    wallets: Collection[WalletState],
    *,
    told: Collection[str],
    at: datetime,
) -> tuple[Event, ...]:
    """Tell what is lost and what is firing at `at`, as if it had just happened.

    Args:
        alerts: All states.
        wallets: All that is known.
        told: The incidents that the chat knows of.
        at: The present instant.
    """
    lost = [_lost(wallet, alerts, at) for wallet in wallets if wallet.health.lost_for is not None]
    raised = [
        AlertRaised(
            alert=state.alert,
            amount=state.amount,
            before=None,
            elsewhere=_elsewhere(state, wallets),
            at=at,
        )
        for state in alerts
        if state.alert is not None and state.amount is not None and state.was_told
        if state.alert.incident not in told
    ]
    return (*lost, *raised)


def _elsewhere(state: AlertState, wallets: Iterable[WalletState]) -> Places:
    if state.alert is None or state.alert.is_summed or not state.alert.is_about_too_little:
        return ()
    return elsewhere(wallets, state.asset, but=(state.subject,))


def _lost(wallet: WalletState, alerts: Iterable[AlertState], at: datetime) -> SourceLost:
    health = wallet.health
    return SourceLost(
        path=wallet.path,
        error=health.error or "",
        message=health.message or "",
        since=health.failing_since or at,
        last_good_at=wallet.read_at,
        blind=len({state.rule for state in alerts if _is_about(state, wallet.path)}),
        at=at,
    )


def _is_about(state: AlertState, path: str) -> bool:
    """Whether a rule cannot be judged without a wallet, as far as its state tells."""
    pattern = state.subject.removeprefix("sum ")
    return state.subject == path or (pattern != state.subject and matches(pattern, path))
