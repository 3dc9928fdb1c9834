"""Charts: what is known is drawn, what is not is left blank, and every name can be read."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from bot.aside import run_aside
from bot.chat.charts import HEIGHT, PALETTE, WIDTH, colours_of, draw, level_texts
from bot.chat.handlers import history
from bot.chat.i18n import language, speaking
from bot.chat.picture import Drawn, Picture, Strip, Value

WORDS = {"others": "others", "unread": "not read", "raised": "alert", "cleared": "over"}
Pixels = numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.floating]]


def picture(*strips: Strip, unread: tuple[bool, ...] = ()) -> Picture:
    count = len(strips[0].values)
    columns = [
        [value for value in column if value is not None]
        for column in zip(*(strip.values for strip in strips), strict=True)
    ]
    return Picture(
        title="main · value",
        subtitle="14 Nov – 21 Nov UTC",
        unit="USD",
        times=tuple(float(n) for n in range(count)),
        totals=tuple(sum(column) if column else None for column in columns),
        unread=unread or (False,) * count,
        strips=strips,
        ticks=((0.0, "14 Nov"),),
        limits=(),
        marks=(),
        words={**WORDS, "point": "."},
    )


def strip(name: str, *values: Value) -> Strip:
    return Strip(name, values)


def pixels(drawn: Drawn) -> Pixels:
    found: Pixels = imread(BytesIO(drawn.png), format="png")
    return found


def share_of(image: Pixels, colour: str, *, left: float = 0, right: float = 1) -> float:
    """Tell how much of a part of the picture's middle has a colour."""
    wanted = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    height, width = image.shape[:2]
    part = image[int(height * 0.3) : int(height * 0.7), int(width * left) : int(width * right), :3]
    return float((numpy.abs(part - wanted).max(axis=2) < 0.12).mean())


async def test_it_is_drawn_aside() -> None:
    """The program gives a picture of the right size that is not blank."""
    told = picture(strip("BTC", *[5.0] * 20), strip("ETH", *[3.0] * 20))
    drawn = Drawn.decode(await run_aside("bot.chat.charts", told.encode(), within_s=60))
    image = pixels(drawn)
    assert image.shape[:2] == (HEIGHT, WIDTH)
    assert drawn.numbered == {}
    colours = colours_of(["BTC", "ETH"])
    assert share_of(image, colours["BTC"]) > 0.2
    assert share_of(image, colours["ETH"]) > 0.2


def test_nothing_is_drawn_over_a_gap() -> None:
    """In the middle third, where nothing was read, there is no band and no line."""
    values: tuple[Value, ...] = (*[5.0] * 10, *[None] * 10, *[5.0] * 10)
    gone = tuple(value is None for value in values)
    colours = colours_of(["BTC", "ETH"])
    image = pixels(draw(picture(Strip("BTC", values), Strip("ETH", values), unread=gone)))
    assert share_of(image, colours["BTC"], left=0.2, right=0.3) > 0.2
    for colour in colours.values():
        assert share_of(image, colour, left=0.42, right=0.6) == 0
    alone = pixels(draw(picture(Strip("BTC", values), unread=gone)))
    assert share_of(alone, colours["BTC"], left=0.42, right=0.6) == 0


