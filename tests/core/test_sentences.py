"""Sentences of the core: English as they are, and ready to be said otherwise."""

import pytest

from bot.core.errors import UnknownName
from bot.core.sentences import Sentence, either


def test_it_is_the_english_sentence() -> None:
    """Whoever knows of no language reads it as any text."""
    sentence = Sentence("a limit such as {example}", example="500")
    assert sentence == "a limit such as 500"
    assert f"expected {sentence}" == "expected a limit such as 500"


def test_it_remembers_what_was_filled_in() -> None:
    """Braces in a fact are the fact's own; of several names each would do."""
    sentence = Sentence("such as {names}", names=("{a}", "b"))
    assert sentence == "such as {a} or b"
    assert (sentence.text, sentence.facts) == ("such as {names}", {"names": ("{a}", "b")})


@pytest.mark.parametrize(
    ("names", "told"),
    [("a", "a"), ("ab", "a or b"), ("abc", "a, b or c"), ("abcd", "a, b, c or d")],
)
def test_several_of_which_each_would_do(names: str, told: str) -> None:
    assert either(tuple(names)) == told
    assert Sentence("such as {names}", names=tuple(names)) == f"such as {told}"
    assert str(UnknownName("x", tuple(names))).endswith(f"did you mean {told}?")
