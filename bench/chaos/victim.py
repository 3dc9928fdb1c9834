"""Lives of the bot: a process that has imported everything, and forks a child for each life.

    python -m bench.chaos.victim

It reads orders, a line of JSON each, and answers with two lines: the process id, and how it
ended. A child is the bot as `balance-bot run` starts it, with settings from its environment and a
database that survives it. What a life waits for is compressed, so that a thousand of them take
minutes; see `HASTE`. Nothing else differs but the seams where it is watched and killed.
"""

import asyncio
import importlib
import json
import os
import random
import sys
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bot.app
import bot.units
from bench.chaos.seams import AS_IT_IS, Doom, Journal, Seams
from bot.fetchers import Pacer
from bot.log import set_up_log
from bot.settings import load_settings, require_bot

HASTE: dict[str, Any] = {
    "bot.running.CHECK_TICK_S": 0.2,
    "bot.running.DIGEST_TICK_S": 0.2,
    "bot.core.delivery.FIRST_PAUSE": timedelta(seconds=0.05),
    "bot.core.delivery.DOUBT_PAUSES": (timedelta(seconds=0.1),),
    "bot.chat.pace.Pacer": partial(Pacer, enabled=False),
    "bot.services.deliver_outbox.LOOK_EVERY_S": 0.1,
    "bot.chat.application.ANSWER_S": 3.0,
    "bot.chat.poller.POLL_S": 2,
    "bot.chat.poller.ANSWER_S": 3,
    "bot.chat.poller.BREATH_S": 0.05,
}
"""How often to look what is due, how long to wait before sending again and for an answer."""
NO_GAP = {"bot.core.alerts.MIN_GAP": timedelta(0)}
"""A subject may go low again as soon as it has recovered."""


@dataclass(frozen=True, slots=True)
class Order:
    """How one life is to be."""

    environ: dict[str, str]
    folder: str
    journal: str
    point: str | None = None
    """Where it ends itself; None: it does not."""
    nth: int = 1
    ahead_s: float = 0
    """How far its clock is ahead."""
    build: str = AS_IT_IS
    hasty: bool = True

    def line(self) -> bytes:
        """Write it down."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Fork a life for each order, and tell when it has ended."""
    assert threading.active_count() == 1, "a process with threads must not be forked"
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(_live(Order(**json.loads(line))))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _live(order: Order) -> int:
    """Be the bot, until something ends it."""
    _leave_the_parent(Path(order.folder))
    os.environ.clear()
    os.environ.update(order.environ)
    settings = load_settings()
    require_bot(settings)
    set_up_log(level=settings.log.level, style="text", secrets=settings.secrets)
    _hurry(NO_GAP | (HASTE if order.hasty else {}))
    _watch(Seams(Doom(order.point, order.nth), Journal(Path(order.journal)), build=order.build))
    asyncio.run(_run(settings, timedelta(seconds=order.ahead_s)))
    return 0


def _leave_the_parent(folder: Path) -> None:
    """Have a folder, a log and chance of one's own."""
    os.chdir(folder)
    log = os.open("bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(here, there)
    random.seed()


def _hurry(names: dict[str, Any]) -> None:
    for name, value in names.items():
        module, _, attribute = name.rpartition(".")
        where = importlib.import_module(module)
        assert hasattr(where, attribute), f"there is no {name} any more"
        setattr(where, attribute, value)


def _watch(seams: Seams) -> None:
    root: Any = bot.app
    units: Any = bot.units
    units.units_of = seams.units_of(units.units_of)
    root.reader_of = seams.reader_of(root.reader_of)
    root.TelegramSender = seams.sender()


async def _run(settings: Any, ahead: timedelta) -> None:
    async with bot.app.open_app(settings, clock=lambda: datetime.now(UTC) + ahead) as app:
        await app.run()


if __name__ == "__main__":
    main()
