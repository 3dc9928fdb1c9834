"""Why a wallet could not be read: six classes, each of which asks for another answer.

FetchError
├── CredentialsRejected   the key, passphrase or signature is not known: mend the key
├── PermissionMissing     the key is right, but it may not do this, or not from this address
├── ClockSkewed           our clock and the exchange's differ too much, even after a correction
├── RateLimited           too many requests: nothing is asked again before `retry_at`
├── ExchangeUnavailable   no answer, or one that says "later": trying again is right
└── UnexpectedAnswer      an answer that must not pass for a balance

The text of each is one sentence for a person, without a secret and without an address that
carries one.
"""

from datetime import datetime
from typing import ClassVar


class FetchError(Exception):
    """A wallet could not be read; `str()` says why in one sentence."""

    lasting: ClassVar[bool] = False
    """Whether only a person can mend it: reading again changes nothing."""


class CredentialsRejected(FetchError):
    """The key, passphrase or signature was refused, or the key is of another environment."""

    lasting = True


class PermissionMissing(FetchError):
    """The key may not read this, or not from our address."""

    lasting = True


class ClockSkewed(FetchError):
    """The exchange refused our time stamp although it was corrected by its own clock."""


class RateLimited(FetchError):
    """The exchange asks for a pause."""

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        """Keep the first instant (aware, UTC) at which asking again is allowed."""
        super().__init__(message)
        self.retry_at = retry_at


class ExchangeUnavailable(FetchError):
    """The exchange could not be reached, did not answer in time, or is busy or down."""


class UnexpectedAnswer(FetchError):
    """The answer is not one that the documentation describes."""
