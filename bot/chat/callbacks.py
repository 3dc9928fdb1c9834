"""What a button carries back: at most 64 bytes, and enough to answer after a restart."""

from dataclasses import dataclass
from typing import Literal

from bot.services.manage_alerts import Press

MOST_BYTES = 64

AlertAction = Press | Literal["check"]
_ALERT_PREFIX: dict[AlertAction, str] = {
    "seen": "s",
    "hour": "1",
    "eight_hours": "8",
    "recovered": "r",
    "unmute": "n",
    "check": "c",
}
_PLACES = {"news": "a", "answer": "w"}
_ALERT_ACTIONS = {short: action for action, short in _ALERT_PREFIX.items()}


@dataclass(frozen=True, slots=True)
class AlertPress:
    """A button under an alert: about all that its message tells."""

    action: AlertAction
    incident: str
    """One of them, for where nobody remembers the message any more."""
    place: Literal["news", "answer"] = "news"
    """Whether it is under what was told, or under an answer to `/alerts`."""

    def encode(self) -> str:
        """Return the data for the button."""
        return f"{_PLACES[self.place]}:{_ALERT_PREFIX[self.action]}:{self.incident}"


ALERT_PATTERN = r"^[aw]:[s18rnc]:[0-9A-Z]{1,16}$"
ALERT_CHANGE = r"^[aw]:[s18rn]:"
"""All but reading again: only owners may."""


def decode_alert(data: str) -> AlertPress:
    """Read what `encode` wrote; the caller has matched `ALERT_PATTERN`."""
    place, short, incident = data.split(":")
    return AlertPress(_ALERT_ACTIONS[short], incident, "answer" if place == "w" else "news")


@dataclass(frozen=True, slots=True)
class PagePress:
    """A button that shows another page of an answer to `/alerts`."""

    page: int
    """Counted from 0."""

    def encode(self) -> str:
        """Return the data for the button."""
        return f"p:{self.page}"


PAGE_PATTERN = r"^p:\d{1,4}$"


def decode_page(data: str) -> PagePress:
    """Read what `encode` wrote; the caller has matched `PAGE_PATTERN`."""
    return PagePress(int(data.removeprefix("p:")))
