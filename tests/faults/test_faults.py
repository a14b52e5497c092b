"""The short form of `make soak SCENARIO=faults`: something fails while a crowd is at work."""

import pytest

from soak.faults import FAULTS
from soak.report import Report
from soak.scenarios import faults
from soak.sites import POSTGRESQL, SQLITE, backend

pytestmark = pytest.mark.timeout(300)

# Of soak.faults: what tests/server/ does not do at all, or only to one person.
HERE = {
    SQLITE: ("file locked", "disk takes nothing", "answers torn", "half-open", "slow line"),
    POSTGRESQL: ("Redis swallowed", "connections ended", "room locked", "database read-only"),
}


@pytest.mark.parametrize("name", (SQLITE, POSTGRESQL))
async def test_nothing_is_lost_or_wrong_while_something_fails_and_it_heals(name, tmp_path):
    rows = [fault for fault in FAULTS if fault.name.partition(" ")[2] in HERE[name]]
    report = Report("faults", name, "faults", is_quiet=True)

    with backend(name, people=8, folder=tmp_path) as chat:
        await faults.suffer(chat, rows, len(rows), report, seconds=1, posters=4, readers=6)

    assert report.violations == []
    assert len(rows) == len(HERE[name])
    assert all(report.counts[f"{fault.name}: acknowledged"] for fault in rows)
