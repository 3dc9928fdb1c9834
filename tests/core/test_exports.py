"""What goes into a file: the words behind the command, and the longest time that fits."""

import pytest

from bot.core.exports import UnknownExportSpan, Wish, narrower, wish_of


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", Wish()),
        ("7d", Wish((), "7d")),
        ("main 1Y", Wish(("main",), "1y")),
        ("90d main/funding USDT", Wish(("main/funding", "USDT"), "90d")),
        ("1INCH", Wish(("1INCH",))),  # a coin, and no time
    ],
)
def test_words_in_any_order(said: str, expected: Wish) -> None:
    assert wish_of(said.split()) == expected


@pytest.mark.parametrize(("said", "word"), [("5d", "5d"), ("2y main", "2y"), ("7d 30d", "30d")])
def test_a_time_that_there_is_no_file_of(said: str, word: str) -> None:
    with pytest.raises(UnknownExportSpan) as caught:
        wish_of(said.split())
    assert str(caught.value) == word


def test_the_longest_time_that_fits() -> None:
    counts = {"7d": 10, "30d": 40, "90d": 100, "1y": 400}
    assert narrower(counts, most=100) == "90d"  # type: ignore[arg-type]
    assert narrower(counts, most=9) is None  # type: ignore[arg-type]
