"""The language of rules: what it reads, what it refuses and where it points."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import RuleError
from bot.core.rules import MAX_READS, Rule, parse_rule

OPTIONS = 'for N reads, clear LEVEL, warning, critical or "a note"'
NEXT = "· or , before the next option"
PATH, COIN = "a path such as main/funding or */spot", "a coin such as USDT"
LIMIT, SIGN = "a limit such as 500 or 0.05", "< or >"
RESERVED = ["sum", "total", "available", "drops", "lasts", "for", "clear", "remind"]


def rule(pattern: str, asset: str, limit: str, **more: Any) -> Rule:
    return Rule(
        **{"pattern": pattern, "asset": asset, "comparison": "<", "limit": Decimal(limit), **more}
    )


FUNDING = rule("main/funding", "USDT", "500")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("main/funding USDT < 500", FUNDING),
        ("  main/funding\tusdt<500 ", FUNDING),  # spaces and case of the coin mean nothing
        ("main/funding USDT < 500 · warning", FUNDING),
        ("main/funding USDT < 500 · for 1 read", FUNDING),
        ('main/funding USDT < 500 · ""', FUNDING),
        ("main/sub:* USDT < 100", rule("main/sub:*", "USDT", "100")),
        ("* ETH available < 0.05", rule("*", "ETH", "0.05", part="available")),
        ("* ETH AVAILABLE < 0.05", rule("*", "ETH", "0.05", part="available")),
        ("sum * USDT < 2000", rule("*", "USDT", "2000", summed=True)),
        ("SUM main USDT available < 7", rule("main", "USDT", "7", summed=True, part="available")),
        ("*/spot USDT > 50000", rule("*/spot", "USDT", "50000", comparison=">")),
        (
            'main/funding USDT < 500 · for 3 reads · clear 550 · critical · "Grid bot needs 500"',
            rule(
                "main/funding",
                "USDT",
                "500",
                for_reads=3,
                clear=Decimal(550),
                severity="critical",
                note="Grid bot needs 500",
            ),
        ),
        (
            'main/funding USDT < 500, "a, b · c < d", CRITICAL,Clear 550 ,FOR 3 READS',
            rule(
                "main/funding",
                "USDT",
                "500",
                for_reads=3,
                clear=Decimal(550),
                severity="critical",
                note="a, b · c < d",
            ),
        ),
        ("m/f USDT < 500·for 1000 reads", rule("m/f", "USDT", "500", for_reads=1000)),
        ("m/f USDT < 500 · clear 500", rule("m/f", "USDT", "500", clear=Decimal(500))),
        (
            "m/f USDT > 9 · clear 0",
            rule("m/f", "USDT", "9", comparison=">", clear=Decimal(0)),
        ),
        (
            f"m/f USDT < {'9' * 30}.{'1' * 30}",  # to the last digit
            rule("m/f", "USDT", f"{'9' * 30}.{'1' * 30}"),
        ),
        ("m/f 1INCH < 1", rule("m/f", "1INCH", "1")),
    ],
)
def test_good_lines(line: str, expected: Rule) -> None:
    """Each line means this rule, and the rule's own line means it again."""
    assert parse_rule(line) == expected
    assert parse_rule(str(expected)) == expected


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", (PATH, "", 1)),
        ("   ", (PATH, "", 4)),
        ("main/funding", (COIN, "", 13)),
        ("main/funding USDT", (SIGN, "", 18)),
        ("main/funding USDT << 500", (SIGN, "<<", 19)),
        ("main/funding USDT <= 500", (SIGN, "<=", 19)),
        ("main/funding USDT = 500", (SIGN, "=", 19)),
        ("main/funding USDT below 500", (SIGN, "below", 19)),
        ("main/funding USDT drops 30% in 1h", (SIGN, "drops", 19)),
        ("main/funding USDT lasts < 24h", (SIGN, "lasts", 19)),
        ("main/funding USDT <", (LIMIT, "", 20)),
        ("main/funding USDT < lots", (LIMIT, "lots", 21)),
        ("main/funding USDT < -5", (LIMIT, "-5", 21)),
        ("main/funding USDT < 1e5", (LIMIT, "1e5", 21)),
        ("main/funding USDT < .5", (LIMIT, ".5", 21)),
        ("main/funding USDT < NaN", (LIMIT, "NaN", 21)),
        ("main/funding USDT < ٥٠٠", (LIMIT, "٥٠٠", 21)),
        (f"main/funding USDT < {'1' * 31}", (LIMIT, "1" * 31, 21)),
        ("main/funding USDT < 500 USDT", (NEXT, "USDT", 25)),
        ("main/funding USDT < 10 000", (NEXT, "000", 24)),
        ("main/funding USDT < 10,000", (OPTIONS, "000", 24)),
        ("main/funding USDT < 10,000.50", (OPTIONS, "000.50", 24)),
        ("main/funding USDT < 0,05", (OPTIONS, "05", 23)),
        ("main/funding USDT < 10'000", (LIMIT, "10'000", 21)),
        ("main/funding USDT < 500 ·", (OPTIONS, "", 26)),
        ("main/funding USDT < 500 · · critical", (OPTIONS, "·", 27)),
        ("main/funding USDT < 500 · loud", (OPTIONS, "loud", 27)),
        ("main/funding USDT < 500 · remind 4h", (OPTIONS, "remind", 27)),
        ("main/funding USDT < 500 critical", (NEXT, "critical", 25)),
        ('main/funding USDT < 500 · "open', (OPTIONS, '"open', 27)),
        ('main/funding USDT < 500 · "', (OPTIONS, '"', 27)),
        ("main/funding USDT < 500 · for", ("a number of reads from 1 to 1000", "", 30)),
        ("main/funding USDT < 500 · for 0 reads", ("a number of reads from 1 to 1000", "0", 31)),
        ("m USDT < 5 · for 1001 reads", ("a number of reads from 1 to 1000", "1001", 18)),
        ("m USDT < 5 · for 2.5 reads", ("a number of reads from 1 to 1000", "2.5", 18)),
        (
            "m USDT < 5 · for 0000000019 reads",
            ("a number of reads from 1 to 1000", "0000000019", 18),
        ),
        ("m USDT < 5 · for 3", ("reads", "", 19)),
        ("m USDT < 5 · for 3 hours", ("reads", "hours", 20)),
        (
            f'm USDT < 5 · "{"x" * 201}"',
            ("a note of 200 characters at most", '"' + "x" * 19, 14),
        ),
        ("m USDT < 5 · clear", ("a clear level such as 550", "", 19)),
        ("m USDT < 5 · clear 4.9", ("a clear level not below the limit 5", "4.9", 20)),
        ("m USDT > 5 · clear 5.1", ("a clear level not above the limit 5", "5.1", 20)),
        ("m USDT < 5 · critical · warning", ("each option once", "warning", 25)),
        ("m USDT < 5 · for 2 reads · for 3 reads", ("each option once", "for", 28)),
        ("sum sum USDT < 5", (PATH, "sum", 5)),
        ("sum USDT < 5", (COIN, "<", 10)),
        ("main total < 10000 USD", (COIN, "total", 6)),
        ("main/ USDT < 5", (PATH, "main/", 1)),
        ("/funding USDT < 5", (PATH, "/funding", 1)),
        ("main/funding US/DT < 5", (COIN, "US/DT", 14)),
    ],
)
def test_bad_lines(line: str, error: tuple[str, str, int]) -> None:
    """The error points at the first word at fault and says what was expected in its place."""
    with pytest.raises(RuleError) as caught:
        parse_rule(line)
    assert (caught.value.expected, caught.value.got, caught.value.column) == error


