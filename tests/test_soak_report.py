"""What a soak has found is kept, and a broken property is never taken for a good one."""

import json

import pytest

from soak import archive, scenarios
from soak.report import Report


@pytest.fixture
def report():
    return Report("kills", "sqlite", "kills", is_quiet=True)


def test_totals_of_all_runs_stand_in_one_report(report, tmp_path):
    for _run in range(2):
        report.count("acknowledged", 500)
        archive.add(report, 60, tmp_path)

    assert len(json.loads((tmp_path / "soak.json").read_text())["runs"]) == 2
    page = (tmp_path / "soak.md").read_text()
    assert "| acknowledged | 1,500 |" in page
    assert "Every property held." in page


def test_a_count_over_its_bound_is_a_violation(report, tmp_path):
    report.count("lost", 0, at_most=0)
    assert report.violations == []
    report.count("lost")

    archive.add(report, 60, tmp_path)

    assert report.violations == ["lost: 1, not 0"]
    assert "**broken**: lost: 1, not 0" in (tmp_path / "soak.md").read_text()


def test_seconds_are_judged_by_the_worst_and_figures_by_their_bound(report):
    for value in (0.1, 7.0, 0.2):
        report.seconds("to recover", value, at_most=5)
    report.figure("memory", 1.2, "×", at_most=1.1)

    assert [sentence.partition(":")[0] for sentence in report.violations] == [
        "to recover",
        "memory",
    ]


def test_the_rounds_end_when_the_time_is_up(report):
    report.deadline = 0.0

    assert list(report.rounds(3)) == []
    assert report.notes == ["ended after 0 of 3 kills: the time was up"]


def test_runs_that_are_done_again_are_forgotten_alone(report, tmp_path):
    archive.add(report, 1, tmp_path)
    archive.add(Report("herd", "sqlite", "herds"), 1, tmp_path)

    archive.forget([("kills", "sqlite")], tmp_path)

    assert [run["scenario"] for run in archive.runs(tmp_path)] == ["herd"]


@pytest.mark.parametrize("name", scenarios.names())
def test_a_scenario_says_what_it_is_and_how_long(name):
    scenario = scenarios.load(name)

    assert scenario.__doc__
    assert scenario.LONG > 0
    assert scenario.UNIT
    assert callable(scenario.run)
