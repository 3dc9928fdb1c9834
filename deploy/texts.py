"""Brings the files of all languages in line with the code: `make texts`.

New texts come in empty, in the order of the code; what nobody says any more goes. There are no
line numbers and no dates, so that a diff shows what has changed and nothing else. What stands
before the first text, the header with its glossary, is left as it is.
"""

import ast
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TypeGuard

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

BOT = Path(__file__).parents[1] / "bot"
LOCALES = BOT / "chat" / "locales"
PLACES = ("chat", "core", "services")
"""Where texts stand that a person reads in a chat."""
MARKS = {"_": 1, "later": 1, "Sentence": 1, "ngettext": 2}
"""What marks them, and how many of its arguments are texts."""

Key = str | tuple[str, ...]


@cache
def said() -> dict[Key, str]:
    """Return all texts of the code, in order, with the place of each."""
    found: dict[Key, str] = {}
    for folder in PLACES:
        for path in sorted((BOT / folder).rglob("*.py")):
            for text, line in _marked(ast.parse(path.read_text("utf-8"))):
                found.setdefault(text, f"{path.relative_to(BOT)}:{line}")
    return found


def _marked(tree: ast.AST) -> Iterator[tuple[Key, int]]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        marked = [arg.value for arg in call.args[: MARKS.get(name, 0)] if _is_constant(arg)]
        texts = [text for text in marked if isinstance(text, str)]
        if texts:
            yield (texts[0] if len(texts) == 1 else tuple(texts)), call.lineno


def _is_constant(node: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant)


def key_of(text: str | list[str] | tuple[str, ...]) -> Key:
    """Return what a text of a file is called in the code."""
    return text if isinstance(text, str) else tuple(text)


def brought_in_line(old: str, code: str) -> str:
    """Return the file of a language with just the texts of the code in it."""
    head, _blank, _texts = old.partition("\n\n")
    before = read_po(BytesIO(old.encode()), locale=code)
    catalog = Catalog(locale=code)
    for text in said():
        known = before.get(text)
        message = catalog.add(text, known.string if known and not known.fuzzy else "")
        message.flags.clear()  # of what is filled in the tests see to it
    written = BytesIO()
    write_po(written, catalog, width=99, no_location=True, omit_header=True)
    return f"{head}\n\n{written.getvalue().decode().strip()}\n"


def main() -> None:
    """Bring all files in line."""
    for path in sorted(LOCALES.glob("*.po")):
        path.write_text(brought_in_line(path.read_text("utf-8"), path.stem), "utf-8")


if __name__ == "__main__":
    main()
