"""The short form of `make soak SCENARIO=tabs`: lists in Chromium, on lines that break."""

import pytest

from soak.report import Report
from soak.scenarios import tabs
from soak.sites import SQLITE, backend


@pytest.mark.timeout(300)
async def test_a_tab_on_a_bad_line_holds_a_piece_of_the_log_at_every_second(tmp_path):
    report = Report("tabs", SQLITE, "messages", is_quiet=True)
    with backend(SQLITE, people=8, folder=tmp_path) as chat:
        await tabs.hold(chat, 200, report, tabs=4, pause_seconds=0.3, fault_seconds=2.0)

    assert report.violations == []
    assert report.counts["reconnects"] >= 4
    assert report.counts["lists looked at"] >= 4 * 5
