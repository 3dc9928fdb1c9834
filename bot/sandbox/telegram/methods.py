"""The methods of the Bot API, https://core.telegram.org/bots/api, that a bot like ours needs."""

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from inspect import isawaitable
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
from bot.sandbox.telegram.keyboards import parse_keyboard
from bot.sandbox.telegram.model import Chat, Message, Press, StoredFile, User
from bot.sandbox.telegram.server import TelegramServer
from bot.sandbox.telegram.wire import Parameters, Refusal, Upload, bad_request, forbidden

Method = Callable[[TelegramServer, Parameters], Any | Awaitable[Any]]

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_MOST_BYTES = 32_768
_MOST_PHOTO_BYTES = 10 * 2**20
_MOST_PHOTO_SIDES = 10_000
_WIDEST_PHOTO = 20
_PRESS_ANSWERABLE_FOR = timedelta(seconds=150)
_DELETABLE_FOR = timedelta(hours=48)
_MOST_COMMANDS = 100
_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip
_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


async def perform(server: TelegramServer, method: str, parameters: Parameters) -> Any:
    """Carry out a call and give its result; the name of the method is in any case."""
    answer = METHODS.get(method.lower())
    if answer is None:
        raise Refusal(404, "Not Found")
    result = answer(server, parameters)
    return await result if isawaitable(result) else result


# The bot itself.


def get_me(server: TelegramServer, _: Parameters) -> Any:
    """Answer getMe."""
    return server.bot.to_api() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not server.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_updates(server: TelegramServer, p: Parameters) -> Any:
    """Answer getUpdates."""
    if server.webhook_url:
        raise Refusal(409, _WEBHOOK_ACTIVE)
    return await server.updates.poll(
        offset=p.integer("offset"),
        limit=p.integer("limit", default=100),
        timeout_s=max(0, p.integer("timeout")),
        allowed=p.structure("allowed_updates"),
    )


def delete_webhook(server: TelegramServer, p: Parameters) -> Any:
    """Answer deleteWebhook."""
    server.webhook_url = ""
    if p.flag("drop_pending_updates"):
        server.updates.clear()
    return True


def get_webhook_info(server: TelegramServer, _: Parameters) -> Any:
    """Answer getWebhookInfo."""
    body: dict[str, Any] = {
        "url": server.webhook_url,
        "has_custom_certificate": False,
        "pending_update_count": len(server.updates.pending),
    }
    return body | ({"allowed_updates": server.updates.allowed} if server.updates.allowed else {})


def set_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyCommands."""
    commands = p.structure("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: expected an array of BotCommand")
    if len(commands) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    parsed = [_parse_command(command) for command in commands]
    server.set_commands(_scope(p), p.text("language_code"), parsed)
    return True


def get_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyCommands."""
    return server.profile.commands.get((_scope(p), p.text("language_code")), [])


def delete_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer deleteMyCommands."""
    server.set_commands(_scope(p), p.text("language_code"), [])
    return True


def set_my_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyDescription."""
    server.profile.description[p.text("language_code")] = _limited(p, "description", 512)
    return True


def get_my_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyDescription."""
    return {"description": server.profile.description.get(p.text("language_code"), "")}


def set_my_short_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyShortDescription."""
    text = _limited(p, "short_description", 120)
    server.profile.short_description[p.text("language_code")] = text
    return True


def get_my_short_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyShortDescription."""
    texts = server.profile.short_description
    return {"short_description": texts.get(p.text("language_code"), "")}


# Sending.


def send_message(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendMessage."""
    return _send(server, p, _text(p, "text"))


