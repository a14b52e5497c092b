"""The report of all runs: soak.json holds them, soak.md shows them."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from soak.report import Report

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "reports"
Run = dict[str, Any]


def add(report: Report, seconds: float, folder: Path = FOLDER) -> Path:
    """Appends this run, and writes the Markdown anew; returns the Markdown's path."""
    run = {**circumstances(), "took_seconds": round(seconds, 1), **report.as_json()}
    write([*runs(folder), run], folder)
    return folder / "soak.md"


def forget(titles: Iterable[tuple[str, str]], folder: Path = FOLDER) -> None:
    """Leaves out all earlier runs of these scenarios on these backends."""
    gone = set(titles)
    write(
        [each for each in runs(folder) if (each["scenario"], each["backend"]) not in gone], folder
    )


def runs(folder: Path = FOLDER) -> list[Run]:
    path = folder / "soak.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def write(all_runs: list[Run], folder: Path = FOLDER) -> None:
    """Both files, each put in place whole: a cut leaves the earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps({"runs": all_runs}, indent=1, ensure_ascii=False)
    _replace(folder / "soak.json", f"{document}\n")
    _replace(folder / "soak.md", markdown(all_runs))


def circumstances() -> Run:
    """When, of what, and on what."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    processors = os.cpu_count() or 1
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": f"{processors} processors, {platform.platform()}, "
        f"Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 2),
    }


def markdown(all_runs: list[Run]) -> str:
    """One section a scenario and backend: totals over its runs, and below them the runs."""
    titles = dict.fromkeys((run["scenario"], run["backend"]) for run in sorted(all_runs, key=_key))
    broken = sum(bool(run["violations"]) for run in all_runs)
    verdict = f"**{broken} of {len(all_runs)} runs broken**" if broken else "Every property held."
    parts = ["# Soak report", f"{len(all_runs)} runs. {verdict}"]
    for title in titles:
        parts += _section(title, [run for run in all_runs if _key(run) == title])
    return "\n\n".join(parts) + "\n"


def _section(title: tuple[str, str], own: list[Run]) -> list[str]:
    scenario, backend = title
    done = f"{sum(run['done'] for run in own):,} {own[0]['unit']}"
    heading = f"## {scenario}, {backend}" if backend else f"## {scenario}"
    violations = [f"- **broken**: {each}" for run in own for each in run["violations"]]
    notes = dict.fromkeys(f"- {each}" for run in own for each in run["notes"])
    return [
        f"{heading}: {done}",
        "\n".join([*violations, *notes]) or "Nothing to remark.",
        _table(("", "", "bound"), _figures(own)),
        _table(
            ("date (UTC)", "commit", own[0]["unit"], "minutes", "load before", "machine"),
            [
                (
                    run["at"][:16].replace("T", " "),
                    run["commit"],
                    f"{run['done']:,}",
                    f"{run['took_seconds'] / 60:.1f}",
                    f"{run['load']}",
                    run["machine"],
                )
                for run in own
            ],
        ),
    ]


def _figures(own: list[Run]) -> Iterable[tuple[str, ...]]:
    for name in dict.fromkeys(name for run in own for name in run["counts"]):
        found = [run["counts"][name] for run in own if name in run["counts"]]
        yield name, f"{sum(each['value'] for each in found):,}", _bound(found[-1])
    for name in dict.fromkeys(name for run in own for name in run["seconds"]):
        found = [run["seconds"][name] for run in own if name in run["seconds"]]
        medians = sorted(each["median"] for each in found)
        shown = (
            f"median {medians[len(medians) // 2]:.2f} s, "
            f"p99 {max(each['p99'] for each in found):.2f} s, "
            f"worst {max(each['worst'] for each in found):.2f} s"
        )
        yield name, shown, _bound(found[-1])
    for name in dict.fromkeys(name for run in own for name in run["figures"]):
        found = [run["figures"][name] for run in own if name in run["figures"]]
        worst = min if "at_least" in found[-1] else max
        value = worst(each["value"] for each in found)
        yield name, f"{value:,.4g} {found[-1]['unit']}".strip(), _bound(found[-1])


def _bound(found: dict[str, Any]) -> str:
    if "at_most" in found:
        return f"≤ {found['at_most']:g}"
    return f"≥ {found['at_least']:g}" if "at_least" in found else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _key(run: Run) -> tuple[str, str]:
    return run["scenario"], run["backend"]


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)
