"""What a scenario finds, while it runs and as a report of all runs so far.

Every run is appended to var/reports/soak.json, with its date, commit, machine and size; the
Markdown beside it is written anew from all of them. So a long proof can be done in pieces.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

_LINE_SECONDS = 0.5
_MANY = 20
# “Redis killed: lost” is for the report; the line on the terminal has room for “lost”.
_DETAIL = ": "


@dataclass
class Bounds:
    """What a value has to keep to; None where it may be anything."""

    at_most: float | None = None
    at_least: float | None = None

    def hold(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )

    def as_json(self) -> dict[str, float]:
        return {name: bound for name, bound in vars(self).items() if bound is not None}


@dataclass
class Figure:
    """One number with its unit."""

    value: float
    unit: str
    bounds: Bounds


@dataclass
class Report:
    """One run of one scenario. `backend` is "" for a scenario that has none."""

    scenario: str
    backend: str = ""
    unit: str = ""
    deadline: float | None = None
    is_quiet: bool = False
    done: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    count_bounds: dict[str, Bounds] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    time_bounds: dict[str, Bounds] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    breaks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _shown_at: float = 0.0

    def rounds(self, size: int) -> Iterator[int]:
        """1 to `size`, or fewer when the time is up; the line on the terminal moves with it."""
        for number in range(1, size + 1):
            if self.is_over:
                self.note(f"ended after {self.done} of {size} {self.unit}: the time was up")
                return
            yield number
            self.done = number
            self.show(size)

    @property
    def is_over(self) -> bool:
        """Whether the time that was given on the command line is up."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def count(self, name: str, add: int = 1, *, at_most: int | None = None) -> None:
        """Adds to a total; with `at_most` more than that breaks the run."""
        self.counts[name] = self.counts.get(name, 0) + add
        if at_most is not None:
            self.count_bounds[name] = Bounds(at_most=at_most)

    def seconds(self, name: str, value: float, *, at_most: float | None = None) -> None:
        """One of many durations; `at_most` is for the longest of them."""
        self.times.setdefault(name, []).append(value)
        if at_most is not None:
            self.time_bounds[name] = Bounds(at_most=at_most)

    def figure(
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """A number that stands for itself; a second one of that name replaces it."""
        self.figures[name] = Figure(value, unit, Bounds(at_most, at_least))

    def broken(self, sentence: str) -> None:
        """A property did not hold. The first twenty are kept."""
        if sentence not in self.breaks and len(self.breaks) < _MANY:
            self.breaks.append(sentence)

    def note(self, sentence: str) -> None:
        """For the reader; breaks nothing."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @property
    def title(self) -> str:
        return f"{self.scenario} ({self.backend})" if self.backend else self.scenario

    @property
    def violations(self) -> list[str]:
        """Sentences for everything that did not hold."""
        found = list(self.breaks)
        for name, bounds in self.count_bounds.items():
            if not bounds.hold(self.counts[name]):
                found.append(f"{name}: {self.counts[name]}, not {bounds.at_most:g}")
        for name, bounds in self.time_bounds.items():
            if not bounds.hold(max(self.times[name])):
                found.append(f"{name}: {max(self.times[name]):.1f} s, not ≤ {bounds.at_most:g} s")
        for name, figure in self.figures.items():
            if not figure.bounds.hold(figure.value):
                found.append(f"{name}: {figure.value:.4g} {figure.unit}, {figure.bounds.as_json()}")
        return found

    def show(self, size: int) -> None:
        """The line that moves: on a terminal in place, else a new one now and then."""
        is_terminal = sys.stderr.isatty()
        pause = _LINE_SECONDS if is_terminal else 60 * _LINE_SECONDS
        if self.is_quiet or (time.monotonic() < self._shown_at + pause and self.done < size):
            return
        self._shown_at = time.monotonic()
        counts = [each for each in self.counts.items() if _DETAIL not in each[0]]
        times = [each for each in self.times.items() if _DETAIL not in each[0]]
        totals = "  ".join(f"{name} {value:,}" for name, value in counts)
        slowest = "  ".join(f"{name} ≤ {max(all_):.2f} s" for name, all_ in times)
        line = f"{self.title}: {self.done:,} of {size:,} {self.unit}  {totals}  {slowest}"
        print(f"\r{line}\x1b[K" if is_terminal else line, end="" if is_terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario,
            "backend": self.backend,
            "unit": self.unit,
            "done": self.done,
            "counts": {
                name: {"value": value, **self.count_bounds.get(name, Bounds()).as_json()}
                for name, value in self.counts.items()
            },
            "seconds": {
                name: {**summary(all_), **self.time_bounds.get(name, Bounds()).as_json()}
                for name, all_ in self.times.items()
            },
            "figures": {
                name: {"value": each.value, "unit": each.unit, **each.bounds.as_json()}
                for name, each in self.figures.items()
            },
            "violations": self.violations,
            "notes": self.notes,
        }


def summary(values: list[float]) -> dict[str, float]:
    """How many, the median, the p99 (nearest rank) and the worst."""
    ordered = sorted(values)

    def rank(share: float) -> float:
        return round(ordered[ceil(share * len(ordered)) - 1], 3)

    return {"count": len(ordered), "median": rank(0.5), "p99": rank(0.99), "worst": rank(1.0)}
