"""Real Chromium against real server processes.

A module has one browser and one site; a test has windows of its own, and each of them fails the
test on any console or page error that the test has not announced. So every violation of the
content policy is found wherever it happens.
"""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.windows import Windows
from tests.server import site as sites
from tests.server.proxy import line_to
from tests.servers import chromium_path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def team(tmp_path_factory):
    """A data directory with an invented team, to be copied."""
    return sites.team(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def browser():
    # A module's and not the session's: playwright keeps a loop running in this thread, in which
    # no asynchronous test of another module could run.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    """member1 owns it; member2 to member4 are in its rooms general, room-2 and room-3 too."""
    folder = sites.copied(team, tmp_path_factory.mktemp("site") / "data")
    with sites.running(folder) as site:
        yield site


@pytest.fixture
def all_is_read(site):
    """Nothing is new to anybody, whatever the tests before have said."""
    site.shell(
        "for room in Room.objects.all():"
        " Membership.objects.filter(room=room).update("
        "read_seq=room.last_seq, read_number=room.message_count, is_kept_unread=False)"
    )


@pytest.fixture
def windows(browser, site):
    windows = Windows(browser, site.url)
    yield windows
    windows.close()


@pytest.fixture
def line(site, windows):
    """A line to the site that can be made bad."""
    with line_to(site.port) as line:
        yield line
        # Before the line: a page that comes back just then would be refused, and say so.
        windows.close()
