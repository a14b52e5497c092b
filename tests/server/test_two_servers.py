"""Two processes, one chat: DATABASE_URL and REDIS_URL are all that it takes.

And whatever happens to the two of them, messages are accepted or refused in clear words, shown
once and in order, and everything heals by itself.
"""

import os
import re
import secrets
import time
from contextlib import contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

import psycopg
import pytest
from redis import Redis

from chat.hub.typing import THROTTLE_SECONDS
from tests.server import site as sites
from tests.server.client import Client, hear, until
from tests.servers import postgresql_server, redis_server

# A tick is 2 s; then the message has to be read, rendered and written, on a busy machine too.
TICK_SECONDS = 5
AT_ONCE_SECONDS = 1.5
# redis-py ends a silent connection after 5 s unless it is told otherwise.
TRAP_SECONDS = 6


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
        "LIMIT_JOINS": "3/d",
    }
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    sites.populated(folders[0], variables=variables)
    options = {
        "variables": variables,
        "arguments": ("--no-worker",),
        "program": sites.PATIENT,
    }
    with (
        sites.running(folders[0], **options) as one,
        sites.running(folders[1], **options) as other,
    ):
        yield one, other


@pytest.fixture
def speaker(pair):
    return Client(pair[0].url, "member1")


def comes(socket, text, seconds):
    try:
        hear(socket, text, seconds)
    except TimeoutError:
        return False
    return True


@contextmanager
def listening(site):
    with Client(site.url, "member2").socket() as socket:
        socket.send('{"type": "resume"}')
        hear(socket, 'id="connection"')
        yield socket


def says_at_once(speaker, body):
    """Posts with a nonce and a token that it has already; returns when it was accepted."""
    nonce = secrets.token_urlsafe(16)
    form = {"csrfmiddlewaretoken": speaker.token("/rooms/general/"), "body": body, "nonce": nonce}
    start = time.monotonic()
    assert speaker.answer("/rooms/general/messages/", form)[0] == 303
    assert time.monotonic() - start < AT_ONCE_SECONDS
    return body


def stored(database, prefix):
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "SELECT body FROM chat_message WHERE body LIKE %s ORDER BY seq", [f"{prefix}%"]
        )
        return [body for (body,) in rows]


def is_whole(site):
    """Whether it has said of all that it missed that it is back."""
    told = site.console.rfind
    return told("The database is away") <= told("The database is back") and told(
        "hear us a tick late"
    ) <= told("hear us at once again")


@pytest.fixture(autouse=True)
def well(pair):
    """Nothing begins while a process still believes that what the last test ended is away."""
    until(lambda: all(map(is_whole, pair)))


def test_a_message_posted_at_one_is_live_at_the_other(pair, speaker):
    with listening(pair[1]) as socket:
        # The tick would bring each of them too, but none at once.
        took = []
        for number in range(5):
            assert speaker.post(f"across the machines {number}") == 303
            took.append(hear(socket, f"across the machines {number}"))
        assert min(took) < AT_ONCE_SECONDS
        # The listener's other rooms as well.
        assert speaker.post("elsewhere", room="room-2") == 303
        assert hear(socket, "data-unread") < TICK_SECONDS


def test_a_limit_is_for_all_servers_together(pair):
    one, other = (Client(site.url, "member3") for site in pair)

    def joining(client):
        return client.send("/join/nowhere/", page="/settings/")[0]

    assert [joining(one), joining(other), joining(one)] == [404, 404, 404]
    assert [joining(one), joining(other)] == [429, 429]


def test_a_doorbell_rings_at_once_after_silence_too(pair, speaker):
    with listening(pair[1]) as socket:
        before = pair[1].console
        time.sleep(TRAP_SECONDS)
        took = []
        for number in range(5):
            assert speaker.post(f"after silence {number}") == 303
            took.append(hear(socket, f"after silence {number}"))
    assert min(took) < AT_ONCE_SECONDS
    assert pair[1].console == before


