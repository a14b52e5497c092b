"""Two processes, one chat: DATABASE_URL and REDIS_URL are all that it takes."""

import time

import pytest

from tests.server import site as sites
from tests.server.client import Client, hear
from tests.servers import postgresql_server, redis_server

# A tick is 2 s; then the message has to be read, rendered and written.
TICK_SECONDS = 3.5
AT_ONCE_SECONDS = 1.5


@pytest.fixture(scope="module")
def services():
    with postgresql_server() as database, redis_server() as redis:
        yield database, redis


@pytest.fixture(scope="module")
def pair(services, tmp_path_factory):
    """Two servers with data directories of their own, as on two machines, but one key."""
    database, redis = services
    variables = {
        "DATABASE_URL": database.url,
        "REDIS_URL": redis.url,
        "SECRET_KEY": "the same on every machine of one site",
    }
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    sites.populated(folders[0], variables=variables)
    with (
        sites.running(folders[0], variables=variables) as one,
        sites.running(folders[1], variables=variables) as other,
    ):
        yield one, other


def test_a_message_posted_at_one_is_live_at_the_other(pair):
    one, other = pair
    speaker, listener = Client(one.url, "member1"), Client(other.url, "member2")
    with listener.socket() as socket:
        socket.send('{"type": "resume"}')
        hear(socket, 'id="connection"')
        # The tick would bring each of them too, but none at once.
        took = []
        for number in range(5):
            assert speaker.post(f"across the machines {number}") == 303
            took.append(hear(socket, f"across the machines {number}"))
        assert min(took) < AT_ONCE_SECONDS
        # The listener's other rooms as well.
        assert speaker.post("elsewhere", room="room-2") == 303
        assert hear(socket, "data-unread") < AT_ONCE_SECONDS


def test_with_redis_dead_posting_answers_at_once_and_messages_come_a_tick_later(pair, services):
    one, other = pair
    _database, redis = services
    speaker, listener = Client(one.url, "member1"), Client(other.url, "member2")
    with listener.socket() as socket:
        socket.send('{"type": "resume"}')
        hear(socket, 'id="connection"')
        redis.stop()
        try:
            for body in ("the bell is dead", "and stays dead"):
                start = time.monotonic()
                assert speaker.post(body) == 303
                assert time.monotonic() - start < AT_ONCE_SECONDS
                assert hear(socket, body) < TICK_SECONDS
        finally:
            redis.start()
    for site in pair:
        assert "Traceback" not in site.console
