"""What strangers can make the server keep, wait for and say: bodies, drips and heads."""

import contextlib
import time

import pytest

from tests.server import site as sites
from tests.server.client import Client
from tests.server.tcp import Raw, cookies, memory_of, request, upgrade

# In life 20 s and 2,048 bytes for another; nothing else is different here.
HURRY = """
from chat import connections, console
console.WINDOW_SECONDS = 1
connections.REQUEST_SECONDS, connections.IDLE_SECONDS = 2, 12
"""
MUCH = 150  # MB


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    folder = sites.copied(team, tmp_path_factory.mktemp("bounds") / "data")
    with sites.running(folder, program=sites.after(HURRY)) as site:
        yield site


@pytest.fixture(scope="module")
def person(site):
    return Client(site.url, "member1")


def test_a_body_that_says_that_it_is_too_long_is_refused_before_it_comes(site):
    with Raw(site) as raw:
        raw.send(request("POST", "/login/", "Content-Length: 300000000"))
        answer = raw.read_all()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nThat is too much for one request.\n")


def test_a_body_that_does_not_say_how_long_it_is_is_refused_when_it_is_and_kept_nowhere(site):
    before = memory_of(site)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent, most = 0, before
    for _attempt in range(3):
        with Raw(site) as raw:
            raw.send(request("POST", "/login/", "Transfer-Encoding: chunked"))
            for _piece in range(MUCH * 1_000_000 // len(chunk) // 3):
                if not raw.send(chunk):
                    break
                sent += len(chunk)
            most = max(most, memory_of(site))
            assert raw.status == 413
    assert most - before < 20, (before, most, sent)


def test_a_body_just_below_the_bound_is_answered_by_the_application(site):
    body = b"x" * (500 * 1024)
    with Raw(site) as raw:
        head = request("POST", "/login/", f"Content-Length: {len(body)}", "Content-Type: text/x")
        raw.send(head + body)
        assert raw.status in {403, 413}
        assert raw.read_until(b"</html>").endswith(b"</html>")


DRIPS = {
    "a head": (request()[:10], b"a"),
    "headers": (request()[:-2], b"X-Header: x\r\n"),
    "a body": (request("POST", "/login/", "Content-Length: 5000"), b"x"),
    "a body in chunks": (request("POST", "/login/", "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "nothing": (b"", b""),
}


def test_drips_are_cut_while_streams_go_on_and_others_are_answered(site, person):
    with contextlib.ExitStack() as open_lines:
        lines = {name: open_lines.enter_context(Raw(site)) for name in DRIPS}
        stream, kept = (open_lines.enter_context(Raw(site)) for _each in range(2))
        stream.send(request("GET", "/rooms/general/live/", f"Cookie: {cookies(person)}"))
        assert b"<li" in stream.read_until(b"<li")
        for name, line in lines.items():
            line.send(DRIPS[name][0])
        alive, deadline = set(lines), time.monotonic() + 60
        while alive and time.monotonic() < deadline:
            kept.send(request())  # a connection that is used, with pauses
            assert kept.status == 200
            kept.read_until(b"</html>")
            alive -= {name for name in alive if lines[name].is_cut_within(0.1)}
            alive = {name for name in alive if lines[name].send(DRIPS[name][1])}
        answers = {name: line.status for name, line in lines.items()}
        person.post("The stream goes on")
        assert b"The stream goes on" in stream.read_until(b"The stream goes on")

    assert not alive
    assert answers == dict.fromkeys(DRIPS, 408) | {"nothing": None}


def test_a_line_that_is_slow_and_no_drip_is_served(site):
    body = b"x" * 20_000
    with Raw(site) as raw:
        raw.send(request("POST", "/csp-report", f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 2_000):  # twice as long as a drip is given
            raw.send(body[start : start + 2_000])
            time.sleep(0.4)
        assert raw.status not in {None, 408}


def heads(site, person):
    """What is sent → the codes that are right."""
    page, socket = request(), upgrade(site, person)
    insert, long = page.replace, b"x" * 20_000
    return {
        "a long header": (insert(b"\r\n\r\n", b"\r\nX: " + long + b"\r\n\r\n"), {400, 431}),
        "a long path": (insert(b"/login/", b"/" + long), {400, 414, 431}),
        "600 headers": (insert(b"\r\n\r\n", b"\r\nX: x" * 600 + b"\r\n\r\n"), {400, 431}),
        "a folded header": (insert(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"), {200, 400}),
        "two lengths": (
            request("POST", "/login/", "Content-Length: 1", "Content-Length: 2") + b"xx",
            {400},
        ),
        "a length and chunks": (
            request("POST", "/login/", "Content-Length: 5", "Transfer-Encoding: chunked")
            + b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
            {400},
        ),
        "two hosts": (insert(b"\r\n\r\n", b"\r\nHost: evil.example\r\n\r\n"), {400}),
        "a root path": (
            insert(b"\r\n\r\n", b"\r\nDaphne-Root-Path: /\xff\r\n\r\n"), {200},
        ),
        "a name that is none": (insert(b"\r\n\r\n", b"\r\nX y: 1\r\n\r\n"), {400}),
        "a value that is none": (insert(b"\r\n\r\n", b"\r\nX: a\x0bb\r\n\r\n"), {400}),
        "a path that is no ASCII": (insert(b"/login/", b"/\xff"), {400}),
        "another protocol": (insert(b"HTTP/1.1", b"HTTP/9.9"), {400}),
        "a socket": (socket, {101}),
        "a socket with a root path": (
            socket.replace(b"\r\n\r\n", b"\r\nDaphne-Root-Path: /\xff\r\n\r\n"), {101},
        ),
        "a subprotocol that is no ASCII": (
            upgrade(site, person, "Sec-WebSocket-Protocol: chät"), {400},
        ),
        "two origins": (upgrade(site, person, "Origin: http://evil.example"), {400}),
        "two cookies": (upgrade(site, person, "Cookie: sessionid=x"), {400}),
        "two hosts of a socket": (upgrade(site, person, "Host: evil.example"), {400}),
        "an old version": (socket.replace(b"Version: 13", b"Version: 12"), {400, 426}),
        "a bad key": (socket.replace(b"ZQ==", b"!"), {400}),
        "no key": (socket.replace(b"Sec-WebSocket-Key", b"X-Key"), {400}),
    }  # fmt: skip


ONE_LINE = "127.0.0.1 refused, 400 Bad Request: There is more than one Origin header.\n"


def test_heads_that_are_wrong_are_refused_with_a_sentence_and_a_line(site, person):
    before = len(site.console)
    got = {}
    for name, (head, _right) in heads(site, person).items():
        with Raw(site) as raw:
            raw.send(head)
            got[name] = raw.status
    right = {name: codes for name, (_head, codes) in heads(site, person).items()}
    while ONE_LINE not in (said := site.console[before:]):  # only some of many are written
        with Raw(site) as raw:
            raw.send(heads(site, person)["two origins"][0])
            assert raw.status == 400
    assert {name: code for name, code in got.items() if code not in right[name]} == {}
    assert "Traceback" not in said
    assert all(" WARNING chat.connections: " in line for line in said.splitlines())


def test_who_is_refused_a_thousand_times_does_not_fill_the_console(site):
    before = len(site.console.splitlines())
    for _attempt in range(300):
        with Raw(site) as raw:
            raw.send(b"NONSENSE\r\n\r\n")
            assert raw.status == 400
    assert len(site.console.splitlines()) - before < 200
