"""The owner of all tasks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class Tasks:
    """The owner of all tasks that outlive the call which started them."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[None]:
        """Let tasks be started within; at the end all of them are cancelled and waited for."""
        async with asyncio.TaskGroup() as self._group:
            yield

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Start a task; an error that it lets out ends the app."""
        if self._group is None:
            work.close()
            raise RuntimeError("nothing owns tasks yet")
        return self._group.create_task(work, name=name)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Start a task; see the port `Spawn`."""
        self.start(work, name=name)
