"""What becomes of a run: what it keeps, and how it ends when it is stopped in its middle."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import plan, site
from bench.cores import Cores
from bench.report import Result, verdict
from bench.rounds import Bench


@pytest.fixture
def bench():
    return Bench(plan.QUICK, Cores(0, 0), Result("delivery"))


def test_a_mistake_in_one_scenario_is_told_and_the_next_one_runs(bench, monkeypatch, capsys):
    def broken(_bench):
        return 1 / 0

    def sound(bench):
        bench.result.notes.append("measured")

    monkeypatch.setitem(command.SCENARIOS, "delivery", broken)
    monkeypatch.setitem(command.SCENARIOS, "posts", sound)

    results = [command.filled(bench, is_check=False)]
    bench.result = Result("posts")
    results.append(command.filled(bench, is_check=False))

    assert results[0].wrong == ["the benchmark failed: ZeroDivisionError: division by zero"]
    assert "in broken" in capsys.readouterr().err
    assert (results[1].notes, results[1].wrong) == (["measured"], [])
    assert verdict(results) == 1


def test_ctrl_c_ends_a_scenario_and_all_behind_it(bench, monkeypatch):
    def interrupted(_bench):
        sys.exit(130)

    monkeypatch.setitem(command.SCENARIOS, "delivery", interrupted)

    with pytest.raises(SystemExit):
        command.filled(bench, is_check=False)


# The command with scenarios that take no time.
RUN = '''"""A run."""
import os, signal, sys
from pathlib import Path
from bench import __main__ as command, report

report.RESULTS = Path(sys.argv.pop(1))

def measured(bench):
    bench.result.figures += [
        report.Figure("server CPU a delivery", "µs", [5.0]),
        report.Figure("  ratio", "×", [3.0, 4.0]),
    ]

def interrupted(_bench):
    os.kill(os.getpid(), signal.SIGINT)

command.SCENARIOS.update(delivery=measured, page=measured, restart=interrupted)
sys.exit(command.main())
'''


@pytest.fixture
def results():
    with site.data_directory() as folder:
        yield folder


def run(folder, *words):
    return subprocess.run(
        [sys.executable, "-c", RUN, folder, *words],
        cwd=site.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_leaves_its_table_as_text_and_names_what_was_drawn(results):
    done = run(results, "delivery")

    [path] = [path.relative_to(site.ROOT) for path in results.glob("*.json")]
    table = path.with_suffix(".txt")
    written = (site.ROOT / table).read_text()
    assert done.returncode == 0
    assert done.stdout == (
        f"\n{written}\nEvery round is in {path}, the table in {table}.\n"
        f"Drawn in:\n{path.with_suffix('')}-cost.svg\n"
    )
    assert json.loads((site.ROOT / path).read_text())["interrupted"] is False


def test_where_nothing_was_drawn_nothing_is_said_of_it(results):
    done = run(results, "page")

    assert "the table in" in done.stdout.splitlines()[-1]


def test_ctrl_c_ends_a_run_with_one_line_and_what_it_has_is_kept(results):
    done = run(results, "delivery", "page", "restart", "posts")

    [path] = results.glob("*.json")
    kept = json.loads(path.read_text())
    assert done.returncode == 130
    assert done.stderr == (
        'bench: interrupted in "restart"; "delivery", "page" are kept in '
        f"{path.relative_to(site.ROOT)}\n"
    )
    assert kept["interrupted"] is True
    assert [result["scenario"] for result in kept["results"]] == ["delivery", "page"]
    assert path.with_suffix(".txt").read_text().startswith("delivery\n")


@pytest.mark.parametrize("words", (("restart",), ("--check", "page", "restart")))
def test_ctrl_c_says_that_nothing_is_kept_where_nothing_is(results, words):
    done = run(results, *words)

    assert (done.returncode, list(results.iterdir())) == (130, [])
    assert done.stderr == 'bench: interrupted in "restart"; nothing is kept\n'


@pytest.mark.parametrize(
    ("name", "answer"),
    (
        (
            "delivry",
            'there is no scenario "delivry"; did you mean "delivery"? There are delivery, ',
        ),
        ("xyz", 'there is no scenario "xyz". There are delivery, fanout, latency, '),
    ),
)
def test_who_asks_for_an_unknown_scenario_is_told_which_there_are(results, name, answer):
    done = run(results, "page", name)

    assert (done.returncode, done.stdout) == (2, "")
    assert answer in done.stderr


def test_a_quick_look_leaves_out_what_takes_long_unless_it_is_named(monkeypatch, capsys):
    run = []
    for name in command.SCENARIOS:
        monkeypatch.setitem(
            command.SCENARIOS, name, lambda bench: run.append(bench.result.scenario)
        )
    monkeypatch.setattr(command.cores, "choose", lambda: Cores(0, 0))
    monkeypatch.setattr(command, "_kept", lambda *_results: Path("kept.json"))
    monkeypatch.setattr(command, "_draw", lambda _kept: None)
    monkeypatch.setenv("BENCH_QUICK", "1")

    for asked in ([], ["memory"]):
        monkeypatch.setattr("sys.argv", ["bench", *asked])
        command.main()

    assert {*command.SCENARIOS} - {*run[:-1]} == {*command.LONG}
    assert run[-1] == "memory"
    assert "leaves out memory" in capsys.readouterr().err
