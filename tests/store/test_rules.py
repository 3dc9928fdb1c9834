"""Rules of the chats and drafts come back as they went in, and no number comes back."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.rules import parse_rule
from bot.services.ports import OpenUnit

LOW = parse_rule('main/funding USDT < 500.10 · critical · "“it\'s” <b>"')


async def test_rule_comes_back_whole(open_unit: OpenUnit, now: datetime) -> None:
    """What was made, paused and deleted is the same after a round trip, in order."""
    async with open_unit() as unit:
        first = await unit.rules.add(LOW, by="Ada <i>", at=now)
        second = await unit.rules.add(LOW, by="You", at=now)
        changed = replace(first, rule=parse_rule("* ETH > 1"), paused=True, deleted_at=now)
        await unit.rules.save(changed)
    async with open_unit() as unit:
        assert list(await unit.rules.load()) == [changed, second]
    assert (second.rule, second.made_by, second.made_at) == (LOW, "You", now)
    assert [first.in_force, changed.in_force] == [True, False]


async def test_number_of_a_forgotten_rule_is_not_used_again(
    open_unit: OpenUnit, now: datetime
) -> None:
    """Only what was deleted long enough ago goes."""
    async with open_unit() as unit:
        kept = await unit.rules.add(LOW, by="You", at=now)
        gone = await unit.rules.add(LOW, by="You", at=now)
        await unit.rules.save(replace(gone, deleted_at=now))
        await unit.rules.forget(before=now)
        assert len(await unit.rules.load()) == 2
        await unit.rules.forget(before=now + timedelta(seconds=1))
        assert list(await unit.rules.load()) == [kept]
        assert (await unit.rules.add(LOW, by="You", at=now)).id > gone.id


async def test_draft_waits_for_its_own_user(open_unit: OpenUnit, now: datetime) -> None:
    """It is found by chat and user while it waits, the newest first, and else by its number."""
    async with open_unit() as unit:
        silent = await unit.drafts.add(-1, 1, text="main USDT < 5", edits=None, at=now)
        old = await unit.drafts.add(-1, 1, text="", edits=None, at=now)
        new = await unit.drafts.add(-1, 1, text="", edits=7, at=now)
        old, new = replace(old, question=5), replace(new, question=6, text="main", became=3)
        await unit.drafts.save(old)
        await unit.drafts.save(new)
        assert await unit.drafts.waiting(-1, 1) == new
        assert await unit.drafts.waiting(-1, 2) is None
        assert await unit.drafts.waiting(1, 1) is None
        assert await unit.drafts.load(silent.id) == silent
        await unit.drafts.remove(new.id)
        assert await unit.drafts.load(new.id) is None
        assert await unit.drafts.waiting(-1, 1) == old
        await unit.drafts.forget(before=now + timedelta(seconds=1))
        assert await unit.drafts.waiting(-1, 1) is None
        assert (await unit.drafts.add(-1, 1, text="", edits=None, at=now)).id > new.id
