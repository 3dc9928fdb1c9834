"""Brings the files of all languages in line with the code: `make texts`.

New texts come in empty, in the order of the code; what nobody says any more goes. There are no
line numbers and no dates, so that a diff shows what has changed and nothing else. What stands
before the first text, the header with its glossary, is left as it is.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

BOT = Path(__file__).parents[1] / "bot"
LOCALES = BOT / "chat" / "locales"
PLACES = ("chat", "core", "services")
"""Where texts stand that a person reads in a chat."""
KEYWORDS = {"_": None, "later": None, "Sentence": None, "ngettext": (1, 2)}
"""How they are marked; the first argument is the text."""

Key = str | tuple[str, ...]


def said() -> dict[Key, str]:
    """Return all texts of the code, in order, with the place of each."""
    return {key_of(text): place for text, place in _found()}


def _found() -> Iterator[tuple[str | list[str] | tuple[str, ...], str]]:
    for folder in PLACES:
        for file, line, text, *_rest in extract_from_dir(
            str(BOT / folder), method_map=[("**.py", "python")], keywords=KEYWORDS
        ):
            yield text, f"{folder}/{file}:{line}"


def key_of(text: str | list[str] | tuple[str, ...]) -> Key:
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
