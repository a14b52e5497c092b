"""`backup` of a site that is being written to, and `restore`: whole, or a clear sentence."""

import secrets
import threading

import psycopg
import pytest
from websockets import ConnectionClosed

from tests.server import site as sites
from tests.server.client import Client, until
from tests.servers import ServerFailed, postgresql_server

QUESTION = (
    "from chat.models import Event, Room, Session, Site\n"
    "for room in Room.objects.order_by('pk'):\n"
    "    seqs = Event.objects.filter(room=room).order_by('seq').values_list('seq', flat=True)\n"
    "    assert list(seqs) == list(range(1, room.last_seq + 1)), room\n"
    "    print(room.slug, room.last_seq)\n"
    "print('epoch', Site.load().epoch)\n"
    "print('sessions', Session.objects.count())"
)


@pytest.fixture(params=("sqlite", "postgresql"))
def site(request, team, tmp_path):
    """A populated site, which is not running yet."""
    if request.param == "sqlite":
        yield sites.Site(data_dir=sites.copied(team, tmp_path / "data"))
        return
    with postgresql_server() as database:
        variables = {"DATABASE_URL": database.url}
        sites.populated(tmp_path / "data", variables=variables)
        yield sites.Site(data_dir=tmp_path / "data", variables=variables)


def state(site):
    """What a site holds; fails where a log has a gap."""
    return dict(line.split(" ") for line in site.shell(QUESTION).splitlines())


class Writing:
    """Somebody who posts as fast as they can, from another thread, until the end of the block."""

    def __init__(self, site):
        self.client, self.accepted, self.ending = Client(site.url, "member1"), [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending.is_set():
            body = secrets.token_hex(8)
            if self.client.post(body) == 303:
                self.accepted.append(body)

    def __enter__(self):
        self.thread.start()
        until(lambda: self.accepted)
        return self

    def __exit__(self, *_error):
        self.ending.set()
        self.thread.join()


def fails(site, *arguments):
    with pytest.raises(ServerFailed) as failure:
        site.manage(*arguments)
    said = str(failure.value)
    assert "Traceback" not in said
    assert "CommandError" in said
    return said


def test_a_backup_under_load_comes_back_whole_as_another_epoch(site, tmp_path):
    backup = tmp_path / "backup"
    site.start()
    try:
        reader = Client(site.url, "member2")
        with Writing(site) as writing:
            sooner = list(writing.accepted)
            assert "holds everything" in site.manage("backup", str(backup))
            later = len(writing.accepted)
            until(lambda: len(writing.accepted) > later)
        if "DATABASE_URL" not in site.variables:  # PostgreSQL tells of connections, and none idles
            assert "end it first" in fails(site, "restore", str(backup))
    finally:
        site.stop()
    before = state(site)
    torn = tmp_path / "torn"
    torn.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    fails(site, "restore", str(torn))
    assert state(site) == before

    assert "The site is as it was" in site.manage("restore", str(backup))

    after = state(site)
    assert int(after["general"]) < int(before["general"])
    assert after["room-2"] == before["room-2"]
    assert after["epoch"] != before["epoch"]
    assert after["sessions"] == before["sessions"] == "2"
    bodies = site.shell("print(*Message.objects.values_list('body', flat=True), sep='\\n')")
    assert set(sooner) <= set(bodies.splitlines())
    assert writing.accepted[-1] not in bodies
    site.start()
    try:
        assert reader.get("/rooms/general/")[0] == 200
        assert reader.post("and on") == 303
    finally:
        site.stop()
    state(site)


def test_a_server_that_outlives_a_restore_notices_it(tmp_path):
    """PostgreSQL tells `restore` of connections, and a server may have none just then."""
    with postgresql_server() as database:
        variables = {"DATABASE_URL": database.url}
        sites.populated(tmp_path / "data", variables=variables)
        with sites.running(tmp_path / "data", variables=variables) as site:
            with Client(site.url, "member1").socket() as socket:
                socket.send('{"type": "resume"}')
                with psycopg.connect(database.url) as connection:
                    connection.execute("UPDATE chat_site SET epoch = gen_random_uuid()")
                with pytest.raises(ConnectionClosed) as closing:
                    list(socket)  # ends quietly only with the codes of a usual end
            assert closing.value.rcvd.code == 1011
        assert "A backup was restored" in site.console
        assert "Traceback" not in site.console
