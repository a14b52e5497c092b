"""The short form of `make soak SCENARIO=inputs`: bad bytes, mutated by chance."""

import pytest

from soak.report import Report
from soak.scenarios import inputs
from soak.sites import SQLITE, backend


@pytest.mark.timeout(300)
def test_hundreds_of_bad_inputs_harm_nobody(tmp_path):
    report = Report("inputs", SQLITE, "inputs", is_quiet=True)
    with backend(SQLITE, people=2, messages=20, folder=tmp_path) as chat:
        chat.start()
        inputs.throw(chat, 600, report, seed=20_261_125)

    assert report.violations == []
    assert report.counts["answered 4xx"] > 50
    assert report.counts["sockets"] > 50
