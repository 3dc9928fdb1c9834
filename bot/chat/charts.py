"""Draw a chart: reads a `Picture` on stdin and writes it, drawn, to stdout.

It is run aside, in a process of its own, as loading matplotlib costs the bot more memory than all
the rest: `run_aside("bot.chat.charts", …)`. It knows nothing of Telegram or of balances.

The picture has a ground of its own, dark enough for a dark chat and calm in a light one. The
colours are those of Okabe and Ito, which people tell apart whatever colours they see.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import groupby, pairwise
from typing import Any
from warnings import catch_warnings, filterwarnings
from zlib import crc32

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import (
    FontProperties,
    findfont,
    findSystemFonts,
    fontManager,
    get_font,
)
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bot.chat.picture import Drawn, Picture, Strip, Value

WIDTH, HEIGHT, DPI = 1080, 864, 230
GROUND, INK, QUIET, FAINT = "#1d2a36", "#eef3f7", "#a9bac8", "#3a4a59"
PALETTE = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#2f8fd8", "#d55e00", "#cc79a7", "#b9a3f0")
OTHERS, LIMIT, RAISED, CLEARED = "#7f8c98", "#ffd166", "#ff7a59", "#6fd3ff"
_USUAL = {"BTC": 0, "ETH": 1, "USDT": 2, "USDC": 4, "BETH": 7}
"""The colours of the coins that nearly everybody has."""
_FAR = 2.5
"""A limit that lies so many times higher than all else would press it flat."""
_FLAT = 0.5
"""What never falls below that share of its height is drawn without the ground below it."""
_MOST_LINES = 20
"""Of alerts: more would hide what they are about."""
_WIDEST_NAME = 18
_SHORT_NAME = 8
"""So that four fit on a line of the legend."""
_SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SMALL_SCALES = ((1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
_SMALL = 1e-3
_PLACE = (0.1, 0.2, 0.87, 0.62)
_LINE = 0.052
_CHARACTER = 0.0172
"""How much of the height a line of the legend takes, and of the width a digit at the axis."""
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
    "Noto Sans",
)
"""Fonts that have signs which the one that comes with matplotlib has not."""


def main() -> None:
    """Draw what stands on stdin."""
    drawn = draw(Picture.decode(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(drawn.encode())


def draw(picture: Picture) -> Drawn:
    """Draw a picture."""
    said = [picture.subtitle, *picture.words.values(), *(label for _, label in picture.ticks)]
    lettering = _Lettering("".join([picture.title, *said]))
    rcParams["font.family"] = lettering.families
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=GROUND)
    axes = figure.add_axes(_PLACE, facecolor=GROUND)
    colours = colours_of([strip.name for strip in picture.strips])
    _draw_unread(axes, picture)
    _set_range(axes, picture)
    _draw_strips(axes, picture, colours)
    _draw_total(axes, picture, colours)
    _draw_limits(axes, picture)
    _draw_marks(axes, picture)
    _write_heads(figure, picture, lettering)
    lines = _write_legend(figure, picture, colours, lettering)
    _draw_axes(axes, picture, bottom=0.095 + lines * _LINE)
    into = BytesIO()
    figure.set_canvas(FigureCanvasAgg(figure))
    with catch_warnings():
        filterwarnings("ignore", "Glyph", UserWarning)  # what is missing is said by `speechless`
        figure.savefig(into, format="png", facecolor=GROUND)
    speechless = not all(map(lettering.has_all_of, said))
    return Drawn(into.getvalue(), lettering.numbered, speechless)


def colours_of(names: Iterable[str]) -> Mapping[str, str]:
    """Give each name a colour: its own, or the next that is free where two have the same."""
    taken: dict[str, str] = {}
    for name in sorted(set(names) - {""}, key=lambda name: (name not in _USUAL, name)):
        own = _USUAL.get(name, crc32(name.encode()) % len(PALETTE))
        wheel = [*PALETTE[own:], *PALETTE[:own]]
        taken[name] = next((c for c in wheel if c not in taken.values()), wheel[0])
    return {**taken, "": OTHERS}


class _Lettering:
    """Knows which signs can be written here, and numbers the names that cannot."""

    def __init__(self, said: str) -> None:
        self.numbered: dict[str, str] = {}
        self._choose()
        if not self.has_all_of(said):
            _look_for_new_fonts()
            self._choose()

    def _choose(self) -> None:
        there = {font.name for font in fontManager.ttflist}
        self.families = ["DejaVu Sans", *(name for name in _FAMILIES if name in there)]
        self._fonts = [get_font(findfont(FontProperties(family=[name]))) for name in self.families]

    def has_all_of(self, text: str) -> bool:
        """Whether a text can be written here."""
        return all(self._has(sign) for sign in text)

    def written(self, name: str) -> str:
        """Return a name as it can be written, its end if it is long; no mathematics is meant."""
        if self.has_all_of(name):
            shown = name if len(name) <= _WIDEST_NAME else f"…{name[1 - _WIDEST_NAME :]}"
            return shown.replace("$", r"\$")
        short = next((s for s, n in self.numbered.items() if n == name), None)
        if short is None:
            short = f"#{len(self.numbered) + 1}"
            self.numbered[short] = name
        return short

    def _has(self, sign: str) -> bool:
        return any(font.get_char_index(ord(sign)) for font in self._fonts)


def _look_for_new_fonts() -> None:
    """Find what was installed after matplotlib wrote its list down."""
    for path in set(findSystemFonts()) - {font.fname for font in fontManager.ttflist}:
        with suppress(OSError, RuntimeError):  # not every file there is a font for it
            fontManager.addfont(path)


def _draw_unread(axes: Axes, picture: Picture) -> None:
    """Hatch the times in which something was not read."""
    for begin, end in _runs(picture.unread):
        until = picture.times[min(end, len(picture.times) - 1)]
        axes.axvspan(
            picture.times[begin], until, facecolor=FAINT, edgecolor=GROUND, hatch="///",
            alpha=0.45, linewidth=0, zorder=0.5,
        )  # fmt: skip


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Give the beginning of each run of what is true, and what comes behind it."""
    for true, run in groupby(enumerate(flags), key=lambda flag: flag[1]):
        if true:
            numbers = [number for number, _ in run]
            yield numbers[0], numbers[-1] + 1


