"""What went wrong, as those read it who can mend it: a line, a name, an exchange."""

from collections.abc import Mapping, Sequence

from bot.chat.i18n import ENGLISH, _, language, later
from bot.core.errors import RuleError, UnknownName
from bot.core.sentences import Sentence

REASONS: Mapping[str, str] = {
    "CredentialsRejected": later("the exchange refuses the key"),
    "PermissionMissing": later("the key may not read this"),
    "ClockSkewed": later("our clock and that of the exchange differ too much"),
    "RateLimited": later("the exchange asks for a pause"),
    "ExchangeUnavailable": later("the exchange cannot be reached, or is busy"),
    "UnexpectedAnswer": later("the exchange gave an answer that cannot be relied on"),
}
"""What each class of error means, where the sentence that tells it closely is in English only."""


def said(text: str) -> str:
    """Say a sentence of the core; a word of the language of rules is the same everywhere."""
    if not isinstance(text, Sentence):
        return text
    facts = {
        name: either(fact) if isinstance(fact, tuple) else fact
        for name, fact in text.facts.items()
    }
    return _(text.text).format(**facts)


def either(names: Sequence[str]) -> str:
    """Name several of which each would do."""
    most, last = names[:-1], names[-1]
    return _("{names} or {last}").format(names=_(", ").join(most), last=last) if most else last


def rule_mistake(error: RuleError) -> str:
    """Say what was expected in a line, and what is there."""
    expected = said(error.expected)
    if not error.got:
        return _("expected {expected}, got the end of the line").format(expected=expected)
    return _("expected {expected}, got «{got}» at column {column}").format(
        expected=expected, got=error.got, column=error.column
    )


def name_mistake(error: UnknownName, there: Sequence[str] = ()) -> str:
    """Say that nothing is called so, and what is called alike, or else what there is."""
    if not error.nearest and there:
        return _("nothing here is called {name}; there is {names}, for example").format(
            name=error.name, names=", ".join(there)
        )
    if not error.nearest:
        return _("nothing here is called {name}").format(name=error.name)
    return _("nothing here is called {name}; did you mean {nearest}?").format(
        name=error.name, nearest=either(error.nearest)
    )


def reason_text(error: str | None, message: str) -> str:
    """Say why something cannot be read, from what was kept of it in English.

    What we do not say in so many words in other languages is told by its class, and quoted.
    """
    reason, known = REASONS.get(error or ""), _(message) if message else message
    if language() == ENGLISH or reason is None or known != message:
        return known
    return _("{reason}: “{words}”").format(reason=_(reason), words=message)
