"""A chart as it is handed to the process that draws it: floats, words, and nothing to work out.

What is exact stays in the caption; a picture has no room for more than a float.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

Value = float | None


@dataclass(frozen=True, slots=True)
class Strip:
    """What is drawn on top of another."""

    name: str
    """What it is and what gives it its colour; empty: all the others."""
    values: tuple[Value, ...]
    """None: not known; nothing is drawn there."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn; times are seconds since 1970."""

    title: str
    subtitle: str
    unit: str
    times: tuple[float, ...]
    totals: tuple[Value, ...]
    unread: tuple[bool, ...]
    """Where something was not read, so that what is drawn is not all."""
    strips: tuple[Strip, ...]
    """The largest first; it lies at the bottom."""
    ticks: tuple[tuple[float, str], ...]
    """Where the axis of time is marked, and what is written there."""
    limits: tuple[tuple[float, str], ...]
    """Levels, and what is written on their lines."""
    marks: tuple[tuple[float, bool], ...]
    """Where alerts began (true) and ended."""
    words: Mapping[str, str]
    """What `others`, `unread`, `raised` and `cleared` are called; and the `point` of a number."""

    def encode(self) -> bytes:
        """Write it down for the process that draws."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, written: bytes) -> "Picture":
        """Read what `encode` wrote."""
        told = json.loads(written)
        told["strips"] = tuple(
            Strip(strip["name"], tuple(strip["values"])) for strip in told["strips"]
        )
        return cls(**told)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What has been drawn."""

    png: bytes
    numbered: Mapping[str, str]
    """Names that no font here can write, by what stands for them in the picture."""
    speechless: bool = False
    """Whether there are words of ours, too, that no font here can write."""

    def encode(self) -> bytes:
        """Write it down for who waits for it."""
        return json.dumps([self.numbered, self.speechless]).encode() + b"\n" + self.png

    @classmethod
    def decode(cls, written: bytes) -> "Drawn":
        """Read what `encode` wrote."""
        told, _, png = written.partition(b"\n")
        numbered, speechless = json.loads(told)
        return cls(png, numbered, speechless)
