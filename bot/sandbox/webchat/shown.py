"""What the page gets to see: chats and messages as plain values, from the side of one person."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.sandbox.telegram.journal import Event
    from bot.sandbox.telegram.keyboards import Button
    from bot.sandbox.telegram.model import Chat, Message, Press, StoredFile, User
    from bot.sandbox.telegram.server import TelegramServer

_LATEST = 200
"""So many messages of a chat are shown."""
_EXCERPT_LENGTH = 120


def show_state(server: "TelegramServer", visitor: "User | None") -> dict[str, Any]:
    """Give everything that the page needs to start, or to start again."""
    chats = [chat for chat in server.chats.values() if is_visible(visitor, chat)]
    return {
        "hint": server.hint,
        "visitor": None if visitor is None else visitor.id,
        "people": [_show_user(user) for user in server.people],
        "bot": {"name": server.bot.first_name, "username": server.bot.username},
        "chats": [_show_chat(server, visitor, chat) for chat in chats],
    }


def is_visible(visitor: "User | None", chat: "Chat") -> bool:
    """Tell whether the visitor is in the chat."""
    return visitor in chat.members and chat.migrated_to is None


def show_event(
    server: "TelegramServer", visitor: "User | None", event: "Event"
) -> tuple[str, dict[str, Any]] | None:
    """Give the name and the content of an event for the page; None when it does not concern it."""
    if event.kind in ("chats", "commands"):
        return "state", show_state(server, visitor)
    if event.press is not None:
        return "answer", _show_answer(event.press)
    chat = event.message.chat if event.message is not None else event.chat
    if chat is None or not is_visible(visitor, chat):
        return None
    body: dict[str, Any] = {"chat": str(chat.id)}
    if event.message is not None:
        body["message"] = _show_message(event.message)
    return event.kind, body


def _show_chat(server: "TelegramServer", visitor: "User | None", chat: "Chat") -> dict[str, Any]:
    messages = [message for message in chat.messages.values() if not message.deleted]
    private = chat.kind == "private"
    return {
        "id": str(chat.id),
        "private": private,
        "title": server.bot.first_name if private else chat.title,
        "members": len(chat.members) + 1,
        "commands": server.commands_for(chat, visitor) if visitor else [],
        "messages": [_show_message(message) for message in messages[-_LATEST:]],
    }


def _show_message(message: "Message") -> dict[str, Any]:
    return {
        "id": message.id,
        "from": _show_user(message.sender),
        "at_ms": int(message.sent_at.timestamp() * 1000),
        "text": message.text,
        "entities": message.content.entities,
        "keyboard": [[_show_button(button) for button in row] for row in message.keyboard],
        "file": None if message.file is None else _show_file(message.file),
        "reply_to": None if message.reply_to is None else _show_quote(message.reply_to),
        "topic": message.chat.topics.get(message.thread_id) if message.thread_id else None,
        "edited": message.edited_at is not None,
        "service": _show_service(message),
    }


def _show_user(user: "User") -> dict[str, Any]:
    return {"id": user.id, "name": user.first_name, "bot": user.is_bot}


def _show_button(button: "Button") -> dict[str, Any]:
    copied = button.get("copy_text")
    return {
        "text": button["text"],
        "style": button.get("style"),
        "url": button.get("url"),
        "copy": copied["text"] if copied else None,
    }


def _show_file(file: "StoredFile") -> dict[str, Any]:
    return {
        "kind": file.kind,
        "url": f"/page/files/{file.id}",
        "name": file.name,
        "bytes": len(file.content),
        "size": file.size,
    }


def _show_quote(message: "Message") -> dict[str, Any]:
    excerpt = " ".join(message.text.split())[:_EXCERPT_LENGTH]
    missing = "deleted message" if message.deleted else "file"
    return {"id": message.id, "name": message.sender.first_name, "text": excerpt or missing}


def _show_service(message: "Message") -> str | None:
    if "migrate_from_chat_id" in message.service:
        return "This group became a supergroup"
    return None


def _show_answer(press: "Press") -> dict[str, Any]:
    return {"press": press.id, "text": press.answer, "alert": press.alert}
