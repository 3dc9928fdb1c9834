"""Formatted text: Telegram's HTML, the entities that Telegram finds by itself, lengths in UTF-16.

Offsets and lengths of entities are in UTF-16 units, https://core.telegram.org/api/entities.
The HTML is Telegram's own, https://core.telegram.org/bots/api#html-style: few tags, four named
entities (any other `&name;` stays as it is), and every other `<` is an error.
"""

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.telegram.wire import bad_request

Entity = dict[str, Any]

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_ATTRIBUTE = r"""\s+([a-zA-Z0-9_-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([a-zA-Z0-9.-]+)))?"""
_START_TAG = re.compile(rf"<([a-zA-Z0-9-]+)((?:{_ATTRIBUTE})*)\s*>")
_END_TAG = re.compile(r"</([a-zA-Z0-9-]*)\s*>")
_TAG_NAME = re.compile(r"</?([^\s<>]*)")
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7})));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
_LAST_CHARACTER = 0x10FFFF

_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]*[^\s<>\".,;:!?)\]'])"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>]))"
    r"|(?P<mention>(?<![\w/@])@[A-Za-z0-9_]{4,32}(?!\w))"
)


@dataclass(frozen=True, slots=True)
class FormattedText:
    """Text with its entities, in order; an outer entity comes before those inside it."""

    text: str
    entities: tuple[Entity, ...] = ()


def utf16_length(text: str) -> int:
    """Count as Telegram does: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def find_entities(formatted: FormattedText) -> FormattedText:
    """Add commands, addresses and mentions that stand in the text, except inside code or links."""
    taken = [e for e in formatted.entities if e["type"] in {"code", "pre", "text_link"}]
    found = [_found_entity(formatted.text, match) for match in _FOUND.finditer(formatted.text)]
    free = [entity for entity in found if not any(_overlap(entity, e) for e in taken)]
    return FormattedText(formatted.text, _in_order([*formatted.entities, *free]))


def trim(formatted: FormattedText) -> FormattedText:
    """Cut the white space at both ends; at the front only up to the first entity."""
    text = formatted.text.replace("\r", "").rstrip()
    end = utf16_length(text)
    entities = [_clip(e, end) for e in formatted.entities if e["offset"] < end]
    first = min((e["offset"] for e in entities), default=end)
    lead = min(len(text) - len(text.lstrip()), first)
    moved = tuple({**e, "offset": e["offset"] - lead} for e in entities)
    return FormattedText(text[lead:], moved)


def parse_html(source: str) -> FormattedText:
    """Read Telegram's HTML; refuse with the place in bytes what Telegram refuses."""
    reader = _HtmlReader(source)
    try:
        return reader.read()
    except _Unreadable as e:
        raise bad_request(f"can't parse entities: {e}") from None


class _Unreadable(Exception):
    """The HTML is not what Telegram takes; the text says why."""


@dataclass(frozen=True, slots=True)
class _OpenTag:
    name: str
    entity: Entity | None
    """None for a link whose address is none: Telegram drops it and keeps the text."""
    offset: int


