"""Why a chat is lost, from what Telegram says."""

import pytest

from bot.core.lost_chats import why_lost


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Forbidden: bot was blocked by the user", "blocked"),
        ("Forbidden: user is deactivated", "account deleted"),
        ("Forbidden: bot was kicked from the supergroup chat", "put out"),
        ("Forbidden: bot is not a member of the channel chat", "not there"),
        ("Chat not found", "unknown"),
        ("Forbidden: bot can't initiate conversation with a user", "unknown"),
        ("Forbidden: the group chat was deleted", "group deleted"),
        ("Group chat was upgraded to a supergroup chat", "upgraded"),
        ("Message thread not found", "topic gone"),
        ("TOPIC_CLOSED", "topic closed"),
        ("Not enough rights to send text messages to the chat", "may not write"),
        ("CHAT_WRITE_FORBIDDEN", "may not write"),
        ("Forbidden: who knows", "other"),
    ],
)
def test_reasons(said: str, why: str) -> None:
    assert why_lost(said) == why
