"""Why a chat is lost, in our words: Telegram's are made for programs."""

from bot.core.sentences import Sentence

_REASONS = {
    "blocked by the user": Sentence("the bot was blocked there"),
    "deactivated": Sentence("the account was deleted"),
    "kicked": Sentence("the bot was put out of the group"),
    "not a member": Sentence("the bot is not in the group"),
    "chat not found": Sentence("there is no such chat, or the bot was never in it"),
    "bot can't initiate": Sentence("nobody there has said /start yet"),
    "chat was deleted": Sentence("the group was deleted"),
    "upgraded": Sentence("the group was made a supergroup, whose id is not known"),
    "thread not found": Sentence("the topic is gone"),
    "topic_closed": Sentence("the topic is closed"),
    "rights": Sentence("the bot may not write there"),
    "restricted": Sentence("the bot may not write there"),
    "write_forbidden": Sentence("the bot may not write there"),
}
"""By what Telegram's word contains; the first that fits."""


def why_lost(said: str) -> str:
    """Say why nothing can be sent to a chat, from what Telegram said about it."""
    told = said.lower()
    found = (ours for theirs, ours in _REASONS.items() if theirs in told)
    return str(next(found, Sentence("Telegram takes nothing for it")))