def test_error_texts() -> None:
    """A person reads the word and its column, or that the line is at its end."""
    with pytest.raises(RuleError) as caught:
        parse_rule("main/funding USDT << 500")
    assert str(caught.value) == "expected < or >, got «<<» at column 19"
    with pytest.raises(RuleError) as caught:
        parse_rule("main/funding USDT <")
    assert str(caught.value) == "expected a limit such as 500 or 0.05, got the end of the line"


@pytest.mark.parametrize("word", [*RESERVED, *(word.upper() for word in RESERVED)])
def test_reserved_words_are_no_names(word: str) -> None:
    """A word of the language never passes for a coin or a path, in whatever case."""
    with pytest.raises(RuleError):
        parse_rule(f"main/funding {word} < 5")
    with pytest.raises(RuleError):
        parse_rule(f"{word} < 5")


amounts = st.from_regex(r"[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True).map(Decimal)
patterns = st.from_regex(r"[a-z0-9*?_-]{1,12}(/[a-zA-Z0-9*?:_/-]{1,20})?", fullmatch=True)
coins = st.from_regex(r"[A-Z0-9._$-]{1,30}", fullmatch=True)
notes = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), max_size=200)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw anything that a line can say."""
    comparison = draw(st.sampled_from(["<", ">"]))
    limit, other = sorted([draw(amounts), draw(amounts)], reverse=comparison == ">")
    return rule(
        draw(patterns.filter(lambda text: text.lower() not in RESERVED)),
        draw(coins.filter(lambda text: text.lower() not in RESERVED)),
        str(limit),
        comparison=comparison,
        summed=draw(st.booleans()),
        part=draw(st.sampled_from(["total", "available"])),
        for_reads=draw(st.integers(1, MAX_READS)),
        clear=draw(st.sampled_from([None, other])),
        severity=draw(st.sampled_from(["warning", "critical"])),
        note=draw(notes),
    )


@given(rules())
def test_a_printed_rule_is_the_same_rule(any_rule: Rule) -> None:
    """What is printed parses to the same rule, digit by digit."""
    again = parse_rule(str(any_rule))
    assert again == any_rule
    assert str(again) == str(any_rule)


@given(rules(), amounts)
def test_the_clear_level_is_on_the_safe_side(any_rule: Rule, amount: Decimal) -> None:
    """No amount is both broken and cleared."""
    assert not (any_rule.is_broken_by(amount) and any_rule.is_cleared_by(amount))


_vocabulary = st.lists(
    st.sampled_from(
        [
            *(*"<>=·,\"*/'٣９ ", *RESERVED, "<<", "main/funding", "USDT", "500", "1e5", "0", "3"),
            *("reads", "read", "critical", "warning", '"a note"', "9" * 5000, "000000001"),
        ]
    )
)


@given(st.one_of(st.text(), _vocabulary.map(" ".join), _vocabulary.map("".join)))
@example("m USDT < 5 · for 000000001" + "9" * 5000 + " reads")  # int() refuses so many digits
def test_nonsense_is_refused_and_never_breaks(line: str) -> None:
    """Whatever is written there is a rule, or an error that points into the line."""
    parsed = parsed_or_refused(line)
    if isinstance(parsed, Rule):
        assert parse_rule(str(parsed)) == parsed
    else:
        assert 1 <= parsed.column <= len(line) + 1
        assert line[parsed.column - 1 :].startswith(parsed.got)


def parsed_or_refused(line: str) -> Rule | RuleError:
    try:
        return parse_rule(line)
    except RuleError as e:
        return e


@given(st.integers(1, 10**9))
def test_thousands_are_never_cut_off(number: int) -> None:
    """A number with separators is refused as a whole: 10,000 must not become 10."""
    for separator in ", _'’\u202f":
        text = f"{number:,}".replace(",", separator)
        if text.isdigit():
            assert parse_rule(f"main USDT < {text}").limit == number
        else:
            with pytest.raises(RuleError):
                parse_rule(f"main USDT < {text}")


def test_the_default_clear_level_is_five_percent_off() -> None:
    """Without `clear` the alert ends 5 % beyond the limit, on the safe side."""
    low, high = parse_rule("m USDT < 500"), parse_rule("m USDT > 500")
    assert (low.clear_level, high.clear_level) == (Decimal(525), Decimal(475))
    assert [low.is_broken_by(Decimal(n)) for n in (499, 500)] == [True, False]
    assert [high.is_broken_by(Decimal(n)) for n in (501, 500)] == [True, False]
    assert [low.is_cleared_by(Decimal(n)) for n in (524, 525)] == [False, True]
    assert [high.is_cleared_by(Decimal(n)) for n in (476, 475)] == [False, True]
