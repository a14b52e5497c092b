"""Figures, as a table for people and as JSON for comparing."""

import json
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.site import ROOT

RESULTS = ROOT / "bench" / "results"
# How the command ends.
WRONG, UNCOUNTED = 1, 3
_OF_RATIOS = "a ratio is the median of the rounds' ratios, not the ratio of two medians"
_PACKAGES = (
    "autobahn", "channels", "daphne", "django", "httptools", "twisted", "uvicorn", "uvloop"
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One value a round, in `unit`. `at_most` or `at_least` is the target, where there is one."""

    name: str
    unit: str
    values: list[float]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the median meets the target; None without one."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return self.median >= self.at_least if self.at_least is not None else None

    def row(self, reservation: str = "") -> tuple[str, ...]:
        """Its cells. With a reservation it neither meets nor misses its target."""
        low, high = _shown(min(self.values)), _shown(max(self.values))
        spread = f"{low} – {high}" if low != high else ""
        return (self.name, _shown(self.median), self.unit, spread, self._target(reservation))

    def _target(self, reservation: str) -> str:
        if self.is_met is None:
            return ""
        bound = f"≤ {_shown(self.at_most)}" if self.at_most else f"≥ {_shown(self.at_least or 0)}"
        return f"{bound}  {reservation or ('met' if self.is_met else 'MISSED')}"

    def as_json(self) -> dict[str, Any]:
        bounds = {"at_most": self.at_most, "at_least": self.at_least}
        return {"name": self.name, "unit": self.unit, "median": self.median} | {
            "rounds": self.values,
            **{name: bound for name, bound in bounds.items() if bound is not None},
        }


@dataclass(frozen=True)
class Curve:
    """How `title` grows: for each of `series` one value a round at each size of what `by` says."""

    title: str
    unit: str
    by: str
    series: dict[str, dict[int, list[float]]]

    def rows(self) -> Iterator[str]:
        yield f"  {self.title}, {self.unit}, by {self.by}"
        for name, points in self.series.items():
            shown = (f"{size:,}: {_shown(median(values))}" for size, values in points.items())
            yield f"    {name}  {'   '.join(shown)}"


@dataclass
class Result:
    """What a scenario found. With complaints its figures do not count; notes are for the reader.

    `wrong` is what no machine excuses: a message that was lost or doubled, a page that was not
    whole, a server that ended. `samples` are all single values of a distribution, by who made them.
    A look is at other sizes than those that the targets are for.
    """

    scenario: str
    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    is_look: bool = False

    @property
    def reservation(self) -> str:
        """Why no figure of it meets or misses a target; nothing where they count."""
        if self.wrong:
            return "WRONG"
        if self.complaints:
            return "does not count"
        return "only a look" if self.is_look else ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"figures": [figure.as_json() for figure in self.figures]}


def verdict(results: Iterable[Result]) -> int:
    """WRONG before UNCOUNTED; 0 whether or not the targets are met."""
    everything = list(results)
    if any(result.wrong for result in everything):
        return WRONG
    return UNCOUNTED if any(result.complaints for result in everything) else 0


def show(result: Result) -> str:
    """The scenario's lines, aligned, with what is to be known about them below."""
    rows = [figure.row(result.reservation) for figure in result.figures]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    lines = [f"\n{result.scenario}"]
    for name, value, unit, spread, target in rows:
        cells = (
            name.ljust(widths[0]), value.rjust(widths[1]), unit.ljust(widths[2]),
            spread.ljust(widths[3]), target,
        )  # fmt: skip
        lines.append(f"  {'  '.join(cells)}".rstrip())
    for curve in result.curves:
        lines += curve.rows()
    if any(figure.unit == "×" and len(figure.values) > 1 for figure in result.figures):
        lines.append(f"  {_OF_RATIOS}")
    return "\n".join([*lines, *_remarks(result)])


def show_check(result: Result) -> str:
    """Whether the results were right, without figures: the machine may have been busy."""
    word = "WRONG" if result.wrong else "right"
    return "\n".join([f"\n{result.scenario}: {word} ({result.seconds:.0f} s)", *_remarks(result)])


def _remarks(result: Result) -> list[str]:
    return [
        *(f"  note: {note}" for note in result.notes),
        *(f"  DOES NOT COUNT: {complaint}" for complaint in result.complaints),
        *(f"  WRONG: {sentence}" for sentence in result.wrong),
    ]


def save(
    results: list[Result],
    plan: Any,
    peers: dict[str, dict[str, str]],
    *,
    is_interrupted: bool = False,
) -> Path:
    """Writes everything, each round's value and the peers' versions included, to a new file, and
    what was shown to another one beside it, which ends in `.txt`; returns the first one's path."""
    now = datetime.now(UTC)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    document = {
        "at": now.isoformat(timespec="seconds"),
        "interrupted": is_interrupted,
        "plan": vars(plan),
        "machine": _machine() | {"peers": peers},
        "results": [result.as_json() for result in results],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    path.with_suffix(".txt").write_text("\n".join(map(show, results)).lstrip() + "\n")
    return path


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _machine() -> dict[str, Any]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return {
        "processors": models,
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": commit.stdout.strip(),
        "load": Path("/proc/loadavg").read_text().split()[:3],
    }
