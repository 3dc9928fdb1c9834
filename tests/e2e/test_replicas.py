"""Several processes on one PostgreSQL: they share the checks, and one talks to Telegram."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import NullPool, create_engine, text

from bot.chat.views.words import BROKEN
from bot.cli.run import OUTDATED
from bot.clock import utc_now
from bot.services import lead
from bot.services.ports import OpenUnit
from bot.store.database import open_beside, open_database
from bot.store.postgres import CONNECTIONS
from bot.store.unit_of_work import units_of
from bot.units import Units
from tests.e2e.conftest import GROUP, MAIN_ENDPOINT, Scene
from tests.e2e.test_process import started
from tests.e2e.test_webhook import free_port


@pytest.fixture
def shared(scene: Scene, postgres_url: str) -> Scene:
    """Have the scene's database on a server; each account is due every second."""
    scene.environ |= {
        "BOT_DATABASE_URL": postgres_url,
        "BOT_CHECK_EVERY": "1s",
        "BOT_LOG__FORMAT": "json",
    }
    return scene


class Crew:
    """Processes by their place; which of them leads is read in the log."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.processes: list[Process] = []
        self.leading: asyncio.Queue[Process] = asyncio.Queue()
        self.log: list[str] = []
        self._readers: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def of(self, number: int) -> AsyncIterator["Crew"]:
        """Start so many, and end what is left of them."""
        async with AsyncExitStack() as stack:
            for _ in range(number):
                process = await stack.enter_async_context(started(self._scene, "run"))
                self.processes.append(process)
                self._readers.append(asyncio.ensure_future(self._read(process)))
            try:
                yield self
            finally:
                for process in self.processes:
                    if process.returncode is None:
                        process.kill()
                await asyncio.gather(*self._readers)

    async def _read(self, process: Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            text = line.decode()
            self.log.append(text)
            if "talks to Telegram now" in text:
                self.leading.put_nowait(process)

    async def leader(self) -> Process:
        """Wait until another one leads."""
        try:
            return await asyncio.wait_for(self.leading.get(), 60)
        except TimeoutError:
            raise AssertionError("nobody leads:\n" + "".join(self.log)) from None


async def test_another_takes_over(shared: Scene) -> None:
    """The one that leads is killed: what is asked meanwhile is answered, once, and alerts come."""
    async with Crew(shared).of(3) as crew:
        first = await crew.leader()
        await shared.telegram.wait_for_call("getUpdates", lambda _: True, timeout=20)
        shared.say("/start")
        await shared.telegram.wait_for_message(shared.you.id, "/balance", timeout=20)
        first.send_signal(signal.SIGKILL)
        asked = shared.say("/whoami")
        shared.okx.set("funding", "USDT", available="320.5")
        second = await crew.leader()
        assert second is not first
        await shared.telegram.wait_for_message(
            shared.you.id, str(shared.you.id), after=asked, timeout=20
        )
        # The account may be the dead one's until its lease has run out.
        await shared.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=60)
        await asyncio.sleep(2)
    answers = [m for m in shared.said(str(shared.you.id)) if m.id > asked.id]
    assert len(answers) == 1
    assert len(shared.said("USDT low", chat_id=GROUP)) == 1
    assert [line for line in crew.log if '"level": "error"' in line] == []


async def test_who_is_outdated_ends(shared: Scene, postgres_url: str) -> None:
    """A newer version has changed the database: all others end with 1 and let go."""
    async with Crew(shared).of(2) as crew:
        await crew.leader()
        await shared.telegram.wait_for_call("getUpdates", lambda _: True, timeout=20)
        engine = create_engine(postgres_url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        async with asyncio.timeout(20):
            assert [await process.wait() for process in crew.processes] == [1, 1]
        with engine.begin() as connection:
            led = "SELECT count(*) FROM leases WHERE until > now()"
            assert connection.scalar(text(led)) == 0
    said = [line for line in crew.log if not line.startswith("{")]
    assert said == ["BOT_DATABASE_URL: " + OUTDATED + "\n"] * 2
    assert [line for line in crew.log if '"level": "error"' in line] == []


async def test_they_share_the_checks(shared: Scene) -> None:
    """Two read no account more often than one would."""
    async with Crew(shared).of(2) as crew:
        await crew.leader()
        async with asyncio.timeout(60):
            while min(read(shared).values()) < 2:  # noqa: ASYNC110 - the journal rings no bell
                await asyncio.sleep(0.1)
        before = read(shared)
        await asyncio.sleep(6)
        after = read(shared)
    assert all(2 <= after[slug] - before[slug] <= 7 for slug in MAIN_ENDPOINT)


async def test_who_does_not_lead_takes_posts_in(shared: Scene) -> None:
    """Whoever of them Telegram's post reaches keeps it; who leads answers, also after a change."""
    ports = free_port(), free_port()
    shared.environ |= {
        "BOT_TELEGRAM__WEBHOOK_URL": f"http://127.0.0.1:{ports[1]}/telegram",
        "BOT_TELEGRAM__WEBHOOK_SECRET": "a-secret-of-sixteen-and-more",
        "BOT_WEB__LISTEN": f"127.0.0.1:{ports[0]}",
    }
    async with Crew(shared).of(1) as first:
        leader = await first.leader()
        shared.environ["BOT_WEB__LISTEN"] = f"127.0.0.1:{ports[1]}"
        async with Crew(shared).of(1) as second:
            await shared.telegram.wait_for_message(
                shared.you.id, str(shared.you.id), after=shared.say("/whoami"), timeout=60
            )
            leader.send_signal(signal.SIGTERM)
            asked = shared.say("/whoami")
            assert await second.leader() is second.processes[0]
            await shared.telegram.wait_for_message(
                shared.you.id, str(shared.you.id), after=asked, timeout=60
            )
    assert len(shared.said(str(shared.you.id))) == 2


