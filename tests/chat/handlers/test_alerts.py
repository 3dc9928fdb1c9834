"""The buttons under alerts: who may press them, what that says, and what old ones say."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.chat.sender import TelegramSender
from bot.chat.views.words import (
    ALERT_OVER,
    NOT_TOLD_HERE,
    ONLY_A_TEST,
    ONLY_OWNERS_SILENCE,
    READING,
)
from bot.core.delivery import Chat, Sent, decide
from bot.core.portfolio import Account
from bot.fetchers.errors import ExchangeUnavailable
from bot.sandbox.telegram import Message, TelegramServer
from bot.services.ports import ChatSender

OWNER, GROUP, ADA = 1001, -4001, 2002
LABELS = ["👁 Seen", "🔕 1h", "🔕 8h", "🔕 Until recovered", "🔄 Check now", "📋 180 USDT"]


@pytest.fixture
def sender(desk: Any) -> ChatSender:
    return TelegramSender(desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock)


async def deliver(desk: Any, sender: ChatSender) -> None:
    """Send what waits in the outbox, once."""
    now = desk.clock()
    async with desk.open_unit() as unit:
        parcels = await unit.outbox.lease(now=now)
    for parcel in parcels:
        outcome = await sender.send_events(
            parcel.chat, parcel.events, maybe_repeated=False, reply_to=parcel.reply_to
        )
        assert isinstance(outcome, Sent)
        decision = decide(outcome, parcel.events, attempts=1, maybe_sent=False, now=now)
        async with desk.open_unit() as unit:
            await unit.outbox.settle(parcel.id, decision, at=now)


@pytest.fixture
async def alert(desk: Any, sender: ChatSender, telegram: TelegramServer) -> Message:
    """Have an alert told to the owner and to the group; give the message in the group."""
    async with desk.open_unit() as unit:
        for chat_id in (OWNER, GROUP):
            await unit.chats.add(Chat(chat_id, since=desk.clock()))
    await reads(desk, "320")
    await deliver(desk, sender)
    return telegram.messages(GROUP)[-1]


async def reads(desk: Any, amount: str) -> None:
    """Let the wallet with the rule be read, for a person who asks."""
    async with desk.polling():
        await reads_within(desk, amount)


async def reads_within(desk: Any, amount: str) -> None:
    """Do so while the bot is polling."""
    desk.exchange.answers["main/funding"] = {"USDT": amount}
    desk.clock.now += timedelta(minutes=1)
    await desk.ask("/balance")


async def hush_of(desk: Any) -> Any:
    async with desk.open_unit() as unit:
        (state,) = await unit.alerts.firing()
    return state.hush


def test_buttons(alert: Message) -> None:
    """All that can be done about it, and the shortfall to be copied, in plain digits."""
    assert alert.labels == LABELS
    assert alert.buttons[-1]["copy_text"] == {"text": "180"}


@pytest.mark.parametrize(
    ("label", "answer", "kind"),
    [
        ("👁 Seen", "👁 seen", "seen"),
        ("🔕 1h", "🔕 silent until 10:01 UTC", "until"),
        ("🔕 8h", "🔕 silent until 17:01 UTC", "until"),
        ("🔕 Until recovered", "🔕 silent until recovered", "recovery"),
    ],
)
async def test_presses(
    desk: Any, telegram: TelegramServer, alert: Message, label: str, answer: str, kind: str
) -> None:
    """An owner's press is kept under their name and says what holds now; twice is harmless."""
    async with desk.polling():
        for _ in range(2):
            press = telegram.press(GROUP, alert.id, label, user_id=OWNER)
            await desk.quiet()
            assert press.answer == answer
    hush = await hush_of(desk)
    assert (hush.kind, hush.by, hush.at) == (kind, "You", desk.clock())


async def test_viewers_only_look(desk: Any, telegram: TelegramServer, alert: Message) -> None:
    """Anybody else gets a notice on the button and changes nothing, but may have it read."""
    async with desk.polling():
        for label in LABELS[:4]:
            press = telegram.press(GROUP, alert.id, label, user_id=ADA)
            await desk.quiet()
            assert press.answer == ONLY_OWNERS_SILENCE
        press = telegram.press(GROUP, alert.id, "🔄 Check now", user_id=ADA)
        await desk.quiet()
    assert press.answer == READING
    assert await hush_of(desk) is None
    assert [m for m in telegram.messages(GROUP) if m.from_bot] == [alert]


async def test_check_now_reads(desk: Any, telegram: TelegramServer, alert: Message) -> None:
    """The accounts of the alert are read, no others, and its messages are shown anew."""
    desk.exchange.asked.clear()
    async with desk.polling():
        telegram.press(GROUP, alert.id, "🔄 Check now", user_id=OWNER)
        await desk.quiet()
        async with desk.open_unit() as unit:
            (state,) = await unit.alerts.firing()
    assert set(desk.exchange.asked) == {"main/funding", "main/trading"}
    assert desk.looked_for == {state.alert.incident}


async def test_old_buttons(desk: Any, telegram: TelegramServer, alert: Message) -> None:
    """Once it has recovered every button says so, and nothing is read."""
    await reads(desk, "2000")
    desk.exchange.asked.clear()
    async with desk.polling():
        for label in LABELS[:5]:
            press = telegram.press(GROUP, alert.id, label, user_id=OWNER)
            await desk.quiet()
            assert press.answer == ALERT_OVER
    assert desk.exchange.asked == []


