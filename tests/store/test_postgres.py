"""A URL of PostgreSQL: what it says is done, or refused in one line and not tried again."""

import pytest
from sqlalchemy import make_url, text

from bot.store.database import open_database, probe_database
from bot.store.errors import DatabaseAway, DatabaseUnusable
from bot.store.postgres import postgres_engine

SERVER = "postgresql://me:hunter2secret@127.0.0.1:1/bot"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"{SERVER}?foo=bar", 'invalid connection option "foo"'),
        (f"{SERVER}?foo=hunter2", 'invalid connection option "foo"'),
        (f"{SERVER}?port=abc", "a value that cannot be used"),
        (f"{SERVER}?plugin=nonsense", "a value that cannot be used"),
        (f"{SERVER}?sslmode=bogus", 'invalid sslmode value: "bogus"'),
        (SERVER.replace(":1/", ":99999/"), 'invalid port number: "99999"'),
        # The rest of such a password would be shown as the name of a machine.
        ("postgresql://me:secret@hunter2@127.0.0.1:1/bot", "write %40"),
    ],
)
async def test_url_that_no_server_understands(url: str, why: str) -> None:
    """It is refused without the password, and not called away: that would be tried again."""
    with pytest.raises(DatabaseUnusable, match=why) as refused:
        async with open_database(url):
            pass
    assert not isinstance(refused.value, DatabaseAway)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_option_that_only_the_driver_knows(postgres_url: str) -> None:
    """What is found out at the first connection alone is refused there."""
    also = "&" if "?" in postgres_url else "?"
    with pytest.raises(DatabaseUnusable, match="a value that cannot be used"):
        await probe_database(f"{postgres_url}{also}row_factory=nonsense")


async def test_options_of_the_user_are_kept(postgres_url: str) -> None:
    """Beside ours, which win; what we leave to the user is the user's."""
    also = "&" if "?" in postgres_url else "?"
    theirs = "-csearch_path%3Dpg_temp%20-ctimezone%3DAsia/Tokyo"
    url = f"{postgres_url}{also}options={theirs}&application_name=ours&connect_timeout=7"
    async with postgres_engine(make_url(url)) as engine, engine.connect() as connection:
        for name, value in (("search_path", "pg_temp"), ("TimeZone", "UTC")):
            assert await connection.scalar(text(f"SHOW {name}")) == value
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        given = raw.info.get_parameters()
        assert (given["connect_timeout"], given["keepalives_idle"]) == ("7", "5")
