"""The language of rules: one line that a person can read aloud, parsed and printed.

    [sum] PATH COIN [available] (< | >) LIMIT        {(· | ,) option}
    [sum] PATH COIN [available] drops N% [and AMOUNT] in DURATION
    [sum] PATH COIN [available] lasts < DURATION
    PATH total (< | >) LIMIT CURRENCY

    option: for N reads | clear LEVEL | remind DURATION | warning | critical | "note"

The options come in any order, behind each of the four. What is measured gives the unit of the
limit and of the clear level: coins, money, percent of a fall, time left. An error points at the
word and says what was expected.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

from typing_extensions import override

from bot.core.durations import duration_text, parse_duration
from bot.core.errors import RuleError
from bot.core.events import Measure, Severity
from bot.core.portfolio import Part
from bot.core.sentences import Sentence
from bot.core.valuation import Currency

Comparison = Literal["<", ">"]

MAX_READS = 1000
MAX_NOTE = 200
"""Characters; a note must leave room for the rest of a message."""
MAX_DURATION = timedelta(days=365)
MAX_WINDOW = timedelta(days=7)
"""For a fall: each check looks at all of it."""
CLEAR_MARGIN = Decimal("0.05")
_HUNDRED = Decimal(100)
_CURRENCIES: tuple[str, ...] = get_args(Currency)
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
    """The coin; for a value the currency."""
    comparison: Comparison
    limit: Decimal
    """In units of what is measured: coins, money, percent of the fall, seconds left."""
    measure: Measure = "amount"
    summed: bool = False
    """Judge one number over all wallets, not each wallet on its own; a value always is one."""
    part: Part = "total"
    window: timedelta | None = None
    """In which a fall is looked for; None for all but falls."""
    least: Decimal | None = None
    """So much of the coin must have gone, too, for a fall to count; None: any."""
    for_reads: int = 1
    """How many good readings in a row must break the rule before it fires."""
    clear: Decimal | None = None
    """Where the alert ends, in units of the limit; None: 5 % off it, on the safe side."""
    remind: timedelta | None = None
    """How long after it was raised it is told again; None: as usual."""
    severity: Severity = "warning"
    note: str = ""

    @property
    def clear_level(self) -> Decimal:
        """The level, in units of the limit, that must be reached for recovery."""
        if self.clear is not None:
            return self.clear
        margin = self.limit * CLEAR_MARGIN
        return self.limit + margin if self.comparison == "<" else self.limit - margin

    def is_broken_by(self, measured: Decimal) -> bool:
        """Whether it lies strictly beyond the limit; a fall breaks the rule at the limit, too."""
        if self.measure == "drop":
            return measured >= self.limit
        return measured < self.limit if self.comparison == "<" else measured > self.limit

    def is_cleared_by(self, measured: Decimal) -> bool:
        """Whether it has reached the clear level."""
        if self.comparison == "<":
            return measured >= self.clear_level
        return measured <= self.clear_level

    @override
    def __str__(self) -> str:
        options = [
            f"for {self.for_reads} reads" if self.for_reads > 1 else "",
            f"clear {self.level_text(self.clear)}" if self.clear is not None else "",
            f"remind {duration_text(self.remind)}" if self.remind is not None else "",
            "critical" if self.severity == "critical" else "",
            f'"{self.note}"' if self.note else "",
        ]
        return " · ".join([self._condition_text(), *filter(None, options)])

    def _condition_text(self) -> str:
        limit = self.level_text(self.limit)
        if self.measure == "value":
            return f"{self.pattern} total {self.comparison} {limit} {self.asset}"
        words = ["sum"] * self.summed + [self.pattern, self.asset]
        words += ["available"] * (self.part == "available")
        match self.measure:
            case "drop":
                least = f" and {self.least:f}" if self.least is not None else ""
                words.append(f"drops {limit}{least} in {duration_text(self.window or MAX_WINDOW)}")
            case "runway":
                words.append(f"lasts < {limit}")
            case _:
                words.append(f"{self.comparison} {limit}")
        return " ".join(words)

    def level_text(self, level: Decimal) -> str:
        match self.measure:
            case "drop":
                return f"{level:f}%"
            case "runway":
                return duration_text(timedelta(seconds=int(level)))
            case _:
                return f"{level:f}"


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
            self.take(_SEPARATOR, lambda text: text in "·,")
            yield self.take(_OPTIONS, lambda _: True)


_SEPARATOR = Sentence("· or , before the next option")
_OPTIONS = Sentence('for N reads, clear LEVEL, remind DURATION, warning, critical or "a note"')


def parse_rule(line: str) -> Rule:
    """Parse a line of the language.

    Raises:
        RuleError: it does not parse; the error points at the first word at fault.
    """
    words = _Words(line)
    summed = words.take_if("sum") is not None
    pattern = words.take(Sentence("a path such as main/funding or */spot"), _is_path).text
    if not summed and words.take_if("total"):
        rule = _value_rule(pattern, words)
    else:
        rule = _coin_rule(pattern, words, summed=summed)
    return _with_options(rule, words)


def _value_rule(pattern: str, words: _Words) -> Rule:
    comparison = _comparison(words, Sentence("< or >"))
    limit = _amount(words, Sentence("a limit such as 10000"))
    expected = Sentence("a currency: {names}", names=", ".join(_CURRENCIES))
    currency = words.take(expected, lambda text: text.upper() in _CURRENCIES).text.upper()
    return Rule(
        pattern=pattern,
        measure="value",
        asset=currency,
        comparison=comparison,
        limit=limit,
        summed=True,
    )


def _coin_rule(pattern: str, words: _Words, *, summed: bool) -> Rule:
    either = Sentence("a coin such as USDT, or total")
    coin = Sentence("a coin such as USDT") if summed else either
    asset = words.take(coin, _is_coin).text.upper()
    part: Part = "available" if words.take_if("available") else "total"
    return Rule(pattern=pattern, asset=asset, summed=summed, part=part, **_condition(words))


def _condition(words: _Words) -> dict[str, Any]:
    """Read what the coin is judged by."""
    match words.take_if("drops", "lasts"):
        case "drops":
            return _drop(words)
        case "lasts":
            words.take("<", lambda text: text == "<")
            left = _duration(words, _time("24h"))
            return {"measure": "runway", "comparison": "<", "limit": _seconds(left)}
        case _:
            comparison = _comparison(words, Sentence("< or > or drops or lasts"))
            return {
                "comparison": comparison,
                "limit": _amount(words, Sentence("a limit such as 500 or 0.05")),
            }


def _drop(words: _Words) -> dict[str, Any]:
    limit = _percent(words, Sentence("a fall such as 30%, 100% at most"), above=0)
    least = None
    if words.take_if("and"):
        least = _amount(words, Sentence("an amount such as 500"))
    words.take(Sentence("and or in") if least is None else "in", lambda text: text.lower() == "in")
    window = _duration(words, _time("1h", most=MAX_WINDOW), most=MAX_WINDOW)
    return {
        "measure": "drop",
        "comparison": ">",
        "limit": limit,
        "least": least,
        "window": window,
    }


def _is_path(text: str) -> bool:
    return bool(_PATH.fullmatch(text)) and text.lower() not in _RESERVED


def _is_coin(text: str) -> bool:
    return bool(_COIN.fullmatch(text)) and text.lower() not in _RESERVED


def _comparison(words: _Words, expected: str) -> Comparison:
    return "<" if words.take(expected, lambda text: text in {"<", ">"}).text == "<" else ">"


def _amount(words: _Words, expected: str) -> Decimal:
    return Decimal(words.take(expected, _AMOUNT.fullmatch).text)


def _percent(words: _Words, expected: str, *, above: int) -> Decimal:
    def fits(text: str) -> bool:
        number = text.removesuffix("%")
        is_percent = number != text and _AMOUNT.fullmatch(number)
        return bool(is_percent) and above < Decimal(number) <= _HUNDRED

    return Decimal(words.take(expected, fits).text.removesuffix("%"))


def _time(example: str, *, most: timedelta = MAX_DURATION) -> Sentence:
    return Sentence(
        "a time such as {example}, {most} at most", example=example, most=duration_text(most)
    )


def _duration(words: _Words, expected: str, *, most: timedelta = MAX_DURATION) -> timedelta:
    def fits(text: str) -> bool:
        span = parse_duration(text)
        return span is not None and span <= most

    text = words.take(expected, fits).text
    return parse_duration(text) or most


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span.days * 86400 + span.seconds)


def _with_options(rule: Rule, words: _Words) -> Rule:
    chosen: dict[str, Any] = {}
    for word in words.options():
        name, value = _option(rule, word, words)
        if name in chosen:
            raise RuleError(Sentence("each option once"), word.text, word.column)
        chosen[name] = value
    return replace(rule, **chosen)


def _option(rule: Rule, word: _Word, words: _Words) -> tuple[str, object]:
    match word.text.lower():
        case "for":
            return "for_reads", _reads(words)
        case "clear":
            return "clear", _clear(rule, words)
        case "remind":
            return "remind", _duration(words, _time("4h"))
        case "warning" | "critical" as severity:
            return "severity", severity
        case note if len(note) > 1 and note.startswith('"') and note.endswith('"'):
            return "note", _note(word)
        case _:
            raise RuleError(_OPTIONS, word.text, word.column)


def _note(word: _Word) -> str:
    if len(word.text) > MAX_NOTE + 2:
        expected = Sentence("a note of {most} characters at most", most=MAX_NOTE)
        raise RuleError(expected, word.text[:20], word.column)
    return word.text[1:-1]


def _reads(words: _Words) -> int:
    expected = Sentence("a number of reads from 1 to {most}", most=MAX_READS)
    count = words.take(expected, _COUNT.fullmatch)
    if not 1 <= int(count.text) <= MAX_READS:
        raise RuleError(expected, count.text, count.column)
    words.take("reads", lambda text: text.lower() in {"read", "reads"})
    return int(count.text)


def _clear(rule: Rule, words: _Words) -> Decimal:
    word = words.peek()
    level, safe = _clear_level(rule, words)
    if not safe:
        raise RuleError(_safe_side(rule), word.text, word.column)
    return level


def _safe_side(rule: Rule) -> Sentence:
    limit = rule.level_text(rule.limit)
    if rule.measure == "drop":
        return Sentence("a clear level below the limit {limit}", limit=limit)
    if rule.comparison == "<":
        return Sentence("a clear level not below the limit {limit}", limit=limit)
    return Sentence("a clear level not above the limit {limit}", limit=limit)


def _clear_level(rule: Rule, words: _Words) -> tuple[Decimal, bool]:
    """Read a level in the unit of the limit; say whether it lies on the safe side."""
    match rule.measure:
        case "drop":
            level = _percent(words, Sentence("a clear level such as 20%"), above=-1)
            return level, level < rule.limit
        case "runway":
            expected = Sentence(
                "a clear level such as {example}, {most} at most",
                example="30h",
                most=duration_text(MAX_DURATION),
            )
            level = _seconds(_duration(words, expected))
        case _:
            level = _amount(words, Sentence("a clear level such as 550"))
    if rule.comparison == "<":
        return level, level >= rule.limit
    return level, level <= rule.limit
