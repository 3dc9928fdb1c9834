"""What stands now, for a chat that begins to listen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.core.alerts import AlertState, Hush, Observation, step
from bot.core.events import AlertRaised, SourceLost
from bot.core.health import Health
from bot.core.portfolio import Amount, WalletState
from bot.core.rules import parse_rule
from bot.core.standing import standing_events
from bot.fetchers.model import Balance

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
RICH = WalletState("xt/spot", (Balance("USDT", Decimal(9), Decimal(7), Decimal(2)),), NOW)
LOST = Health(3, NOW, "ExchangeUnavailable", "it is down", None, "ExchangeUnavailable")


def firing(subject: str = "main/funding", *, hush: Hush | None = None) -> AlertState:
    rule = parse_rule("main/funding USDT < 500")
    state = AlertState("low", subject, "USDT", hush=hush)
    return step(state, rule, Observation(Amount(Decimal(1)), NOW, NOW), now=NOW)[0]


def test_what_fires_is_told_with_where_there_is_more() -> None:
    """As if it had just happened, but for what the chat knows of."""
    state = firing()
    assert state.alert is not None
    (raised,) = standing_events([state], [RICH], told=(), at=LATER)
    assert raised == AlertRaised(
        alert=state.alert,
        amount=Decimal(1),
        before=None,
        elsewhere=(("xt/spot", Decimal(7)),),
        at=LATER,
    )
    assert standing_events([state], [RICH], told=[state.alert.incident], at=LATER) == ()
    (of_sum,) = standing_events([firing("sum *")], [RICH], told=(), at=LATER)
    assert isinstance(of_sum, AlertRaised)
    assert of_sum.elsewhere == ()


def test_what_nobody_was_told_waits_for_its_silence_to_end() -> None:
    """It is raised then, for all chats."""
    state = firing(hush=Hush("until", LATER, "Ada", NOW))
    assert state.phase == "firing"
    assert standing_events([state], [], told=(), at=NOW) == ()


@pytest.mark.parametrize(
    ("subjects", "blind"),
    [
        ({"low": "main/funding"}, 1),
        ({"low": "main/funding", "all": "sum *", "main": "sum main/*", "xt": "sum xt"}, 3),
        ({"low": "main/trading", "sub": "main/funding/x"}, 0),
    ],
)
def test_what_is_lost_says_what_is_blind(subjects: dict[str, str], blind: int) -> None:
    """The rules that have a state for the wallet, or for a sum that it is in."""
    states = [AlertState(rule, subject, "USDT") for rule, subject in subjects.items()]
    states.append(replace(states[0], asset="ETH"))  # a rule counts once
    lost = replace(RICH, path="main/funding", health=LOST)
    (event,) = standing_events(states, [lost, RICH], told=(), at=LATER)
    assert isinstance(event, SourceLost)
    assert (event.path, event.blind, event.last_good_at) == ("main/funding", blind, NOW)
