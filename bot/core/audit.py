"""What people do that others may want to know of later: kept with who did it and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Deed = Literal[
    "rule_made", "rule_changed", "rule_paused", "rule_resumed", "rule_deleted", "rule_restored",
    "alert_seen", "alert_silenced", "alert_unmuted",
    "chat_approved", "chat_blocked", "chat_unblocked", "chat_forgotten",
    "role_changed", "scope_changed", "settings_changed", "owner_paired",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed."""

    id: int
    at: datetime
    by_id: int | None
    by_name: str
    chat_id: int | None
    """Where it was done, or to which chat."""
    kind: Deed
    about: str
    """What it was done to, in words that say it without any other."""