async def test_a_message_that_nobody_remembers(
    desk: Any, telegram: TelegramServer, alert: Message
) -> None:
    """Where the message is not known any more, the button's own incident is meant."""
    bot = desk.build()
    data = alert.buttons[0]["callback_data"]
    markup = {"inline_keyboard": [[{"text": "Seen", "callback_data": data}]]}
    copy = await bot.send_message(OWNER, "An alert", reply_markup=markup)
    async with desk.polling():
        press = telegram.press(OWNER, copy.message_id, "Seen")
        await desk.quiet()
    assert press.answer == "👁 seen"
    assert (await hush_of(desk)).by == "You"


async def test_alerts_has_buttons_too(desk: Any, telegram: TelegramServer, alert: Message) -> None:
    """Where one alert fires its buttons are under the answer, which shows what was pressed."""
    async with desk.polling():
        await desk.ask("/alerts")
        answer = telegram.messages(OWNER)[-1]
        assert answer.labels == LABELS
        telegram.press(OWNER, answer.id, "🔕 8h")
        await desk.quiet()
        assert "silent until 17:01 UTC · You, 09:01:00 UTC" in answer.text
        assert answer.labels[0] == "🔔 Unmute"
        unmuted = telegram.press(OWNER, answer.id, "🔔 Unmute")
        await desk.quiet()
        assert unmuted.answer == "🔔 no longer silent"
        assert "👁 seen · You" in answer.text
        await reads_within(desk, "2000")
        telegram.press(OWNER, answer.id, "👁 Seen")
        await desk.quiet()
    assert answer.text.startswith("✅ All is well")
    assert answer.labels == []
    assert alert.labels == LABELS


async def test_pages_turn(desk: Any, telegram: TelegramServer) -> None:
    """What is wrong is told whole, on pages, also by buttons from before a restart."""
    wallets = tuple(f"w{n}" for n in range(99))
    desk.accounts = (Account("main", "okx", wallets, timedelta(minutes=1)),)
    async with desk.polling():
        (_,) = await desk.ask("/alerts")
        answer = telegram.messages(OWNER)[-1]
        texts = [answer.text]
    async with desk.polling():
        while forward := [label for label in answer.labels if "›" in label]:
            telegram.press(OWNER, answer.id, forward[0])
            await desk.quiet()
            texts.append(answer.text)
        telegram.press(OWNER, answer.id, "‹ Back")
        await desk.quiet()
    assert answer.text == texts[-2] != texts[-1]
    assert all(text.startswith("🔌 99 not read") for text in texts)
    assert all(sum(f"main/w{n}\n" in text for text in texts) == 1 for n in range(99))
    assert desk.exchange.asked == []


async def test_alerts_names_what_is_blind(desk: Any) -> None:
    """With what cannot be read it is told how many rules cannot be judged."""
    desk.exchange.answers["main/funding"] = ExchangeUnavailable("okx answered HTTP 502")
    desk.exchange.answers["xt/spot"] = ExchangeUnavailable("xt answered HTTP 502")
    async with desk.polling():
        await desk.ask("/balance")
        (answer,) = await desk.ask("/alerts")
    assert "okx answered HTTP 502\nnever read so far; 1 rule cannot be judged" in answer
    assert "xt answered HTTP 502\nnever read so far; no rule needs it" in answer


async def test_test(desk: Any, sender: ChatSender, telegram: TelegramServer) -> None:
    """It goes the way of a real alert, to this chat alone; its buttons say what it is."""
    async with desk.polling():
        await desk.ask("/start")
        assert await desk.ask("/test") == []
        await deliver(desk, sender)
        (told,) = [m for m in telegram.messages(OWNER) if "main/funding" in m.text]
        assert "TEST" in told.text.splitlines()[0]
        for label in told.labels[:5]:
            press = telegram.press(OWNER, told.id, label)
            await desk.quiet()
            assert press.answer == ONLY_A_TEST
        (well,) = await desk.ask("/alerts")
    assert "low" not in well
    assert telegram.messages(GROUP) == []
    async with desk.open_unit() as unit:
        assert await unit.alerts.load() == {}


async def test_test_where_nothing_is_told(desk: Any) -> None:
    """A chat that is not on the list is told how to get on it."""
    async with desk.polling():
        assert await desk.ask("/test") == [NOT_TOLD_HERE]


async def test_quiet_hours(desk: Any) -> None:
    """Set, told, and taken away; nonsense gets the usage."""
    async with desk.polling():
        (none,) = await desk.ask("/quiet")
        (set_,) = await desk.ask("/quiet 22:00-7:00")
        (told,) = await desk.ask("/quiet")
        (usage,) = await desk.ask("/quiet 25:00-07:00")
        (off,) = await desk.ask("/quiet off")
    assert none == off
    assert "22:00–07:00 (UTC)" in set_ == told
    assert usage.startswith("Usage:")
    assert "No quiet hours" in none


async def test_viewers_do_not_change_quiet_hours(desk: Any) -> None:
    """They may ask for them."""
    async with desk.polling():
        assert await desk.ask("/quiet off", chat=GROUP, user=ADA) == [ONLY_OWNERS_SILENCE]
        (told,) = await desk.ask("/quiet", chat=GROUP, user=ADA)
        (set_,) = await desk.ask("/quiet 22:00-07:00", chat=GROUP, user=OWNER)
    assert "No quiet hours" in told
    assert "22:00" in set_
