"""What the never-ending pages cost the server that writes them."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.server import site as sites
from tests.server.client import Client

STREAMS = 10


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_an_open_stream_holds_no_connection_to_the_database(team, tmp_path):
    folder = sites.copied(team, tmp_path / "data")
    with sites.running(folder) as site:
        person = Client(site.url, "member1")
        streams = [person.opener.open(f"{site.url}/rooms/general/live/", timeout=20)]
        assert b"<li" in streams[0].read(20_000)
        before = database_handles(site)

        for _number in range(STREAMS):
            streams.append(person.opener.open(f"{site.url}/rooms/general/live/", timeout=20))
            assert b"<li" in streams[-1].read(20_000)
        after = database_handles(site)

        for stream in streams:
            stream.close()
    assert after - before < STREAMS, (before, after)


def database_handles(site):
    names = []
    for file in Path(f"/proc/{site.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            names.append(str(file.readlink()))
    return sum(name.endswith(".sqlite3") for name in names)
