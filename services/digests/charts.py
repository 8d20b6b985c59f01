"""Charts as PNG pictures, in the reader's language; slow, so never inside a transaction nor in the loop's thread."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from services.digests.pages import Bars, Chart, Lines
from services.messages import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

FONTS = Path(__file__).parent / "fonts"
FONT_OF = {"zh_Hant": "chart-hk.otf"}
FONT = "chart-sc.otf"
SIZE, DOTS = (5.8, 3.4), 180  # inches, dots per inch: sharp on a phone, small in a mailbox
INK, PALE, GRID = "#1F2937", "#6B7280", "#E5E7EB"
COLOURS = ("#2563EB", "#F59E0B", "#DC2626", "#94A3B8")
TARGET = "#16A34A"
EDGE = 0.12  # inches left free around
LOWEST = 0.5  # where the scale of shares begins at the highest
CROWD = 12  # so many bars, and their numbers are written smaller
ROOM = 1.18  # above the longest bar, for its number

Words = Callable[[Text], str]


def draw(chart: Chart, *, say: Words, locale: str) -> bytes:
    """Return the picture's bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy, and most processes draw none
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    figure = Figure(figsize=SIZE, dpi=DOTS, facecolor="white", layout=ConstrainedLayoutEngine(w_pad=EDGE, h_pad=EDGE))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    font = _font(locale)
    _frame(axes)
    if isinstance(chart, Lines):
        _lines(axes, chart, say, font)
    elif chart.lying:
        _lying(axes, chart, say, font)
    else:
        _standing(axes, chart, say, font)
    axes.set_title(
        say(chart.title), fontproperties=_sized(font, 15), color=INK, loc="left", pad=26 if axes.get_legend() else 10
    )
    return _saved(figure)


def _saved(figure: Figure) -> bytes:
    kept = io.BytesIO()
    figure.savefig(kept, format="png", metadata={"Software": ""})
    return kept.getvalue()


@lru_cache
def _font(locale: str) -> FontProperties:
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    return FontProperties(fname=str(FONTS / FONT_OF.get(locale, FONT)))


def _sized(font: FontProperties, size: float) -> FontProperties:
    found = font.copy()
    found.set_size(size)
    return found


@lru_cache
def signs(locale: str) -> frozenset[str]:
    """Return the signs that the font of a language has."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    return frozenset(map(chr, FT2Font(str(FONTS / FONT_OF.get(locale, FONT))).get_charmap()))


def _frame(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(length=0, colors=PALE)
    axes.set_axisbelow(True)


def _labelled(axes: Axes, labels: Sequence[str], font: FontProperties) -> None:
    axes.set_xticks(range(len(labels)), labels)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(_sized(font, 10 if len(labels) <= CROWD else 8))


def _legend(axes: Axes, font: FontProperties, count: int) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=count,
        frameon=False,
        prop=_sized(font, 10),
        labelcolor=INK,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.4,
    )


def _standing(axes: Axes, chart: Bars, say: Words, font: FontProperties) -> None:
    """Draw bars upon each other, with the sum above."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    base = [0] * len(chart.labels)
    for (name, values), colour in zip(chart.series, COLOURS, strict=False):
        label = say(name) if name is not None else None
        axes.bar(range(len(values)), values, bottom=base, color=colour, width=0.66, label=label)
        base = [below + value for below, value in zip(base, values, strict=True)]
    for place, sum_ in enumerate(base):
        if sum_:
            shown = _sized(font, 9.5 if len(base) <= CROWD else 7)
            axes.annotate(
                str(sum_), (place, sum_), (0, 3), textcoords="offset points", ha="center", color=INK
            ).set_fontproperties(shown)
    axes.set_ylim(0, max([*base, 1]) * ROOM)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    _labelled(axes, _said(chart.labels, say, font), font)
    named = [name for name, _ in chart.series if name is not None]
    if named:
        _legend(axes, font, len(named))


def _lying(axes: Axes, chart: Bars, say: Words, font: FontProperties) -> None:
    """Draw lying bars below each other, each with its number."""
    _, values = chart.series[0]
    places = range(len(values))
    axes.barh(places, values, color=COLOURS[0], height=0.62)
    axes.invert_yaxis()
    axes.set_yticks(places, _said(chart.labels, say, font))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, max([*values, 1]) * ROOM)
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            str(value), (value, place), (5, 0), textcoords="offset points", va="center", color=INK
        ).set_fontproperties(_sized(font, 10.5))
    for label in axes.get_yticklabels():
        label.set_fontproperties(_sized(font, 11))
        label.set_color(INK)


def _lines(axes: Axes, chart: Lines, say: Words, font: FontProperties) -> None:
    """Draw shares in per cent, the last of each by its number, and the target as a dashed line."""
    known = [rate.value * 100 for _, rates in chart.series for rate in rates if rate.value is not None]
    for (name, rates), colour in zip(chart.series, COLOURS, strict=False):
        points = [float("nan") if rate.value is None else rate.value * 100 for rate in rates]
        axes.plot(range(len(points)), points, color=colour, linewidth=2.4, marker="o", markersize=5, label=say(name))
        last = next((place for place in reversed(range(len(points))) if points[place] == points[place]), None)
        if last is not None:
            axes.annotate(
                f"{points[last]:.1f}%",
                (last, points[last]),
                (8, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            ).set_fontproperties(_sized(font, 10.5))
    count = len(chart.series)
    if chart.target is not None:
        axes.axhline(chart.target, color=TARGET, linewidth=1.2, linestyle=(0, (5, 4)), label=_target(chart, say))
        count += 1
    lowest = min([*known, 100 * LOWEST])
    axes.set_ylim(max(0, lowest // 10 * 10), 104)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%" if value <= 100 else "")  # noqa: PLR2004
    axes.set_xlim(-0.4, len(chart.labels) - 0.4)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    labels = _said(chart.labels, say, font)
    if chart.counts:
        labels = [f"{label}\nn={of}" for label, of in zip(labels, chart.counts, strict=True)]
    _labelled(axes, labels, font)
    _legend(axes, font, count)


def _target(chart: Lines, say: Words) -> str:
    from services.messages import T  # noqa: PLC0415

    return say(T("chart.target", percent=chart.target))


def _said(labels: Sequence[Text | str], say: Words, font: FontProperties) -> list[str]:
    """Return labels that the font can write; an operator's own word with a strange sign is called by its place."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    known = FT2Font(str(font.get_file())).get_charmap()
    said = [label if isinstance(label, str) else say(label) for label in labels]
    return [
        label if all(ord(sign) in known for sign in label if sign != "\n") else f"{place}."
        for place, label in enumerate(said, start=1)
    ]