@pytest.mark.parametrize(
    "told",
    [
        picture(strip("A", 5.0)),  # a single reading
        picture(strip("A", 0.0, 0.0)),
        picture(strip("A", None, 5.0, None), unread=(True, False, True)),
        picture(strip("A", 1e-12, 2e-12)),
        picture(strip("A", 1e15, 3e15), strip("B", 1.0, 1.0)),
        picture(strip("A", 12345.678, 12345.679)),
        picture(strip("A", 5.0, 6.0), strip("B", -3.0, -9.0)),
        picture(strip("A", -5.0, -6.0)),
        picture(strip("$a_{b}$", 1.0, 2.0), strip("\\frac", 1.0, 2.0)),
        picture(
            *(strip(f"main/sub:desk-number-{n}", 5.0, 6.0) for n in range(7)), strip("", 1, 2)
        ),
        replace(
            picture(strip("A", 5.0, 6.0)),
            limits=((5.5, "< 5.5"), (500.0, "> 500"), (0.1, "< 0.1")),
            marks=tuple((n / 60, n % 2 == 0) for n in range(60)),
        ),
    ],
)
def test_whatever_there_was_is_drawn(told: Picture) -> None:
    """Little, much, debts, dots, names with signs of mathematics: there is more than ground."""
    decoded = Picture.decode(told.encode())
    image = pixels(draw(decoded))
    assert image.shape[:2] == (HEIGHT, WIDTH)
    nothing = pixels(draw(replace(decoded, totals=(None,) * len(told.times), strips=())))
    assert (image[: int(HEIGHT * 0.8)] != nothing[: int(HEIGHT * 0.8)]).any()


def test_a_name_that_no_font_has_is_numbered() -> None:
    """No boxes: the caption says what the number stands for."""
    drawn = draw(picture(strip("\U00013000", 5.0, 6.0), strip("BTC", 1.0, 1.0)))
    assert drawn.numbered == {"#1": "\U00013000"}
    assert Drawn.decode(drawn.encode()) == drawn


def test_words_that_no_font_has_are_noticed() -> None:
    """Whoever waits for the picture can ask for it in another language."""
    told = picture(strip("BTC", 5.0, 6.0))
    assert not draw(told).speechless
    unwritable = draw(replace(told, subtitle="\U00013000"))
    assert unwritable.speechless
    assert Drawn.decode(unwritable.encode()) == unwritable


async def test_a_chart_speaks_english_where_a_language_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Better a picture in English than one of boxes."""
    asked = []

    async def aside(_module: str, given: bytes, *, within_s: float) -> bytes:
        asked.append(Picture.decode(given).subtitle)
        return Drawn(b"png", {}, speechless=asked[-1] == "zh").encode()

    def laid_out(*_: object) -> Picture:
        return replace(picture(strip("BTC", 5.0)), subtitle=language())

    monkeypatch.setattr(history, "run_aside", aside)
    monkeypatch.setattr(history, "picture_of", laid_out)
    nothing: Any = None
    with speaking("zh"):
        await history.Charts().draw(nothing, nothing)
    assert asked == ["zh", "en"]


@pytest.mark.parametrize(
    ("levels", "texts"),
    [
        ([0, 500, 1000], ["0", "500", "1000"]),
        ([0, 5000, 10000, 15000], ["0", "5k", "10k", "15k"]),
        ([12340.5, 12341.0, 12341.5], ["12340.5", "12341.0", "12341.5"]),
        ([0, 2.5e6, 5e7], ["0", "2.5M", "50.0M"]),
        ([-2500, 0, 2500], ["−2500", "0", "2500"]),
        ([0.0000125, 0.000015], ["12.5µ", "15.0µ"]),
        ([255.0, 256.5, 258.0], ["255.0", "256.5", "258.0"]),
        ([], []),
    ],
)
def test_levels_can_be_told_apart(levels: list[float], texts: list[str]) -> None:
    """As short as that allows; a digit is written for all or for none."""
    assert list(level_texts(levels)) == texts
    assert list(level_texts(levels, point=",")) == [text.replace(".", ",") for text in texts]


@given(st.sets(st.text(min_size=1, max_size=5), max_size=7))
def test_colours_are_a_name_s_own(names: set[str]) -> None:
    """Whatever the order; and no two have the same."""
    found = colours_of(names)
    assert colours_of(sorted(names, reverse=True)) == found
    assert len({found[name] for name in names}) == len(names)
    assert all(found[name] in PALETTE for name in names)
    assert colours_of(["BTC", *names])["BTC"] == PALETTE[0]
