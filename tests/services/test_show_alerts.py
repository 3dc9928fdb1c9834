"""The first message of an episode shows how it stands: in time, after restarts, best effort."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.delivery import ChatGone, MaybeSent, NotSent, Refused
from bot.core.faces import Face
from bot.core.portfolio import WalletState
from bot.core.preferences import Preferences
from bot.core.rules import parse_rule
from bot.core.scope import Scope
from bot.fetchers.model import Balance
from bot.store.wallets import SqlWallets

OWNER, GROUP = 1001, -4001


@pytest.fixture(autouse=True)
async def at_once(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and let nobody but the owner listen."""
    monkeypatch.setattr("bot.services.deliver_outbox.LOOK_EVERY_S", 0.01)
    house.chats_allowed = ()


async def reads(house: Any, amount: str | Exception, *, minutes: float = 1) -> None:
    """Read the wallet with the rule, due or not."""
    answer = amount if isinstance(amount, Exception) else {"USDT": amount}
    house.exchange.answers["main/funding"] = answer
    house.clock.advance(minutes=minutes)
    await house.build_checks().read_now(["main"])
    await house.settle()
    house.changed.set()


async def raised(house: Any, amount: str = "400") -> str:
    """Let an alert be raised and told; give its id."""
    await reads(house, amount)
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
    return str(said.events[0].alert.incident)


async def looked(house: Any) -> None:
    """Let what is shown be looked at a few times."""
    house.clock.advance(seconds=5)
    await house.looked()


async def press(house: Any, incident: str, what: str, *, by: str = "You") -> Any:
    return await house.build_alerts().press([incident], what, by=by)


async def test_nothing_to_show_nothing_edited(house: Any) -> None:
    """A message that was just sent shows what is so."""
    await raised(house)
    async with house.delivering():
        await looked(house)
    assert house.sender.edited == []


async def test_a_press_is_shown(house: Any) -> None:
    """Who pressed what is in the message at once, and after that nothing more is edited."""
    incident = await raised(house)
    (state,) = await press(house, incident, "hour")
    async with house.delivering():
        (card,) = await house.sender.wait_for_edits(1)
        await looked(house)
    assert (card.chat.chat_id, card.message_id) == (OWNER, 1001)
    assert card.faces == {incident: Face(state.amount, state.hush, silent=True)}
    assert card.events[0].alert.incident == incident
    assert card.read_at == house.clock() - timedelta(seconds=5)
    assert len(house.sender.edited) == 1


async def test_amounts_are_shown_once_a_minute(house: Any) -> None:
    """However often they change, and only if by so much that it matters."""
    await raised(house)
    async with house.delivering():
        for amount in ("390", "380", "370"):
            await reads(house, amount, minutes=0.2)
            await looked(house)
        assert house.sender.edited == []
        await reads(house, "360", minutes=0.1)
        await looked(house)
        (card,) = await house.sender.wait_for_edits(1)
        await reads(house, "361", minutes=5)
        await looked(house)
    assert [int(face.amount) for face in card.faces.values()] == [360]
    assert len(house.sender.edited) == 1


