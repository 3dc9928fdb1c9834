"""Looks at what may hang: nobody waits for one longer than he can."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Looking(Generic[T]):
    """Looks for whoever asks, once at a time: who asks meanwhile hears what is found, too.

    A look that takes too long is told to end, which may take ten seconds more where a server has
    frozen. Nobody waits for that, and no other begins before.
    """

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._under_way: asyncio.Task[T] | None = None

    async def now(self, *, within_s: float) -> T:
        """Return what a look finds that ends from now on.

        Raises:
            TimeoutError: it does not end within so many seconds.
        """
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.ensure_future(self._ended(within_s))
            self._under_way.add_done_callback(_heard)
        look = self._under_way
        await asyncio.wait({look}, timeout=within_s)
        if not look.done() or look.cancelled():
            raise TimeoutError
        return look.result()

    async def _ended(self, within_s: float) -> T:
        async with asyncio.timeout(within_s):
            return await self._look()

    async def stop(self) -> None:
        """End the look that is under way, if any."""
        if self._under_way is not None and not self._under_way.done():
            self._under_way.cancel()
            await asyncio.wait({self._under_way})


def _heard(look: "asyncio.Task[T]") -> None:
    """Take note of an error that nobody has waited for."""
    if not look.cancelled():
        look.exception()