def _draw_strips(axes: Axes, picture: Picture, colours: Mapping[str, str]) -> None:
    """Lay one on top of the other; debts hang below the ground."""
    above, below = [0.0] * len(picture.times), [0.0] * len(picture.times)
    alone = len(picture.strips) == 1
    if alone and axes.get_ylim()[0] > 0:
        return  # an area tells by its height how much there is
    for strip in picture.strips:
        for sides, side in ((above, _above), (below, _below)):
            part = [side(value) for value in strip.values]
            if not any(part):
                continue
            upper = [base + value for base, value in zip(sides, part, strict=True)]
            known: Any = [value is not None for value in strip.values]
            axes.fill_between(
                picture.times, sides, upper, where=known, step="post", linewidth=0,
                color=colours[strip.name], alpha=0.35 if alone else 0.88, zorder=2,
            )  # fmt: skip
            sides[:] = upper


def _above(value: Value) -> float:
    return max(value or 0.0, 0.0)


def _below(value: Value) -> float:
    return min(value or 0.0, 0.0)


def _draw_total(axes: Axes, picture: Picture, colours: Mapping[str, str]) -> None:
    """Draw the line of the total, dotted where it is not all; a reading alone is a dot."""
    alone = len(picture.strips) == 1
    colour = colours[picture.strips[0].name] if alone else INK
    known = [value is not None for value in picture.totals]
    for unread, style in ((False, "-"), (True, ":")):
        shown = [here and gone == unread for here, gone in zip(known, picture.unread, strict=True)]
        for begin, end in _runs(shown):
            times = picture.times[begin:end]
            values = [value or 0.0 for value in picture.totals[begin:end]]
            if end - begin == 1 and not unread:
                axes.plot(times, values, "o", color=colour, markersize=4, zorder=4)
            axes.plot(
                times, values, style, color=colour, linewidth=1.6, drawstyle="steps-post", zorder=3
            )


def _set_range(axes: Axes, picture: Picture) -> None:
    """Show all of it, down to the ground; a single line that hardly moves is shown closely."""
    totals = [value for value in picture.totals if value is not None] or [0.0]
    tops = [sum(map(_above, column)) for column in _columns(picture)]
    bottoms = [sum(map(_below, column)) for column in _columns(picture)]
    highest, lowest = max([*tops, *totals]), min([*bottoms, *totals, 0.0])
    near = [level for level, _ in picture.limits if level <= _FAR * max(highest, 1e-300)]
    if len(picture.strips) == 1 and min(totals) > _FLAT * highest:
        lowest = min(totals)
        near = [level for level in near if level > _FLAT * highest]
    highest, lowest = max([highest, *near]), min([lowest, *near])
    margin = (highest - lowest) or abs(highest) * 0.1 or 1.0
    axes.set_ylim(lowest - 0.12 * margin if lowest else 0.0, highest + 0.16 * margin)
    first, last = picture.times[0], picture.times[-1]
    around = 0.0 if last > first else 1.0
    axes.set_xlim(first - around, last + around)


def _columns(picture: Picture) -> Iterable[Sequence[Value]]:
    return zip(*(strip.values for strip in picture.strips), strict=True)


def _draw_limits(axes: Axes, picture: Picture) -> None:
    """Draw limits as lines; one that lies outside is named at the edge."""
    low, high = axes.get_ylim()
    right = axes.get_xlim()[1]
    for level, label in picture.limits:
        inside = low <= level <= high
        if inside:
            axes.axhline(level, color=LIMIT, linewidth=1.2, linestyle=(0, (5, 3)), zorder=5)
        arrow = "" if inside else " ↑" if level > high else " ↓"
        at = min(max(level, low), high)
        above = inside or level < low
        axes.annotate(
            f"{label}{arrow}", (right, at), (-3, 2 if above else -24), textcoords="offset points",
            color=LIMIT, fontsize=8, ha="right", va="bottom", zorder=6,
        )  # fmt: skip


