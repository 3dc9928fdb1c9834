"""Leases and fences: an account is checked by one at a time, and a late one writes nothing."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.services.ports import Claim, OpenUnit
from bot.store.database import open_database
from bot.store.locks import Lock
from bot.store.unit_of_work import units_of

LEASE = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


async def claimed(open_unit: OpenUnit, now: datetime, *busy: str) -> list[str]:
    async with open_unit() as unit:
        claims = await unit.accounts.claim_due(now=now, until=now + LEASE, busy=busy, most=100)
    return sorted(claim.account for claim in claims)


async def claim(open_unit: OpenUnit, name: str, now: datetime) -> Claim | None:
    async with open_unit() as unit:
        return await unit.accounts.claim(name, now=now, until=now + LEASE)


async def have(open_unit: OpenUnit, *names: str, now: datetime) -> None:
    async with open_unit() as unit:
        await unit.accounts.add(names, now=now)
        await unit.accounts.retain(names)


async def finish(open_unit: OpenUnit, claim: Claim | None, due_at: datetime) -> bool:
    assert claim is not None
    async with open_unit() as unit:
        return list(await unit.accounts.finish({claim: due_at})) == [claim]


async def test_due_account_is_claimed_once(open_unit: OpenUnit, now: datetime) -> None:
    """What is leased is not given out again, neither because it is due nor on request."""
    await have(open_unit, "main", "xt", now=now)
    assert await claimed(open_unit, now) == ["main", "xt"]
    assert await claimed(open_unit, now) == []
    assert await claim(open_unit, "main", now) is None


async def test_claim_does_not_wait_until_due(open_unit: OpenUnit, now: datetime) -> None:
    """An account that is not due yet can be claimed by name, and only by name."""
    await have(open_unit, "main", now=now)
    await finish(open_unit, await claim(open_unit, "main", now), now + MINUTE)
    assert await claimed(open_unit, now) == []
    assert await claim(open_unit, "main", now) is not None
    assert await claim(open_unit, "unknown", now) is None


async def test_finished_account_is_due_again_in_time(open_unit: OpenUnit, now: datetime) -> None:
    """It is due at the instant that was set, not before."""
    await have(open_unit, "main", now=now)
    assert await finish(open_unit, await claim(open_unit, "main", now), now + MINUTE)
    almost = now + MINUTE - timedelta(microseconds=1)
    assert await claimed(open_unit, almost) == []
    assert await claimed(open_unit, now + MINUTE) == ["main"]


async def test_expired_lease_passes_on(open_unit: OpenUnit, now: datetime) -> None:
    """A lease that ran out can be had by the next, who gets a higher fence."""
    await have(open_unit, "main", now=now)
    old = await claim(open_unit, "main", now)
    assert await claimed(open_unit, now + LEASE - timedelta(seconds=1)) == []
    new = await claim(open_unit, "main", now + LEASE)
    assert old is not None
    assert new is not None
    assert new.fence > old.fence


async def test_what_is_finished_is_over(open_unit: OpenUnit, now: datetime) -> None:
    """Its claim holds nothing any more: it is neither finished a second time nor prolonged."""
    await have(open_unit, "main", now=now)
    held = await claim(open_unit, "main", now)
    assert held is not None
    assert await finish(open_unit, held, now + MINUTE)
    assert not await finish(open_unit, held, now + 2 * MINUTE)
    async with open_unit() as unit:
        await unit.accounts.renew([held], until=now + 3 * MINUTE)
        assert await unit.accounts.due() == {"main": now + MINUTE}
    assert await claimed(open_unit, now + MINUTE) == ["main"]


async def test_old_fence_changes_nothing(open_unit: OpenUnit, now: datetime) -> None:
    """Who comes back with a lost lease can neither prolong nor end that of the next."""
    await have(open_unit, "main", now=now)
    old = await claim(open_unit, "main", now)
    later = now + LEASE
    new = await claim(open_unit, "main", later)
    assert old is not None
    assert not await finish(open_unit, old, now)
    async with open_unit() as unit:
        await unit.accounts.renew([old], until=later + timedelta(days=1))
    assert await claimed(open_unit, later + LEASE - timedelta(seconds=1)) == []
    assert await finish(open_unit, new, later + MINUTE)
    assert await claimed(open_unit, later + MINUTE) == ["main"]


async def test_renewed_lease_lasts(open_unit: OpenUnit, now: datetime) -> None:
    """A lease that was prolonged keeps others away for longer."""
    await have(open_unit, "main", now=now)
    held = await claim(open_unit, "main", now)
    assert held is not None
    async with open_unit() as unit:
        await unit.accounts.renew([held], until=now + 2 * LEASE)
    assert await claimed(open_unit, now + LEASE) == []
    assert await claimed(open_unit, now + 2 * LEASE) == ["main"]


async def test_lease_of_a_clock_that_was_ahead(open_unit: OpenUnit, now: datetime) -> None:
    """It holds up nobody, and who has it still keeps nothing by it."""
    await have(open_unit, "main", "xt", now=now)
    ahead = now + timedelta(hours=8)
    old = await claim(open_unit, "main", ahead)
    assert await claim(open_unit, "xt", ahead) is not None
    async with open_unit() as unit:
        assert await unit.accounts.leased(["main", "xt"], now=now) == set()
    assert await claim(open_unit, "xt", now) is not None
    assert await claimed(open_unit, now) == ["main"]
    assert not await finish(open_unit, old, now)
    assert await claimed(open_unit, now) == []


async def test_what_would_wait_too_long_is_hastened(open_unit: OpenUnit, now: datetime) -> None:
    """Of those that are named; what is due within the time is left alone."""
    due = {"a": MINUTE, "b": MINUTE + timedelta(microseconds=1), "c": timedelta(days=1)}
    await have(open_unit, *due, now=now)
    for name, after in due.items():
        await finish(open_unit, await claim(open_unit, name, now), now + after)
    async with open_unit() as unit:
        await unit.accounts.hasten(["a", "b"], beyond=now + MINUTE, now=now)
        assert await unit.accounts.due() == {
            "a": now + MINUTE,
            "b": now,
            "c": now + timedelta(days=1),
        }


async def test_who_hastens_waits_for_nobody(postgres_url: str, now: datetime) -> None:
    """What another process is just writing gets a new instant from it."""
    async with open_database(postgres_url) as one, open_database(postgres_url) as other:
        await have(units_of(one), "main", now=now + timedelta(days=1))
        open_one = units_of(one, lock=Lock.SIDE_BY_SIDE)
        open_other = units_of(other, lock=Lock.SIDE_BY_SIDE)
        async with open_one() as first, open_other() as second:
            assert await first.accounts.claim("main", now=now, until=now + LEASE) is not None
            await second.accounts.hasten(["main"], beyond=now, now=now)
            assert await second.accounts.due() == {"main": now + timedelta(days=1)}


async def test_busy_account_is_not_begun_again(open_unit: OpenUnit, now: datetime) -> None:
    """Who is still busy with an account whose lease ran out does not get it a second time."""
    await have(open_unit, "main", "xt", now=now)
    assert await claimed(open_unit, now) == ["main", "xt"]
    assert await claimed(open_unit, now + LEASE, "main") == ["xt"]


async def test_start_makes_all_due_and_free(sqlite: AsyncEngine, now: datetime) -> None:
    """Whoever held a lease before the start is dead, where nobody else can have the database."""
    open_unit = units_of(sqlite)
    await have(open_unit, "main", now=now)
    await finish(open_unit, await claim(open_unit, "main", now), now + MINUTE)
    assert await claim(open_unit, "main", now) is not None
    await have(open_unit, "main", now=now)
    assert await claimed(open_unit, now) == ["main"]


async def test_start_leaves_others_alone(postgres_url: str, now: datetime) -> None:
    """Where others may be at work, their leases are theirs, and what is not due is not."""
    async with open_database(postgres_url) as engine:
        open_unit = units_of(engine)
        await have(open_unit, "main", "xt", now=now)
        await finish(open_unit, await claim(open_unit, "xt", now), now + MINUTE)
        assert await claim(open_unit, "main", now) is not None
        await have(open_unit, "main", "xt", "new", now=now)
        assert await claimed(open_unit, now) == ["new"]
        async with open_unit() as unit:
            assert await unit.accounts.leased(["main", "xt"], now=now) == {"main"}
            assert await unit.accounts.leased(["main", "xt"], now=now + LEASE) == set()


async def test_what_waits_longest_comes_first(open_unit: OpenUnit, now: datetime) -> None:
    """So many as there is room for, and of all that are due the oldest."""
    await have(open_unit, "a", "b", "c", now=now)
    for minutes, name in enumerate("cab"):
        await finish(open_unit, await claim(open_unit, name, now), now + minutes * MINUTE)
    async with open_unit() as unit:
        later = now + 5 * MINUTE
        claims = await unit.accounts.claim_due(now=later, until=later + LEASE, busy=(), most=2)
    assert sorted(claim.account for claim in claims) == ["a", "c"]


async def test_two_claim_side_by_side(postgres_url: str, now: datetime) -> None:
    """What one is just leasing, the other passes over, and does not wait for it."""
    async with open_database(postgres_url) as one, open_database(postgres_url) as other:
        await have(units_of(one), *"abcd", now=now)
        open_one = units_of(one, lock=Lock.SIDE_BY_SIDE)
        open_other = units_of(other, lock=Lock.SIDE_BY_SIDE)
        async with open_one() as first, open_other() as second:
            until = now + LEASE
            mine = await first.accounts.claim_due(now=now, until=until, busy=(), most=3)
            theirs = await second.accounts.claim_due(now=now, until=until, busy=(), most=3)
    names = [claim.account for claim in (*mine, *theirs)]
    assert len(mine) == 3
    assert sorted(names) == list("abcd")


async def test_removed_account_is_forgotten(open_unit: OpenUnit, now: datetime) -> None:
    """Accounts that the settings no longer have are not claimed; new ones are due at once."""
    await have(open_unit, "main", "old", now=now)
    await have(open_unit, "main", "new", now=now)
    assert await claimed(open_unit, now) == ["main", "new"]


async def test_what_is_being_checked_does_not_wait(open_unit: OpenUnit, now: datetime) -> None:
    """Unless it takes so long that it hangs, or nobody prolongs its lease any more."""
    await have(open_unit, "main", "xt", now=now)
    await finish(open_unit, await claim(open_unit, "xt", now), now + MINUTE)
    main = await claim(open_unit, "main", now)
    assert main is not None
    hour = timedelta(hours=1)
    for after, oldest in (
        (LEASE / 2, None),
        (LEASE, ("main", now)),
        (2 * MINUTE, ("xt", now + MINUTE)),
        (hour, ("main", now)),
    ):
        async with open_unit() as unit:
            if after > LEASE:
                await unit.accounts.renew([main], until=now + after + LEASE)
            assert await unit.accounts.oldest_due(now=now + after) == oldest
