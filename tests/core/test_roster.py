"""The roster: what is told when a list of sub-accounts is not what it was."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import SubAccountsChanged
from bot.core.portfolio import Account
from bot.core.roster import roster_change
from bot.fetchers.model import SubAccount

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
rosters = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.booleans())


def account(subs: dict[str, bool]) -> Account:
    bare = Account("main", "okx", ("funding",), timedelta(minutes=1), sub_wallets=("sub:*",))
    return bare.with_subs(SubAccount(name, frozen) for name, frozen in subs.items())


def test_each_kind_of_change() -> None:
    """Who came, went, froze and thawed, in one event; one who comes frozen has only come."""
    before = {"a": False, "b": True, "c": False, "d": False}
    after = {"a": True, "b": False, "c": False, "e": True}
    assert roster_change(account(before), account(after), at=NOW) == (
        SubAccountsChanged(
            account="main", added=("e",), gone=("d",), frozen=("a",), thawed=("b",), at=NOW
        ),
    )


@given(rosters, rosters)
def test_what_is_told_leads_from_one_to_the_other(
    before: dict[str, bool], after: dict[str, bool]
) -> None:
    """Whoever heard every event knows who is there and who is frozen; no change, no event."""
    heard = dict(before)
    events = roster_change(account(before), account(after), at=NOW)
    assert bool(events) == (before != after)
    for event in events:
        heard = {name: frozen for name, frozen in heard.items() if name not in event.gone}
        heard |= dict.fromkeys(event.frozen, True) | dict.fromkeys(event.thawed, False)
        heard |= {name: after[name] for name in event.added}
    assert heard == after