async def test_only_what_is_told_is_loaded(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is more of the coin is told anew; wallets without it are left alone."""
    async with house.open_unit() as unit:
        for path, coin, amount in (("xt/spot", "USDT", 70), ("xt/futures", "BTC", 5)):
            held = Balance(coin, Decimal(amount), Decimal(amount), Decimal(0))
            await unit.wallets.save([WalletState(path, (held,), house.clock())])
    await raised(house)
    loaded: list[set[str] | None] = []
    load = SqlWallets.load

    async def noted(wallets: SqlWallets, paths: Collection[str] | None = None) -> Any:
        loaded.append(None if paths is None else set(paths))
        return await load(wallets, paths)

    await reads(house, "300", minutes=5)
    monkeypatch.setattr(SqlWallets, "load", noted)
    async with house.delivering():
        await looked(house)
        (card,) = await house.sender.wait_for_edits(1)
    assert card.events[0].elsewhere == (("xt/spot", Decimal(70)),)
    assert card.read_at is not None
    assert loaded == [{"main/funding", "xt/spot"}]


async def test_the_end_of_a_silence_is_shown(house: Any) -> None:
    """Without a press and without a reading: time alone ends it."""
    incident = await raised(house)
    await press(house, incident, "hour")
    async with house.delivering():
        await house.sender.wait_for_edits(1)
        house.clock.advance(hours=1)
        await looked(house)
        cards = await house.sender.wait_for_edits(2)
    assert [card.faces[incident].silent for card in cards] == [True, False]


async def test_recovery_is_shown_after_a_restart(house: Any) -> None:
    """The first message says how it ended, once; its row is then no longer looked at."""
    incident = await raised(house)
    await reads(house, "2300", minutes=10)
    async with house.delivering():
        said = await house.sender.wait_for(2)
        (card,) = await house.sender.wait_for_edits(1)
        await looked(house)
    assert said[1].reply_to == card.message_id
    assert card.faces[incident].over == "cleared"
    assert str(card.faces[incident].amount) == "2300"
    async with house.open_unit() as unit:
        assert await unit.outbox.shown() == []
    async with house.delivering():
        await looked(house)
    assert len(house.sender.edited) == 1


async def test_several_in_one_message_are_shown_together(house: Any) -> None:
    """A message is looked at until all of it is over, and shows each of them."""
    house.rules = {
        "low": parse_rule("main/funding USDT < 500"),
        "lower": parse_rule("main/funding USDT < 450 · critical"),
    }
    await raised(house)
    async with house.delivering():
        await reads(house, "480", minutes=10)
        first = (await house.sender.wait_for_edits(1))[0]
        await reads(house, "600", minutes=10)
        await house.sender.wait_for_edits(2)
        await looked(house)
    second = house.sender.edited[-1]
    assert sorted(str(face.over) for face in first.faces.values()) == ["None", "cleared"]
    assert [face.over for face in second.faces.values()] == ["cleared", "cleared"]
    async with house.open_unit() as unit:
        assert await unit.outbox.shown() == []


async def test_what_ended_while_nobody_was_told(house: Any) -> None:
    """A chat that was gone when it ended does not show it as firing for ever."""
    incident = await raised(house)
    await house.chats.mark_gone(OWNER, reason="blocked")
    await reads(house, "2300", minutes=10)
    async with house.delivering():
        await looked(house)
        assert house.sender.edited == []
        await house.chats.greet(OWNER, title="You")
        await looked(house)
        (card,) = await house.sender.wait_for_edits(1)
    assert card.faces[incident].over == "unknown"


@pytest.mark.parametrize(
    ("outcome", "again_after_s"),
    [
        (NotSent("no connection"), 30),
        (MaybeSent("hung up"), 30),
        (ZeroDivisionError("a bug"), 30),
        (NotSent("flood", timedelta(seconds=90)), 90),
        (Refused("message to edit not found"), None),
        (ChatGone("blocked by the user"), None),
    ],
)
async def test_edits_that_fail(house: Any, outcome: Any, again_after_s: int | None) -> None:
    """What may work later is tried later; what never will is left until there is more to show."""
    incident = await raised(house)
    house.sender.edit_outcomes = [outcome]
    await press(house, incident, "seen")
    async with house.delivering():
        await house.sender.wait_for_edits(1)
        house.clock.advance(seconds=(again_after_s or 3600) - 6)
        await looked(house)
        assert len(house.sender.edited) == 1
        if again_after_s is not None:
            await looked(house)
            await house.sender.wait_for_edits(2)
        else:
            await press(house, incident, "hour")
            await looked(house)
            assert len(house.sender.edited) == 2


async def test_messages_go_first(house: Any) -> None:
    """While a chat gets a message it is not edited in; the edit is not forgotten."""
    incident = await raised(house)
    house.sender.gates[OWNER] = asyncio.Event()
    await press(house, incident, "seen")
    await reads(house, "2300", minutes=10)
    async with house.delivering():
        await house.sender.wait_for(2)
        await looked(house)
        assert house.sender.edited == []
        house.sender.gates[OWNER].set()
        (card,) = await house.sender.wait_for_edits(1)
    assert card.faces[incident].over == "cleared"


async def test_no_message_waits_behind_an_edit(house: Any) -> None:
    """Where there is no place for an edit it is not begun; it is when there is."""
    incident = await raised(house)
    house.sender.no_edits.add(OWNER)
    await press(house, incident, "hour")
    async with house.delivering():
        await looked(house)
        assert house.sender.edited == []
        house.sender.no_edits.clear()
        house.changed.set()
        await house.sender.wait_for_edits(1)


async def test_one_after_the_other_in_a_chat(house: Any) -> None:
    """Two messages of a chat that are both out of date are edited without a further look."""
    house.rules["xt"] = parse_rule("xt/spot BTC < 1")
    incident = await raised(house)
    await house.build_checks().read_now(["xt"])
    await house.settle()
    async with house.delivering():
        (_, said) = await house.sender.wait_for(2)
        for told in (incident, said.events[0].alert.incident):
            await press(house, told, "seen")
        cards = await house.sender.wait_for_edits(2)
    assert sorted(card.message_id for card in cards) == [1001, 1002]


async def test_wanted_anew_is_edited_though_nothing_changed(house: Any) -> None:
    """Who asks to check sees when it was read, even if all is as it was."""
    incident = await raised(house)
    shown = house.build_shown()
    async with house.delivering(shown):
        await reads(house, "400")
        shown.look_again([incident])
        (card,) = await house.sender.wait_for_edits(1)
        await looked(house)
    assert card.read_at == house.clock() - timedelta(seconds=5)
    assert len(house.sender.edited) == 1


async def test_taken_out_of_the_settings(house: Any) -> None:
    """A chat that is no longer allowed is left as it is."""
    incident = await raised(house)
    house.owners = ()
    await press(house, incident, "seen")
    async with house.delivering():
        await looked(house)
    assert house.sender.edited == []


@pytest.mark.parametrize(
    "wanted", [{"preferences": Preferences(percent_only=True)}, {"scope": Scope(("main",))}]
)
async def test_who_may_see_otherwise_is_shown_so(house: Any, wanted: dict[str, Any]) -> None:
    """Once, though the alert stands as it did; in that chat alone."""
    house.chats_allowed = (GROUP,)
    await reads(house, "400")
    async with house.delivering():
        await house.sender.wait_for(2)
    chats = house.chats
    for times in (1, 0):
        await chats.change(
            OWNER,
            lambda chat: replace(chat, **wanted),
            deed="settings_changed",
            about="it",
            by=None,
        )
        house.sender.edited.clear()
        async with house.delivering():
            await looked(house)
            await looked(house)
        assert [card.chat.chat_id for card in house.sender.edited] == [OWNER] * times
        assert all(face.renew is False for c in house.sender.edited for face in c.faces.values())


async def sees(house: Any, *patterns: str) -> None:
    """Let the owner's chat know of these wallets only, and look whether anything is edited."""
    await house.chats.change(
        OWNER,
        lambda chat: replace(chat, scope=Scope(patterns)),
        deed="scope_changed",
        about="it",
        by=None,
    )
    house.sender.edited.clear()
    async with house.delivering():
        await looked(house)
        await looked(house)


async def test_what_a_chat_may_no_longer_know_leaves_its_screen(house: Any) -> None:
    """Once, whatever becomes of it; and it is back when the chat may know of it again."""
    incident = await raised(house)
    await sees(house, "xt")
    (card,) = house.sender.edited
    assert (card.message_id, card.events) == (1001, ())
    house.sender.edited.clear()
    async with house.delivering():
        await press(house, incident, "hour")
        await reads(house, "100", minutes=5)
        await looked(house)
    assert house.sender.edited == []
    await sees(house, "*")
    (card,) = house.sender.edited
    assert [str(event.amount) for event in card.events] == ["100"]


PERCENT_ONLY = {"preferences": Preferences(percent_only=True)}


@pytest.mark.parametrize(
    ("wanted", "days", "told"),
    [
        (PERCENT_ONLY, 1, [["main/funding"]]),
        ({"scope": Scope(("xt",))}, 1, [[]]),
        (PERCENT_ONLY, 3, []),  # too old for an edit
        ({"title": "Me"}, 1, []),
    ],
)
async def test_what_is_long_over_is_shown_otherwise_too(
    house: Any, wanted: dict[str, Any], days: int, told: list[list[str]]
) -> None:
    """A message that nobody would look at again; once."""
    incident = await raised(house)
    async with house.delivering():
        await reads(house, "900")
        await house.sender.wait_for_edits(1)
        await looked(house)
    house.sender.edited.clear()
    house.clock.advance(minutes=days * 24 * 60)
    await house.chats.change(
        OWNER, lambda chat: replace(chat, **wanted), deed="settings_changed", about="it", by=None
    )
    async with house.delivering():
        await house.sender.wait_for_edits(len(told))
        await looked(house)
        await looked(house)
    assert [[e.alert.subject for e in card.events] for card in house.sender.edited] == told
    for card in house.sender.edited:
        assert card.message_id == 1001
        assert (card.faces[incident].over, int(card.faces[incident].amount)) == ("cleared", 900)


async def test_what_is_over_leaves_the_screen_too(house: Any) -> None:
    """Where one message tells of several, and one of them is over."""
    house.rules = {
        "low": parse_rule("main/funding USDT < 500"),
        "lower": parse_rule("main/funding USDT < 450 · critical"),
    }
    await raised(house)
    await reads(house, "480", minutes=10)
    async with house.delivering():
        (card,) = await house.sender.wait_for_edits(1)
    assert sorted(str(face.over) for face in card.faces.values()) == ["None", "cleared"]
    await sees(house, "xt")
    (card,) = house.sender.edited
    assert card.events == ()
    assert sorted(str(face.over) for face in card.faces.values()) == ["None", "cleared"]
    async with house.open_unit() as unit:
        assert len(await unit.outbox.shown()) == 2


async def test_an_edit_that_hides_is_not_lost(house: Any) -> None:
    """What was not edited is tried again, after a restart as well."""
    await raised(house)
    house.sender.edit_outcomes = [NotSent("no connection")]
    await sees(house, "xt")
    assert len(house.sender.edited) == 1
    house.clock.advance(minutes=1)
    async with house.delivering():
        await looked(house)
    assert len(house.sender.edited) == 2
