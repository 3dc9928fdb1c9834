"""Where state is kept: a password in the URL is a secret."""

import pytest

from tests.settings.conftest import Load


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("postgresql://bot:hunter2secret@db/bot", {"hunter2secret"}),
        ("postgresql://bot:p%40ss%2Fword@db/bot", {"p%40ss%2Fword", "p@ss/word"}),
        ("postgresql://bot@db/bot", set()),
        ("sqlite:///data/bot.db", set()),
    ],
)
def test_password_is_a_secret(load: Load, url: str, hidden: set[str]) -> None:
    """As it is written, and as it is meant; and the URL is in no `repr`."""
    settings = load({"BOT_DATABASE_URL": url})
    assert settings.database_url.get_secret_value() == url
    assert hidden <= set(settings.secrets)
    assert url not in repr(settings)
    assert url not in settings.secrets  # the name of a file may be in the log