def test_connections_that_redis_ends_are_replaced(pair, services, speaker):
    before = [site.console for site in pair]
    with Redis.from_url(services[1].url) as admin, listening(pair[1]) as socket:

        def is_idle(connection):
            return connection["cmd"] != "bzpopmin" and int(connection["idle"]) > 0

        until(lambda: sum(map(is_idle, admin.client_list())) > 1)
        idle = {each["id"] for each in admin.client_list() if is_idle(each)}
        admin.config_set("timeout", 1)
        try:
            until(lambda: not idle & {each["id"] for each in admin.client_list()})
        finally:
            admin.config_set("timeout", 0)
        took = []
        for number in range(5):
            assert speaker.post(f"over new connections {number}") == 303
            took.append(hear(socket, f"over new connections {number}"))
    assert min(took) < AT_ONCE_SECONDS
    assert [site.console for site in pair] == before


def test_with_redis_dead_posting_answers_at_once_and_messages_come_a_tick_later(
    pair, services, speaker
):
    redis = services[1]
    begun = [len(site.console) for site in pair]
    with listening(pair[1]) as socket:
        redis.stop()
        try:
            for body in ("the bell is dead", "and stays dead"):
                says_at_once(speaker, body)
                assert hear(socket, body) < TICK_SECONDS
        finally:
            redis.start()
        until(lambda: "at once again" in pair[0].console[begun[0] :] or ring(speaker))
    assert_says_it_once(pair[0], begun[0])


def test_with_redis_frozen_the_same_and_it_heals(pair, services, speaker):
    redis = services[1]
    begun = [len(site.console) for site in pair]
    with listening(pair[1]) as socket:
        os.kill(redis.pid, SIGSTOP)
        try:
            for number in range(3):
                body = says_at_once(speaker, f"the bell is frozen {number}")
                assert hear(socket, body) < TICK_SECONDS
            until(lambda: "a tick late" in pair[0].console[begun[0] :])
        finally:
            os.kill(redis.pid, SIGCONT)
        until(lambda: "at once again" in pair[0].console[begun[0] :] or ring(speaker))
    assert_says_it_once(pair[0], begun[0])


def test_a_flushed_redis_is_joined_again_and_nothing_is_lost(pair, services, speaker):
    with Redis.from_url(services[1].url) as client, listening(pair[1]) as socket:
        client.flushall()
        assert hear(socket, says_at_once(speaker, "the bell was flushed")) < TICK_SECONDS
        until(lambda: client.keys("*group*"))


def ring(speaker):
    """A post makes the process that accepted it notice that Redis is back."""
    return speaker.post("is anybody there?") != 303


def assert_says_it_once(site, begun):
    said = site.console[begun:]
    assert "Traceback" not in said
    assert said.count("a tick late") == said.count("at once again") == 1, said


def test_connections_that_the_database_ends_are_replaced(pair, services, speaker):
    database, _redis = services
    with listening(pair[1]) as socket, psycopg.connect(database.url, autocommit=True) as admin:
        for number in range(3):
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert speaker.post(f"terminated {number}") == 303
            hear(socket, f"terminated {number}")
    assert stored(database, "terminated") == [f"terminated {number}" for number in range(3)]


def test_a_killed_database_is_a_clear_503_and_heals(pair, services, speaker):
    database, _redis = services
    begun = [len(site.console) for site in pair]
    _status, page = speaker.get("/rooms/general/")
    token = re.search(r'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"', page)[1]
    message = {"csrfmiddlewaretoken": token, "body": "through the outage", "nonce": "n" * 22}
    with listening(pair[1]) as socket:
        os.kill(database.pid, SIGKILL)
        database.stop()
        try:
            for _ in range(2):
                status, text, headers = speaker.answer("/rooms/general/messages/", message)
                assert status == 503
                assert int(headers["Retry-After"]) > 0
                assert "through the outage" in text
                assert "Traceback" not in text
            assert speaker.get("/rooms/general/")[0] == 503
            assert speaker.get("/healthz")[0] == 503  # the process is well, and says what is not
            until(lambda: "The database is away" in pair[1].console[begun[1] :])
        finally:
            database.start()
        for _ in range(2):
            assert speaker.answer("/rooms/general/messages/", message)[0] == 303
        hear(socket, "through the outage")
    assert stored(database, "through the outage") == ["through the outage"]
    for site, begin in zip(pair, begun, strict=True):
        assert "Traceback" not in site.console[begin:]
        assert site.console[begin:].count("The database is away") <= 1


