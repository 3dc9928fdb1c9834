"""The library's application, put together: who is answered, by what, over which connection."""

from typing import Any

from telegram.ext import Application, Defaults
from telegram.request import HTTPXRequest

from bot.chat.access import Gate
from bot.chat.handlers import (
    UseCases,
    alerts,
    balance,
    digest,
    export,
    history,
    other,
    quiet,
    rooms,
    rule,
    rules,
    start,
    status,
    welcome,
)
from bot.chat.pace import Pace
from bot.chat.poller import UpdatesBot
from bot.services.ports import UNCOUNTED, Tally

CONNECT_S, ANSWER_S = 10, 20
_GATE, _ASKED, _TALK, _ANSWERS = -3, -2, -1, 0


def build_bot(
    token: str, *, api_url: str, transports: tuple[Any, Any], tally: Tally = UNCOUNTED
) -> UpdatesBot:
    """Make the bot; nothing is sent yet.

    Args:
        token: From @BotFather.
        api_url: The Bot API server, without a path.
        transports: httpx transports, one for polling and one for all else; the bot closes them.
        tally: Hears how often Telegram wants a pause.
    """
    polling, rest = (
        HTTPXRequest(
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            write_timeout=ANSWER_S,
            httpx_kwargs={"transport": transport},
        )
        for transport in transports
    )
    return UpdatesBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        get_updates_request=polling,
        request=rest,
        rate_limiter=Pace(tally),
        # Whoever deletes a command before it is answered is answered all the same.
        defaults=Defaults(allow_sending_without_reply=True),
    )


def build_application(bot: UpdatesBot, use: UseCases) -> Application[Any, Any, Any, Any, Any, Any]:
    """Register all handlers, the gate before them."""
    charts = history.Charts()
    application = Application.builder().bot(bot).updater(None).job_queue(None).build()
    application.add_handler(Gate(use.chats, use.admission).handler(), _GATE)
    application.add_handlers(rooms.answers(use), _ASKED)
    application.add_handlers(rule.answers(use), _TALK)
    application.add_handlers(
        [
            *start.commands(use),
            *balance.handlers(use),
            *alerts.handlers(use),
            *quiet.commands(use),
            *digest.handlers(use, charts),
            *history.handlers(use, charts),
            *export.commands(use),
            *status.handlers(use),
            *rooms.handlers(use),
            *welcome.handlers(use),
            *rules.handlers(use),
            *rule.handlers(use),
            *other.handlers(),
        ],
        _ANSWERS,
    )
    application.add_error_handler(other.report_error)
    return application
