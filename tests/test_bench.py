"""What the benchmarks say of what they found."""

import json
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


def kept(folder, *results):
    path = folder / "run.json"
    path.write_text(json.dumps({"results": [result.as_json() for result in results]}))
    return path


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
        "run-cost": "Natterjack: 10 µs. tutorial: 331 µs.",
        "run-latency": "Natterjack: half within 4 ms, 99 % within 5 ms. "
        "<tutorial>: half within 300 ms, 99 % within 300 ms.",
        "run-curves": "Natterjack, server CPU a message in ms by sockets: 5.5 at 100, 7.5 at 200.",
    }


def test_what_was_not_measured_is_not_drawn(tmp_path):
    assert plots.draw(kept(tmp_path, Result("delivery", wrong=["lost"]), Result("latency"))) == []
