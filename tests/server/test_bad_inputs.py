"""What nobody should send, to a real server on either database.

The tables are in tests/bad. After each of them: nothing was stored, the server has said little
and no traceback, and it serves the next one as if nothing had been.
"""

import hashlib
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from tests.bad import frames, requests, searches
from tests.bad.requests import Visitor
from tests.server import raw
from tests.server import site as sites
from tests.server.client import Client
from tests.servers import postgresql_server

TABLES = ("chat_message", "chat_event", "chat_person", "chat_room", "chat_membership")
ERROR = 'hx-swap-oob="innerHTML:#notice"'
FORGIVEN = 10  # bad frames on one socket
# The most that a table of a hundred may make the server say.
LINES = 40
LINE_CHARACTERS = 600


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def site(request, team, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "data"
    if request.param == "sqlite":
        with sites.running(sites.copied(team, folder)) as site:
            yield site
        return
    with postgresql_server() as database:
        variables = {"DATABASE_URL": database.url}
        sites.populated(folder, variables=variables, messages=20, rooms=1)
        with sites.running(folder, variables=variables) as site:
            yield site


@pytest.fixture(scope="module")
def client(site):
    return Client(site.url, "member1")


@pytest.fixture(scope="module")
def visitor(site, client):
    return Visitor(port=site.port, cookie=client.cookie, token=client.token("/settings/"))


@pytest.fixture
def unharmed(site, visitor):
    """What holds after each table: see above."""
    rows, said = stored(site), len(site.console)
    yield
    assert raw.ask(site.port, visitor.get()).status == 200
    assert stored(site) == rows
    lines = site.console[said:].splitlines()
    assert "Traceback" not in site.console[said:], lines[-40:]
    assert len(lines) <= LINES, lines
    assert max(map(len, lines), default=0) <= LINE_CHARACTERS


def stored(site):
    """How many rows each table has, read past the server."""
    with closing(database(site)) as connection:
        found = {table: connection.execute(f"SELECT count(*) FROM {table}") for table in TABLES}
        return {table: cursor.fetchone()[0] for table, cursor in found.items()}


def change(site, statement, *values):
    """One statement past the server, as another process would change its data."""
    is_sqlite = "DATABASE_URL" not in site.variables
    with closing(database(site)) as connection:
        connection.execute(statement.replace("%s", "?") if is_sqlite else statement, values)
        connection.commit()


def database(site):
    if url := site.variables.get("DATABASE_URL"):
        return psycopg.connect(url)
    return sqlite3.connect(site.data_dir / "natterjack.sqlite3", timeout=20)


@pytest.mark.parametrize(
    "rows",
    (requests.FORMS, requests.LINES, requests.HEADERS, searches.SEARCHES),
    ids=("forms", "lines", "headers", "searches"),
)
def test_a_bad_request_is_refused_or_harmless(rows, site, visitor, unharmed):
    answers = {name: raw.ask(site.port, make(visitor)).status for name, (make, _ok) in rows.items()}

    assert {
        name: answers[name] for name, (_make, ok) in rows.items() if answers[name] not in ok
    } == {}


def test_a_bad_handshake_opens_no_socket(site, visitor, unharmed):
    answers = {
        name: raw.ask(site.port, visitor.socket(*headers)).status
        for name, headers in frames.HANDSHAKES.items()
    }

    assert answers == dict.fromkeys(frames.HANDSHAKES, 400)


def test_who_breaks_the_protocol_is_hung_up_on(site, visitor, unharmed):
    endings = {}
    for name, sent in frames.BROKEN.items():
        with raw.opened(site.port, visitor.socket()) as wire:
            wire.send(sent)
            endings[name] = wire.ending()

    # Autobahn hangs up without a word; a close frame that says which rule it was would do too.
    assert {
        name: code for name, code in endings.items() if code not in {None, 1002, 1007, 1009}
    } == {}


def test_a_bad_frame_is_answered_with_a_sentence_and_the_socket_lives(site, visitor, unharmed):
    rows = list(frames.SAID.items())
    for start in range(0, len(rows), FORGIVEN):
        with raw.opened(site.port, visitor.socket()) as wire:
            for name, said in rows[start : start + FORGIVEN]:
                wire.send(frames.framed(said))
                assert "<p" in wire.hear(ERROR), name
            wire.send(frames.framed('{"type": "resume"}'))
            wire.hear('id="rooms"')


# --- What is stored, is stored once --------------------------------------------------------


def test_h21_twenty_copies_at_once_are_one_message(site, visitor):
    before = stored(site)
    copy = visitor.say("Only once", nonce="nonce-of-twenty-copies")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _n: raw.ask(site.port, copy).status, range(20)))

    assert answers == [303] * 20
    after = stored(site)
    assert after == before | {
        "chat_message": before["chat_message"] + 1,
        "chat_event": before["chat_event"] + 1,
    }


