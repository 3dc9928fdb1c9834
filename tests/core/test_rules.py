"""The language of rules: what it reads, what it refuses and where it points."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.errors import RuleError
from bot.core.rules import MAX_READS, Rule, parse_rule

OPTIONS = 'for N reads, clear LEVEL, remind DURATION, warning, critical or "a note"'
NEXT = "· or , before the next option"
PATH = "a path such as main/funding or */spot"
SUM_COIN, COIN = "a coin such as USDT", "a coin such as USDT, or total"
LIMIT, SIGN = "a limit such as 500 or 0.05", "< or > or drops or lasts"
MONEY = "a currency: USD, USDT, BTC, EUR, CNY"
FALL, WINDOW = "a fall such as 30%, 100% at most", "a time such as 1h, 7d at most"
LEFT, REMIND = "a time such as 24h, 365d at most", "a time such as 4h, 365d at most"
RESERVED = ["sum", "total", "available", "drops", "lasts", "for", "clear", "remind"]


def rule(pattern: str, asset: str, limit: str, **more: Any) -> Rule:
    return Rule(
        **{"pattern": pattern, "asset": asset, "comparison": "<", "limit": Decimal(limit), **more}
    )


def value(pattern: str, currency: str, limit: str, **more: Any) -> Rule:
    return rule(pattern, currency, limit, measure="value", summed=True, **more)


def drop(limit: str, *, least: Decimal | None = None, **more: Any) -> Rule:
    units = {"days", "hours", "seconds"} & set(more)
    window = timedelta(**{unit: more.pop(unit) for unit in units})
    fall = {"measure": "drop", "comparison": ">", "window": window, "least": least}
    return rule("m/f", "USDT", limit, **fall, **more)


def runway(limit: str, **more: Any) -> Rule:
    return rule("m/f", "USDT", limit, measure="runway", **more)


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
        ("m USDT < 5 · remind 90m", rule("m", "USDT", "5", remind=timedelta(minutes=90))),
        ("main total < 10000 USD", value("main", "USD", "10000")),
        ("coinw/spot TOTAL > 0.5 btc", value("coinw/spot", "BTC", "0.5", comparison=">")),
        ("* total < 9 EUR · clear 10", value("*", "EUR", "9", clear=Decimal(10))),
        ("m/f USDT drops 30% in 1h", drop("30", hours=1)),
        ("m/f USDT Drops 0.5% AND 500 In 90S", drop("0.5", least=Decimal(500), seconds=90)),
        (
            "sum m/f USDT available drops 100% in 7d · clear 0%",
            drop("100", days=7, summed=True, part="available", clear=Decimal(0)),
        ),
        ("m/f USDT lasts < 24h", runway("86400")),
        (
            "m/f USDT lasts<90m · clear 2h, critical",
            runway("5400", clear=Decimal(7200), severity="critical"),
        ),
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
        ("main/funding USDT drops", (FALL, "", 24)),
        ("main/funding USDT drops 30 in 1h", (FALL, "30", 25)),
        ("main/funding USDT drops 0% in 1h", (FALL, "0%", 25)),
        ("main/funding USDT drops 101% in 1h", (FALL, "101%", 25)),
        ("main/funding USDT drops % in 1h", (FALL, "%", 25)),
        ("main/funding USDT drops 30%", ("and or in", "", 28)),
        ("main/funding USDT drops 30% within 1h", ("and or in", "within", 29)),
        ("main/funding USDT drops 30% and in 1h", ("an amount such as 500", "in", 33)),
        ("main/funding USDT drops 30% and 5 for 1h", ("in", "for", 35)),
        ("main/funding USDT drops 30% in 1", (WINDOW, "1", 32)),
        ("main/funding USDT drops 30% in 0h", (WINDOW, "0h", 32)),
        ("main/funding USDT drops 30% in 8d", (WINDOW, "8d", 32)),
        ("m USDT drops 30% in 1h · clear 30%", ("a clear level below the limit 30%", "30%", 32)),
        ("m USDT drops 30% in 1h · clear 5", ("a clear level such as 20%", "5", 32)),
        ("main/funding USDT lasts > 24h", ("<", ">", 25)),
        ("main/funding USDT lasts 24h", ("<", "24h", 25)),
        ("main/funding USDT lasts < 24", (LEFT, "24", 27)),
        ("m USDT lasts < 24h · clear 12h", ("a clear level not below the limit 1d", "12h", 28)),
        ("m USDT lasts < 24h · clear 50", ("a clear level such as 30h, 365d at most", "50", 28)),
        ("m USDT < 5 · remind 4", (REMIND, "4", 21)),
        ("m USDT < 5 · remind", (REMIND, "", 20)),
        ("main total drops 5% in 1h", ("< or >", "drops", 12)),
        ("main total < lots USD", ("a limit such as 10000", "lots", 14)),
        ("main total < 10000", (MONEY, "", 19)),
        ("main total < 10000 DOGE", (MONEY, "DOGE", 20)),
        ("main total available < 5 USD", ("< or >", "available", 12)),
        ("sum main total < 5 USD", (SUM_COIN, "total", 10)),
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
        ("sum USDT < 5", (SUM_COIN, "<", 10)),
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
    assert str(caught.value) == "expected < or > or drops or lasts, got «<<» at column 19"
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


spans = st.integers(1, 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))
windows = st.integers(1, 7 * 86400).map(lambda seconds: timedelta(seconds=seconds))
percents = st.decimals("0.01", 100, places=2)


@st.composite
def levels(draw: st.DrawFn, measure: str, comparison: str) -> tuple[Decimal, Decimal]:
    """Draw a limit, and a clear level on the safe side of it."""
    kinds = {"drop": percents, "runway": spans.map(lambda s: Decimal(int(s.total_seconds())))}
    kind = kinds.get(measure, amounts)
    limit, other = sorted([draw(kind), draw(kind)], reverse=comparison == ">")
    return limit, other if measure != "drop" or other < limit else Decimal(0)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw anything that a line can say."""
    measure = draw(st.sampled_from(["amount", "value", "drop", "runway"]))
    signs = {"drop": [">"], "runway": ["<"]}.get(measure, ["<", ">"])
    comparison = draw(st.sampled_from(signs))
    limit, clear = draw(levels(measure, comparison))
    money = measure == "value"
    asset = st.sampled_from(["USD", "USDT", "BTC", "EUR", "CNY"]) if money else coins
    return rule(
        draw(patterns.filter(lambda text: text.lower() not in RESERVED)),
        draw(asset.filter(lambda text: text.lower() not in RESERVED)),
        str(limit),
        comparison=comparison,
        measure=measure,
        summed=money or draw(st.booleans()),
        part="total" if money else draw(st.sampled_from(["total", "available"])),
        window=draw(windows) if measure == "drop" else None,
        least=draw(st.none() | amounts) if measure == "drop" else None,
        for_reads=draw(st.integers(1, MAX_READS)),
        clear=draw(st.sampled_from([None, clear])),
        remind=draw(st.none() | spans),
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
            *("30%", "in", "and", "1h", "90s", "USD", "%", "0%"),
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


def test_a_fall_breaks_the_rule_at_the_limit() -> None:
    """`drops 30%` means 30 % or more; it is over below 28.5 %, or where the rule says."""
    fall = parse_rule("m USDT drops 30% in 1h")
    assert [fall.is_broken_by(Decimal(n)) for n in ("30", "29.99")] == [True, False]
    assert [fall.is_cleared_by(Decimal(n)) for n in ("28.51", "28.5")] == [False, True]


def test_the_default_clear_level_is_five_percent_off() -> None:
    """Without `clear` the alert ends 5 % beyond the limit, on the safe side."""
    low, high = parse_rule("m USDT < 500"), parse_rule("m USDT > 500")
    assert (low.clear_level, high.clear_level) == (Decimal(525), Decimal(475))
    assert [low.is_broken_by(Decimal(n)) for n in (499, 500)] == [True, False]
    assert [high.is_broken_by(Decimal(n)) for n in (501, 500)] == [True, False]
    assert [low.is_cleared_by(Decimal(n)) for n in (524, 525)] == [False, True]
    assert [high.is_cleared_by(Decimal(n)) for n in (476, 475)] == [False, True]
