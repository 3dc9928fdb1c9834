"""The state of a sandbox Telegram: what people do in it, what the bot did, what goes wrong."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time
from typing import Any, Literal

from bot.sandbox.telegram.entities import FormattedText, find_entities, trim, utf16_length
from bot.sandbox.telegram.faults import Faults
from bot.sandbox.telegram.journal import Event, Journal
from bot.sandbox.telegram.limits import SendingLimits
from bot.sandbox.telegram.model import Chat, Message, Press, StoredFile, User
from bot.sandbox.telegram.updates import UpdateQueue
from bot.sandbox.telegram.webhook import Webhook

Clock = Callable[[], datetime]

TOKEN = "1000001:AAsandbox-that-opens-no-real-bot_00"  # noqa: S105 - opens nothing
"""Has the shape of a token of @BotFather."""

_LONGEST_TEXT = 4096
_ALERT_LENGTH = 200


def wall_clock() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.fromtimestamp(time(), UTC)


@dataclass(slots=True)
class Profile:
    """What the bot tells about itself, by language code; "" is for all others."""

    description: dict[str, str] = field(default_factory=dict)
    short_description: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    """By scope, as in "chat:5", and language code."""


class TelegramServer(Faults, Journal):
    """A Telegram with one bot in it; `serve_telegram` puts it on a socket.

    People act by `say` and `press`, the bot by the Bot API; tests look with `messages`,
    `wait_for_message` and `calls`, and order faults by the methods of `Faults`. All of it runs in
    one event loop.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        clock: Clock = wall_clock,
        limits: bool = False,
        privacy: bool = True,
        hint: str = "",
    ) -> None:
        """Start empty.

        Args:
            token: What the bot has to show.
            clock: Gives the time stamps, and the age of updates and button presses.
            limits: Refuse with 429 what comes faster than Telegram takes it.
            privacy: In groups, show the bot only commands and replies to it, as Telegram does
                unless @BotFather was told otherwise.
            hint: One line for the top of the chat page.
        """
        super().__init__()
        self.token = token
        self.clock = clock
        self.hint = hint
        self.privacy = privacy
        self.bot = User(
            int(token.partition(":")[0]), "balance-bot demo", "balance_demo_bot", is_bot=True
        )
        self.profile = Profile()
        self.updates = UpdateQueue(clock)
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.presses: dict[str, Press] = {}
        self.webhook_url = ""
        """getUpdates is refused while it is there; only what the bot itself sets is posted to."""
        self.webhook: Webhook | None = None
        """As the bot set it last."""
        self.visitor: User | None = None
        """Who sits before the chat page: the person of the first private chat."""
        self._limits = SendingLimits(clock) if limits else None

    def set_webhook(self, webhook: Webhook) -> None:
        """Post updates there from now on."""
        self.webhook, self.webhook_url = webhook, webhook.url
        self.updates.look_again()

    def standing_webhook(self) -> Webhook | None:
        """Give where updates are posted; None where they are not."""
        stands = self.webhook is not None and self.webhook.url == self.webhook_url
        return self.webhook if stands else None

    # People and places.

    def add_private_chat(
        self,
        first_name: str = "You",
        *,
        user_id: int = 1001,
        username: str | None = None,
        language_code: str | None = "en",
    ) -> Chat:
        """Let a person talk to the bot; the chat has the person's id."""
        user = User(user_id, first_name, username, language_code=language_code)
        self.visitor = self.visitor or user
        return self._add_chat(Chat(user_id, "private", first_name, [user]))

    def add_group(
        self,
        title: str,
        members: list[User],
        *,
        chat_id: int = -4001,
        kind: Literal["group", "supergroup"] = "group",
    ) -> Chat:
        """Open a group and put the bot into it; the first member is its owner."""
        chat = self._add_chat(Chat(chat_id, kind, title, list(members)))
        chat.admins = {user.id for user in members[:1]}
        self._tell_membership(chat, by=members[0], old="left", new="member")
        return chat

    def add_topic(self, chat_id: int, name: str) -> int:
        """Open a topic in a supergroup and give its `message_thread_id`."""
        chat = self.chats[chat_id]
        thread_id = chat.next_id()
        chat.topics[thread_id] = name
        return thread_id

    def block(self, user_id: int) -> None:
        """Let a person block the bot."""
        chat = self.chats[user_id]
        chat.refusal = "bot was blocked by the user"
        self._tell_membership(chat, by=chat.member(user_id), old="member", new="kicked")

    def unblock(self, user_id: int) -> None:
        """Let a person take the bot back."""
        chat = self.chats[user_id]
        chat.refusal = None
        self._tell_membership(chat, by=chat.member(user_id), old="kicked", new="member")

    def kick(self, chat_id: int) -> None:
        """Throw the bot out of a group."""
        chat = self.chats[chat_id]
        chat.refusal = f"bot was kicked from the {_in_words(chat)} chat"
        self._tell_membership(chat, by=chat.members[0], old="member", new="kicked")

    def leave(self, chat: Chat) -> None:
        """Let the bot leave a group."""
        chat.refusal = f"bot is not a member of the {_in_words(chat)} chat"
        self.emit(Event("chats"))

    def migrate(self, chat_id: int, new_id: int) -> Chat:
        """Make a supergroup of a group; messages of the old one stay there."""
        old = self.chats[chat_id]
        new = self._add_chat(Chat(new_id, "supergroup", old.title, old.members, old.admins))
        old.migrated_to = new_id
        for chat, service in (
            (old, {"migrate_to_chat_id": new_id}),
            (new, {"migrate_from_chat_id": chat_id}),
        ):
            message = self.post(chat, chat.members[0], FormattedText(""), service=service)
            self.updates.add("message", message.to_api())
        return new

    @property
    def people(self) -> list[User]:
        """Everybody who has a private chat with the bot, and can sit before the chat page."""
        return [chat.members[0] for chat in self.chats.values() if chat.kind == "private"]

    # What people do.

    def say(
        self,
        chat_id: int,
        user_id: int,
        text: str,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> Message:
        """Let a person write a message; the bot hears of it unless it has no business with it."""
        chat = self.chats[chat_id]
        content = find_entities(trim(FormattedText(text)))
        if not 1 <= utf16_length(content.text) <= _LONGEST_TEXT:
            raise ValueError("a message has between 1 and 4096 characters")
        message = self.post(
            chat,
            chat.member(user_id),
            content,
            reply_to=chat.messages.get(reply_to) if reply_to else None,
            thread_id=thread_id,
        )
        if self._is_shown_to_bot(message):
            self.updates.add("message", message.to_api())
        return message

    def press(
        self,
        chat_id: int,
        message_id: int,
        button: str | tuple[int, int],
        user_id: int | None = None,
    ) -> Press:
        """Press a button, named by callback_data or label, or by row and column.

        `answered` of the press is set when the bot has answered it. Without `user_id` the first
        member of the chat presses.
        """
        chat = self.chats[chat_id]
        message = chat.messages[message_id]
        user = chat.member(user_id) if user_id is not None else chat.members[0]
        return self._press(message, user, _find_button(message, button))

    def forge(self, chat_id: int, message_id: int, data: str, user_id: int) -> Press:
        """Press what is on no button, as a client of somebody's own can."""
        chat = self.chats[chat_id]
        button = {"text": "", "callback_data": data}
        return self._press(chat.messages[message_id], chat.member(user_id), button)

    def _press(self, message: Message, user: User, chosen: dict[str, Any]) -> Press:
        press = Press(str(secrets.randbits(62)), user, message, chosen, self.clock())
        self.presses[press.id] = press
        self.updates.add("callback_query", press.to_api())
        return press

    # What a test looks at.

    def messages(self, chat_id: int, *, thread_id: int | None = None) -> list[Message]:
        """List the messages that a person sees in a chat, oldest first."""
        return [
            message
            for message in self.chats[chat_id].messages.values()
            if not message.deleted and thread_id in (None, message.thread_id)
        ]

    async def wait_for_message(
        self,
        chat_id: int,
        wanted: str | Callable[[Message], bool] = "",
        *,
        after: Message | int = 0,
        timeout: float = 5.0,
    ) -> Message:
        """Wait for a message of the bot that contains a text, or fulfils a predicate.

        Messages that are there already count, unless they are not after `after`; edits count too.
        Raises AssertionError with what there is when none came within `timeout` seconds.
        """
        least = after if isinstance(after, int) else after.id

        def found() -> Message | None:
            for message in self.messages(chat_id):
                if message.id > least and message.from_bot and _fits(message, wanted):
                    return message
            return None

        try:
            return await self.wait_for(found, timeout)
        except TimeoutError:
            seen = "\n".join(
                f"#{m.id} {m.sender.first_name}: {m.text}" for m in self.messages(chat_id)
            )
            raise AssertionError(
                f"no such message within {timeout} s; there are:\n{seen}"
            ) from None

    # What the Bot API does; called by the methods only.

    def post(
        self,
        chat: Chat,
        sender: User,
        content: FormattedText,
        **details: Any,
    ) -> Message:
        """Put a message into a chat."""
        message = Message(chat, chat.next_id(), sender, self.clock(), content, **details)
        chat.messages[message.id] = message
        self.emit(Event("message", message=message))
        return message

    def changed(self, message: Message) -> None:
        """Tell that a message was edited."""
        self.emit(Event("message", message=message))

    def delete(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        self.emit(Event("deleted", message=message))

    def type_in(self, chat: Chat) -> None:
        """Show that the bot is busy in a chat."""
        self.emit(Event("typing", chat=chat))

    def answer_press(self, press: Press, text: str, *, alert: bool) -> None:
        """Show what the bot answers to a press."""
        press.answer, press.alert = text[:_ALERT_LENGTH], alert
        press.answered.set()
        self.emit(Event("answer", press=press))

    def set_commands(self, scope: str, language: str, commands: list[dict[str, str]]) -> None:
        """Keep the bot's commands for a scope and a language; none: forget them."""
        self.profile.commands.pop((scope, language), None)
        if commands:
            self.profile.commands[scope, language] = commands
        self.emit(Event("commands"))

    def commands_for(self, chat: Chat, user: User) -> list[dict[str, str]]:
        """Find the commands that this person sees there: the narrowest scope wins."""
        languages = [user.language_code, ""] if user.language_code else [""]
        for scope in _scopes(chat, user):
            for language in languages:
                if commands := self.profile.commands.get((scope, language)):
                    return commands
        return []

    def keep(self, file: StoredFile) -> StoredFile:
        """Store a file."""
        self.files[file.id] = file
        return file

    def pace(self, chat: Chat) -> None:
        """Count a message against the limits of sending, if there are any."""
        if self._limits is not None:
            self._limits.take(chat)

    def _add_chat(self, chat: Chat) -> Chat:
        if chat.id in self.chats:
            raise ValueError(f"there is a chat {chat.id} already")
        self.chats[chat.id] = chat
        self.emit(Event("chats"))
        return chat

    def _is_shown_to_bot(self, message: Message) -> bool:
        """Apply the privacy mode, https://core.telegram.org/bots/features#privacy-mode."""
        if message.chat.refusal is not None or message.chat.migrated_to is not None:
            return False
        if message.chat.kind == "private" or not self.privacy:
            return True
        if message.reply_to is not None and message.reply_to.from_bot:
            return True
        return any(self._is_ours(command) for command in message.formatted("bot_command"))

    def _is_ours(self, command: str) -> bool:
        addressee = command.partition("@")[2].lower()
        return addressee in ("", str(self.bot.username).lower())

    def _tell_membership(self, chat: Chat, *, by: User, old: str, new: str) -> None:
        bot = self.bot.to_api()
        body = {
            "chat": chat.to_api(),
            "from": by.to_api(),
            "date": int(self.clock().timestamp()),
            "old_chat_member": {"user": bot, **_standing(old)},
            "new_chat_member": {"user": bot, **_standing(new)},
        }
        self.updates.add("my_chat_member", body)
        self.emit(Event("chats"))


def _in_words(chat: Chat) -> str:
    return "supergroup" if chat.kind == "supergroup" else "group"


def _standing(status: str) -> dict[str, Any]:
    return {"status": status} | ({"until_date": 0} if status == "kicked" else {})


def _fits(message: Message, wanted: str | Callable[[Message], bool]) -> bool:
    return wanted in message.text if isinstance(wanted, str) else wanted(message)


def _find_button(message: Message, button: str | tuple[int, int]) -> dict[str, Any]:
    if isinstance(button, tuple):
        row, column = button
        return message.keyboard[row][column]
    for chosen in message.buttons:
        if button in (chosen.get("callback_data"), chosen["text"]):
            return chosen
    raise LookupError(f"no button {button!r} at message {message.id}; there are {message.labels}")


def _scopes(chat: Chat, user: User) -> list[str]:
    """List the scopes of commands, narrowest first, as in the Bot API's botcommandscope."""
    if chat.kind == "private":
        return [f"chat:{chat.id}", "all_private_chats", "default"]
    admin = user.id in chat.admins
    return [
        f"chat_member:{chat.id}:{user.id}",
        *([f"chat_administrators:{chat.id}"] if admin else []),
        f"chat:{chat.id}",
        *(["all_chat_administrators"] if admin else []),
        "all_group_chats",
        "default",
    ]
