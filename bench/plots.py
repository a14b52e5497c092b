"""`python -m bench.plots FILE.json`: draws what a kept run found, beside its file, as SVG.

The same file gives the same bytes. The plots have no script, their words are text, and they
follow the reader's choice of light or dark. A line is known by its name at its end and by its
dashes, and not by its colour alone. They are drawn by a process of their own: what a library loads
would make each collection of garbage longer in the one that measures.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path
from statistics import mean, median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from bench.percentiles import percentile
from bench.report import Result

WIDTH, ROW = 7.2, 3.4  # inches
# Stand in for what the style sheet decides; nothing else has these colours.
PAPER, INK, LINE = "#fffffe", "#000001", "#cccccd"
STYLE = """<style>
:root { color-scheme: light dark; --paper: #fdfdf8; --ink: #23271a; --line: #d9dccd; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #171a12; --ink: #e4e7da; --line: #3b4032; }
}
</style>"""
# Ours first. Each has enough contrast with both papers.
COLOURS = [
    "#7d8f22", "#3f83c4", "#d0702b", "#a36bc7", "#2b9c8f", "#c7557f", "#85817a", "#a0704e"
]  # fmt: skip
MARKS = ["o", "s", "^", "D", "v", "P", "X", "p"]
# Lengths of dash and gap, in widths of the line.
DASHES: list[tuple[float, ...]] = [
    (), (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (10, 2.5), (2.5, 2.5),
    (6, 1.5, 1.2, 1.5, 1.2, 1.5), (3, 1),
]  # fmt: skip
OURS = "Natterjack"
# Between two names at the ends of lines, as a share of the panel's height.
NAME_HEIGHT = 0.075
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "natterjack",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


# Nobody has to take a picture for more than its run was.
WARNING = "#d0452b"
WARNINGS = {
    "WRONG": "The results of this run are wrong",
    "does not count": "This run does not count",
    "only a look": "Only a look: smaller sizes, short rounds",
}


@dataclass(frozen=True)
class Plot:
    """`words` say in sentences what the picture shows, for who does not see it."""

    name: str
    title: str
    words: list[str]
    figure: Figure


def draw(path: Path) -> list[Path]:
    """Writes all plots that the run's figures are enough for; returns their files."""
    results = {each["scenario"]: each for each in json.loads(path.read_text())["results"]}
    written = []
    with matplotlib.rc_context(SETTINGS):
        for name, make in PLOTS.items():
            if (result := results.get(name)) and (plot := make(result)):
                _warn(plot, result)
                written.append(path.with_name(f"{path.stem}-{plot.name}.svg"))
                written[-1].write_text(_svg(plot))
    return written


def _warn(plot: Plot, result: dict[str, Any]) -> None:
    """Says above the picture, and first in its words, what its figures are not."""
    kept = {name: result.get(name) for name in ("wrong", "complaints", "is_look")}
    if warning := WARNINGS.get(Result("", **kept).reservation):
        plot.figure.suptitle(warning, color=WARNING, weight="bold")
        plot.words.insert(0, f"{warning}.")


def _cost(result: dict[str, Any]) -> Plot | None:
    """Dots at the server's time for a delivery: ours, and those that stand indented below it.

    No bars: the length of one would say nothing where the scale does not begin at zero.
    """
    rows = list(_group(result["figures"], "server CPU a delivery"))
    if not rows:
        return None
    figure, [axes] = _figure([1 + 0.42 * len(rows)])
    words = ["Medians of the rounds, on a logarithmic scale."]
    for place, (name, row) in enumerate(rows):
        value = row["median"]
        is_ours = name.startswith(OURS)
        colour, size = (COLOURS[0], 11) if is_ours else (COLOURS[-2], 8)
        axes.plot(value, place, MARKS[0] if is_ours else MARKS[1], color=colour, markersize=size)
        _write(axes, f"{_shown(value)} µs", (value, place), (10, 0), va="center_baseline")
        words.append(f"{name}: {_shown(value)} µs.")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _in_powers(axes.xaxis, (1, 2, 5))
    values = [row["median"] for _, row in rows]
    axes.set_xlim(min(values) / 1.5, max(values) * 2)
    axes.tick_params(axis="y", length=0)
    _label(axes, "server CPU a delivery, µs; less is better", "")
    return Plot("cost", "What one delivery costs the server", words, figure)


