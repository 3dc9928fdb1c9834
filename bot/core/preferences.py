"""What a chat wants otherwise than the settings say: how it is spoken to, and how loud."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from bot.core.timing import DigestPlan
from bot.core.valuation import Currency

Kind = Literal["critical", "warnings", "sources", "digests", "sub_accounts", "chat_news"]
"""The kinds of messages that can be made more quiet."""
Loudness = Literal["on", "silent", "off"]
"""With a sound, without one, or not told at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one chat wants; None means as the settings say."""

    language: str | None = None
    zone: str | None = None
    """The name of its time zone."""
    currency: Currency | None = None
    """In which values are told."""
    dust: Decimal | None = None
    """Coins that are worth less are told in one line; in the chat's currency."""
    percent_only: bool = False
    """Whether it sees movement and no wealth."""
    loudness: Mapping[Kind, Loudness] = field(default_factory=dict)
    """Of those kinds that are not `on`."""
    digest: DigestPlan | None = None
    """When it gets its digest."""

    def loud(self, kind: Kind) -> Loudness:
        """Say how loud a kind of message is to be."""
        return self.loudness.get(kind, "on")

    def with_loudness(self, kind: Kind, loudness: Loudness) -> "Preferences":
        """Make one kind as loud as that."""
        others = {k: v for k, v in self.loudness.items() if k != kind}
        told = {kind: loudness} if loudness != "on" else {}
        return replace(self, loudness=others | told)

    def zone_or(self, usual: ZoneInfo) -> ZoneInfo:
        """Return its time zone, or the usual one."""
        return ZoneInfo(self.zone) if self.zone is not None else usual


USUAL = Preferences()
