"""The language of rules: one line that a person can read aloud, parsed and printed.

    [sum] PATH COIN [available] (< | >) LIMIT  {(· | ,) option}

    option: for N reads | clear LEVEL | warning | critical | "note"

The options come in any order. An error points at the word and says what was expected.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from typing_extensions import override

from bot.core.errors import RuleError
from bot.core.events import Severity
from bot.core.portfolio import Part

Comparison = Literal["<", ">"]

MAX_READS = 1000
MAX_NOTE = 200
"""Characters; a note must leave room for the rest of a message."""
CLEAR_MARGIN = Decimal("0.05")
_TOKEN = re.compile(r'"[^"]*"?|[<>=!]+|[·,]|[^\s·,<>=!"]+')
_PATH = re.compile(r"[^\s/]+(/\S+)?")
_COIN = re.compile(r"[A-Za-z0-9._$-]{1,30}")
# [0-9] because \d takes the digits of all scripts
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_COUNT = re.compile(r"[0-9]{1,9}")
_RESERVED = {"sum", "total", "available", "drops", "lasts", "for", "clear", "remind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A limit that somebody set; `str()` gives the line that parses to the same rule."""

    pattern: str
    """A path or a glob of paths."""
    asset: str
    comparison: Comparison
    limit: Decimal
    """In units of the coin."""
    summed: bool = False
    """Judge one number over all wallets, not each wallet on its own."""
    part: Part = "total"
    for_reads: int = 1
    """How many good readings in a row must break the rule before it fires."""
    clear: Decimal | None = None
    """Where the alert ends; None: 5 % off the limit, on the safe side."""
    severity: Severity = "warning"
    note: str = ""

    @property
    def clear_level(self) -> Decimal:
        """The level, in units of the coin, that a reading must reach for recovery."""
        if self.clear is not None:
            return self.clear
        margin = self.limit * CLEAR_MARGIN
        return self.limit + margin if self.comparison == "<" else self.limit - margin

    def is_broken_by(self, amount: Decimal) -> bool:
        """Whether `amount` lies strictly beyond the limit."""
        return amount < self.limit if self.comparison == "<" else amount > self.limit

    def is_cleared_by(self, amount: Decimal) -> bool:
        """Whether `amount` has reached the clear level."""
        return amount >= self.clear_level if self.comparison == "<" else amount <= self.clear_level

    @override
    def __str__(self) -> str:
        words = ["sum"] * self.summed + [self.pattern, self.asset]
        words += ["available"] * (self.part == "available")
        line = " ".join([*words, self.comparison, f"{self.limit:f}"])
        options = [
            f"for {self.for_reads} reads" if self.for_reads > 1 else "",
            f"clear {self.clear:f}" if self.clear is not None else "",
            "critical" if self.severity == "critical" else "",
            f'"{self.note}"' if self.note else "",
        ]
        return " · ".join([line, *filter(None, options)])


class _Word(NamedTuple):
    text: str
    column: int


class _Words:
    """The words of a line, taken one after the other."""

    def __init__(self, line: str) -> None:
        self._words = [_Word(m.group(), m.start() + 1) for m in _TOKEN.finditer(line)]
        self._end = _Word("", len(line) + 1)
        self._next = 0

    def peek(self) -> _Word:
        return self._words[self._next] if self._next < len(self._words) else self._end

    def take(self, expected: str, fits: Callable[[str], object]) -> _Word:
        """Take the next word, or say what was expected in its place."""
        word = self.peek()
        if not word.text or not fits(word.text):
            raise RuleError(expected, word.text, word.column)
        self._next += 1
        return word

    def take_if(self, *texts: str) -> str | None:
        """Take the next word if it is one of `texts`; return it in lower case."""
        word = self.peek().text.lower()
        return self.take(word, lambda _: True).text.lower() if word in texts else None

    def options(self) -> Iterator[_Word]:
        """Take separators until the end, and give the first word of each option."""
        while self.peek().text:
            self.take("· or , before the next option", lambda text: text in "·,")
            yield self.take(_OPTIONS, lambda _: True)


_OPTIONS = 'for N reads, clear LEVEL, warning, critical or "a note"'


def parse_rule(line: str) -> Rule:
    """Parse a line of the language.

    Raises:
        RuleError: it does not parse; the error points at the first word at fault.
    """
    words = _Words(line)
    summed = words.take_if("sum") is not None
    pattern = words.take("a path such as main/funding or */spot", _is_path).text
    asset = words.take("a coin such as USDT", _is_coin).text.upper()
    part = words.take_if("available")
    comparison = words.take("< or >", lambda text: text in {"<", ">"}).text
    rule = Rule(
        pattern=pattern,
        asset=asset,
        comparison="<" if comparison == "<" else ">",
        limit=_amount(words, "a limit such as 500 or 0.05"),
        summed=summed,
        part="available" if part else "total",
    )
    return _with_options(rule, words)


def _is_path(text: str) -> bool:
    return bool(_PATH.fullmatch(text)) and text.lower() not in _RESERVED


def _is_coin(text: str) -> bool:
    return bool(_COIN.fullmatch(text)) and text.lower() not in _RESERVED


def _amount(words: _Words, expected: str) -> Decimal:
    return Decimal(words.take(expected, _AMOUNT.fullmatch).text)


def _with_options(rule: Rule, words: _Words) -> Rule:
    chosen: dict[str, object] = {}
    for word in words.options():
        name, value = _option(rule, word, words)
        if name in chosen:
            raise RuleError("each option once", word.text, word.column)
        chosen[name] = value
    return _replaced(rule, chosen)


def _option(rule: Rule, word: _Word, words: _Words) -> tuple[str, object]:
    match word.text.lower():
        case "for":
            return "for_reads", _reads(words)
        case "clear":
            return "clear", _clear(rule, words)
        case "warning" | "critical" as severity:
            return "severity", severity
        case note if len(note) > 1 and note.startswith('"') and note.endswith('"'):
            return "note", _note(word)
        case _:
            raise RuleError(_OPTIONS, word.text, word.column)


def _note(word: _Word) -> str:
    if len(word.text) > MAX_NOTE + 2:
        raise RuleError(f"a note of {MAX_NOTE} characters at most", word.text[:20], word.column)
    return word.text[1:-1]


def _reads(words: _Words) -> int:
    expected = f"a number of reads from 1 to {MAX_READS}"
    count = words.take(expected, _COUNT.fullmatch)
    if not 1 <= int(count.text) <= MAX_READS:
        raise RuleError(expected, count.text, count.column)
    words.take("reads", lambda text: text.lower() in {"read", "reads"})
    return int(count.text)


def _clear(rule: Rule, words: _Words) -> Decimal:
    column = words.peek().column
    level = _amount(words, "a clear level such as 550")
    safe = level >= rule.limit if rule.comparison == "<" else level <= rule.limit
    if not safe:
        side = "not below" if rule.comparison == "<" else "not above"
        raise RuleError(f"a clear level {side} the limit {rule.limit:f}", f"{level:f}", column)
    return level


def _replaced(rule: Rule, chosen: dict[str, object]) -> Rule:
    values = {name: getattr(rule, name) for name in Rule.__slots__}
    return Rule(**{**values, **chosen})
