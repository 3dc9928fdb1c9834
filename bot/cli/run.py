"""`balance-bot run`: the bot, until it is told to stop."""

import gc
from typing import TYPE_CHECKING

from bot.cli.loading import load_lean

if TYPE_CHECKING:
    from bot.settings import Settings

OUTDATED = (
    "a newer balance-bot has changed the database while this one was at work: install that"
    " version, or a later one, here as well"
)


def run_bot() -> None:
    """Run the bot until it is told to stop."""
    load_lean("bot.app")
    from bot.cli.process import run_until_stopped, settings_for
    from bot.log import set_up_log
    from bot.settings import require_bot

    settings = settings_for(require_bot)
    set_up_log(level=settings.log.level, style=settings.log.format, secrets=settings.secrets)
    run_until_stopped(_run(settings))


async def _run(settings: "Settings") -> None:
    import structlog

    from bot.app import open_app
    from bot.cli.process import FAILED, give_up, refuse
    from bot.services.ports import Outdated
    from bot.settings import SettingsError, exposed_files
    from bot.store.errors import DatabaseAway, DatabaseUnusable
    from bot.web.server import AddressTaken

    log = structlog.get_logger(__name__)
    for path in exposed_files():
        log.warning("Others can read %s: chmod 600 %s", path, path, action="start")
    try:
        await _check_channels(settings)
        async with open_app(settings) as app:
            gc.freeze()  # what is there now stays: to look through it again and again takes 0.1 s
            await app.run()
    except SettingsError as e:
        refuse(e)
    except DatabaseAway as e:
        give_up(f"BOT_DATABASE_URL: {e}")
    except DatabaseUnusable as e:
        refuse(SettingsError([f"BOT_DATABASE_URL: {e}"]))
    except AddressTaken as e:
        give_up(f"BOT_WEB__LISTEN: {e}")
    except Exception as e:
        if ExceptionGroup("", [e]).subgroup(Outdated):
            give_up(f"BOT_DATABASE_URL: {OUTDATED}")
        log.exception("The bot has broken off; whoever started it should start it again")
        raise SystemExit(FAILED) from None


async def _check_channels(settings: "Settings") -> None:
    """Refuse addresses that are none; where that cannot be found out, to watch matters more."""
    import structlog

    from bot.channels import ChannelsFailed
    from bot.outlets import check_channels

    try:
        await check_channels(settings)
    except ChannelsFailed as e:
        log = structlog.get_logger(__name__)
        log.warning("BOT_FALLBACK_URLS were not checked", action="start", reason=str(e))
