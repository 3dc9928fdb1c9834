"""Services as a chat has them: the same, but for what they may know of and how they tell it."""

from copy import copy
from typing import TypeVar

_Service = TypeVar("_Service")


def narrowed(service: _Service, **parts: object) -> _Service:
    """Return a copy with some of its parts replaced, named without the underscore."""
    other = copy(service)
    for name, part in parts.items():
        if not hasattr(other, f"_{name}"):
            raise AttributeError(f"{type(service).__name__} has no {name}")
        setattr(other, f"_{name}", part)
    return other
