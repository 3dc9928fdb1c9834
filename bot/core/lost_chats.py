"""Why a chat is lost, in our words: Telegram's are made for programs."""

_REASONS = {
    "blocked by the user": "the bot was blocked there",
    "deactivated": "the account was deleted",
    "kicked": "the bot was put out of the group",
    "not a member": "the bot is not in the group",
    "chat not found": "there is no such chat, or the bot was never in it",
    "bot can't initiate": "nobody there has said /start yet",
    "chat was deleted": "the group was deleted",
    "upgraded": "the group was made a supergroup, whose id is not known",
    "thread not found": "the topic is gone",
    "topic_closed": "the topic is closed",
    "rights": "the bot may not write there",
    "restricted": "the bot may not write there",
    "write_forbidden": "the bot may not write there",
}
"""By what Telegram's word contains; the first that fits."""


def why_lost(said: str) -> str:
    """Say why nothing can be sent to a chat, from what Telegram said about it."""
    told = said.lower()
    found = (ours for theirs, ours in _REASONS.items() if theirs in told)
    return next(found, "Telegram takes nothing for it")
