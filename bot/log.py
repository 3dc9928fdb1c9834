"""The log: text on a terminal, JSON elsewhere, on stderr, secrets struck out at the last line.

Not logging them is the method; the redaction is for what slips through.
"""

import json
import logging
import sys
from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote, urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

STRUCK_OUT = "[secret]"
_CHATTY = ("httpx", "httpcore", "telegram", "apscheduler", "aiohttp", "alembic", "aiosqlite")
_SHORTEST = 6  # a shorter "secret" would strike out ordinary words


class _HostsOnly(logging.Filter):
    """Leaves of the addresses in a library's line only where they lead: a path may be a token."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and record.name.partition(".")[0] in _CHATTY:
            record.args = tuple(_host_of(arg) for arg in record.args)
        return True


def _host_of(arg: object) -> object:
    if isinstance(arg, str) and arg.startswith(("http://", "https://")):
        return urlsplit(arg).hostname
    return getattr(arg, "host", arg)


class _Redaction(logging.Formatter):
    """Formats as another formatter does, and strikes out the secrets in the result."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        long_enough = (secret for secret in secrets if len(secret) >= _SHORTEST)
        written = {way for secret in long_enough for way in _ways_to_write(secret)}
        self._secrets = sorted(written, key=len, reverse=True)

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, STRUCK_OUT)
        return line


def _ways_to_write(secret: str) -> set[str]:
    """List a secret as it is, within quotes, and within quotes that were quoted again."""
    ways = {secret, quote(secret, safe="")}
    for _ in range(2):
        ways |= {way for known in ways for way in (json.dumps(known)[1:-1], repr(known)[1:-1])}
    return ways


def set_up_log(
    *, level: str, style: Literal["text", "json"] | None, secrets: Iterable[str]
) -> None:
    """Send all log lines, ours and the libraries', through one door."""
    as_text = style == "text" or (style is None and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Redaction(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=shared, processors=_rendering(as_text=as_text)
            ),
            secrets,
        )
    )
    handler.addFilter(_HostsOnly())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # It would write that a tick is left out while the one before is at work, which is meant so.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    # It would write a traceback for each page of a gateway, which we tell in a line of ours.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _rendering(*, as_text: bool) -> list[Processor]:
    if as_text:
        # Plain tracebacks: the pretty ones show the values of local variables.
        plain = structlog.dev.plain_traceback
        colors = sys.stderr.isatty()
        last: list[Processor] = [
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)
        ]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _sentence_first, *last]


def _sentence_first(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the sentence before the facts."""
    return {"event": event.pop("event"), **event}
