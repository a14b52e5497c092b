"""What the benchmarks say of what they found."""

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from bench import plots, report
from bench.report import Result


@pytest.mark.parametrize(
    ("results", "status"),
    (
        ([Result("posts"), Result("page", notes=["a peer is missing"])], 0),
        ([Result("posts", complaints=["others took 80 %"]), Result("page")], 3),
        ([Result("posts", wrong=["message 7 came twice"]), Result("page")], 1),
        ([Result("posts", complaints=["others took 80 %"]), Result("page", wrong=["lost"])], 1),
    ),
)
def test_wrong_results_and_figures_that_do_not_count_end_differently(results, status):
    assert report.verdict(results) == status


def test_a_check_says_what_was_wrong_and_shows_no_figure():
    figures = [report.Figure("by form", "/s", [123.4])]
    result = Result("posts", figures, wrong=["message 7 came twice"], notes=["a noisy machine"])

    shown = report.show_check(result)

    assert "WRONG: message 7 came twice" in shown
    assert "note: a noisy machine" in shown
    assert "123" not in shown


@pytest.mark.parametrize(("ratios", "is_said"), (([3.0, 4.0], True), ([3.0], False)))
def test_what_a_ratio_of_rounds_is_stands_once_below_the_table(ratios, is_said):
    figures = [report.Figure(name, "×", ratios) for name in ("to the floor", "to the tutorial")]

    shown = report.show(Result("delivery", figures))

    assert shown.count("the median of the rounds' ratios") == is_said


def kept(folder, *results):
    path = folder / "run.json"
    path.write_text(json.dumps({"results": [result.as_json() for result in results]}))
    return path


def letters(plot):
    root = ElementTree.parse(plot).getroot()
    return {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}


CURVE = report.Curve(
    "server CPU a message", "ms", "sockets", {"Natterjack": {100: [5.0, 6.0], 200: [7.0, 8.0]}}
)
MEASURED = (
    Result(
        "delivery",
        [
            report.Figure("messages", "/s", [50.0]),
            report.Figure("server CPU a delivery", "µs", [9.0, 12.0, 10.0]),
            report.Figure("  tutorial", "µs", [331.0]),
            report.Figure("  ratio", "×", [33.1]),
            report.Figure("pages", "µs", [1.0]),
        ],
    ),
    Result("latency", samples={"Natterjack": [3.0, 4.0, 5.0], "<tutorial>": [300.0]}),
    Result("curves", curves=[CURVE]),
)


def test_a_kept_run_is_drawn_the_same_each_time(tmp_path):
    path = kept(tmp_path, *MEASURED)

    first = {plot: plot.read_bytes() for plot in plots.draw(path)}

    assert [plot.name for plot in first] == ["run-cost.svg", "run-latency.svg", "run-curves.svg"]
    assert {plot: plot.read_bytes() for plot in plots.draw(path)} == first


def test_a_plot_is_whole_says_what_it_shows_and_holds_no_script(tmp_path):
    words = {}
    for plot in plots.draw(kept(tmp_path, *MEASURED)):
        root = ElementTree.parse(plot).getroot()
        names = [element.tag.rpartition("}")[2] for element in root.iter()]
        assert "script" not in names
        assert "text" in names  # letters, no outlines
        assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]
        words[plot.stem] = root.findtext("{http://www.w3.org/2000/svg}desc")
    assert words == {
        "run-cost": "Medians of the rounds, on a logarithmic scale. "
        "Natterjack: 10 µs. tutorial: 331 µs.",
        "run-latency": "Of all messages of all rounds together, on a logarithmic scale. "
        "Natterjack: half within 4 ms, 99 % within 5 ms. "
        "<tutorial>: half within 300 ms, 99 % within 300 ms.",
        "run-curves": "Medians of the rounds, with their range; sizes on a logarithmic scale. "
        "Natterjack, server CPU a message in ms by sockets: 5.5 at 100, 7.5 at 200.",
    }


def test_each_line_has_its_name_beside_it_and_each_logarithmic_axis_says_so(tmp_path):
    cost, latency, curves = map(letters, plots.draw(kept(tmp_path, *MEASURED)))

    assert {"10 µs", "331 µs", "server CPU a delivery, µs; less is better (log scale)"} <= cost
    assert {"Natterjack", "<tutorial>", "ms to the last of all readers (log scale)"} <= latency
    assert {"Natterjack", "5.5", "7.5", "sockets (log scale)", "server CPU a message, ms"} <= curves


def test_eight_lines_that_end_together_are_told_apart_without_colour(tmp_path):
    names = [f"line {number}" for number in range(8)]
    [plot] = plots.draw(kept(tmp_path, Result("latency", samples={name: [5.0] for name in names})))

    root = ElementTree.parse(plot).getroot()
    texts = {each.text: each for each in root.iter("{http://www.w3.org/2000/svg}text")}
    heights = sorted(float(texts[name].get("y")) for name in names)
    assert min(higher - lower for lower, higher in pairwise(heights)) > 10
    dashes = set(re.findall(r"stroke-dasharray: ([^;\"]+)", plot.read_text()))
    assert len(dashes) == 7


@pytest.mark.parametrize(
    ("heights", "apart", "spread"),
    (
        ([0.2, 0.9, 0.5], 0.1, [0.2, 0.9, 0.5]),
        ([0.5, 0.5], 0.1, [0.45, 0.55]),
        ([0.5, 0.52, 0.6], 0.1, [0.44, 0.54, 0.64]),
    ),
)
def test_names_are_moved_only_where_they_would_touch(heights, apart, spread):
    assert plots._spread(heights, apart) == pytest.approx(spread)


@pytest.mark.parametrize(
    ("reservation", "in_the_table", "on_the_plot"),
    (
        ({"wrong": ["message 7 came twice"]}, "≤ 9  WRONG", "The results of this run are wrong"),
        ({"complaints": ["a busy machine"]}, "≤ 9  does not count", "This run does not count"),
        ({"is_look": True}, "≤ 9  only a look", "Only a look: smaller sizes, short rounds"),
    ),
)
def test_what_does_not_count_meets_no_target_and_is_no_picture_to_show(
    tmp_path, reservation, in_the_table, on_the_plot
):
    figure = report.Figure("server CPU a delivery", "µs", [5.0], at_most=9.0)
    result = Result("delivery", [figure], **reservation)

    [plot] = plots.draw(kept(tmp_path, result))

    shown = report.show(result)
    assert in_the_table in shown
    assert " met" not in shown
    assert on_the_plot in letters(plot)
    said = ElementTree.parse(plot).getroot().findtext("{http://www.w3.org/2000/svg}desc")
    assert said.startswith(f"{on_the_plot}. ")
    assert said.endswith(" Natterjack: 5 µs.")


def test_what_counts_meets_its_target_or_misses_it():
    met, missed = (report.Figure("a", "s", [5.0], at_most=bound) for bound in (9.0, 4.0))

    assert met.row()[-1] == "≤ 9  met"
    assert missed.row()[-1] == "≤ 4  MISSED"


def test_what_was_not_measured_is_not_drawn(tmp_path):
    assert plots.draw(kept(tmp_path, Result("delivery", wrong=["lost"]), Result("latency"))) == []
