"""Two processes behind nginx and behind Caddy, configured as deploy/ says."""

import http.client
import os
import re
import subprocess
from contextlib import suppress
from signal import SIGHUP, SIGKILL

import pytest
from websockets import ConnectionClosed
from websockets.frames import Close

from tests.server import site as sites
from tests.server.client import Client, hear, until
from tests.servers import (
    caddy_server,
    find_program,
    free_port,
    nginx_server,
    postgresql_server,
    redis_server,
)

SIGN_INS = 10
AT_ONCE_SECONDS = 1.5
GOING_AWAY = 1001


PROXIES = {"nginx": nginx_server, "Caddy": caddy_server}


@pytest.fixture(scope="module", params=PROXIES)
def proxied(request, tmp_path_factory):
    """The proxy, and the two processes behind it, on one data directory."""
    port, folder = free_port(), tmp_path_factory.mktemp("site")
    with postgresql_server() as database, redis_server() as redis:
        variables = {
            "DATABASE_URL": database.url,
            "REDIS_URL": redis.url,
            "SITE_URL": f"http://127.0.0.1:{port}",
            "LIMIT_SIGNINS": f"{SIGN_INS}/d",
        }
        sites.populated(folder, variables=variables)
        one, other = (
            sites.Site(
                data_dir=folder,
                variables=variables,
                arguments=("--no-worker",),
                program=sites.PATIENT,
            )
            for _ in range(2)
        )
        try:
            one.launch()
            other.start()
            until(one.answers, seconds=30)
            with PROXIES[request.param](port, [one.port, other.port]) as proxy:
                yield proxy, one, other
        finally:
            one.stop()
            other.stop()


@pytest.fixture(scope="module")
def people(proxied):
    """Signed in once: signing in is what one of the tests uses up."""
    url = proxied[0].url
    return Client(url, "member1"), Client(url, "member2")


def test_messages_are_live_through_it_on_sockets_and_streams(people):
    speaker, listener = people
    stream = listener.opener.open(f"{listener.url}/rooms/general/live/", timeout=20)
    try:
        read_until(stream, "<li")
        with listener.socket() as socket:
            socket.send('{"type": "resume"}')
            hear(socket, 'id="connection"')
            took = []
            for number in range(4):  # they alternate between the processes
                assert speaker.post(f"through the proxy {number}") == 303
                took.append(hear(socket, f"through the proxy {number}"))
                read_until(stream, f"through the proxy {number}")
            assert min(took) < AT_ONCE_SECONDS
    finally:
        stream.close()


def test_static_files_are_for_a_year(people):
    speaker, _listener = people
    _status, page = speaker.get("/rooms/general/")
    for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
        with speaker.opener.open(speaker.url + path, timeout=20) as response:
            assert "immutable" in response.headers["Cache-Control"], path


def test_what_is_too_large_is_refused_long_before_it_is_sent(proxied):
    connection = http.client.HTTPConnection("127.0.0.1", proxied[0].port, timeout=20)
    connection.putrequest("POST", "/rooms/general/messages/")
    connection.putheader("Content-Length", str(300 * 1024 * 1024))
    connection.endheaders()
    with suppress(OSError):  # Caddy begins to read, and stops at its bound
        connection.send(bytes(2 * 1024 * 1024))
    answer = connection.getresponse()
    # Caddy passes it on as it comes: the server behind may refuse, and hang up, before it does.
    assert answer.status in ({413} if is_nginx(proxied[0]) else {413, 502})
    assert answer.headers["Server"].startswith(("nginx", "Caddy"))
    connection.close()


@pytest.mark.usefixtures("people")  # who have to be in before nobody gets in any more
def test_an_invented_address_does_not_get_around_the_limits(proxied):
    statuses = []
    for number in range(SIGN_INS + 1):  # Redis counts for both processes
        connection = http.client.HTTPConnection("127.0.0.1", proxied[0].port, timeout=20)
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        connection.request("GET", "/login/", headers=forged)
        page = connection.getresponse()
        cookie = page.headers["Set-Cookie"].split(";")[0]
        token = re.search(r'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"', page.read().decode())
        body = f"csrfmiddlewaretoken={token[1]}&login=nobody{number}&password=wrong"
        form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login/", body=body, headers=forged | form)
        statuses.append(connection.getresponse().status)
        connection.close()
        if statuses[-1] == 429:
            break
    assert statuses[-1] == 429, statuses


def test_a_reload_closes_sockets_and_they_come_back(proxied, people):
    proxy, *_processes = proxied
    speaker, listener = people
    with listener.socket() as socket:
        socket.send('{"type": "resume"}')
        hear(socket, 'id="connection"')
        reload(proxy)
        with suppress(ConnectionClosed):
            list(socket)
        # Without a close frame htmx comes back at once; after Caddy's 1001, which it sends most
        # of the time, the page's own switch does, within 45 s (tests/browser/test_connection.py).
        endings = [None] if is_nginx(proxy) else [None, Close(GOING_AWAY, "")]
        assert socket.protocol.close_rcvd in endings
    with listener.socket() as socket:
        socket.send('{"type": "resume"}')
        assert speaker.post("after the reload") == 303
        hear(socket, "after the reload")


def test_with_one_process_gone_the_other_answers_and_it_is_taken_back(proxied, people):
    proxy, one, _other = proxied
    speaker, _listener = people
    one.stop(SIGKILL)
    answers = [speaker.post(f"one is gone {number}") for number in range(4)]
    # A post on a line that was kept and just died may have been stored: Caddy does not send it
    # again. It is for the page to do, which keeps the text and its nonce.
    assert answers.count(502) <= (0 if is_nginx(proxy) else 1)
    assert set(answers) <= {303, 502}
    one.start()
    assert [speaker.post(f"one is back {number}") for number in range(4)] == [303] * 4


def is_nginx(proxy):
    return "nginx" in proxy.command[0]


def reload(proxy):
    """As its owner does it after a change."""
    if is_nginx(proxy):
        os.kill(proxy.pid, SIGHUP)
        return
    door = ["--address", f"unix/{proxy.directory}/admin", "--force"]
    config = ["--config", str(proxy.directory / "Caddyfile")]
    subprocess.run([find_program("caddy"), "reload", *config, *door], check=True, timeout=20)


def read_until(stream, text):
    seen = b""
    while text.encode() not in seen:
        piece = stream.read1(65536)
        assert piece, "the stream has ended"
        seen += piece