def send_photo(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendPhoto."""
    return _send(server, p, _caption(p), file=_photo(server, p, p.text("photo"), field="photo"))


def send_document(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendDocument."""
    file = _document(server, p, p.text("document"), field="document")
    return _send(server, p, _caption(p), file=file)


def send_chat_action(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendChatAction."""
    chat = _chat(server, p)
    if p.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    server.type_in(chat)
    return True


def _send(
    server: TelegramServer, p: Parameters, content: FormattedText, file: StoredFile | None = None
) -> Any:
    chat = _chat(server, p)
    keyboard = parse_keyboard(p.structure("reply_markup"))
    reply_to = _reply_to(chat, p)
    thread_id = _thread_id(chat, p, reply_to)
    server.pace(chat)
    message = server.post(
        chat,
        server.bot,
        content,
        file=file if file is None else server.keep(file),
        keyboard=keyboard,
        reply_to=reply_to,
        thread_id=thread_id,
        silent=p.flag("disable_notification"),
    )
    return message.to_api()


# Changing what was sent.


def edit_message_text(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageText."""
    content = _text(p, "text")
    message = _own_message(server, p)
    if message.file is not None:
        raise bad_request("there is no text in the message to edit")
    return _edit(server, p, message, content=content)


def edit_message_caption(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageCaption."""
    content = _caption(p)
    message = _own_message(server, p)
    if message.file is None:
        raise bad_request("there is no caption in the message to edit")
    return _edit(server, p, message, content=content)


def edit_message_media(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageMedia."""
    media = p.structure("media")
    if not isinstance(media, dict) or media.get("type") not in {"photo", "document"}:
        raise bad_request("can't parse InputMedia: media of this type isn't supported here")
    inner = Parameters(media, p.files)
    read = _photo if media["type"] == "photo" else _document
    file = read(server, inner, inner.text("media"), field="media")
    return _edit(server, p, _own_message(server, p), content=_caption(inner), file=file)


def edit_message_reply_markup(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageReplyMarkup."""
    message = _own_message(server, p)
    return _edit(server, p, message, content=message.content)


def _edit(
    server: TelegramServer,
    p: Parameters,
    message: Message,
    *,
    content: FormattedText,
    file: StoredFile | None = None,
) -> Any:
    keyboard = parse_keyboard(p.structure("reply_markup"))
    new_file = file is not None and (message.file is None or file.id != message.file.id)
    if (content, keyboard) == (message.content, message.keyboard) and not new_file:
        raise bad_request(_NOT_MODIFIED)
    server.pace(message.chat)
    # Like Telegram, which does not mark a message as edited when only its buttons change.
    if content != message.content or new_file:
        message.edited_at = server.clock()
    message.content, message.keyboard = content, keyboard
    if file is not None:
        message.file = server.keep(file)
    server.changed(message)
    return message.to_api()


def delete_message(server: TelegramServer, p: Parameters) -> Any:
    """Answer deleteMessage."""
    chat = _chat(server, p)
    message = _find_message(chat, p.integer("message_id"), "message to delete not found")
    if server.clock() - message.sent_at > _DELETABLE_FOR:
        raise bad_request("message can't be deleted for everyone")
    if not message.from_bot and chat.kind != "private":
        raise bad_request("message can't be deleted")
    server.delete(message)
    return True


# Buttons, chats, files.


def answer_callback_query(server: TelegramServer, p: Parameters) -> Any:
    """Answer answerCallbackQuery."""
    press: Press | None = server.presses.get(p.text("callback_query_id"))
    if press is None or server.clock() - press.pressed_at > _PRESS_ANSWERABLE_FOR:
        raise bad_request(_QUERY_TOO_OLD)
    text = p.text("text")
    if utf16_length(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    server.answer_press(press, text, alert=p.flag("show_alert"))
    return True


def get_chat(server: TelegramServer, p: Parameters) -> Any:
    """Answer getChat."""
    gifts = (
        "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
        "gifts_from_channels",
    )  # fmt: skip
    return _chat(server, p).to_api() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


def get_chat_member(server: TelegramServer, p: Parameters) -> Any:
    """Answer getChatMember."""
    chat = _chat(server, p)
    user_id = p.integer("user_id")
    if user_id == server.bot.id:
        return {"status": "member", "user": server.bot.to_api()}
    user = next((u for u in chat.members if u.id == user_id), None)
    if user is None:
        raise bad_request("user not found")
    return _membership(chat, user)


def get_chat_administrators(server: TelegramServer, p: Parameters) -> Any:
    """Answer getChatAdministrators."""
    chat = _chat(server, p)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    return [_membership(chat, user) for user in chat.members if user.id in chat.admins]


def leave_chat(server: TelegramServer, p: Parameters) -> Any:
    """Answer leaveChat."""
    chat = _chat(server, p)
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    server.leave(chat)
    return True


def get_file(server: TelegramServer, p: Parameters) -> Any:
    """Answer getFile."""
    file = server.files.get(p.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    body = {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": len(file.content)}
    return body | {"file_path": file.path}


METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "setmydescription": set_my_description,
    "getmydescription": get_my_description,
    "setmyshortdescription": set_my_short_description,
    "getmyshortdescription": get_my_short_description,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "sendchataction": send_chat_action,
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagemedia": edit_message_media,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "leavechat": leave_chat,
    "getfile": get_file,
}


# Reading parameters.


def _chat(server: TelegramServer, p: Parameters) -> Chat:
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


def _find_message(chat: Chat, message_id: int, complaint: str) -> Message:
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise bad_request(complaint)
    return message


def _own_message(server: TelegramServer, p: Parameters) -> Message:
    chat = _chat(server, p)
    message = _find_message(chat, p.integer("message_id"), "message to edit not found")
    if not message.from_bot:
        raise bad_request("message can't be edited")
    return message


def _reply_to(chat: Chat, p: Parameters) -> Message | None:
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


def _thread_id(chat: Chat, p: Parameters, reply_to: Message | None) -> int | None:
    if not p.has("message_thread_id"):
        return reply_to.thread_id if reply_to else None
    thread_id = p.integer("message_thread_id")
    if thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def _text(p: Parameters, name: str) -> FormattedText:
    content = _formatted(p, name, entities="entities")
    if not content.text:
        raise bad_request("message text is empty")
    if utf16_length(content.text) > _LONGEST_TEXT:
        raise bad_request("message is too long")
    return content


def _caption(p: Parameters) -> FormattedText:
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


def _photo(server: TelegramServer, p: Parameters, value: str, *, field: str) -> StoredFile:
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


def _document(server: TelegramServer, p: Parameters, value: str, *, field: str) -> StoredFile:
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


def _membership(chat: Chat, user: User) -> dict[str, Any]:
    owner = user.id == chat.members[0].id and user.id in chat.admins
    status = "creator" if owner else "administrator" if user.id in chat.admins else "member"
    body: dict[str, Any] = {"status": status, "user": user.to_api()}
    return body | ({"is_anonymous": False} if owner else {})


def _parse_command(command: Any) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: object expected")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", ""))
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _scope(p: Parameters) -> str:
    scope = p.structure("scope") or {"type": "default"}
    parts = [scope.get("type"), scope.get("chat_id"), scope.get("user_id")]
    return ":".join(str(part) for part in parts if part is not None)


def _limited(p: Parameters, name: str, most: int) -> str:
    text = p.text(name)
    if utf16_length(text) > most:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    return text
