"""Telegram's HTML and its entities."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.telegram.entities import (
    FormattedText,
    find_entities,
    parse_html,
    trim,
    utf16_length,
)
from bot.sandbox.telegram.wire import Refusal


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>a</b><STRONG>b</STRONG>", "ab", [entity("bold", 0, 1), entity("bold", 1, 1)]),
        ("<i>x</i>", "x", [entity("italic", 0, 1)]),
        ("<u>x</u>", "x", [entity("underline", 0, 1)]),
        ("<del>x</del>", "x", [entity("strikethrough", 0, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [entity("spoiler", 0, 1)]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [entity("spoiler", 0, 1)]),
        # An emoji is two units.
        ("😀<b>é</b>", "😀é", [entity("bold", 2, 1)]),
        # The outer entity comes first.
        ("<b>a<i>b</i></b>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
        ("<blockquote>x</blockquote>", "x", [entity("blockquote", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [entity("expandable_blockquote", 0, 1)]),
        (
            '<pre><code class="language-py">x</code></pre>',
            "x",
            [entity("pre", 0, 1, language="py")],
        ),
        # Nothing is nested inside code.
        ("<code>a<b>b</b></code>", "ab", [entity("code", 0, 2)]),
        (
            '<a href="https://e.org/?a=1&amp;b=2">x</a>',
            "x",
            [entity("text_link", 0, 1, url="https://e.org/?a=1&b=2")],
        ),
        # A link that leads nowhere is dropped, its text stays.
        ('<a href="javascript:alert(1)">x</a>', "x", []),
        (
            '<tg-time unix="1700000000" format="wDT">then</tg-time>',
            "then",
            [entity("date_time", 0, 4, unix_time=1700000000, date_time_format="wDT")],
        ),
        ("<b></b>x", "x", []),
        ("&lt;b&gt; &amp; &quot;&#65;&#x42;", '<b> & "AB', []),
        # Telegram knows four names; others stay as they are, and so does a lone ampersand.
        ("&nbsp;&copy; a & b > c", "&nbsp;&copy; a & b > c", []),
    ],
)
def test_html_is_read_as_telegram_reads_it(
    html: str, text: str, entities: list[dict[str, Any]]
) -> None:
    """Each tag gives its entity, with offsets in UTF-16 units."""
    assert parse_html(html) == FormattedText(text, tuple(entities))


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("é < b", 'Unsupported start tag "" at byte offset 3'),
        ("a <500 b", 'Unsupported start tag "500" at byte offset 2'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b x", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-time unix="soon">x</tg-time>', "Invalid number specified at byte offset 0"),
        (
            '<tg-time unix="1" format="tt">x</tg-time>',
            "Invalid date-time format specified at byte offset 0",
        ),
    ],
)
def test_what_telegram_refuses_is_refused(html: str, reason: str) -> None:
    """The refusal names the place in bytes, as Telegram's does."""
    with pytest.raises(Refusal) as refused:
        parse_html(html)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")))
def test_escaped_text_survives(text: str) -> None:
    """Whatever is escaped with `&lt; &gt; &amp;` is shown as it was."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse_html(escaped) == FormattedText(text)


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("/start", "bot_command", ["/start"]),
        ("say /balance@balance_demo_bot main", "bot_command", ["/balance@balance_demo_bot"]),
        # A path is not a command.
        ("main/funding USDT", "bot_command", []),
        ("https://e.org/a?b=c.", "url", ["https://e.org/a?b=c"]),
        ("ask @mira_desk", "mention", ["@mira_desk"]),
        ("mail a@example.org", "mention", []),
    ],
)
def test_entities_are_found_in_text(text: str, kind: str, found: list[str]) -> None:
    """Commands, addresses and mentions get their entity without anybody marking them."""
    formatted = find_entities(FormattedText(text))
    spans = [e for e in formatted.entities if e["type"] == kind]
    assert [text[e["offset"] : e["offset"] + e["length"]] for e in spans] == found


def test_nothing_is_found_inside_code() -> None:
    """A command within `<code>` is not one."""
    formatted = find_entities(parse_html("<code>/start</code> /help"))
    assert [e["type"] for e in formatted.entities] == ["code", "bot_command"]


def test_white_space_is_cut_at_both_ends() -> None:
    """Entities move with the text and end where it ends."""
    assert trim(parse_html(" \n a<b>b  </b> ")) == FormattedText("ab", (entity("bold", 1, 1),))


def test_white_space_inside_a_leading_entity_stays() -> None:
    """The first column of a table in `<pre>` keeps its indent."""
    assert trim(parse_html("<pre>  1\n 22</pre>")).text == "  1\n 22"


def test_length_counts_utf16_units() -> None:
    """An emoji counts twice."""
    assert utf16_length("a😀") == 3
