"""Loading the bot without what libraries bring along for others; it is carried for months.

What stands in is taken away again: who asks for the real thing later, gets it.
"""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from typing_extensions import override

ONLY_FOR_TERMINALS = ("click", "pygments", "rich")
"""httpx loads these, where they are, for a command line, structlog for pretty tracebacks. The bot
has neither, and takes 5 MB less without."""
CONNECTIONS = "sqlalchemy.ext.asyncio"
SESSIONS = (f"{CONNECTIONS}.scoping", f"{CONNECTIONS}.session")
"""SQLAlchemy loads these beside its connections, and with them the object-relational mapper, of
which we use nothing: 6 MB."""
AUTHORITIES = ("load_default_certs", "set_default_verify_paths")
"""By these aiohttp loads the machine's certificate authorities, twice, for sessions that bring
none of their own: 2.5 MB and a tenth of a second. Ours bring theirs (`transport.py`); what did
not would trust nobody."""


def load_lean(module: str) -> None:
    """Load a module of ours, and of the libraries what it needs.

    Where a library cannot do without something any more, it is loaded whole by `module`.
    """
    with _instead(dict.fromkeys(ONLY_FOR_TERMINALS)):
        with (
            suppress(ImportError, AttributeError, TypeError),
            _instead({name: _Hollow(name) for name in SESSIONS}),
        ):
            import_module(CONNECTIONS)
        with _without_authorities():
            import_module("aiohttp")
        import_module(module)


class _Hollow(ModuleType):
    """Has whatever is asked for, and it is nothing."""

    @override
    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@contextmanager
def _instead(modules: dict[str, Any]) -> Iterator[None]:
    """Let others find these modules, or that there are none (None), but for those that are there.

    That a library finds another not to be installed is documented by both sides.
    """
    hidden = {name: module for name, module in modules.items() if name not in sys.modules}
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _without_authorities() -> Iterator[None]:
    """Let the contexts for TLS that are made within trust nobody."""
    own = {name: vars(ssl.SSLContext).get(name) for name in AUTHORITIES}
    for name in AUTHORITIES:
        setattr(ssl.SSLContext, name, lambda *_: None)
    try:
        yield
    finally:
        for name, method in own.items():
            if method is None:
                delattr(ssl.SSLContext, name)
            else:
                setattr(ssl.SSLContext, name, method)
