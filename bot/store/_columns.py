"""How our values lie in columns.

Amounts are text, to the last digit. Instants are UTC. What has a shape of its own (balances,
events) is JSON, written and read by the types of the core. What cannot be read, because another
version wrote it, is left out and logged: nothing waits behind it. Where something must stand, it
is what tells again rather than never, and shows less rather than more.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

import structlog
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import DateTime, Dialect, Integer, String, Text, TypeDecorator
from typing_extensions import override

from bot.core.events import Event
from bot.core.quiet import QuietHours, parse_quiet

log = structlog.get_logger(__name__)

_FIRST_HOUR, _HOUR = datetime(1970, 1, 1, tzinfo=UTC), timedelta(hours=1)


class Amount(TypeDecorator[Decimal]):
    """A `Decimal` as plain text."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value:f}"

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Instant(TypeDecorator[datetime]):
    """An aware instant, in UTC; SQLite keeps no zone, so it is made aware again."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Hour(TypeDecorator[datetime]):
    """A full hour, as its number since 1970."""

    impl = Integer
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _FIRST_HOUR) // _HOUR

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _FIRST_HOUR + value * _HOUR


class Json(TypeDecorator[Any]):
    """A value of one of our types as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, of: Any, *, instead: str | None = None, remember: int = 0) -> None:
        """Say how a value is written.

        Args:
            of: Its type.
            instead: What is read in place of a text that cannot be; None: no value.
            remember: So many values that were read: of the same text comes the same value.
        """
        super().__init__()
        self.of = of
        self.instead = instead
        self.remember = remember
        self._adapter: TypeAdapter[Any] = TypeAdapter(of)
        self._read = lru_cache(maxsize=remember)(self._adapter.validate_json)

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self._adapter.dump_json(value).decode()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        try:
            return self.read(value)
        except ValidationError:
            _note_unreadable(value, getattr(self.of, "__name__", "event"))
            return self.read(self.instead)

    def read(self, text: str | None) -> Any:
        """Return the value.

        Raises:
            ValidationError: it cannot be read.
        """
        return None if text is None else self._read(text)


class Happened(Json):
    """Events as JSON; None stands for one that cannot be read."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(Annotated[Event, Field(discriminator="kind")])


class AllHappened(TypeDecorator[tuple[Event, ...]]):
    """Several events as JSON, without those that cannot be read."""

    impl = Text
    cache_ok = True
    _all = Json(tuple[Annotated[Event, Field(discriminator="kind")], ...])
    _one = Happened()

    @override
    def process_bind_param(self, value: tuple[Event, ...] | None, dialect: Dialect) -> str | None:
        return self._all.process_bind_param(value, dialect)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        try:
            return self._all.read(value)
        except ValidationError:
            each = (self._one.process_result_value(e, dialect) for e in _parts(value))
            return tuple(event for event in each if event is not None)


def _parts(text: str | None) -> list[str]:
    """Take a list apart; of what is none there are no parts."""
    try:
        found = json.loads(text or "")
    except ValueError:
        found = None
    if not isinstance(found, list):
        _note_unreadable(text, "event")
        return []
    return list(map(json.dumps, found))


@lru_cache(maxsize=256)
def _note_unreadable(text: str | None, what: str) -> None:
    """Say once which it is: it may be looked at every second."""
    found = re.search(r'"kind": ?"(\w{1,40})"', text or "")
    kind = found[1] if found else None
    log.error("Something cannot be read and is left out", action="read", what=what, kind=kind)


class Hours(TypeDecorator[QuietHours]):
    """Quiet hours as they are typed."""

    impl = String
    cache_ok = True

    @override
    def process_bind_param(self, value: QuietHours | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> QuietHours | None:
        return None if value is None else parse_quiet(value)