def _group(figures: list[dict[str, Any]], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A figure, then the indented ones right below it that have its unit."""
    unit = None
    for each in figures:
        if each["name"] == name:
            unit = each["unit"]
            yield OURS, each
        elif unit is not None:
            if not each["name"].startswith(" "):
                return
            if each["unit"] == unit:
                yield each["name"].strip(), each


def _latency(result: dict[str, Any]) -> Plot | None:
    """Within how many milliseconds which share of all messages had come to everybody."""
    if not result["samples"]:
        return None
    figure, [axes] = _figure([ROW * 1.2])
    words = ["Of all messages of all rounds together, on a logarithmic scale."]
    ends = {}
    for number, (name, samples) in enumerate(result["samples"].items()):
        ordered = sorted(samples)
        shares = [100 * place / len(ordered) for place in range(len(ordered) + 1)]
        # The slowest of the first 10 % stands at all shares up to 10.
        axes.step(shares, [ordered[0], *ordered], where="pre", **_look(number, name))
        ends[name] = (100.0, ordered[-1])
        middle, late = (percentile(samples, percent) for percent in (50, 99))
        words.append(f"{name}: half within {_shown(middle)} ms, 99 % within {_shown(late)} ms.")
    _in_powers(axes.yaxis, (1, 2, 5))
    axes.set_xlim(0, 100)
    _label(axes, "% of all messages of all rounds", "ms to the last of all readers")
    _name(axes, ends)
    return Plot("latency", "How long a message takes to everybody", words, figure)


def _curves(result: dict[str, Any]) -> Plot | None:
    """One panel a curve, the range of the rounds as bars."""
    curves = result["curves"]
    if not curves:
        return None
    figure, panels = _figure([ROW] * len(curves))
    words = ["Medians of the rounds, with their range; sizes on a logarithmic scale."]
    for axes, curve in zip(panels, curves, strict=True):
        ends: dict[str, tuple[float, float]] = {}
        for number, (name, points) in enumerate(curve["series"].items()):
            middles = {int(size): median(values) for size, values in points.items()}
            _line(axes, _look(number, name) | {"marker": MARKS[number]}, middles, points)
            ends[name] = list(middles.items())[-1]
            said = ", ".join(f"{_shown(middle)} at {size:,}" for size, middle in middles.items())
            what = f"{curve['title']} in {curve['unit']} by {curve['by']}"
            words.append(f"{name}, {what}: {said}.")
        axes.set_ylim(0, axes.dataLim.y1 * 1.2)
        _in_powers(axes.xaxis, (1,))
        _write_values(axes, curve["series"].values())
        _label(axes, curve["by"], f"{curve['title']}, {curve['unit']}")
        _name(axes, ends)
    return Plot("curves", "What grows with what", words, figure)


def _line(
    axes: Axes, look: dict[str, Any], middles: dict[int, float], points: dict[str, list[float]]
) -> None:
    rounds = list(zip(middles.values(), points.values(), strict=True))
    below = [middle - min(values) for middle, values in rounds]
    above = [max(values) - middle for middle, values in rounds]
    axes.errorbar(list(middles), list(middles.values()), yerr=[below, above], capsize=3, **look)


def _write_values(axes: Axes, series: Iterable[dict[str, list[float]]]) -> None:
    """The medians, above the highest point at a size and below the others where there is room."""
    sizes: dict[str, list[list[float]]] = {}
    for points in series:
        for size, values in points.items():
            sizes.setdefault(size, []).append(values)
    axes.xaxis.set_major_locator(FixedLocator(sorted(map(int, sizes))))
    room = axes.get_ylim()[1] * 2 * NAME_HEIGHT
    for size, found in sizes.items():
        for values in found:
            is_below = room < max(values) < max(map(max, found))
            end, offset, side = (min, -6, "top") if is_below else (max, 6, "bottom")
            at = (int(size), end(values))
            _write(axes, _shown(median(values)), at, (0, offset), ha="center", va=side, fontsize=9)


def _look(number: int, name: str) -> dict[str, Any]:
    """A line's, ours thicker."""
    width = 2.8 if name.startswith(OURS) else 1.7
    return {"color": COLOURS[number], "linestyle": (0, DASHES[number]), "linewidth": width}


def _name(axes: Axes, ends: dict[str, tuple[float, float]]) -> None:
    """Writes the lines' names beside their ends, so far apart that each can be read."""
    to_share = axes.transScale + axes.transLimits
    shares = {name: to_share.transform(end) for name, end in ends.items()}
    heights = _spread([float(height) for _, height in shares.values()], NAME_HEIGHT)
    for (name, (across, _)), height, colour in zip(shares.items(), heights, COLOURS, strict=False):
        axes.annotate(
            name, ends[name], (across + 0.04, height), textcoords="axes fraction",
            va="center_baseline", fontsize=10, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "shrinkA": 1, "shrinkB": 3},
        )  # fmt: skip


