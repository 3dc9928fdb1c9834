"""Reading the parameters of a call: every check that several methods share, and its refusal."""

import re
import secrets
from typing import Any

from bot.sandbox.telegram.entities import (
    Entity,
    FormattedText,
    find_entities,
    parse_html,
    trim,
    utf16_length,
)
from bot.sandbox.telegram.images import picture_size
from bot.sandbox.telegram.model import Chat, Message, StoredFile
from bot.sandbox.telegram.server import TelegramServer
from bot.sandbox.telegram.wire import Parameters, Refusal, Upload, bad_request, forbidden

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_MOST_BYTES = 32_768
_MOST_PHOTO_BYTES = 10 * 2**20
_MOST_PHOTO_SIDES = 10_000
_WIDEST_PHOTO = 20


def chat_of(server: TelegramServer, p: Parameters) -> Chat:
    """Find the chat of the call, in which the bot has to be welcome."""
    if not p.has("chat_id"):
        raise bad_request("chat_id is empty")
    chat = server.chats.get(p.integer("chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise Refusal(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to=chat.migrated_to,
        )
    if chat.refusal is not None:
        raise forbidden(chat.refusal)
    return chat


def message_in(chat: Chat, message_id: int, complaint: str) -> Message:
    """Find a message that is still there, or refuse with the complaint."""
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise bad_request(complaint)
    return message


def own_message(server: TelegramServer, p: Parameters) -> Message:
    """Find the message to edit, which has to be the bot's own."""
    chat = chat_of(server, p)
    message = message_in(chat, p.integer("message_id"), "message to edit not found")
    if not message.from_bot:
        raise bad_request("message can't be edited")
    return message


def reply_to_of(chat: Chat, p: Parameters) -> Message | None:
    """Find the message to answer, in `reply_parameters` or, as in old times, beside the text."""
    reply = p.structure("reply_parameters")
    if not isinstance(reply, dict):
        reply = p.values
    asked = Parameters(reply)
    message_id = asked.integer("message_id") or asked.integer("reply_to_message_id")
    if not message_id:
        return None
    message = chat.messages.get(message_id)
    if message is not None and not message.deleted:
        return message
    if asked.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def thread_id_of(chat: Chat, p: Parameters, reply_to: Message | None) -> int | None:
    """Give the topic: the one asked for, or that of the message to answer."""
    if not p.has("message_thread_id"):
        return reply_to.thread_id if reply_to else None
    thread_id = p.integer("message_thread_id")
    if thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def text_of(p: Parameters, name: str) -> FormattedText:
    """Read the text of a message."""
    content = _formatted(p, name, entities="entities")
    if not content.text:
        raise bad_request("message text is empty")
    if utf16_length(content.text) > _LONGEST_TEXT:
        raise bad_request("message is too long")
    return content


def caption_of(p: Parameters) -> FormattedText:
    """Read a caption, which may be empty."""
    content = _formatted(p, "caption", entities="caption_entities")
    if utf16_length(content.text) > _LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return content


def _formatted(p: Parameters, name: str, *, entities: str) -> FormattedText:
    source = p.text(name)
    if len(source.encode()) > _MOST_BYTES:
        raise bad_request("message is too long")
    mode = p.text("parse_mode").lower()
    if mode == "html":
        return find_entities(trim(parse_html(source)))
    if mode:
        raise bad_request("unsupported parse_mode")
    given: list[Entity] = p.structure(entities) or []
    return find_entities(trim(FormattedText(source, tuple(given))))


def photo_of(server: TelegramServer, p: Parameters, value: str, *, field: str) -> StoredFile:
    """Give the photo that the call names or brings."""
    if stored := server.files.get(value):
        return stored
    upload = _upload(p, value, field)
    size = picture_size(upload.content)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if len(upload.content) > _MOST_PHOTO_BYTES:
        raise bad_request("file is too big")
    if sum(size) > _MOST_PHOTO_SIDES or max(size) > _WIDEST_PHOTO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    mime = "image/png" if upload.content.startswith(b"\x89PNG") else "image/jpeg"
    name = "photo.png" if mime == "image/png" else "photo.jpg"
    return StoredFile(_file_id(), "photo", upload.content, name, mime, size)


def document_of(server: TelegramServer, p: Parameters, value: str, *, field: str) -> StoredFile:
    """Give the document that the call names or brings."""
    if stored := server.files.get(value):
        return stored
    upload = _upload(p, value, field)
    if not upload.content:
        raise bad_request("file must be non-empty")
    return StoredFile(_file_id(), "document", upload.content, upload.name, upload.mime)


def _upload(p: Parameters, value: str, field: str) -> Upload:
    upload = p.files.get(value.removeprefix("attach://") if value else field)
    if upload is None:
        reason = (
            "wrong remote file identifier specified"
            if value
            else f"there is no {field} in the request"
        )
        raise bad_request(reason)
    return upload


def _file_id() -> str:
    return f"sandbox-{secrets.token_hex(8)}"


def parse_command(command: Any) -> dict[str, str]:
    """Read one command of a menu."""
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: object expected")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", ""))
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def scope_of(p: Parameters) -> str:
    """Name the scope of commands, as in "chat:5"."""
    scope = p.structure("scope") or {"type": "default"}
    parts = [scope.get("type"), scope.get("chat_id"), scope.get("user_id")]
    return ":".join(str(part) for part in parts if part is not None)


def limited(p: Parameters, name: str, most: int) -> str:
    """Read a text of at most so many UTF-16 units."""
    text = p.text(name)
    if utf16_length(text) > most:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    return text
