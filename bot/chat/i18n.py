"""Texts in the language of who reads them: English is in the code, each other one is one file.

`locales/<language>.po` is all that a language needs; it is read when somebody first speaks it.
Texts are marked where they stand, with names for what is filled in, which a language may reorder:

    _("since {at}, {age}").format(at=at, age=age)
    ngettext("{n} wallet", "{n} wallets", n).format(n=n)

Which language is meant goes with the task: `speaking` is entered once for an update and once for a
message, at the edge, and no view has to hand it on.
"""

import gettext as catalogs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

ENGLISH = "en"
LOCALES = Path(__file__).parent / "locales"

LanguageOf = Callable[[int | None], str]
"""Tells by its id which language a chat speaks; of None, which one is spoken by default."""

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


def english(_chat_id: int | None) -> str:
    """Speak English everywhere: a `LanguageOf`."""
    return ENGLISH


@cache
def languages() -> tuple[str, ...]:
    """Name all languages there are by their codes, English first."""
    return (ENGLISH, *sorted(path.stem for path in LOCALES.glob("*.po")))


def language() -> str:
    """Return the code of the language that is spoken here."""
    return _spoken.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language within; English where we do not know that one."""
    token = _spoken.set(code if code in languages() else ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(token)


def _(text: str) -> str:
    """Say a text in the language that is spoken."""
    return _catalog(_spoken.get()).gettext(text)


def ngettext(one: str, many: str, n: int) -> str:
    """Say the form of a text that fits a number."""
    return _catalog(_spoken.get()).ngettext(one, many, n)


def later(text: str) -> str:
    """Mark a text that is said elsewhere, by `_`."""
    return text


@cache
def _catalog(code: str) -> catalogs.NullTranslations:
    if code == ENGLISH:
        return catalogs.NullTranslations()
    # Only here: who speaks English need not carry them.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALES / f"{code}.po").open("rb") as file:
        texts = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return catalogs.GNUTranslations(compiled)
