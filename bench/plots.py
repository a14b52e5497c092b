"""`python -m bench.plots FILE.json`: draws what a kept run found, beside its file, as SVG.

The same file gives the same bytes. The plots have no script, their words are text, and they
follow the reader's choice of light or dark. They are drawn by a process of their own: what a
library loads would make each collection of garbage longer in the one that measures.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from io import StringIO
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

WIDTH, ROW = 7.2, 3.4  # inches
# What grows less than this is drawn from zero up, the rest in powers of ten.
MAX_LINEAR = 5
# Stand in for what the style sheet decides; nothing else has these colours.
PAPER, INK, LINE = "#fffffe", "#000001", "#cccccd"
STYLE = """<style>
:root { color-scheme: light dark; --paper: #fdfdf8; --ink: #23271a; --line: #d9dccd; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #171a12; --ink: #e4e7da; --line: #3b4032; }
}
</style>"""
# Ours first. Each has enough contrast with both papers.
COLOURS = ["#7d8f22", "#3f83c4", "#d0702b", "#a36bc7", "#2b9c8f", "#c7557f", "#85817a"]
MARKS = ["o", "s", "^", "D", "v", "P", "X"]
OURS = "Natterjack"
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "natterjack",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "legend.facecolor": PAPER,
    "legend.edgecolor": LINE,
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
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
                written.append(path.with_name(f"{path.stem}-{plot.name}.svg"))
                written[-1].write_text(_svg(plot))
    return written


def _cost(result: dict[str, Any]) -> Plot | None:
    """Bars of the server's time for a delivery: ours, and those that stand indented below it."""
    rows = list(_group(result["figures"], "server CPU a delivery"))
    if not rows:
        return None
    figure, [axes] = _figure([1 + 0.42 * len(rows)])
    names, values = [name for name, _ in rows], [row["median"] for _, row in rows]
    bars = axes.barh(names, values, color=COLOURS[0], height=0.62)
    for bar in bars[1:]:
        bar.set_color(COLOURS[-1])
    axes.invert_yaxis()
    _in_powers(axes.xaxis, (1,))
    axes.set_xlim(min(values) / 2, max(values) * 2)
    axes.bar_label(bars, [f"{_shown(value)} µs" for value in values], padding=4)
    _label(axes, "server CPU a delivery, µs (less is better)", "")
    axes.tick_params(axis="y", length=0)
    words = [f"{name}: {_shown(value)} µs." for name, value in zip(names, values, strict=True)]
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
    """Of all messages, which share had come to everybody after so many milliseconds."""
    if not result["samples"]:
        return None
    figure, [axes] = _figure([ROW])
    words = []
    for (name, samples), colour in zip(result["samples"].items(), COLOURS, strict=False):
        ordered = sorted(samples)
        shares = [100 * (place + 1) / len(ordered) for place in range(len(ordered))]
        axes.step(ordered, shares, where="post", color=colour, label=name, linewidth=2)
        middle, late = (ordered[ceil(len(ordered) * share) - 1] for share in (0.5, 0.99))
        words.append(f"{name}: half within {_shown(middle)} ms, 99 % within {_shown(late)} ms.")
    _in_powers(axes.xaxis, (1, 2, 5))
    axes.set_ylim(0, 102)
    _label(axes, "milliseconds to the last of all readers", "% of the messages")
    return Plot("latency", "How long a message takes to everybody", words, figure)


def _curves(result: dict[str, Any]) -> Plot | None:
    """One panel a curve, the range of the rounds as bars."""
    curves = result["curves"]
    if not curves:
        return None
    figure, panels = _figure([ROW] * len(curves))
    words = []
    for axes, curve in zip(panels, curves, strict=True):
        for name, points in curve["series"].items():
            words.append(_line(axes, name, points, curve))
        _in_powers(axes.xaxis, (1,))
        axes.set_xticks(sorted({int(size) for each in curve["series"].values() for size in each}))
        lowest, highest = axes.dataLim.intervaly
        if highest > MAX_LINEAR * lowest:
            _in_powers(axes.yaxis, (1, 2, 5))
        else:
            axes.set_ylim(0, highest * 1.15)
        _label(axes, curve["by"], f"{curve['title']}, {curve['unit']}")
    return Plot("curves", "What grows with what", words, figure)


def _line(axes: Axes, name: str, points: dict[str, list[float]], curve: dict[str, Any]) -> str:
    number = len(axes.containers)
    sizes = [int(size) for size in points]
    middles = [median(values) for values in points.values()]
    below = [middle - min(v) for middle, v in zip(middles, points.values(), strict=True)]
    above = [max(v) - middle for middle, v in zip(middles, points.values(), strict=True)]
    axes.errorbar(
        sizes, middles, yerr=[below, above], label=name, color=COLOURS[number],
        marker=MARKS[number], capsize=3, linewidth=2,
    )  # fmt: skip
    said = ", ".join(
        f"{_shown(middle)} at {size:,}" for size, middle in zip(sizes, middles, strict=True)
    )
    return f"{name}, {curve['title']} in {curve['unit']} by {curve['by']}: {said}."


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
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="both" if y else "x")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False)


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
