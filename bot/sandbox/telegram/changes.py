"""A signal that wakes everybody who waits for the next change."""

import asyncio


class Signal:
    """Tell all waiters at once that something has changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def send(self) -> None:
        """Wake all who wait now; who waits from now on waits for the next one."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next change."""
        await self._event.wait()
