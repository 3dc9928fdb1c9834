"""Languages: each is one file, complete, and no text of it is one that nobody says."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.chat import i18n
from bot.chat.i18n import LOCALES, _, language, languages, ngettext, speaking

CHAT = Path(i18n.__file__).parent
OTHERS = [code for code in languages() if code != i18n.ENGLISH]
KEYWORDS = {"_": None, "later": None, "ngettext": (1, 2)}
Key = str | tuple[str, ...]


def said() -> dict[Key, str]:
    """All texts of the code, with the place of each."""
    found = extract_from_dir(str(CHAT), method_map=[("**.py", "python")], keywords=KEYWORDS)
    return {_key(text): f"{file}:{line}" for file, line, text, _comments, _context in found}


def _key(text: str | list[str] | tuple[str, ...]) -> Key:
    return text if isinstance(text, str) else tuple(text)


def catalog_of(code: str) -> Catalog:
    with (LOCALES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def messages(code: str) -> Iterator[Message]:
    return (message for message in catalog_of(code) if message.id)


def fields(text: str) -> set[str | None]:
    """Name what is filled into a text."""
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name}


def forms(texts: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts or [""])


def test_english_is_spoken_where_nothing_else_is_asked_for() -> None:
    assert language() == "en"
    assert _("A text that no language knows") == "A text that no language knows"
    assert ngettext("{n} coin", "{n} coins", 2).format(n=2) == "2 coins"


def test_an_unknown_language_is_english() -> None:
    """A chat may have asked for one that a later version has lost."""
    with speaking("tlh"):
        assert language() == "en"


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_is_complete(code: str) -> None:
    """A text that was forgotten would be said in English in the midst of another language."""
    there = {_key(message.id) for message in messages(code) if all(forms(message.string))}
    missing = {text: place for text, place in said().items() if text not in there}
    assert missing == {}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_nothing_that_nobody_says(code: str) -> None:
    assert [message.id for message in messages(code) if _key(message.id) not in said()] == []


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_fuzzy_and_nothing_that_is_filled_in_gets_lost(code: str) -> None:
    """The names in braces, the tags and the commands are the same on both sides."""
    for message in messages(code):
        assert not message.fuzzy, message.id
        wanted = set().union(*(fields(form) for form in forms(message.id)))
        for form in forms(message.string):
            assert fields(form) == wanted, message.id
            original = forms(message.id)[-1]
            assert _tags(form) == _tags(original), message.id
            assert _commands(form) == _commands(original), message.id


def _tags(text: str) -> list[str]:
    return sorted(re.findall(r"</?[a-z]+[^<>]*>", text))


def _commands(text: str) -> list[str]:
    return sorted(re.findall(r"(?<!\w)/[a-z]+", re.sub(r"</?[a-z]+>", "", text)))


@pytest.mark.parametrize(
    "path", sorted(CHAT.rglob("*.py")), ids=lambda p: str(p.relative_to(CHAT))
)
def test_texts_are_marked_as_they_stand(path: Path) -> None:
    """What is put together before it is looked up is found in no file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            marked = node.args[:2] if node.func.id == "ngettext" else node.args[:1]
            if node.func.id in KEYWORDS and any(isinstance(a, ast.JoinedStr) for a in marked):
                pytest.fail(f"{path.name}:{node.lineno} marks an f-string")
