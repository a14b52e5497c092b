"""What the benchmarks say of what they found."""

import pytest

from bench import report
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
