"""What the bot says about itself: greeting, help, usage."""

from collections.abc import Mapping
from html import escape

from bot.chat.i18n import _, later, ngettext
from bot.core.access import Role
from bot.core.scope import ALL, Scope

_MOST_PATTERNS = 20
"""That are named; more are counted."""
COMMANDS: Mapping[str, str] = {
    "balance": later("what there is and what it is worth, read now"),
    "alerts": later("is anything wrong now?"),
    "rules": later("the limits and how they stand"),
    "rule": later("make a rule, step by step or in one line"),
    "history": later("a chart of what there was"),
    "digest": later("the summary, now; and when it comes by itself"),
    "export": later("a file of what was read, for a spreadsheet"),
    "status": later("is the bot itself well? Each source, its last reading and the next"),
    "quiet": later("when to tell only what is critical"),
    "test": later("a test alert, to see how it arrives"),
    "settings": later("language, time zone, currency and more of this chat"),
    "chats": later("who may talk to me, for owners"),
    "audit": later("who did what when, for owners"),
    "help": later("what I can do"),
    "whoami": later("your ids and what you may do"),
}
"""In the order of the menu."""

USAGE: Mapping[str, str] = {
    "balance": later(
        "/balance — everything, summed up\n"
        "/balance main — one account\n"
        "/balance main/funding — one wallet; */spot — all that are called so\n"
        "/balance USDT — one coin everywhere\n"
        "/balance full — each coin of each wallet"
    ),
    "alerts": later("/alerts takes nothing behind it"),
    "rules": later("/rules takes nothing behind it"),
    "rule": later(
        "/rule — leads you, step by step\n"
        "/rule main/funding USDT < 500\n"
        "/rule * ETH available < 0.05 · for 2 reads\n"
        '/rule sum * USDT < 2000 · critical · "The grid bot needs 2000"\n'
        "/rule main total < 10000 USD\n"
        "/rule main/funding USDT drops 30% in 1h\n"
        "/rule main/funding USDT lasts < 24h"
    ),
    "history": later(
        "/history — the value of everything in the last 7 days\n"
        "/history main 30d — one account; 1d, 7d, 30d and 90d are there\n"
        "/history main/funding USDT — one coin in one wallet\n"
        "/history BTC — one coin everywhere"
    ),
    "digest": later(
        "/digest — the summary, now\n"
        "/digest daily at 09:00\n"
        "/digest weekly mon at 09:00\n"
        "/digest monthly 1\n"
        "/digest at 18:30 — another time of day\n"
        "/digest off"
    ),
    "export": later(
        "/export — everything of the last 30 days, as CSV\n"
        "/export main 90d — one account; 7d, 30d, 90d and 1y are there\n"
        "/export main/funding USDT — one coin in one wallet"
    ),
    "status": later("/status takes nothing behind it"),
    "quiet": later(
        "/quiet — the quiet hours of this chat\n"
        "/quiet 22:00-07:00 — only what is critical is told then, the rest when they end\n"
        "/quiet off"
    ),
    "test": later("/test takes nothing behind it"),
    "help": later("/help takes nothing behind it"),
    "whoami": later("/whoami takes nothing behind it"),
    "chats": later("/chats takes nothing behind it"),
    "audit": later("/audit takes nothing behind it"),
    "settings": later("/settings takes nothing behind it"),
    "start": later("/start takes nothing behind it"),
}


def greeting_text(*, wallets: int, rules: int) -> str:
    """Welcome a chat that may look."""
    watched = ngettext("{n} wallet", "{n} wallets", wallets).format(n=wallets)
    limits = ngettext("{n} rule", "{n} rules", rules).format(n=rules)
    return _(
        "👋 I watch {wallets} by {rules}, and write here when one is broken, when a wallet "
        "cannot be read, and once a day.\n\nTry /balance, or /alerts for what is wrong now."
    ).format(wallets=watched, rules=limits)


def help_text() -> str:
    """List what can be asked."""
    lines = [f"/{command} — {_(meaning)}" for command, meaning in COMMANDS.items()]
    usages = [escape(_(USAGE[command])) for command in ("balance", "history", "rule")]
    heading = _("<b>What I can do</b>")
    return "\n".join([heading, *lines, "", "\n\n".join(usages)])


def usage_text(command: str) -> str:
    """Say how a command is used."""
    return _("Usage:\n{usage}").format(usage=escape(_(USAGE[command])))


_ROLES: Mapping[Role, str] = {
    "owner": later("You are an owner here."),
    "manager": later("You are a manager here: you may set rules and silence alerts."),
    "viewer": later("You are a viewer here."),
}


def whoami_text(
    *, user_id: int, chat_id: int, role: Role | None = None, scope: Scope = ALL
) -> str:
    """Give ids; the role, and what may be seen here, only to those who have one."""
    ids = _("Your user id: <code>{user}</code>\nThis chat's id: <code>{chat}</code>").format(
        user=user_id, chat=chat_id
    )
    return "\n".join([ids, _(_ROLES[role]), scope_text(scope)]) if role else ids


def scope_text(scope: Scope) -> str:
    """Say of what a chat may know."""
    if scope.is_all:
        return _("This chat sees everything.")
    if not scope.patterns:
        return _("This chat sees nothing.")
    told = [f"<code>{escape(pattern)}</code>" for pattern in scope.patterns[:_MOST_PATTERNS]]
    if more := len(scope.patterns) - len(told):
        told.append(ngettext("{n} more", "{n} more", more).format(n=more))
    return _("This chat sees {patterns}.").format(patterns=", ".join(told))


def stranger_group_text(chat_id: int) -> str:
    """Tell an owner why nothing is shown in a group."""
    return _(
        "I show no balances here: everybody in this chat would see them. To allow it, send "
        "/start here and approve it in your private chat with me, or put <code>{chat}</code> "
        "into BOT_TELEGRAM__CHATS and start me again."
    ).format(chat=chat_id)


UNKNOWN_COMMAND = later("I do not know that command. /help lists what I can do.")
NO_COMMAND = later("I answer commands: /balance, or /help for all of them.")
BROKEN = later("Something went wrong here; the log of the bot says what. Please try again.")
OLD_BUTTON = later("This button is old. Send the command again.")
FORWARDED = later("A command that is passed on is not carried out. Type it yourself, please.")
OLD_TALK = later("This talk is over. /rule begins a new one.")
OLD_RULE = later("This button is old: the rule is gone. /rules lists what there is.")
ASKED = later("I have asked those who run me whether you may come in.")
NO_RULES_HERE = later("Amounts are not shown in this chat, so rules are made in another one.")
ONLY_OWNERS = later("Only owners and managers may change rules.")
CANCELLED = later("✖️ Cancelled: no rule was made or changed.")
ONLY_OWNERS_SILENCE = later("Only owners and managers may silence alerts here.")
ONLY_OWNERS_SETTINGS = later("Only owners and managers may change the settings of a chat.")
ONLY_OWNERS_ROOMS = later("Only owners may do this, in their private chat with me.")
ONLY_OWNERS_DIGEST = later("Only owners and managers may change when the digest comes.")
ALERT_OVER = later("This alert is over.")
NOT_SILENT = later("🔔 no longer silent")
NOT_TOLD_HERE = later("Nothing is told in this chat yet: /start begins it.")
ONLY_A_TEST = later("This is only a test.")
READING = later("Reading…")