def _draw_marks(axes: Axes, picture: Picture) -> None:
    """Mark in a lane at the top where alerts began and ended."""
    lane = axes.get_xaxis_transform()
    for at, raised in picture.marks:
        colour = RAISED if raised else CLEARED
        if len(picture.marks) <= _MOST_LINES:
            axes.axvline(at, color=colour, linewidth=0.7, linestyle=":", alpha=0.8, zorder=2.5)
        axes.plot(
            [at], [0.955], "v" if raised else "o", color=colour, markersize=6, transform=lane,
            markerfacecolor=colour if raised else GROUND, markeredgewidth=1.3, zorder=7,
        )  # fmt: skip


def _draw_axes(axes: Axes, picture: Picture, *, bottom: float) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=9, length=0)
    axes.tick_params(axis="x", length=3)
    axes.set_xticks([at for at, _ in picture.ticks], [label for _, label in picture.ticks])
    low, high = axes.get_ylim()
    found = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    levels = [float(at) for at in found if low <= at <= high]
    texts = list(level_texts(levels, point=picture.words["point"]))
    axes.set_yticks(levels, texts)
    left = 0.04 + _CHARACTER * max(map(len, texts), default=0)
    axes.set_position((left, bottom, 0.95 - left, 0.82 - bottom))
    axes.grid(axis="y", color=FAINT, linewidth=0.7, zorder=1)
    axes.set_axisbelow(True)


def level_texts(levels: Sequence[float], *, point: str = ".") -> Iterator[str]:
    """Write levels as shortly as they can be told apart."""
    step = min((b - a for a, b in pairwise(levels)), default=0.0)
    largest = max(map(abs, levels), default=0.0)
    scale, letter = _scale_of(largest, step)
    places = _places_of(step / scale)
    for level in levels:
        text = f"{level / scale:.{places}f}" if level else "0"
        yield f"{text.replace('.', point).replace('-', '−')}{letter if level else ''}"


def _places_of(step: float) -> int:
    """Tell how many digits behind the point it takes to write multiples of a step."""
    return next((n for n in range(12) if abs(round(step, n) - step) <= step * 1e-6), 12)


def _scale_of(largest: float, step: float) -> tuple[float, str]:
    """Choose what levels are written in; thousands only where they still can be told apart."""
    if 0 < largest < _SMALL:
        return next((s for s in _SMALL_SCALES if largest >= s[0]), _SMALL_SCALES[-1])
    told = (s for s in _SCALES[:-1] if largest >= 10 * s[0] and step >= s[0] / 100)
    return next(told, _SCALES[-1])


def _write_heads(figure: Figure, picture: Picture, lettering: _Lettering) -> None:
    head = " ".join(lettering.written(word) for word in picture.title.split(" "))
    figure.text(0.035, 0.955, head, color=INK, fontsize=13, fontweight="bold", va="center")
    figure.text(0.035, 0.893, picture.subtitle, color=QUIET, fontsize=9.5, va="center")
    figure.text(0.97, 0.893, picture.unit, color=QUIET, fontsize=9.5, va="center", ha="right")


def _write_legend(
    figure: Figure, picture: Picture, colours: Mapping[str, str], lettering: _Lettering
) -> int:
    """Say below what the colours and the marks are; return how many lines that takes."""
    words = picture.words
    keys: list[Any] = [
        Patch(color=colours[strip.name], label=_named(strip, words, lettering))
        for strip in picture.strips
        if len(picture.strips) > 1 or strip.name not in picture.title.split(" ")
    ]
    if any(picture.unread):
        keys.append(Patch(facecolor=FAINT, hatch="///", edgecolor=GROUND, label=words["unread"]))
    if any(raised for _, raised in picture.marks):
        keys.append(_key("v", RAISED, words["raised"]))
    if not all(raised for _, raised in picture.marks):
        keys.append(_key("o", CLEARED, words["cleared"], hollow=True))
    longest = max((len(key.get_label()) for key in keys), default=0)
    columns = 4 if longest <= _SHORT_NAME else 3 if longest <= _WIDEST_NAME * 2 // 3 else 2
    lines = -(-len(keys) // columns)
    figure.legend(
        handles=keys, loc="upper center", bbox_to_anchor=(0.5, 0.02 + lines * _LINE),
        ncol=columns, frameon=False, labelcolor=INK, fontsize=9, handlelength=1.1,
        handleheight=1.0, columnspacing=1.3, handletextpad=0.5, borderaxespad=0, borderpad=0,
    )  # fmt: skip
    return lines


def _named(strip: Strip, words: Mapping[str, str], lettering: _Lettering) -> str:
    return lettering.written(strip.name) if strip.name else words["others"]


def _key(marker: str, colour: str, label: str, *, hollow: bool = False) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=marker, color=colour, label=label,
        markerfacecolor=GROUND if hollow else colour, markeredgewidth=1.3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
