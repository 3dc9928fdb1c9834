"""Languages: each is one file, complete, and no text of it is one that nobody says."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.chat import i18n
from bot.chat.i18n import LOCALES, _, language, languages, ngettext, speaking
from bot.chat.views.mistakes import REASONS, reason_text, rule_mistake
from bot.core.errors import RuleError
from bot.core.rules import parse_rule
from bot.fetchers.errors import FetchError
from bot.settings.values import LOCALES as KNOWN_TO_SETTINGS
from deploy.texts import BOT, MARKS, PLACES, brought_in_line, key_of, said

CHAT = Path(i18n.__file__).parent
OTHERS = [code for code in languages() if code != i18n.ENGLISH]
NO_VOICE = {
    "application.py", "charts.py", "failures.py", "i18n.py", "intake.py", "pace.py", "poller.py",
    "probe.py", "trying.py", "webhook.py",
}  # fmt: skip
"""They say nothing to people: log, settings, the words of Telegram's errors."""
UNTOLD = {
    'for 2 reads · remind 8h · critical · "a note"': "the language of rules",
    "10000 USD": "the language of rules",
    "30% in 1h": "the language of rules",
    "lasts <": "the language of rules",
    "not enough rights to send messages": "Telegram's word",
    "bot was blocked by the user": "Telegram's word",
    "bot is not a member": "Telegram's word",
    "bot was kicked": "Telegram's word",
    "not modified": "Telegram's word",
    "too old": "Telegram's word",
    "an owner": "a key of a table",
    "a viewer": "a key of a table",
}
"""What people do not read, or read the same in every language, and why."""


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
    there = {key_of(message.id) for message in messages(code) if all(forms(message.string))}
    missing = {text: place for text, place in said().items() if text not in there}
    assert missing == {}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_nothing_that_nobody_says(code: str) -> None:
    assert [message.id for message in messages(code) if key_of(message.id) not in said()] == []


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
    "path",
    sorted(path for place in PLACES for path in (BOT / place).rglob("*.py")),
    ids=lambda path: str(path.relative_to(BOT)),
)
def test_texts_are_marked_as_they_stand(path: Path) -> None:
    """What is put together before it is looked up is found in no file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            marked = node.args[:2] if node.func.id == "ngettext" else node.args[:1]
            if node.func.id in MARKS and any(isinstance(a, ast.JoinedStr) for a in marked):
                pytest.fail(f"{path.name}:{node.lineno} marks an f-string")


def test_sentences_of_the_core_are_said_with_what_is_filled_in() -> None:
    """The error of a rule points at the word in whatever language."""
    with pytest.raises(RuleError) as caught:
        parse_rule("main/funding USDT lasts < 900d")
    with speaking("zh"):
        said = rule_mistake(caught.value)
    assert said == "第 27 列应为：时长（例如 24h，最长 365d），实际是 «900d»"
    assert rule_mistake(caught.value) == str(caught.value)


def test_every_class_of_error_has_a_reason() -> None:
    """What a person reads first is in their language; our English sentence is quoted behind it."""
    assert set(REASONS) == {kind.__name__ for kind in FetchError.__subclasses__()}
    with speaking("zh"):
        told = reason_text("ExchangeUnavailable", "okx answered HTTP 502")
        known = reason_text(
            "UnexpectedAnswer", "the answer tells what is available only, and told all before"
        )
    assert told == "交易所无法连接或繁忙：“okx answered HTTP 502”"
    assert known == "响应只给出了可用余额，而之前给出的是全部余额"
    assert reason_text("ExchangeUnavailable", "okx answered HTTP 502") == "okx answered HTTP 502"


def test_the_settings_know_every_language() -> None:
    """They must not import the chat, and look at the same folder."""
    assert KNOWN_TO_SETTINGS == LOCALES


@pytest.mark.parametrize("code", OTHERS)
def test_the_file_is_as_it_would_be_written(code: str) -> None:
    """`make texts` changes nothing where nothing has changed."""
    text = (LOCALES / f"{code}.po").read_text("utf-8")
    assert brought_in_line(text, code) == text


def test_new_texts_come_in_empty_and_old_ones_go() -> None:
    old = '# Head.\nmsgid ""\nmsgstr ""\n"Language: zh\\n"\n\nmsgid "gone for good"\nmsgstr "x"\n'
    new = brought_in_line(old, "zh")
    assert new.startswith('# Head.\nmsgid ""\nmsgstr ""\n"Language: zh\\n"\n\nmsgid')
    assert "gone for good" not in new
    assert 'msgid "just now"\nmsgstr ""\n' in new


@pytest.mark.parametrize(
    "path",
    sorted(path for path in CHAT.rglob("*.py") if path.name not in NO_VOICE),
    ids=lambda path: str(path.relative_to(CHAT)),
)
def test_what_people_read_is_marked(path: Path) -> None:
    """Two words outside of every mark would be English in the midst of another language."""
    tree = ast.parse(path.read_text())
    untold = {id(node) for mute in _mute(tree) for node in ast.walk(mute)}
    found = [node for node in ast.walk(tree) if id(node) not in untold and _is_worded(node)]
    assert [f"{path.name}:{node.lineno}: {ast.unparse(node)}" for node in found] == []


def _mute(tree: ast.AST) -> Iterator[ast.AST]:
    """List what is not told, or marked: docstrings, annotations, the log, errors of ours."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Raise():
                yield node
            case ast.Dict(keys=keys):
                yield from filter(None, keys)
            case ast.Call(func=ast.Name(id=name)) if name in MARKS:
                yield from node.args
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "re"))):
                yield node


def _is_worded(node: ast.AST) -> TypeGuard[ast.Constant | ast.JoinedStr]:
    """Whether it is a text with two words in a row, or a word beside what is filled in."""
    if isinstance(node, ast.JoinedStr):
        shown = "".join(str(v.value) if isinstance(v, ast.Constant) else "00" for v in node.values)
        return bool(re.search(r"\w\w[.,:;]? [^\W\d_]{2}|[^\W\d_]{2}[.,:;]? \w\w", _told(shown)))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(re.search(r"[^\W\d_]{2}[.,:;]?\s[^\W\d_]{2}", _told(node.value)))
    return False


def _told(text: str) -> str:
    for untold in UNTOLD:
        text = text.replace(untold, "")
    return re.sub(r"<code>/[^<]*</code>|</?[a-z]+>", "", text)
