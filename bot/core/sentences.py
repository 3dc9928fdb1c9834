"""Sentences for a person that arise below the chat, which says them in his language."""

from collections.abc import Mapping, Sequence
from typing import Self

Fact = str | int | tuple[str, ...]
"""What is filled in; of several names each would do."""


def either(names: Sequence[str]) -> str:
    """Name in English several of which each would do: `a, b or c`."""
    most, last = names[:-1], names[-1]
    return f"{', '.join(most)} or {last}" if most else last


class Sentence(str):
    """A sentence in English, which remembers what was filled into which text.

    The texts are marked by this name: `Sentence("a limit such as {example}", example="500")`.
    """

    __slots__ = ("facts", "text")
    text: str
    facts: Mapping[str, Fact]

    def __new__(cls, text: str, /, **facts: Fact) -> Self:
        """Fill the facts into the text."""
        shown = {
            name: either(fact) if isinstance(fact, tuple) else fact for name, fact in facts.items()
        }
        made = super().__new__(cls, text.format(**shown))
        made.text, made.facts = text, facts
        return made
