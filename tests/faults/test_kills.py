"""The short form of `make soak SCENARIO=kills`: what was acknowledged outlives every death."""

import itertools

import pytest

from soak import doomed
from soak.report import Report
from soak.scenarios import kills
from soak.scenarios.kills import AT_RANDOM, Fate
from soak.sites import POSTGRESQL, SQLITE, backend

# Each death is a start of the server, which a busy machine takes its time for.
pytestmark = pytest.mark.timeout(400)

ACKNOWLEDGED = 20


@pytest.mark.parametrize(
    ("name", "points"),
    (
        (SQLITE, [*doomed.POINTS]),
        (POSTGRESQL, ["before commit", "in a frame", "after commit"]),
    ),
)
async def test_nothing_is_lost_doubled_or_out_of_order_by_a_death(name, points, tmp_path_factory):
    report = Report("kills", name, "kills", is_quiet=True)
    fates = itertools.chain(map(Fate, points), itertools.repeat(Fate(AT_RANDOM)))

    with backend(name, people=8, folder=tmp_path_factory.mktemp(name)) as chat:
        await kills.kill(chat, len(points), report, fates, posters=8, readers=6, pause_seconds=0.03)

    assert report.violations == []
    assert report.done == len(points)
    assert report.counts["acknowledged"] >= ACKNOWLEDGED
    died_by_themselves = sum(report.counts.get(f"killed {point}", 0) for point in doomed.POINTS)
    assert died_by_themselves >= len(points) / 4, report.counts