class _HtmlReader:
    """One pass over the source, with a stack of open tags."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._text: list[str] = []
        self._length = 0
        self._open: list[_OpenTag] = []
        self._entities: list[Entity] = []

    def read(self) -> FormattedText:
        at = 0
        while at < len(self._source):
            at = self._read_at(at)
        if self._open:
            name = self._open[-1].name
            raise _Unreadable(f'Can\'t find end tag corresponding to start tag "{name}"')
        return FormattedText("".join(self._text), _cleaned(self._entities))

    def _read_at(self, at: int) -> int:
        if self._source.startswith("</", at):
            return self._end_tag(at)
        if self._source[at] == "<":
            return self._start_tag(at)
        if self._source[at] == "&" and (match := _REFERENCE.match(self._source, at)):
            self._write(_dereference(match))
            return match.end()
        self._write(self._source[at])
        return at + 1

    def _write(self, text: str) -> None:
        self._text.append(text)
        self._length += utf16_length(text)

    def _start_tag(self, at: int) -> int:
        match = _START_TAG.match(self._source, at)
        name = _tag_name(self._source, at)
        if name not in _STYLES:
            raise _Unreadable(f'Unsupported start tag "{name}" {self._place(at)}')
        if match is None:
            raise _Unreadable(f"Unclosed start tag {self._place(at)}")
        attributes = _attributes(match[2])
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _Unreadable(f'Tag "span" must have class "tg-spoiler" {self._place(at)}')
        self._open.append(_OpenTag(name, self._entity(name, attributes, at), self._length))
        return match.end()

    def _entity(self, name: str, attributes: dict[str, str], at: int) -> Entity | None:
        entity: Entity = {"type": _STYLES[name]}
        if name == "a":
            return _link(attributes.get("href", ""))
        if name == "blockquote" and "expandable" in attributes:
            entity["type"] = "expandable_blockquote"
        if name == "code" and attributes.get("class", "").startswith("language-"):
            entity["language"] = attributes["class"].removeprefix("language-")
        if name == "tg-emoji":
            entity["custom_emoji_id"] = self._number(attributes.get("emoji-id", ""), at)
        if name == "tg-time":
            entity["unix_time"] = int(self._number(attributes.get("unix", ""), at))
            entity["date_time_format"] = self._time_format(attributes.get("format", ""), at)
        return entity

    def _number(self, value: str, at: int) -> str:
        if not value.isascii() or not value.isdigit():
            raise _Unreadable(f"Invalid number specified {self._place(at)}")
        return value

    def _time_format(self, value: str, at: int) -> str:
        if not _TIME_FORMAT.fullmatch(value):
            raise _Unreadable(f"Invalid date-time format specified {self._place(at)}")
        return value

    def _end_tag(self, at: int) -> int:
        match = _END_TAG.match(self._source, at)
        if match is None:
            raise _Unreadable(f"Unclosed end tag {self._place(at)}")
        if not self._open:
            raise _Unreadable(f"Unexpected end tag {self._place(at)}")
        tag, name = self._open.pop(), match[1].lower()
        if name not in ("", tag.name):
            expected = f'expected "</{tag.name}>", found "</{name}>"'
            raise _Unreadable(f"Unmatched end tag {self._place(at)}, {expected}")
        if tag.entity is not None and self._length > tag.offset:
            span = {"offset": tag.offset, "length": self._length - tag.offset}
            self._entities.append({**tag.entity, **span})
        return match.end()

    def _place(self, at: int) -> str:
        return f"at byte offset {len(self._source[:at].encode())}"


def _tag_name(source: str, at: int) -> str:
    match = _TAG_NAME.match(source, at)
    return match[1].lower() if match else ""


def _attributes(source: str) -> dict[str, str]:
    found = re.finditer(_ATTRIBUTE, source)
    return {m[1].lower(): _unescape(m[2] or m[3] or m[4] or "") for m in found}


def _unescape(text: str) -> str:
    return _REFERENCE.sub(_dereference, text)


def _dereference(match: re.Match[str]) -> str:
    if match[1]:
        return _NAMED[match[1]]
    code = int(match[2], 16) if match[2] else int(match[3])
    plain = 0 < code < _LAST_CHARACTER and not 0xD800 <= code <= 0xDFFF
    return chr(code) if plain else match[0]


def _link(address: str) -> Entity | None:
    if re.fullmatch(r"(https?|tg|ton)://[^\s]+|mailto:[^\s]+", address):
        return {"type": "text_link", "url": address}
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+(/[^\s]*)?", address):
        return {"type": "text_link", "url": f"http://{address}"}
    return None


def _cleaned(entities: list[Entity]) -> tuple[Entity, ...]:
    """Apply the rules of nesting: nothing inside code, no quote inside a quote."""
    kept: list[Entity] = []
    for entity in _in_order(entities):
        outer = [e for e in kept if _overlap(e, entity)]
        pre = next((e for e in outer if e["type"] == "pre"), None)
        if pre and entity["type"] == "code" and "language" in entity and _same_span(pre, entity):
            pre["language"] = entity["language"]
        if any(_excludes(e, entity) for e in outer):
            continue
        kept.append({k: v for k, v in entity.items() if k != "language"})
    return tuple(kept)


def _excludes(outer: Entity, inner: Entity) -> bool:
    quotes = {"blockquote", "expandable_blockquote"}
    if outer["type"] in {"code", "pre"}:
        return True
    return outer["type"] == inner["type"] or {outer["type"], inner["type"]} <= quotes


def _found_entity(text: str, match: re.Match[str]) -> Entity:
    kind = match.lastgroup or ""
    offset, length = utf16_length(text[: match.start()]), utf16_length(match[0])
    return {"type": kind, "offset": offset, "length": length}


def _clip(entity: Entity, end: int) -> Entity:
    return {**entity, "length": min(entity["length"], end - entity["offset"])}


def _overlap(one: Entity, other: Entity) -> bool:
    return bool(
        one["offset"] < other["offset"] + other["length"]
        and other["offset"] < one["offset"] + one["length"]
    )


def _same_span(one: Entity, other: Entity) -> bool:
    return bool(one["offset"] == other["offset"] and one["length"] == other["length"])


_OUTERMOST_FIRST = {"expandable_blockquote": 0, "blockquote": 0, "pre": 1, "code": 3}


def _in_order(entities: list[Entity]) -> tuple[Entity, ...]:
    def place(entity: Entity) -> tuple[int, int, int]:
        rank = _OUTERMOST_FIRST.get(entity["type"], 2)
        return (entity["offset"], -entity["length"], rank)

    return tuple(sorted(entities, key=place))
