"""A text as Telegram and a phone take it: whole markup, a message's length, lines of tables."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

from typing_extensions import override

TAGS = {"b", "i", "code", "pre"}


class Reader(HTMLParser):
    """Reads as Telegram does: only these tags, each closed in its order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in TAGS
        self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> str:
    """Check that the markup is whole and that it fits a message; return what is seen."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert len(reader.text.encode("utf-16-le")) // 2 <= 4096
    assert "&" not in re.sub(r"&(amp|lt|gt|quot|#x27);", "", html)
    return reader.text


def lines_of_tables(html: str) -> Iterator[str]:
    for table in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL):
        yield from unescape(table).split("\n")
