"""The two tables whose keys keep things from happening twice: digests and updates."""

from datetime import date, datetime, timedelta

from bot.services.ports import OpenUnit

DAY = date(2026, 1, 15)


async def test_one_digest_per_chat_and_date(open_unit: OpenUnit, now: datetime) -> None:
    """A date is taken once a chat, also by a later unit; other chats and dates are free."""
    async with open_unit() as unit:
        assert await unit.digests.add(1, DAY, at=now)
    async with open_unit() as unit:
        assert not await unit.digests.add(1, DAY, at=now + timedelta(hours=1))
        assert await unit.digests.add(2, DAY, at=now)
        assert await unit.digests.add(1, DAY + timedelta(days=1), at=now + timedelta(days=1))


async def test_each_period_has_dates_of_its_own(open_unit: OpenUnit, now: datetime) -> None:
    """A week's digest is another than a day's, also of the same date; and goes back elsewhere."""
    async with open_unit() as unit:
        assert await unit.digests.add(1, DAY, at=now)
        assert await unit.digests.add(1, DAY, period="weekly", at=now)
        assert not await unit.digests.add(1, DAY, period="weekly", at=now)
        later = DAY + timedelta(days=1)
        assert await unit.digests.last_before(1, later, period="monthly") is None
        assert await unit.digests.last_before(1, later, period="weekly") == now
        assert set(await unit.digests.dates(1, since=DAY)) == {DAY}
        assert set(await unit.digests.dates(1, since=later)) == set()


async def test_digest_before(open_unit: OpenUnit, now: datetime) -> None:
    """The digest before is the newest of an earlier date in the same chat."""
    async with open_unit() as unit:
        assert await unit.digests.last_before(1, DAY) is None
        for days in (-5, -2, 0):
            at = now + timedelta(days=days)
            await unit.digests.add(1, DAY + timedelta(days=days), at=at)
        assert await unit.digests.last_before(1, DAY) == now - timedelta(days=2)
        assert await unit.digests.last_before(2, DAY) is None


async def test_old_digests_go(open_unit: OpenUnit, now: datetime) -> None:
    """Some of them in each step, whatever their chats and periods; the date itself stays."""
    async with open_unit() as unit:
        for days in range(-1, 150):
            for period in ("daily", "weekly"):
                date_of = DAY - timedelta(days=days)
                assert await unit.digests.add(days % 2, date_of, period=period, at=now)
        steps = [await unit.digests.forget(before=DAY) for _ in range(3)]
        assert steps == [True, False, False]
        left = [
            await unit.digests.dates(chat, since=date.min, period=period)
            for chat in (0, 1)
            for period in ("daily", "weekly")
        ]
    assert left == [{DAY}, {DAY}, {DAY + timedelta(days=1)}, {DAY + timedelta(days=1)}]


async def test_update_is_kept_once(open_unit: OpenUnit, now: datetime) -> None:
    """An update that comes again is left alone: neither replaced nor handled again."""
    async with open_unit() as unit:
        await unit.inbox.add({7: '{"n": 1}', 8: '{"n": 2}'}, at=now)
        await unit.inbox.mark_handled(7, at=now)
        await unit.inbox.add({7: '{"n": 99}', 8: '{"n": 99}', 9: "ü"}, at=now)
    async with open_unit() as unit:
        assert await unit.inbox.unhandled() == {8: '{"n": 2}', 9: "ü"}


async def test_unhandled_come_in_order(open_unit: OpenUnit, now: datetime) -> None:
    """Whatever order they were kept in, updates are handled in Telegram's."""
    async with open_unit() as unit:
        await unit.inbox.add({12: "c", 10: "a", 11: "b"}, at=now)
        await unit.inbox.add({}, at=now)
        assert list(await unit.inbox.unhandled()) == [10, 11, 12]


async def test_sweep_keeps_what_matters(open_unit: OpenUnit, now: datetime) -> None:
    """Old handled updates go, and what nobody has handled stays."""
    async with open_unit() as unit:
        await unit.inbox.add({1: "old", 2: "never handled"}, at=now)
        await unit.inbox.mark_handled(1, at=now)
        await unit.inbox.forget(before=now)
        await unit.inbox.add({1: "again"}, at=now)
        assert list(await unit.inbox.unhandled()) == [2]  # nothing was deleted too early …
        await unit.inbox.forget(before=now + timedelta(seconds=1))
        assert await unit.inbox.unhandled() == {2: "never handled"}
        await unit.inbox.add({1: "old"}, at=now)
        assert 1 in await unit.inbox.unhandled()  # … and then it really was deleted


async def test_what_is_new_is_told(open_unit: OpenUnit, now: datetime) -> None:
    """Only what was not there before is to be handled."""
    async with open_unit() as unit:
        assert list(await unit.inbox.add({1: "a", 2: "b"}, at=now)) == [1, 2]
        assert list(await unit.inbox.add({3: "c", 2: "b"}, at=now)) == [3]
        assert list(await unit.inbox.add({}, at=now)) == []


async def test_old_updates_go_in_steps(open_unit: OpenUnit, now: datetime) -> None:
    """Some in each step."""
    async with open_unit() as unit:
        await unit.inbox.add(dict.fromkeys(range(300, 0, -1), ""), at=now)
        for number in range(300, 0, -1):
            await unit.inbox.mark_handled(number, at=now)
        soon = now + timedelta(seconds=1)
        steps = [await unit.inbox.forget(before=soon) for _ in range(3)]
        assert steps == [True, False, False]
        assert len(await unit.inbox.add(dict.fromkeys(range(1, 301), ""), at=now)) == 300