def _spread(heights: list[float], apart: float) -> list[float]:
    """The same places in the same order, none nearer to the next than this: neighbours that are
    share what has to be moved."""
    groups: list[list[float]] = []
    for height in sorted(heights):
        groups.append([height])
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], apart):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = [
        mean(group) + (place - (len(group) - 1) / 2) * apart
        for group in groups
        for place in range(len(group))
    ]
    order = sorted(range(len(heights)), key=heights.__getitem__)
    return [placed[order.index(number)] for number in range(len(heights))]


def _overlap(lower: list[float], upper: list[float], apart: float) -> bool:
    return mean(upper) - mean(lower) < apart * (len(lower) + len(upper)) / 2


PLOTS: dict[str, Callable[[dict[str, Any]], Plot | None]] = {
    "delivery": _cost,
    "latency": _latency,
    "curves": _curves,
}


def _figure(heights: list[float]) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    panels = figure.subplots(len(heights), squeeze=False, height_ratios=heights)
    return figure, list(panels[:, 0])


def _label(axes: Axes, x: str, y: str) -> None:
    """Also says which of the axes are logarithmic."""
    axes.set_xlabel(x + " (log scale)" * (axes.get_xscale() == "log"))
    axes.set_ylabel(y + " (log scale)" * (axes.get_yscale() == "log"))
    axes.grid(axis="both")


def _write(
    axes: Axes, text: str, at: tuple[float, float], offset_points: tuple[float, float], **look: Any
) -> None:
    axes.annotate(text, at, offset_points, textcoords="offset points", **look)


def _in_powers(axis: Axis, steps: tuple[int, ...]) -> None:
    """A logarithmic axis with plain numbers at these steps of each power of ten."""
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.9g}"))


def _svg(plot: Plot) -> str:
    drawn = StringIO()
    plot.figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    head, start, rest = drawn.getvalue().partition("<svg ")
    opening, end, body = rest.partition(">")
    told = (
        f'\n<title id="title">{escape(plot.title)}</title>'
        f'\n<desc id="desc">{escape(" ".join(plot.words))}</desc>\n{STYLE}'
    )
    named = f'{start}role="img" aria-labelledby="title desc" {opening}{end}{told}'
    for colour, name in {PAPER: "paper", INK: "ink", LINE: "line"}.items():
        body = body.replace(colour, f"var(--{name})")
    return head + named + body


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main(paths: Iterable[str]) -> None:
    for path in paths:
        for plot in draw(Path(path)):
            print(plot)


if __name__ == "__main__":
    main(sys.argv[1:])