async def test_a_command_outlives_the_lead(shared: Scene) -> None:
    """Another has taken it over, and dies: what was said meanwhile is done in the end, once."""
    async with shared.bot() as app:
        await shared.telegram.wait_for_message(
            shared.you.id, "/balance", after=shared.say("/start"), timeout=60
        )
        async with app.open_side() as unit:
            now = utc_now()
            later = now + timedelta(days=1)
            until = now + timedelta(seconds=3)
            assert await unit.leases.take("another", now=later, until=until) is not None
        said = shared.say("/quiet 22:00-08:00")
        await shared.telegram.wait_for_message(shared.you.id, "22:00", after=said, timeout=60)
        async with app.open_side() as unit:
            chats = {chat.chat_id: chat for chat in await unit.chats.load()}
        assert chats[shared.you.id].quiet is not None
    assert shared.said(BROKEN) == []
    assert len([m for m in shared.said("22:00") if m.id > said.id]) == 1


async def test_who_leads_forgets_what_was_left_behind(
    shared: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process with older settings was the last that named an account."""
    monkeypatch.setattr("bot.running.FORGET_TICK_S", 0.2)
    monkeypatch.setattr("bot.services.follow.LEFT_AFTER", timedelta(seconds=1))
    async with shared.bot() as app, asyncio.timeout(60):
        while not app.vitals.leads:  # noqa: ASYNC110 - it forgets what there is when it begins
            await asyncio.sleep(0.1)
        async with app.open_side() as unit:
            await unit.accounts.add_missing(["gone"], now=utc_now())
        while await names_of(app.open_side) != {"main", "coinw", "xt"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def names_of(open_unit: OpenUnit) -> set[str]:
    async with open_unit() as unit:
        return set(await unit.accounts.due())


async def test_the_lease_waits_for_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody works alone for longer than it lasts, and checks wait on all our connections."""
    monkeypatch.setattr(lead, "LEADS_FOR", timedelta(seconds=2))
    monkeypatch.setattr(lead, "STOP_AFTER_S", 1.5)
    monkeypatch.setattr(lead, "RENEW_EVERY_S", 0.1)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def come(open_unit: OpenUnit) -> None:
        async with open_unit():
            pass

    async with (
        open_database(postgres_url) as engine,
        open_beside(postgres_url, connections=1) as leases,
        open_database(postgres_url) as other,
    ):
        units = Units.on(engine).shared(leases, clock=utc_now)
        assert units.lead is not None
        leading = asyncio.ensure_future(units.lead.run(work))
        await asyncio.wait_for(begun.wait(), 10)
        async with units_of(other)():
            checks = [asyncio.ensure_future(come(units.open_side)) for _ in range(CONNECTIONS)]
            await asyncio.sleep(3)
            assert not any(check.done() for check in checks)
            assert not ended.is_set()
        await asyncio.gather(*checks)
        leading.cancel()
        await asyncio.wait({leading})


def read(scene: Scene) -> dict[str, int]:
    """Count how often each account was read."""
    return {
        slug: sum(entry.endpoint == endpoint for entry in scene.exchanges[slug].journal)
        for slug, endpoint in MAIN_ENDPOINT.items()
    }
