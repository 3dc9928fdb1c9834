"""A source that is away for an hour: one line in the log when it goes, one when it comes back."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.fetchers.errors import CredentialsRejected, ExchangeUnavailable, RateLimited


@pytest.mark.parametrize("error", ["away", "refused", "limited"])
async def test_one_line_each(house: Any, exchange: Any, clock: Any, error: str) -> None:
    """However it fails, at every check; what is below INFO does not count."""
    await house.prepare()
    checks = await house.start()
    await house.check(checks, minutes=0)
    with capture_logs() as lines:
        for _ in range(60):
            exchange.answers["xt/spot"] = {
                "away": ExchangeUnavailable("xt answered HTTP 502"),
                "refused": CredentialsRejected("xt refuses the key"),
                "limited": RateLimited("slow down", retry_at=clock() + timedelta(minutes=10)),
            }[error]
            await house.check(checks)
        exchange.answers["xt/spot"] = {"USDT": "1"}
        for _ in range(15):
            await house.check(checks)
    told = [line for line in lines if line["log_level"] != "debug"]
    assert [(line["action"], line["about"]) for line in told] == [
        ("source_lost", "xt/spot"),
        ("source_found", "xt/spot"),
    ]
