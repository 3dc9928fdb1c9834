"""Why a wallet could not be read: six classes, each of which asks for another answer.

FetchError
├── CredentialsRejected   the key, passphrase or signature is not known: mend the key
├── PermissionMissing     the key is right, but it may not do this, or not from this address
├── ClockSkewed           our clock and the exchange's differ too much, even after a correction
├── RateLimited           too many requests: nothing is asked again before `retry_at`
├── ExchangeUnavailable   no answer, or one that says "later": trying again is right
└── UnexpectedAnswer      an answer that must not pass for a balance

The text of each is one sentence for a person, without a secret and without an address that
carries one; `remedy` says what that person can do.
"""

from datetime import datetime
from typing import ClassVar


class FetchError(Exception):
    """A wallet could not be read; `str()` says why in one sentence."""

    lasting: ClassVar[bool] = False
    """Whether only a person can mend it: reading again changes nothing."""
    remedy: str = ""
    """What to do about it, for a person, as closely as it is known."""


class CredentialsRejected(FetchError):
    """The key, passphrase or signature was refused, or the key is of another environment."""

    remedy = "copy the key and its secret again, or make the key anew"
    lasting = True


class PermissionMissing(FetchError):
    """The key may not read this, or not from our address."""

    remedy = "give the key the right to read, and let this machine's address in"
    lasting = True


class ClockSkewed(FetchError):
    """The exchange refused our time stamp although it was corrected by its own clock."""

    remedy = "set this machine's clock by a time server"


class RateLimited(FetchError):
    """The exchange asks for a pause."""

    remedy = "wait; and give the program a key of its own if something else uses this one"

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        """Keep the first instant (aware, UTC) at which asking again is allowed."""
        super().__init__(message)
        self.retry_at = retry_at


class ExchangeUnavailable(FetchError):
    """The exchange could not be reached, did not answer in time, or is busy or down."""

    remedy = "try again later; see whether this machine reaches the exchange"


class UnexpectedAnswer(FetchError):
    """The answer is not one that the documentation describes."""

    remedy = "check the name of the wallet and the base URL"
