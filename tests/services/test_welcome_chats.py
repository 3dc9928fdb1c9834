"""Who begins to listen is told what stands: from the first greeting on, or by the settings."""

from typing import Any

from bot.fetchers.errors import CredentialsRejected

GROUP = -4001


async def test_who_begins_to_listen_is_told_what_stands(house: Any) -> None:
    """An alert from before the first greeting is told then, once, and its recovery is a reply."""
    house.owners = (*house.owners, 2002)
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    house.exchange.answers["xt/spot"] = CredentialsRejected("the key is not known")
    await house.check(house.build_checks())
    await house.queued()
    await house.chats.greet(2002, title="Late")
    (parcel,) = await house.queued(2002)
    assert [event.kind for event in parcel.events] == ["source_lost", "alert_raised"]
    await house.chats.greet(2002, title="Late")
    assert await house.queued(2002) == []
    house.exchange.answers["main/funding"] = {"USDT": "1000"}
    await house.check(house.build_checks())
    (cleared,) = await house.queued(2002)
    assert cleared.reply_to == 100 + parcel.id


async def test_chat_added_to_the_settings_is_told_what_stands(house: Any) -> None:
    """An alert that fires when a chat is put into the settings reaches it at the next start."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    await house.queued()
    house.chats_allowed = (*house.chats_allowed, -4999)
    await house.chats.add_configured()
    (parcel,) = await house.queued(-4999)
    assert [event.kind for event in parcel.events] == ["alert_raised"]


async def test_chat_put_back_into_the_settings_is_told_what_stands(house: Any) -> None:
    """What began while it was taken out of them reaches it when it is put back."""
    for allowed, amount, told in (
        ((), "1", []),
        ((GROUP,), "1", ["alert_raised"]),
        ((GROUP,), "1000", ["alert_cleared"]),
    ):
        house.chats_allowed = allowed
        await house.chats.add_configured()
        house.exchange.answers["main/funding"] = {"USDT": amount}
        await house.check(house.build_checks())
        assert [e.kind for p in await house.queued(GROUP) for e in p.events] == told
