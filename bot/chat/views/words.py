"""What the bot says about itself: greeting, help, usage."""

from collections.abc import Mapping
from html import escape

COMMANDS: Mapping[str, str] = {
    "balance": "what there is and what it is worth, read now",
    "alerts": "is anything wrong now?",
    "rules": "the limits and how they stand",
    "rule": "make a rule, step by step or in one line",
    "digest": "the daily summary, now",
    "quiet": "when to tell only what is critical",
    "test": "a test alert, to see how it arrives",
    "help": "what I can do",
    "whoami": "your ids and what you may do",
}
"""In the order of the menu."""

USAGE: Mapping[str, str] = {
    "balance": (
        "/balance — everything\n"
        "/balance main — one account\n"
        "/balance main/funding — one wallet; * stands for anything\n"
        "/balance USDT — one coin everywhere"
    ),
    "alerts": "/alerts takes nothing behind it",
    "rules": "/rules takes nothing behind it",
    "rule": (
        "/rule — leads you, step by step\n"
        "/rule main/funding USDT < 500\n"
        "/rule * ETH available < 0.05 · for 2 reads\n"
        '/rule sum * USDT < 2000 · critical · "The grid bot needs 2000"\n'
        "/rule main total < 10000 USD\n"
        "/rule main/funding USDT drops 30% in 1h\n"
        "/rule main/funding USDT lasts < 24h"
    ),
    "digest": "/digest takes nothing behind it",
    "quiet": (
        "/quiet — the quiet hours of this chat\n"
        "/quiet 22:00-07:00 — only what is critical is told then, the rest when they end\n"
        "/quiet off"
    ),
    "test": "/test takes nothing behind it",
    "help": "/help takes nothing behind it",
    "whoami": "/whoami takes nothing behind it",
    "start": "/start takes nothing behind it",
}


def greeting_text(*, wallets: int, rules: int) -> str:
    """Welcome a chat that may look."""
    watched = f"{wallets} wallet{'' if wallets == 1 else 's'}"
    limits = f"{rules} rule{'' if rules == 1 else 's'}"
    return (
        f"👋 I watch {watched} by {limits}, and write here when one is broken, when a wallet "
        "cannot be read, and once a day.\n\nTry /balance, or /alerts for what is wrong now."
    )


def help_text() -> str:
    """List what can be asked."""
    lines = [f"/{command} — {meaning}" for command, meaning in COMMANDS.items()]
    usages = [escape(USAGE[command]) for command in ("balance", "rule")]
    return "\n".join(["<b>What I can do</b>", *lines, "", "\n\n".join(usages)])


def usage_text(command: str) -> str:
    """Say how a command is used."""
    return f"Usage:\n{escape(USAGE[command])}"


def whoami_text(*, user_id: int, chat_id: int, role: str | None = None) -> str:
    """Give ids; the role only to those who have one."""
    ids = f"Your user id: <code>{user_id}</code>\nThis chat's id: <code>{chat_id}</code>"
    return f"{ids}\nYou are {role} here." if role else ids


def stranger_group_text(chat_id: int) -> str:
    """Tell an owner why nothing is shown in a group."""
    return (
        "I show no balances here: everybody in this chat would see them. To allow it, put "
        f"<code>{chat_id}</code> into BOT_TELEGRAM__CHATS and start me again."
    )


UNKNOWN_COMMAND = "I do not know that command. /help lists what I can do."
NO_COMMAND = "I answer commands: /balance, or /help for all of them."
BROKEN = "Something went wrong here; the log of the bot says what. Please try again."
OLD_BUTTON = "This button is old. Send the command again."
OLD_TALK = "This talk is over. /rule begins a new one."
OLD_RULE = "This button is old: the rule is gone. /rules lists what there is."
ONLY_OWNERS = "Only owners may change rules."
CANCELLED = "✖️ Cancelled: no rule was made or changed."
ONLY_OWNERS_SILENCE = "Only owners may silence alerts here."
ALERT_OVER = "This alert is over."
NOT_TOLD_HERE = "Nothing is told in this chat yet: /start begins it."
ONLY_A_TEST = "This is only a test."
READING = "Reading…"
