"""`balance-bot check`: try everything that `run` needs, and say what to mend."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from math import ceil
from pathlib import Path

from bot.channels import ChannelsFailed
from bot.chat.probe import TelegramUnusable, ask_name
from bot.cli.printing import plain_console, print_object
from bot.cli.process import DONE, FAILED
from bot.cli.reading import read_now
from bot.fetchers import (
    ClockSkewed,
    Fetcher,
    FetchError,
    KeyReport,
    PermissionMissing,
    Reading,
    UnexpectedAnswer,
)
from bot.outlets import check_channels
from bot.settings import AccountSettings, Settings, SettingsError, exposed_files
from bot.sources import open_fetchers
from bot.store.database import probe_database, sqlite_file
from bot.store.errors import DatabaseUnusable
from bot.store.sqlite import is_exposed
from bot.transport import WireTransport

SKEW_WORTH_TELLING_S = 5.0


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
        print_object(found)
    else:
        _print(findings)
    return DONE if all(finding.ok for finding in findings) else FAILED


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("settings", ok=True, message=_summary(settings))
    for file in exposed_files():
        yield _exposed(str(file), file)
    yield await _database(settings)
    yield await _telegram(settings)
    if settings.fallback_urls:
        yield await _channels(settings)
    async with WireTransport() as http:
        fetchers = open_fetchers(settings, http)  # for all of it: they share one pace
        found = await read_now(settings, ["*"], fetchers)
        for name, fetcher in fetchers.items():
            async for finding in _account(settings, name, fetcher):
                yield finding
            paths = [path for path in found.readings if path.partition("/")[0] == name]
            for path in paths:
                yield _wallet(path, found.readings[path], frozen=path in found.frozen)
            wallets = [path.partition("/")[2] for path in paths]
            yield _sweep(settings, name, fetcher.sweep_floor(wallets))


async def _account(settings: Settings, name: str, fetcher: Fetcher) -> AsyncIterator[Finding]:
    """Try what concerns the account as a whole: the exchange's clock, and its key."""
    try:
        skew = await fetcher.measure_clock()
    except FetchError as e:
        yield _failed(f"{name} clock", e)
    else:
        if skew is not None:
            yield _clock(f"{name} clock", skew)
    try:
        report = await fetcher.check_key()
    except UnexpectedAnswer as e:  # what it may do is then unknown; what it can read, is tried
        yield Finding(f"{name} key", ok=True, message=f"what it may do is not told: {e}")
    except FetchError as e:
        yield _failed(f"{name} key", e)
    else:
        for finding in _key(f"{name} key", report, settings.accounts[name]):
            yield finding


def _clock(what: str, skew: timedelta) -> Finding:
    ahead_s = -skew.total_seconds()
    if abs(ahead_s) <= SKEW_WORTH_TELLING_S:
        return Finding(what, ok=True, message=f"{abs(ahead_s):.1f} s off")
    way = "ahead of" if ahead_s > 0 else "behind"
    message = f"ours is {abs(ahead_s):.0f} s {way} the exchange's; requests are corrected by that"
    return Finding(what, ok=False, message=message, advice=ClockSkewed.remedy)


def _key(what: str, report: KeyReport, account: AccountSettings) -> Iterator[Finding]:
    """Go through what a key may do, one by one: reading is all that is needed."""
    if report.may is None:
        message = "what it may do, the exchange does not tell: make sure that it may only read"
        yield Finding(what, ok=True, message=message)
        return
    label = f" ({report.label})" if report.label else ""
    can_read = "read" in report.may
    advice = "" if can_read else PermissionMissing.remedy
    yield Finding(f"{what} may read", can_read, ("yes" if can_read else "NO") + label, advice)
    for right in sorted(report.may - {"read"}):
        message = f"YES, IT MAY {right.upper()}: whoever finds it can, too"
        advice = "make a key that may only read; it is all that is needed here"
        yield Finding(f"{what} may {right}", ok=False, message=message, advice=advice)
    yield _addresses(what, report)
    if report.sub_account and account.sub_accounts:
        message = "it belongs to a sub-account, which cannot see the others"
        yield Finding(what, ok=False, message=message, advice="use a key of the master account")


