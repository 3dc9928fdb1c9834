"""Rules made in chats: they alert like those of the settings, and what changes is told."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.rules import parse_rule
from bot.services.draft_rules import DraftRules
from bot.services.manage_rules import UNDO_FOR, ManageRules, RuleChange

OWNER = 1001
TRADING = "main/trading USDT < 100"


@pytest.fixture
async def checks(house: Any) -> Any:
    """Start with one wallet low, which no rule of the settings is about."""
    house.exchange.answers |= {"main/funding": {"USDT": "900"}, "main/trading": {"USDT": "1"}}
    return await house.start()


async def make(house: Any, line: str, *, edits: int | None = None) -> RuleChange:
    drafts = DraftRules(watched=house.watched, open_unit=house.open_unit, clock=house.clock)
    draft = await drafts.begin(OWNER, OWNER, text=line, edits=edits)
    change = await house.build_rules().accept(draft.id, by="Ada")
    assert isinstance(change, RuleChange)
    return change


async def kinds(house: Any) -> list[str]:
    return [event.kind for parcel in await house.queued() for event in parcel.events]


async def test_it_fires_from_the_next_check_on_and_after_a_restart(
    house: Any, checks: Any
) -> None:
    """A new rule is judged at once; a restart takes it up and repeats nothing."""
    await house.check(checks)
    change = await make(house, TRADING)
    assert (change.made.name, change.made.made_by, change.ended) == ("#1", "Ada", 0)
    assert await kinds(house) == []
    await house.check(checks)
    assert await kinds(house) == ["alert_raised"]
    checks = await house.start()
    await house.check(checks)
    assert await kinds(house) == []
    house.exchange.answers["main/trading"] = {"USDT": "500"}
    await house.check(checks)
    assert await kinds(house) == ["alert_cleared"]


async def test_both_kinds_are_listed(house: Any, checks: Any) -> None:
    """The fixed ones come first; of the others it is told who made them."""
    await make(house, TRADING)
    await house.check(checks)
    low, theirs = await house.build_rules().status()
    assert (low.name, low.made) == ("low", None)
    assert (theirs.name, theirs.made.made_by, str(theirs.rule)) == ("#1", "Ada", TRADING)
    assert [state.phase for state in theirs.states] == ["firing"]


@pytest.mark.parametrize("how", ["pause", "delete", "edit"])
async def test_an_alert_that_goes_with_its_rule_is_told(house: Any, checks: Any, how: str) -> None:
    """Nothing ends silently: each of them ends the alert with a word and says how many."""
    made = (await make(house, TRADING)).made
    await house.check(checks)
    assert await kinds(house) == ["alert_raised"]
    house.changed.clear()
    rules = house.build_rules()
    change = (
        await make(house, "main/trading USDT < 50", edits=made.id)
        if how == "edit"
        else await getattr(rules, how)(made.id)
    )
    assert (change.ended, change.done) == (1, True)
    assert await kinds(house) == ["alert_ended"]
    assert house.changed.is_set()
    await house.check(checks)
    assert await kinds(house) == (["alert_raised"] if how == "edit" else [])


async def test_other_options_leave_the_alert(house: Any, checks: Any) -> None:
    """A note changes nothing that an alert was told for."""
    made = (await make(house, TRADING)).made
    await house.check(checks)
    await kinds(house)
    change = await make(house, f'{TRADING} · "for the bot"', edits=made.id)
    await house.check(checks)
    assert change.ended == 0
    assert await kinds(house) == []


async def test_paused_until_resumed(house: Any, checks: Any) -> None:
    """Nothing is judged meanwhile, over a restart; then it is judged afresh."""
    made = (await make(house, TRADING)).made
    await house.build_rules().pause(made.id)
    checks = await house.start()
    await house.check(checks)
    assert await kinds(house) == []
    _, status = await house.build_rules().status()
    assert (status.made.paused, status.states) == (True, ())
    await house.build_rules().resume(made.id)
    await house.check(checks)
    assert await kinds(house) == ["alert_raised"]


async def test_deleted_and_had_back(house: Any, checks: Any) -> None:
    """Within the hour it can be had back as it was, paused or not; then it is gone."""
    rules: ManageRules = house.build_rules()
    made = (await make(house, TRADING)).made
    await rules.pause(made.id)
    await rules.delete(made.id)
    assert await rules.find(made.id) is None
    house.clock.advance(minutes=59)
    back = await rules.restore(made.id)
    assert back is not None
    assert (back.made.paused, back.made.deleted_at) == (True, None)
    await rules.delete(made.id)
    house.clock.now += UNDO_FOR
    assert await rules.restore(made.id) is None
    assert len(await rules.status()) == 1
    house.clock.now += timedelta(seconds=1)
    await rules.settle()
    async with house.open_unit() as unit:
        assert await unit.rules.load() == []


async def test_pressed_twice(house: Any, checks: Any) -> None:
    """The second time nothing is done, and that is known; a deleted rule is left alone."""
    rules: ManageRules = house.build_rules()
    made = (await make(house, TRADING)).made
    for press in (rules.pause, rules.resume, rules.delete):
        first = await press(made.id)
        house.clock.advance(minutes=1)
        second = await press(made.id)
        assert first is not None
        assert second is not None
        assert (first.done, second.done) == (True, False)
        assert first.made == second.made
    for press in (rules.pause, rules.resume):
        left = await press(made.id)
        assert left is not None
        assert (left.done, left.made.deleted_at is None) == (False, False)
    for press in (rules.pause, rules.resume, rules.delete, rules.restore):
        assert await press(made.id + 1) is None


async def test_added_twice_is_one_rule(house: Any, checks: Any) -> None:
    """The same draft is one rule, however often it is accepted; an edit is not undone by it."""
    rules: ManageRules = house.build_rules()
    drafts = DraftRules(watched=house.watched, open_unit=house.open_unit, clock=house.clock)
    draft = await drafts.begin(OWNER, OWNER, text=TRADING)
    first, second = [await rules.accept(draft.id, by="Ada") for _ in range(2)]
    assert first is not None
    assert second is not None
    assert (first.made, first.done, second.done) == (second.made, True, False)
    await make(house, "main/trading USDT < 50", edits=first.made.id)
    again = await rules.accept(draft.id, by="Ada")
    assert again is not None
    assert again.made.rule == parse_rule("main/trading USDT < 50")
    assert len(await rules.status()) == 2
    assert not await drafts.cancel(draft.id)


async def test_what_was_deleted_meanwhile_is_not_edited(house: Any, checks: Any) -> None:
    """An edit of a rule that is gone makes no new one."""
    rules: ManageRules = house.build_rules()
    drafts = DraftRules(watched=house.watched, open_unit=house.open_unit, clock=house.clock)
    made = (await make(house, TRADING)).made
    draft = await drafts.begin(OWNER, OWNER, text="main USDT < 1", edits=made.id)
    await rules.delete(made.id)
    assert await rules.accept(draft.id, by="Ada") is None
    house.clock.now += UNDO_FOR + timedelta(seconds=1)
    assert await rules.accept(draft.id, by="Ada") is None
    assert len(await rules.status()) == 1


async def test_a_draft_that_was_led_back_is_no_rule(house: Any, checks: Any) -> None:
    """An older copy of the question cuts the text; the button below the newer one is old then."""
    drafts = DraftRules(watched=house.watched, open_unit=house.open_unit, clock=house.clock)
    draft = await drafts.begin(OWNER, OWNER, text=TRADING)
    await drafts.choose(draft.id, "coin", "BTC")
    assert await house.build_rules().accept(draft.id, by="Ada") is None
    assert len(await house.build_rules().status()) == 1
    await drafts.fill(draft.id, TRADING)
    assert await house.build_rules().accept(draft.id, by="Ada") is not None


async def test_a_change_that_is_not_kept_is_not_watched(
    house: Any, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the transaction fails, all is as before: the rule, its alert, what is watched."""
    made = (await make(house, TRADING)).made
    await house.check(checks)
    await kinds(house)

    async def full(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("bot.store.outbox.SqlOutbox.add", full)
    with pytest.raises(OSError, match="full"):
        await house.build_rules().delete(made.id)
    monkeypatch.undo()
    assert "#1" in house.watched.rules
    _, status = await house.build_rules().status()
    assert [state.phase for state in status.states] == ["firing"]
    house.exchange.answers["main/trading"] = {"USDT": "500"}
    await house.check(checks)
    assert await kinds(house) == ["alert_cleared"]