def test_a_database_that_is_read_only_refuses_posts_shows_all_and_heals(pair, services, speaker):
    database, _redis = services
    begun = [len(site.console) for site in pair]

    def turn(state):
        with psycopg.connect(database.url, autocommit=True) as admin:
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(f"ALTER DATABASE postgres SET default_transaction_read_only = {state}")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with listening(pair[1]) as socket:
        token = speaker.token("/rooms/general/")
        message = {"csrfmiddlewaretoken": token, "body": "to be <kept>", "nonce": "r" * 22}
        turn("on")
        try:
            status, text, headers = speaker.answer("/rooms/general/messages/", message)
            assert (status, int(headers["Retry-After"]) > 0) == (503, True)
            assert "to be &lt;kept&gt;" in text
            assert speaker.get("/rooms/general/")[0] == 200
        finally:
            turn("off")
        until(lambda: speaker.answer("/rooms/general/messages/", message)[0] == 303)
        hear(socket, "to be &lt;kept&gt;")
    assert stored(database, "to be <kept>") == ["to be <kept>"]
    for site, begin in zip(pair, begun, strict=True):
        assert "Traceback" not in site.console[begin:]


def test_a_database_without_room_for_more_is_a_503_soon(pair, services, speaker):
    database, _redis = services
    # Each looks at what is there now: within one transaction it would not change.
    crowd = {"application_name": "crowd", "autocommit": True}
    taken = []

    def take_all():
        """All that are free; how many that were."""
        before = len(taken)
        with pytest.raises(psycopg.OperationalError):  # noqa: PT012
            while True:
                taken.append(psycopg.connect(database.url, **crowd))
        return len(taken) - before

    def keeps_any():
        """Whether the servers still have some of the connections that they keep."""
        ended = taken[0].execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND application_name <> 'crowd'"
        )
        return ended.fetchone()[0] > 0

    try:
        take_all()
        while keeps_any() or take_all():  # which are free a moment after they have ended
            pass
        start = time.monotonic()
        assert speaker.get("/rooms/general/")[0] == 503
        assert time.monotonic() - start < 5
    finally:
        for connection in taken:
            connection.close()
    until(lambda: speaker.get("/rooms/general/")[0] == 200)


def keeps_typing_until(socket, condition):
    """As a page does: one frame is lost where a Redis or a database of before has been forgotten,
    for nothing is stored that a tick could find."""

    def is_so_soon():
        socket.send('{"type": "typing"}')
        return condition()

    until(is_so_soon)


def test_typing_and_presence_at_one_are_seen_at_the_other(pair, speaker):
    with listening(pair[1]) as his, speaker.socket() as hers:
        hers.send('{"type": "resume"}')
        hear(hers, 'id="connection"')
        keeps_typing_until(hers, lambda: comes(his, "is typing…", THROTTLE_SECONDS + 0.5))
        hear(his, '<p id="typing" class="typing" hx-swap-oob="true"></p>')
        hers.send('{"type": "typing"}')
        assert hear(his, "is typing…") < TICK_SECONDS
        hear(his, '<p id="typing" class="typing" hx-swap-oob="true"></p>')
        reader = Client(pair[1].url, "member3")
        until(lambda: re.search(r"[2-9] here", reader.get("/rooms/general/")[1]))
