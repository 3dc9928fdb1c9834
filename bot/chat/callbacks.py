"""What a button carries back: at most 64 bytes, and enough to answer after a restart."""

from dataclasses import dataclass
from typing import Literal

MOST_BYTES = 64

_PREFIX = {"refresh": "r", "turn": "t"}
_ACTIONS = {short: action for action, short in _PREFIX.items()}


@dataclass(frozen=True, slots=True)
class BalancePress:
    """A button under an answer to `/balance`."""

    action: Literal["refresh", "turn"]
    """Read again, or show another page of what is known."""
    page: int
    """Counted from 0."""
    query: str

    def encode(self) -> str | None:
        """Return the data for the button; None where it would be too long for one."""
        data = f"b:{_PREFIX[self.action]}:{self.page}:{self.query}"
        return data if len(data.encode()) <= MOST_BYTES else None


BALANCE_PATTERN = r"^b:[rt]:\d{1,4}:"


def decode_balance(data: str) -> BalancePress:
    """Read what `encode` wrote; the caller has matched `BALANCE_PATTERN`."""
    _, short, page, query = data.split(":", 3)
    return BalancePress("refresh" if _ACTIONS[short] == "refresh" else "turn", int(page), query)
