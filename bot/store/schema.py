"""The tables; how a value lies in a column is in `_columns`."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from bot.core.alerts import Hush
from bot.core.events import Alert
from bot.core.faces import Ending, Face
from bot.core.preferences import Preferences
from bot.core.scope import Scope
from bot.fetchers.model import Balance
from bot.store._columns import AllHappened, Amount, Happened, Hour, Hours, Instant, Json

EVERYTHING, NOTHING = '{"patterns":["*"]}', '{"patterns":[]}'
NO_AMOUNTS = '{"percent_only":true}'
NO_FACE = '{"amount":"0","renew":true}'

Ended = Annotated[Ending, Field(discriminator="kind")]

_Number = BigInteger().with_variant(Integer, "sqlite")
"""Numbers rows; SQLite counts up `INTEGER` alone, which is as wide there."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("due_at", Instant, nullable=False, index=True),
    Column("leased_until", Instant),
    Column("fence", BigInteger, nullable=False, default=0),
)

# What may be done by one process only, and who does it; a fence tells an old holder from a new.
leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
)

# Counts what other processes must take up: rules made in a chat, sub-accounts discovered.
news = Table(
    "news",
    metadata,
    Column("topic", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

wallets = Table(
    "wallets",
    metadata,
    Column("path", String, primary_key=True),
    # Most wallets are as they were when somebody asks again, and reading 200 anew takes 10 ms.
    Column("balances", Json(tuple[Balance, ...], remember=1024)),
    Column("read_at", Instant),
    Column("first_read_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("error", String),
    Column("message", Text),
    Column("retry_at", Instant),
    Column("lost_for", String),
    Column("frozen", Boolean, nullable=False),
)

# A row when an amount changes, none while it stays.
changes = Table(
    "changes",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("path", String, nullable=False),
    Column("asset", String, nullable=False),
    Column("at", Instant, nullable=False),
    # When the amounts before were read last; none before the first reading.
    Column("before_at", Instant),
    Column("total", Amount),
    Column("available", Amount),
    Column("held", Amount),
    Index(None, "path", "asset", "at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("rule", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("asset", String, primary_key=True),
    Column("bad_reads", Integer, nullable=False),
    Column("condition", Text, nullable=False, server_default=""),
    Column("since", Instant),
    Column("counted_at", Instant),
    Column("amount", Amount),
    Column("measure", String, nullable=False),
    Column("at_least", Boolean, nullable=False),
    Column("alert", Json(Alert)),
    Column("reminders", Integer, nullable=False),
    Column("reminded_at", Instant),
    Column("ended_at", Instant),
    Column("hush", Json(Hush)),
)

# Those that were made in a chat; the settings have their own.
rules = Table(
    "rules",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("text", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("deleted_at", Instant),
    sqlite_autoincrement=True,
)

# Rules that are talked about. A number that comes back would let an old button act on a new one.
drafts = Table(
    "drafts",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("edits", _Number),
    Column("question", BigInteger),
    Column("became", _Number),
    Index(None, "chat_id", "user_id"),
    sqlite_autoincrement=True,
)

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True),
    Column("title", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("not_before", Instant),
    Column("gone", Text),
    Column("former_id", BigInteger),
    Column("quiet", Hours),
    Column("role", String),
    Column("blocked", Boolean, nullable=False, server_default=false()),
    Column("asked_at", Instant),
    Column("scope", Json(Scope, instead=NOTHING), nullable=False, server_default=EVERYTHING),
    Column("thread_id", BigInteger),
    Column(
        "preferences",
        Json(Preferences, instead=NO_AMOUNTS),
        nullable=False,
        server_default="{}",
    ),
)

# Who has spoken in a group, and what only they may do there.
members = Table(
    "members",
    metadata,
    Column("chat_id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String),
)

# The one code that makes its first opener an owner; in clear it is in the log alone.
pairing = Table(
    "pairing",
    metadata,
    Column("digest", String, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Column("wrong_tries", Integer, nullable=False),
)

# What the next words of somebody in a chat are meant for, besides drafts of rules.
questions = Table(
    "questions",
    metadata,
    Column("chat_id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("message_id", BigInteger, nullable=False),
    Column("topic", String, nullable=False),
    Column("about", BigInteger, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

# Who did what when; written with the deed.
audit = Table(
    "audit",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("by_id", BigInteger),
    Column("by_name", Text, nullable=False),
    Column("chat_id", BigInteger),
    Column("kind", String, nullable=False),
    Column("about", Text, nullable=False),
    sqlite_autoincrement=True,
)

# One row is one message to one chat. `done_at` is set last, after the send. What is `held` waits
# for the end of quiet hours, and is added to until then. What comes long after `due_at` is late.
outbox = Table(
    "outbox",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("events", AllHappened, nullable=False),
    Column("reply_to", ForeignKey("outbox.id", ondelete="SET NULL"), index=True),
    Column("queued_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("held", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("sending_since", Instant),
    Column("maybe_sent", Boolean, nullable=False, default=False),
    Column("done_at", Instant),
    Column("message_id", BigInteger),
    Column("dropped", Text),
    Index(None, "done_at", "chat_id", "id"),
    Index(None, "chat_id", "message_id"),
    sqlite_autoincrement=True,
)

# Critical events: told by other channels when they are not heard on Telegram. `told_to` is set
# last, after the send; a channel has a name there that tells nothing of its address.
elsewhere = Table(
    "elsewhere",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("event", Happened, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("reached", Boolean, nullable=False, default=False),
    Column("told_to", Json(tuple[str, ...], instead="[]"), nullable=False, default=()),
    Column("done_at", Instant, index=True),
)

# Where an episode was told first in a chat, and what is shown there: what comes later is a reply
# to that. A row goes when the message shows that all of it is over.
incidents = Table(
    "incidents",
    metadata,
    Column("incident", String, primary_key=True),
    Column("chat_id", BigInteger, primary_key=True),
    Column("outbox_id", ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("face", Json(Face, instead=NO_FACE), nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("ending", Json(Ended)),
)

digests = Table(
    "digests",
    metadata,
    Column("chat_id", BigInteger, primary_key=True),
    Column("period", String, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("due_at", Instant, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("handled_at", Instant, index=True),
)

# What coins were worth, in USDT: a row an hour of what is held, fewer of what is long past.
kept_prices = Table(
    "kept_prices",
    metadata,
    Column("market", String, primary_key=True),
    Column("coin", String, primary_key=True),
    Column("hour", Hour, primary_key=True),
    Column("price", Amount, nullable=False),
    sqlite_with_rowid=False,
)

# When a wallet was not read, from the last good reading to the next; no row while all goes well.
gaps = Table(
    "gaps",
    metadata,
    Column("path", String, primary_key=True),
    Column("begins_at", Instant, primary_key=True),
    Column("ends_at", Instant, nullable=False),
)
