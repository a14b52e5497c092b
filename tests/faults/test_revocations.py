"""The short form of `make soak SCENARIO=revocations`: who may not listen hears nothing."""

import math

import pytest

from soak.report import Report
from soak.scenarios import revocations
from soak.sites import POSTGRESQL, SQLITE, backend

WAYS = len(revocations.WAYS)


# With PostgreSQL one round each with Redis well, killed and frozen.
@pytest.mark.parametrize(("name", "rounds"), ((SQLITE, 1), (POSTGRESQL, 3)))
async def test_nothing_later_than_a_revocation_reaches_another_process(name, rounds, tmp_path):
    report = Report("revocations", name, "races", is_quiet=True)

    with backend(name, folder=tmp_path) as chat:
        await revocations.revoke(chat, rounds * WAYS, report, times=1, closed_seconds=math.inf)

    assert report.violations == []
    assert [report.counts[way.deed.__name__] for way in revocations.WAYS] == [rounds] * WAYS
