"""The methods of the Bot API, https://core.telegram.org/bots/api, that a bot like ours needs."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from inspect import isawaitable
from typing import Any

from bot.sandbox.telegram.entities import FormattedText, utf16_length
from bot.sandbox.telegram.keyboards import parse_keyboard
from bot.sandbox.telegram.model import Chat, Message, Press, StoredFile, User
from bot.sandbox.telegram.reading import (
    caption_of,
    chat_of,
    document_of,
    limited,
    message_in,
    own_message,
    parse_command,
    photo_of,
    reply_to_of,
    scope_of,
    text_of,
    thread_id_of,
)
from bot.sandbox.telegram.server import TelegramServer
from bot.sandbox.telegram.webhook import parse_webhook
from bot.sandbox.telegram.wire import Parameters, Refusal, bad_request

Method = Callable[[TelegramServer, Parameters], Any | Awaitable[Any]]

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


def set_webhook(server: TelegramServer, p: Parameters) -> Any:
    """Answer setWebhook; without an address it is deleteWebhook."""
    if not p.has("url"):
        return delete_webhook(server, p)
    server.set_webhook(parse_webhook(p))
    server.updates.allow(p.structure("allowed_updates"))
    if p.flag("drop_pending_updates"):
        server.updates.clear()
    return True


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
    if server.updates.allowed:
        body["allowed_updates"] = server.updates.allowed
    webhook = server.standing_webhook()
    return body | (webhook.to_api() if webhook is not None else {})


def set_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyCommands."""
    commands = p.structure("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: expected an array of BotCommand")
    if len(commands) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    parsed = [parse_command(command) for command in commands]
    server.set_commands(scope_of(p), p.text("language_code"), parsed)
    return True


def get_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyCommands."""
    return server.profile.commands.get((scope_of(p), p.text("language_code")), [])


def delete_my_commands(server: TelegramServer, p: Parameters) -> Any:
    """Answer deleteMyCommands."""
    server.set_commands(scope_of(p), p.text("language_code"), [])
    return True


def set_my_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyDescription."""
    server.profile.description[p.text("language_code")] = limited(p, "description", 512)
    return True


def get_my_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyDescription."""
    return {"description": server.profile.description.get(p.text("language_code"), "")}


def set_my_short_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer setMyShortDescription."""
    text = limited(p, "short_description", 120)
    server.profile.short_description[p.text("language_code")] = text
    return True


def get_my_short_description(server: TelegramServer, p: Parameters) -> Any:
    """Answer getMyShortDescription."""
    texts = server.profile.short_description
    return {"short_description": texts.get(p.text("language_code"), "")}


# Sending.


def send_message(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendMessage."""
    return _send(server, p, text_of(p, "text"))


def send_photo(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendPhoto."""
    return _send(
        server, p, caption_of(p), file=photo_of(server, p, p.text("photo"), field="photo")
    )


def send_document(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendDocument."""
    file = document_of(server, p, p.text("document"), field="document")
    return _send(server, p, caption_of(p), file=file)


def send_chat_action(server: TelegramServer, p: Parameters) -> Any:
    """Answer sendChatAction."""
    chat = chat_of(server, p)
    if p.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    server.type_in(chat)
    return True


def _send(
    server: TelegramServer, p: Parameters, content: FormattedText, file: StoredFile | None = None
) -> Any:
    chat = chat_of(server, p)
    keyboard = parse_keyboard(p.structure("reply_markup"))
    reply_to = reply_to_of(chat, p)
    thread_id = thread_id_of(chat, p, reply_to)
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
    content = text_of(p, "text")
    message = own_message(server, p)
    if message.file is not None:
        raise bad_request("there is no text in the message to edit")
    return _edit(server, p, message, content=content)


def edit_message_caption(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageCaption."""
    content = caption_of(p)
    message = own_message(server, p)
    if message.file is None:
        raise bad_request("there is no caption in the message to edit")
    return _edit(server, p, message, content=content)


def edit_message_media(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageMedia."""
    media = p.structure("media")
    if not isinstance(media, dict) or media.get("type") not in {"photo", "document"}:
        raise bad_request("can't parse InputMedia: media of this type isn't supported here")
    inner = Parameters(media, p.files)
    read = photo_of if media["type"] == "photo" else document_of
    file = read(server, inner, inner.text("media"), field="media")
    return _edit(server, p, own_message(server, p), content=caption_of(inner), file=file)


def edit_message_reply_markup(server: TelegramServer, p: Parameters) -> Any:
    """Answer editMessageReplyMarkup."""
    message = own_message(server, p)
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
    chat = chat_of(server, p)
    message = message_in(chat, p.integer("message_id"), "message to delete not found")
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
    return chat_of(server, p).to_api() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


def get_chat_member(server: TelegramServer, p: Parameters) -> Any:
    """Answer getChatMember."""
    chat = chat_of(server, p)
    user_id = p.integer("user_id")
    if user_id == server.bot.id:
        return {"status": "member", "user": server.bot.to_api()}
    user = next((u for u in chat.members if u.id == user_id), None)
    if user is None:
        raise bad_request("user not found")
    return _membership(chat, user)


def get_chat_administrators(server: TelegramServer, p: Parameters) -> Any:
    """Answer getChatAdministrators."""
    chat = chat_of(server, p)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    return [_membership(chat, user) for user in chat.members if user.id in chat.admins]


def leave_chat(server: TelegramServer, p: Parameters) -> Any:
    """Answer leaveChat."""
    chat = chat_of(server, p)
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


def _membership(chat: Chat, user: User) -> dict[str, Any]:
    owner = user.id == chat.members[0].id and user.id in chat.admins
    status = "creator" if owner else "administrator" if user.id in chat.admins else "member"
    body: dict[str, Any] = {"status": status, "user": user.to_api()}
    return body | ({"is_anonymous": False} if owner else {})


METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
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
