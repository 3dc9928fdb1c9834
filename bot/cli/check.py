"""`balance-bot check`: try everything that `run` needs, and say what to mend."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from rich.console import Console

from bot.app import open_fetchers
from bot.chat.probe import TelegramUnusable, ask_name
from bot.cli.balances import read_now
from bot.fetchers import FetchError, Reading
from bot.settings import Settings
from bot.store.database import probe_database
from bot.store.errors import DatabaseUnusable
from bot.transport import WireTransport

ALL_WELL, NOT_WELL = 0, 1
SKEW_WORTH_TELLING_S = 5.0

ADVICE = {
    "CredentialsRejected": "make the key anew or copy it again, for this exchange and environment",
    "PermissionMissing": "give the key the right to read, and allow this machine's address",
    "ClockSkewed": "set this machine's clock by a time server",
    "RateLimited": "somebody else uses this key, too; give the bot one of its own",
    "ExchangeUnavailable": "try again later; see whether this machine reaches the exchange",
    "UnexpectedAnswer": "check the name of the wallet and BASE_URL",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    ok: bool
    message: str
    advice: str = ""


async def print_check(settings: Settings, *, as_json: bool) -> int:
    """Try everything and print what was found; return the exit code."""
    findings = [finding async for finding in _findings(settings)]
    if as_json:
        found = {"ok": all(f.ok for f in findings), "checks": [asdict(f) for f in findings]}
        Console().out(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(findings)
    return ALL_WELL if all(finding.ok for finding in findings) else NOT_WELL


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("settings", ok=True, message=_summary(settings))
    yield _database(settings)
    yield await _telegram(settings)
    async for finding in _clocks(settings):
        yield finding
    for path, reading in (await read_now(settings, ["*"])).readings.items():
        yield _wallet(path, reading)


def _summary(settings: Settings) -> str:
    wallets = sum(len(account.wallets) for account in settings.watched)
    counts = {"account": len(settings.accounts), "wallet": wallets, "rule": len(settings.rules)}
    return ", ".join(_counted(count, noun) for noun, count in counts.items())


def _database(settings: Settings) -> Finding:
    try:
        return Finding("database", ok=True, message=probe_database(settings.database_url))
    except DatabaseUnusable as e:
        return Finding("database", ok=False, message=str(e), advice="set BOT_DATABASE_URL")


async def _telegram(settings: Settings) -> Finding:
    if settings.telegram.token is None:
        return Finding(
            "telegram",
            ok=False,
            message="there is no token",
            advice="set BOT_TELEGRAM__TOKEN; @BotFather gives you one",
        )
    token = settings.telegram.token.get_secret_value()
    try:
        async with WireTransport() as transport:
            name = await ask_name(token, api_url=settings.telegram.api_url, transport=transport)
    except TelegramUnusable as e:
        return Finding("telegram", ok=False, message=str(e), advice=e.advice)
    return _listeners(settings, name)


def _listeners(settings: Settings, name: str) -> Finding:
    if settings.telegram.owners or settings.telegram.chats:
        return Finding("telegram", ok=True, message=name)
    advice = "send the bot /whoami and put the id into BOT_TELEGRAM__OWNERS"
    return Finding("telegram", ok=False, message=f"{name} may talk to nobody", advice=advice)


async def _clocks(settings: Settings) -> AsyncIterator[Finding]:
    async with WireTransport() as http:
        for name, fetcher in open_fetchers(settings, http).items():
            try:
                skew = await fetcher.measure_clock()
            except FetchError as e:
                message, advice = str(e), ADVICE[type(e).__name__]
                yield Finding(f"{name} clock", ok=False, message=message, advice=advice)
                continue
            if skew is None:
                continue
            off_s = abs(skew.total_seconds())
            well = off_s <= SKEW_WORTH_TELLING_S
            advice = "" if well else ADVICE["ClockSkewed"]
            yield Finding(f"{name} clock", ok=well, message=f"{off_s:.1f} s off", advice=advice)


def _wallet(path: str, reading: Reading) -> Finding:
    if reading.error is None:
        return Finding(path, ok=True, message=_counted(len(reading.balances or ()), "coin"))
    return Finding(
        path, ok=False, message=str(reading.error), advice=ADVICE[type(reading.error).__name__]
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _print(findings: list[Finding]) -> None:
    console = Console(markup=False, highlight=False, soft_wrap=True)
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        sign = "ok " if finding.ok else "BAD"
        console.print(f"{sign} {finding.what:<{width}}  {finding.message}")
        if finding.advice:
            console.print(f"    {'':<{width}}  → {finding.advice}")
