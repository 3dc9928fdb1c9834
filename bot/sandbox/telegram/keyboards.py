"""Inline keyboards: what Telegram takes as one, https://core.telegram.org/bots/api#inlinekeyboardmarkup."""

from typing import Any

from bot.sandbox.telegram.entities import utf16_length
from bot.sandbox.telegram.wire import bad_request

Button = dict[str, Any]
Keyboard = list[list[Button]]

_MOST_BUTTONS = 100
_MOST_IN_A_ROW = 8
_MOST_DATA_BYTES = 64
_MOST_COPIED = 256
_STYLES = {"primary", "success", "danger"}


def parse_keyboard(markup: Any) -> Keyboard:
    """Give the rows of an inline keyboard; none for any other kind of markup."""
    if markup is None:
        return []
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard: expected an array of arrays of buttons")
    if sum(map(len, rows)) > _MOST_BUTTONS or any(len(row) > _MOST_IN_A_ROW for row in rows):
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return [[_parse_button(button) for button in row] for row in rows if row]


def _parse_button(button: Any) -> Button:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise bad_request('can\'t parse inline keyboard button: field "text" must be non-empty')
    if button.get("style") not in {None, *_STYLES}:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
    actions = [a for a in ("callback_data", "url", "copy_text") if button.get(a) is not None]
    if not actions:
        raise bad_request(
            "can't parse inline keyboard button: text buttons are unallowed in the inline keyboard"
        )
    _check_action(button, actions[0])
    return {name: button[name] for name in ("text", "style", actions[0]) if button.get(name)}


def _check_action(button: Button, action: str) -> None:
    value = button[action]
    if action == "callback_data" and not 1 <= len(str(value).encode()) <= _MOST_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if action == "url" and not str(value).startswith(("http://", "https://", "tg://")):
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: wrong HTTP URL")
    if action == "copy_text" and not 1 <= utf16_length(_copied(value)) <= _MOST_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _copied(value: Any) -> str:
    return str(value.get("text", "")) if isinstance(value, dict) else ""