@pytest.mark.parametrize(
    ("body", "kept"),
    (
        (b"half \xed\xa0\x80 a character", "half \ufffd\ufffd\ufffd a character"),
        (b"no \xff\xfe letters", "no \ufffd\ufffd letters"),
    ),
    ids=("H10 half a character", "H10 bytes that are none"),
)
def test_bytes_that_are_no_text_are_taken_as_a_browser_would_send_them(
    body, kept, site, client, visitor
):
    assert raw.ask(site.port, visitor.say(body, nonce=f"nonce-{body[:2].hex()}")).status == 303
    assert kept in client.get("/rooms/general/")[1]


# --- Who is it? -----------------------------------------------------------------------------


def test_a_cookie_opens_a_socket_from_this_sites_own_page_alone(site, visitor, unharmed):
    endings = {}
    for name, origin in frames.ORIGINS.items():
        header = (origin or "").format(origin=visitor.origin, host=visitor.host)
        sent = () if origin is None else (("Origin", header),)
        endings[name] = ending_of(site, visitor.cross(*sent))

    assert {name: code for name, code in endings.items() if code not in {400, 4401}} == {}


@pytest.fixture(scope="module")
def token(site):
    return token_of(site, "a program")


def test_a_token_that_is_not_exact_is_nobodys(site, token, unharmed):
    wrong = {
        "T2 cut": token[:-1],
        "T3 longer": token + "x",
        "T4 in other cases": token.swapcase(),
        "T5 10 kB": "x" * 10_000,
        "T5 no letters": "\xff\xfe",
        "T15 its first half": token[: len(token) // 2],
        "T15 its own hash": hashlib.sha256(token.encode()).hexdigest(),
    }
    endings = {name: ending_of(site, bearing(bad)) for name, bad in wrong.items()}
    endings["T8 in the address"] = ending_of(
        site, raw.upgrade(f"/ws/chat/general/?token={token}&access_token={token}")
    )

    assert endings == dict.fromkeys(endings, 4401)


def test_t7_a_token_opens_no_room_of_others(site, token, unharmed):
    assert ending_of(site, bearing(token, "/ws/chat/no-such-room/")) == 4404


def test_t9_of_a_cookie_and_a_token_the_token_counts(site, visitor, token):
    both = visitor.socket(("Authorization", f"Bearer {token}"), ("Origin", "https://evil.example"))
    with raw.opened(site.port, both) as wire:
        wire.send(raw.frame(b'{"type": "resume"}'))
        wire.hear('id="rooms"')
        wire.send(raw.frame(b"said by a program"))
        heard = wire.hear("said by a program")

    assert 'href="/people/member2/"' in heard


def test_t10_a_revoked_token_hears_no_more(site, token):
    ours = token_of(site, "for a moment")
    with raw.opened(site.port, bearing(ours)) as wire:
        wire.send(raw.frame(b'{"type": "resume"}'))
        wire.hear('id="rooms"')
        change(
            site,
            "UPDATE chat_apitoken SET revoked_at = CURRENT_TIMESTAMP WHERE label = %s",
            "for a moment",
        )

        assert wire.ending() == 4401
    assert ending_of(site, bearing(ours)) == 4401


def test_t1_a_session_that_is_over_is_nobodys(site):
    client = Client(site.url, "member3")
    change(
        site,
        "UPDATE chat_session SET expire_date = '2020-01-01 00:00:00' WHERE session_key = %s",
        key_of(client),
    )
    old = Visitor(port=site.port, cookie=client.cookie, token="x" * 64)

    assert raw.ask(site.port, old.get("/rooms/")).status == 302
    assert raw.ask(site.port, old.say("Still me?")).status == 401
    assert ending_of(site, old.socket()) == 4401


def test_t11_a_cookie_of_before_the_new_password_is_nobodys(site):
    stays, goes = Client(site.url, "member4"), Client(site.url, "member4")
    password = "seven herons by a lake"
    fields = {"oldpassword": sites.PASSWORD, "password1": password, "password2": password}
    with raw.opened(
        site.port, Visitor(port=site.port, cookie=goes.cookie, token="").socket()
    ) as wire:
        assert stays.send("/password/", page="/password/", **fields)[0] == 303
        assert wire.ending() == 4401
    old = Visitor(port=site.port, cookie=goes.cookie, token="x" * 64)

    assert raw.ask(site.port, old.get("/rooms/")).status == 302
    assert ending_of(site, old.socket()) == 4401
    assert stays.get("/rooms/")[0] == 200


def ending_of(site, request):
    """The code with which a socket is closed, or the status that it is refused with."""
    try:
        with raw.opened(site.port, request) as wire:
            return wire.ending()
    except raw.NotOpened as refused:
        return refused.status


def token_of(site, label):
    """A token of member2's; `manage.py token` would take a process for it."""
    token = secrets.token_urlsafe(32)
    change(
        site,
        "INSERT INTO chat_apitoken (person_id, label, digest, scopes, created_at)"
        " SELECT id, %s, %s, 'read post', CURRENT_TIMESTAMP FROM chat_person"
        " WHERE username = 'member2'",
        label,
        hashlib.sha256(token.encode()).hexdigest(),
    )
    return token


def bearing(token, path="/ws/chat/general/"):
    return raw.upgrade(path, headers=(("Authorization", f"Bearer {token}"),), host="elsewhere")


def key_of(client):
    (key,) = (cookie.value for cookie in client.jar if cookie.name == "sessionid")
    return key