def _addresses(what: str, report: KeyReport) -> Finding:
    if report.addresses:
        message = f"usable from {', '.join(report.addresses)} only"
        return Finding(f"{what} addresses", ok=True, message=message)
    message = "usable from every address"
    if report.may and report.may - {"read"}:
        message += "; as it may do more than read, it ends after 14 days without use"
    return Finding(f"{what} addresses", ok=True, message=f"{message}; better bind it to this one")


def _sweep(settings: Settings, name: str, floor: timedelta) -> Finding:
    wanted = settings.accounts[name].check_every or settings.check_every
    what, every = f"{name} pace", f"every {wanted.total_seconds():g} s"
    if floor <= wanted:
        return Finding(what, ok=True, message=every)
    floor_text = f"{ceil(floor.total_seconds())}s"
    message = f"{every} is wanted; the exchange's limits allow one every {floor_text}"
    advice = f"set BOT_ACCOUNTS__{name.upper()}__CHECK_EVERY to {floor_text} or more"
    return Finding(what, ok=False, message=message, advice=advice)


def _summary(settings: Settings) -> str:
    wallets = sum(len(account.wallets) for account in settings.watched)
    counts = {"account": len(settings.accounts), "wallet": wallets, "rule": len(settings.rules)}
    return ", ".join(_counted(count, noun) for noun, count in counts.items())


def _exposed(what: str, path: Path) -> Finding:
    """Warn of a file; it works all the same, so that is no reason to fail."""
    return Finding(what, ok=True, message="others can read it", advice=f"chmod 600 {path}")


async def _database(settings: Settings) -> Finding:
    try:
        message = await probe_database(settings.database_url.get_secret_value())
    except DatabaseUnusable as e:
        return Finding("database", ok=False, message=str(e), advice="set BOT_DATABASE_URL")
    path = sqlite_file(settings.database_url.get_secret_value())
    if path is not None and is_exposed(path):
        return replace(_exposed("database", path), message=f"{message}; others can read it")
    return Finding("database", ok=True, message=message)


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


async def _channels(settings: Settings) -> Finding:
    """Look at the addresses of other channels; who is behind them only a message would show."""
    what = "other channels"
    try:
        await check_channels(settings)
    except SettingsError as e:
        advice = "write them as Apprise does: https://appriseit.com/services/"
        return Finding(what, ok=False, message="; ".join(e.lines), advice=advice)
    except ChannelsFailed as e:
        return Finding(what, ok=False, message=str(e), advice="try again")
    count = len(settings.fallback_urls)
    known = f"{count} well-formed {'address' if count == 1 else 'addresses'}"
    return Finding(what, ok=True, message=f"{known}; none was tried, as that sends something")


def _listeners(settings: Settings, name: str) -> Finding:
    if settings.telegram.owners or settings.telegram.chats:
        return Finding("telegram", ok=True, message=name)
    advice = (
        "open the link that the log shows at the start, unless somebody has; or send the bot "
        "/whoami and put the id into BOT_TELEGRAM__OWNERS"
    )
    return Finding("telegram", ok=False, message=f"{name} may talk to nobody", advice=advice)


def _wallet(path: str, reading: Reading, *, frozen: bool) -> Finding:
    if reading.error is not None:
        return _failed(path, reading.error)
    state = "; the sub-account is frozen" if frozen else ""
    return Finding(path, ok=True, message=_counted(len(reading.balances or ()), "coin") + state)


def _failed(what: str, error: FetchError) -> Finding:
    return Finding(what, ok=False, message=str(error), advice=error.remedy)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _print(findings: list[Finding]) -> None:
    console = plain_console()
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        sign = "ok " if finding.ok else "BAD"
        console.print(f"{sign} {finding.what:<{width}}  {finding.message}")
        if finding.advice:
            console.print(f"    {'':<{width}}  → {finding.advice}")
