"""Users, chats, messages: what the sandbox remembers, and how the Bot API shows it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.sandbox.telegram.entities import FormattedText
from bot.sandbox.telegram.keyboards import Button, Keyboard

ChatKind = Literal["private", "group", "supergroup"]


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the bot."""

    id: int
    first_name: str
    username: str | None = None
    is_bot: bool = False
    language_code: str | None = None

    def to_api(self) -> dict[str, Any]:
        """Give the object `User` of the Bot API."""
        shown = {"username": self.username, "language_code": self.language_code}
        body = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        return body | {name: value for name, value in shown.items() if value is not None}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A photo or document that was sent."""

    id: str
    kind: Literal["photo", "document"]
    content: bytes = field(repr=False)
    name: str
    mime: str
    size: tuple[int, int] | None = None
    """Width and height of a photo in pixels."""

    @property
    def path(self) -> str:
        """Where the Bot API serves it, as in `getFile`."""
        return f"{self.kind}s/{self.id}/{self.name}"

    def to_api(self) -> dict[str, Any]:
        """Give the object `PhotoSize` or `Document`."""
        body: dict[str, Any] = {
            "file_id": self.id,
            "file_unique_id": f"u{self.id}",
            "file_size": len(self.content),
        }
        if self.size is not None:
            return body | {"width": self.size[0], "height": self.size[1]}
        return body | {"file_name": self.name, "mime_type": self.mime}


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands now: edits are made in place."""

    chat: "Chat"
    id: int
    sender: User
    sent_at: datetime
    content: FormattedText
    """The text, or the caption of a file."""
    keyboard: Keyboard = field(default_factory=list)
    file: StoredFile | None = None
    reply_to: "Message | None" = None
    thread_id: int | None = None
    silent: bool = False
    edited_at: datetime | None = None
    deleted: bool = False
    service: dict[str, Any] = field(default_factory=dict)
    """What a service message tells, as in `{"migrate_to_chat_id": …}`."""

    @property
    def text(self) -> str:
        """The text or caption, without its formatting."""
        return self.content.text

    @property
    def from_bot(self) -> bool:
        """Whether the bot has sent it."""
        return self.sender.is_bot

    @property
    def buttons(self) -> list[Button]:
        """All buttons, row after row."""
        return [button for row in self.keyboard for button in row]

    @property
    def labels(self) -> list[str]:
        """The labels of all buttons, row after row."""
        return [button["text"] for button in self.buttons]

    def formatted(self, kind: str) -> list[str]:
        """Give the parts of the text that carry an entity, as in `formatted("pre")`."""
        units = self.text.encode("utf-16-le")
        return [
            units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
            for e in self.content.entities
            if e["type"] == kind
        ]

    def to_api(self, *, with_reply: bool = True) -> dict[str, Any]:
        """Give the object `Message`; the message it answers is shown one level deep."""
        body: dict[str, Any] = {
            "message_id": self.id,
            "date": int(self.sent_at.timestamp()),
            "chat": self.chat.to_api(),
            "from": self.sender.to_api(),
            **self._content_to_api(),
            **self.service,
        }
        if self.edited_at is not None:
            body["edit_date"] = int(self.edited_at.timestamp())
        if self.thread_id is not None:
            body |= {"message_thread_id": self.thread_id, "is_topic_message": True}
        if self.keyboard:
            body["reply_markup"] = {"inline_keyboard": self.keyboard}
        if with_reply and self.reply_to is not None:
            body["reply_to_message"] = self.reply_to.to_api(with_reply=False)
        return body

    def _content_to_api(self) -> dict[str, Any]:
        text, entities = (
            ("text", "entities") if self.file is None else ("caption", "caption_entities")
        )
        body: dict[str, Any] = {text: self.text} if self.text else {}
        if self.content.entities:
            body[entities] = list(self.content.entities)
        if self.file is not None:
            shown = self.file.to_api()
            body[self.file.kind] = [shown] if self.file.kind == "photo" else shown
        return body


@dataclass(slots=True, eq=False)
class Chat:
    """A place to talk in; a private chat has the id of its person."""

    id: int
    kind: ChatKind
    title: str
    members: list[User] = field(default_factory=list)
    admins: set[int] = field(default_factory=set)
    topics: dict[int, str] = field(default_factory=dict)
    """Topics of a forum by `message_thread_id`; none: not a forum."""
    messages: dict[int, Message] = field(default_factory=dict)
    """By id, in the order in which they were sent, deleted ones too."""
    refusal: str | None = None
    """Why the bot may not send here, as in "bot was blocked by the user"."""
    migrated_to: int | None = None
    last_id: int = 0

    def to_api(self) -> dict[str, Any]:
        """Give the object `Chat`."""
        body: dict[str, Any] = {"id": self.id, "type": self.kind}
        if self.kind != "private":
            return body | {"title": self.title} | ({"is_forum": True} if self.topics else {})
        body["first_name"] = self.title
        username = next((m.username for m in self.members if m.id == self.id), None)
        return body | ({"username": username} if username else {})

    def next_id(self) -> int:
        """Count on to the next message id."""
        self.last_id += 1
        return self.last_id

    def member(self, user_id: int) -> User:
        """Find a member; raise LookupError when there is none with that id."""
        for user in self.members:
            if user.id == user_id:
                return user
        raise LookupError(f"no user {user_id} in chat {self.id}")


@dataclass(slots=True, eq=False)
class Press:
    """A press of a button, and what the bot answers to it."""

    id: str
    user: User
    message: Message
    button: Button
    pressed_at: datetime
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    answer: str | None = None
    """The text of the toast or alert; empty when the bot only stopped the progress bar."""
    alert: bool = False

    @property
    def data(self) -> str:
        """The button's callback_data."""
        return str(self.button["callback_data"])

    def to_api(self) -> dict[str, Any]:
        """Give the object `CallbackQuery`."""
        return {
            "id": self.id,
            "from": self.user.to_api(),
            "message": self.message.to_api(),
            "chat_instance": str(self.message.chat.id),
            "data": self.data,
        }
