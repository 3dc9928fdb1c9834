"""What a person can have got wrong.

CoreError
├── RuleError      a rule that does not parse, pointing at the word
└── UnknownName    a path or coin that nothing here is called, with the nearest names
"""

from dataclasses import dataclass

from typing_extensions import override

from bot.core.sentences import either


class CoreError(ValueError):
    """Something that a person wrote and can mend; `str()` is for that person."""


@dataclass
class RuleError(CoreError):
    """A rule that does not parse."""

    expected: str
    """A word of the language of rules, or a `Sentence`, which other languages can say, too."""
    got: str
    """The word at fault; empty at the end of the line."""
    column: int
    """Where it begins, counted from 1."""

    @override
    def __str__(self) -> str:
        return f"expected {self.expected}, got {self._where}"

    @property
    def _where(self) -> str:
        return f"«{self.got}» at column {self.column}" if self.got else "the end of the line"


@dataclass
class UnknownName(CoreError):
    """A path or coin that nothing here is called."""

    name: str
    nearest: tuple[str, ...]

    @override
    def __str__(self) -> str:
        known = f"; did you mean {either(self.nearest)}?" if self.nearest else ""
        return f"nothing here is called {self.name}{known}"
