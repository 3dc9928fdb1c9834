"""Show in the first message of each episode how it stands: what is out of date is edited.

Nothing is remembered here that matters: what a message shows and how its alerts stand are both in
the database, and where they differ the message is edited, after a restart as well as before.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from bot.core.alerts import AlertState
from bot.core.delivery import LONGEST_REST, Chat, MaybeSent, NotSent
from bot.core.events import AlertRaised, Event
from bot.core.faces import Face, as_now, face_of, is_outdated
from bot.core.portfolio import WalletState
from bot.services.gather_facts import richest_in
from bot.services.ports import Card, ChatSender, Clock, OpenUnit, Recipients, Shown, Unit
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=5)
"""How often what is shown is compared with what is; whoever has news does not wait for that."""
REST = timedelta(seconds=30)
"""How long a message is left alone that could not be edited."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A message that is out of date."""

    chat: Chat
    first: Shown
    faces: Mapping[str, Face]
    """How all that it shows stands."""
    firing: Sequence[AlertState]
    renewed: bool
    """Whether the chat may see more of it, or less, than is shown."""


class ShowAlerts:
    """Finds what is out of date and brings it up to date; who calls it keeps the pace."""

    def __init__(
        self,
        *,
        watched: Watched,
        open_unit: OpenUnit,
        recipients: Recipients,
        sender: ChatSender,
        clock: Clock,
        wake_delivery: Callable[[], None],
    ) -> None:
        self._watched = watched
        self._open_unit = open_unit
        self._recipients = recipients
        self._sender = sender
        self._clock = clock
        self._wake_delivery = wake_delivery
        self._look_at: datetime | None = None
        self._wanted: set[str] = set()
        self._resting: dict[int, datetime] = {}

    def look_again(self, wanted: Collection[str] = ()) -> None:
        """Look at once; what shows one of the `wanted` incidents is edited in any case."""
        self._wanted.update(wanted)
        self._look_at = None
        self._wake_delivery()

    async def due(self, *, busy: Collection[int], most: int) -> Sequence[Card]:
        """Return what is to be edited now: one message a chat, none in a chat that is busy."""
        now = self._clock()
        if self._look_at is not None and now < self._look_at <= now + LOOK_EVERY:
            return ()
        self._look_at = now + LOOK_EVERY
        async with self._open_unit() as unit:
            shown = await unit.outbox.shown()
            return await self._due(unit, shown, busy=busy, most=most) if shown else ()

    async def _due(
        self, unit: Unit, shown: Sequence[Shown], *, busy: Collection[int], most: int
    ) -> Sequence[Card]:
        now = self._clock()
        states = {s.alert.incident: s for s in await unit.alerts.firing() if s.alert is not None}
        chats = {chat.chat_id: chat for chat in self._recipients(await unit.chats.load())}
        due: dict[int, _Due] = {}
        for parcel_id, group in groupby(shown, key=lambda one: one.parcel_id):
            message = list(group)
            chat = chats.get(message[0].chat_id)
            if chat is None or self._rests(chat, parcel_id, now):
                continue
            faces = self._news(message, states)
            if not faces:
                continue
            is_free = chat.chat_id not in busy and self._sender.may_edit(chat.chat_id)
            if chat.chat_id in due or not is_free or len(due) >= most:
                self._look_at = None  # it is next
                continue
            firing = [states[incident] for incident in faces if incident in states]
            renewed = any(one.face.renew for one in message)
            due[chat.chat_id] = _Due(chat, message[0], faces, firing, renewed)
        cards = [await self._card(unit, one) for one in due.values()]
        return [card for card in cards if card is not None]

    def _rests(self, chat: Chat, parcel_id: int, now: datetime) -> bool:
        """Say whether a message must not be edited; no pause is longer, but by a clock ahead."""
        pauses = ((chat.not_before, LONGEST_REST), (self._resting.get(parcel_id), REST))
        return any(until is not None and now < until <= now + most for until, most in pauses)

    def _news(
        self, message: Sequence[Shown], states: Mapping[str, AlertState]
    ) -> Mapping[str, Face]:
        """Say how the alerts in a message stand; () while it shows nothing else."""
        now = self._clock()
        present: dict[str, Face] = {}
        outdated = False
        for one in message:
            state = states.get(one.incident)
            face = present[one.incident] = face_of(one.face, state, one.ending, now=now)
            limit = state.alert.limit if state and state.alert else face.amount
            outdated = (
                outdated
                or one.incident in self._wanted
                or is_outdated(one.face, face, limit, shown_at=one.shown_at, now=now)
            )
        return present if outdated else {}

    async def _card(self, unit: Unit, due: _Due) -> Card | None:
        """Set a message anew; None where it shows already that the chat may know nothing of it."""
        events = await unit.outbox.events_of(due.first.parcel_id)
        told = [event for event in events if isinstance(event, AlertRaised)]
        paths = self._paths(due.firing)
        elsewhere_in = {event.alert.asset for event in told if event.elsewhere}
        wallets = await unit.wallets.load(paths | await richest_in(unit, elsewhere_in))
        # An episode that was told again later in this chat is shown there.
        elsewhere = {e.alert.incident: Face(e.amount, over="unknown") for e in told}
        faces = {**elsewhere, **due.faces}
        present = [_as_now(event, faces, wallets) for event in events]
        may_show = await unit.outbox.seen(present, due.chat)
        if not (due.renewed or any(isinstance(event, AlertRaised) for event in may_show)):
            await unit.outbox.show(faces, due.first.parcel_id, at=self._clock())
            return None
        return Card(
            parcel_id=due.first.parcel_id,
            chat=due.chat,
            message_id=due.first.message_id,
            events=may_show,
            faces=faces,
            read_at=_read_at(paths, wallets),
        )

    def _paths(self, firing: Iterable[AlertState]) -> set[str]:
        """Name all that these alerts are about."""
        keys = {state.key for state in firing}
        return {path for w in self._watched.watches if w.key in keys for path in w.paths}

    async def edit(self, card: Card) -> None:
        """Edit one message and keep what it shows now; nothing that goes wrong escapes."""
        try:
            await self._edit(card)
        except Exception:
            log.exception("An edit broke off", action="edit", parcel=card.parcel_id)
            self._resting[card.parcel_id] = self._clock() + REST

    async def _edit(self, card: Card) -> None:
        outcome = await self._sender.edit_events(card)
        now = self._clock()
        match outcome:
            case NotSent(_, retry_after) if retry_after is not None:
                async with self._open_unit() as unit:
                    rest = min(retry_after, LONGEST_REST)
                    await unit.chats.hold(card.chat.chat_id, until=now + rest)
            case NotSent() | MaybeSent():
                self._resting[card.parcel_id] = now + REST
            case _:  # also where it will never be: it is left as it is until there is more
                self._resting.pop(card.parcel_id, None)
                self._wanted.difference_update(card.faces)
                async with self._open_unit() as unit:
                    await unit.outbox.show(card.faces, card.parcel_id, at=now)
        log.debug("A message was edited", action="edit", outcome=str(outcome))


def _read_at(paths: Collection[str], wallets: Mapping[str, WalletState]) -> datetime | None:
    """Say when all of these were read last."""
    instants = [wallets[path].read_at for path in paths if path in wallets]
    known = [at for at in instants if at is not None]
    return min(known) if known and len(known) == len(paths) else None


def _as_now(event: Event, faces: Mapping[str, Face], wallets: Mapping[str, WalletState]) -> Event:
    if not isinstance(event, AlertRaised):
        return event
    return as_now(event, faces[event.alert.incident], wallets.values())
