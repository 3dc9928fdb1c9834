"""What goes over the wire: the parameters of a call and the refusals that answer it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """The call is refused with an HTTP status and a description, as Telegram words it."""

    def __init__(
        self,
        status: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to: int | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after
        self.migrate_to = migrate_to

    def to_api(self) -> dict[str, Any]:
        """Give the body of the answer."""
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        if self.migrate_to is not None:
            body["parameters"] = {"migrate_to_chat_id": self.migrate_to}
        return body


def bad_request(reason: str) -> Refusal:
    """Make the refusal of a call that is wrong in itself."""
    return Refusal(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> Refusal:
    """Make the refusal of a call that the bot may not make there."""
    return Refusal(403, f"Forbidden: {reason}")


def too_many_requests(retry_after: int) -> Refusal:
    """Make the refusal of a call that came too soon; `retry_after` is in seconds."""
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in a multipart body."""

    content: bytes = field(repr=False)
    name: str
    mime: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one call: text from a form or a query, any JSON value from a JSON body."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether the parameter was given and is not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Give the parameter as text; empty when it was left out."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, *, default: int = 0) -> int:
        """Give the parameter as a number; like Telegram, take for missing what is not one."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Tell whether the parameter says yes."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def structure(self, name: str) -> Any:
        """Give a parameter that is JSON; None when it was left out."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None
