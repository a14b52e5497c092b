"""The short forms of `make soak SCENARIO=kills` and `deploy`: what was acknowledged stays."""

import itertools

import pytest

from soak import doomed
from soak.report import Report
from soak.scenarios import deploy, kills
from soak.scenarios.kills import AT_RANDOM, Fate
from soak.sites import POSTGRESQL, SQLITE, backend

# Each death is a start of the server, which a busy machine takes its time for.
pytestmark = pytest.mark.timeout(400)

ACKNOWLEDGED = 20


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """PostgreSQL, Redis, and two processes."""
    with backend(POSTGRESQL, people=8, folder=tmp_path_factory.mktemp("pair")) as chat:
        yield chat


@pytest.fixture(params=(SQLITE, POSTGRESQL))
def chat(request, tmp_path):
    if request.param == POSTGRESQL:
        pair = request.getfixturevalue("pair")
        yield pair
        pair.stop()
        return
    with backend(SQLITE, people=8, folder=tmp_path) as chat:
        yield chat


async def test_nothing_is_lost_doubled_or_out_of_order_by_a_death(chat):
    points = list(doomed.POINTS) if chat.name == SQLITE else ["before commit", "in a frame"]
    fates = itertools.chain(map(Fate, points), itertools.repeat(Fate(AT_RANDOM)))
    report = Report("kills", chat.name, "kills", is_quiet=True)

    size = len(points) + 1
    await kills.kill(chat, size, report, fates, posters=8, readers=6, pause_seconds=0.1)

    assert report.violations == []
    assert report.done == size
    assert report.counts["acknowledged"] >= ACKNOWLEDGED
    died_by_themselves = sum(report.counts.get(f"killed {point}", 0) for point in points)
    assert died_by_themselves >= len(points) / 4, report.counts


@pytest.mark.parametrize("chat", (POSTGRESQL,), indirect=True)
async def test_a_new_version_takes_over_from_a_process_that_is_at_work(chat):
    report = Report("deploy", chat.name, "deploys", is_quiet=True)

    crowd = {"posters": 4, "readers": 6, "pause_seconds": 0.1}
    await deploy.deploy(chat, 1, report, back_seconds=60, **crowd)

    assert report.violations == []
    assert report.counts["returns"] >= 6
