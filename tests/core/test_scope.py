"""Of what a chat may know: wallets by pattern, and sums only where all of them are among those."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.access import higher, reaches
from bot.core.portfolio import matches
from bot.core.scope import ALL, Scope

PATHS = ("main/funding", "main/trading", "main/sub:*", "main/sub:desk1", "xt/spot")


@pytest.mark.parametrize(
    ("patterns", "subject", "covered"),
    [
        (("*",), "sum *", True),
        (("main",), "main/funding", True),
        (("main",), "sum main/*", True),
        (("main",), "main", True),
        (("main",), "sum *", False),
        (("main",), "xt/spot", False),
        (("main/funding",), "main", False),
        (("main", "xt"), "sum *", True),
        (("MAIN",), "sum main/sub:*", True),
        # The list of sub-accounts belongs to a sum of them: others may come.
        (("main/sub:desk1",), "sum main/sub:*", False),
        (("main/sub:desk1",), "main/sub:desk1", True),
        # Of what is gone by now only a plain name tells whose it was.
        (("main",), "main/old", True),
        (("main",), "sum gone/*", False),
        ((), "main/funding", False),
    ],
)
def test_covers(patterns: tuple[str, ...], subject: str, covered: bool) -> None:
    assert Scope(patterns).covers(subject, PATHS) is covered


_SEGMENT = st.sampled_from(["main", "xt", "*", "m*", "sub:*", "sub:desk1", "funding", "spot"])
_PATTERN = st.builds("/".join, st.lists(_SEGMENT, min_size=1, max_size=2))


@given(patterns=st.lists(_PATTERN, max_size=3), subject=_PATTERN)
def test_what_is_covered_is_had(patterns: list[str], subject: str) -> None:
    """No subject is covered that means a path which may not be known of."""
    scope = Scope(tuple(patterns))
    if scope.covers(f"sum {subject}", PATHS):
        assert all(scope.has(path) for path in PATHS if matches(subject, path))


def test_roles_are_in_order() -> None:
    """Owners may do what managers may, and those what viewers may; nobody's role may nothing."""
    assert [reaches(role, "manager") for role in ("owner", "manager", "viewer", None)] == [
        True,
        True,
        False,
        False,
    ]
    assert higher("viewer", "manager") == higher("manager", None) == "manager"
    assert higher(None, None) is None
    assert ALL.is_all
