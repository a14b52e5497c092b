"""Who is let in: a cookie counts from this site's own pages alone, a token from anywhere."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import hub
from chat.actions.people import change_person
from chat.actions.rooms import create_room
from chat.database import in_database
from chat.handshake import Refusal, admit_each
from chat.models import ApiToken, Role, Room, RoomKind, Session
from tests.sockets import (
    HOST,
    LET_IN,
    ORIGIN,
    Socket,
    cookie_headers,
    post,
    token_headers,
    token_of,
    until,
)
from tests.visits import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ROOM = "/ws/chat/general/"

FOREIGN = {
    "absent": None,
    "empty": "",
    "null": "null",
    "another scheme": f"https://{HOST}",
    "a socket's scheme": f"ws://{HOST}",
    "another port": "http://localhost:8001",
    "no port": "http://localhost",
    "a subdomain": f"http://evil.{HOST}",
    "a longer name": "http://localhost:8000.evil.example",
    "a longer port": "http://localhost:80001",
    "a shorter port": "http://localhost:800",
    "a name in front": "http://evillocalhost:8000",
    "somebody else": "https://evil.example",
    "with a path": f"{ORIGIN}/",
    "with a user": f"http://me@{HOST}",
    "in capitals": ORIGIN.upper(),
    "another loopback name": "http://127.0.0.1:8000",
    "two of them": f"{ORIGIN}, {ORIGIN}",
    "with white space": f" {ORIGIN}",
}

SITE = "https://chat.example.org"
NOT_THE_SITE = (
    "http://chat.example.org",
    "https://chat.example.org:443",
    "https://chat.example.org:8443",
    "https://example.org",
    "https://chat.example.org.evil.example",
    "https://a.chat.example.org",
    "https://CHAT.example.org",
    "https://evil.example",
    ORIGIN,
    None,
)
DAMAGED_COOKIES = (
    b"",
    b"sessionid=",
    b"sessionid=short",
    b"sessionid=" + b"x" * 10_000,
    b"sessionid=\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
    b'sessionid="',
    b"=;=;=",
    b"a b=c; sessionid",
    b"sessionid=" + b"a" * 32,
)


@pytest.fixture
def browser(bob, sign_in):
    return sign_in(bob)


async def test_a_cookie_from_this_sites_own_page_is_let_in(browser, knock):
    assert await knock(cookie_headers(browser)) == LET_IN


@pytest.mark.parametrize("foreign", (b'prefs={"a":1}', b"bare", b"=", b"a b=c", b'q="'))
async def test_a_cookie_that_others_have_set_on_this_host_hides_none(browser, knock, foreign):
    ours = dict(cookie_headers(browser))

    for cookie in (foreign + b"; " + ours[b"cookie"], ours[b"cookie"] + b"; " + foreign):
        assert await knock([*(ours | {b"cookie": cookie}).items()]) == LET_IN


async def test_a_cookie_from_any_other_page_is_nobody(browser, knock):
    heard = {
        name: await knock(cookie_headers(browser, origin=origin))
        for name, origin in FOREIGN.items()
    }

    assert heard == dict.fromkeys(FOREIGN, 4401)


async def test_a_token_is_let_in_from_anywhere(bob, knock, settings):
    settings.LIMIT_FRAMES = settings.LIMIT_SOCKETS = None
    sent = token_headers(await token_of(bob))
    heard = {
        name: await knock([*sent, (b"origin", (origin or "").encode())])
        for name, origin in FOREIGN.items()
    }

    assert heard == dict.fromkeys(FOREIGN, LET_IN)
    assert await knock(sent) == LET_IN


async def test_a_site_with_an_address_takes_cookies_from_that_address_alone(
    browser, knock, settings
):
    settings.SITE_URL, settings.ALLOWED_HOSTS = SITE, ["chat.example.org"]
    host = "chat.example.org"
    origins = [SITE, *NOT_THE_SITE]

    heard = {
        origin: await knock(cookie_headers(browser, origin=origin, host=host)) for origin in origins
    }

    assert heard == {SITE: LET_IN, **dict.fromkeys(NOT_THE_SITE, 4401)}


async def test_a_name_that_is_not_this_sites_is_nobodys(browser, knock):
    # DNS rebinding: the page and the address that it asks are the attacker's alike.
    for host in ("evil.example", "localhost.evil.example", "", "localhost:8000:1"):
        headers = cookie_headers(browser, origin=f"http://{host}", host=host)
        assert await knock(headers) == 4401, host


async def test_a_token_that_is_not_exact_is_nobodys(bob, knock):
    token = await token_of(bob)
    wrong = {
        "cut": token[:-1],
        "longer": token + "x",
        "in other cases": token.swapcase(),
        "empty": "",
        "10 kB": "x" * 10_000,
        "not ASCII": "\xff\xfe",
        "twice": f"{token} {token}",
        "SQL": "%s' OR 1=1 --",
        "its own hash": ApiToken.hash(token),
    }

    heard = {name: await knock(token_headers(each)) for name, each in wrong.items()}

    assert heard == dict.fromkeys(wrong, 4401)


async def test_a_token_is_for_bearers(bob, knock):
    token = (await token_of(bob)).encode()

    assert await knock([(b"authorization", b"Basic " + token)]) == 4401
    assert await knock([(b"authorization", token)]) == 4401
    assert await knock([(b"authorization", b"bearer  " + token + b" ")]) == LET_IN


async def test_a_revoked_token_is_nobodys(bob, knock):
    token = await token_of(bob)
    await in_database(lambda: ApiToken.objects.update(revoked_at=timezone.now()))

    assert await knock(token_headers(token)) == 4401


async def test_who_was_deactivated_is_not_let_in_by_any_way(alice, bob, browser, knock):
    token = await token_of(bob)
    await in_database(change_person, editor=alice, person=bob, role=Role.MEMBER, is_active=False)

    assert await knock(token_headers(token)) == 4401
    assert await knock(cookie_headers(browser)) == 4401


async def test_who_has_signed_out_or_changed_the_password_elsewhere_is_not_let_in(
    bob, browser, sign_in, knock
):
    other = await in_database(sign_in, bob)
    headers = cookie_headers(browser)
    await in_database(browser.logout)
    assert await knock(headers) == 4401

    bob.set_password(PASSWORD + "s")
    await in_database(bob.save)
    assert await knock(cookie_headers(other)) == 4401


async def test_a_damaged_cookie_is_nobodys(db, knock):
    for cookie in DAMAGED_COOKIES:
        headers = [(b"host", HOST.encode()), (b"origin", ORIGIN.encode()), (b"cookie", cookie)]
        assert await knock(headers) == 4401, cookie


async def test_who_brings_nothing_is_told_to_sign_in(db, connect):
    socket = await connect(headers=[(b"host", HOST.encode()), (b"origin", ORIGIN.encode())])

    assert await socket.closed() == 4401
    assert 'href="/login/' in socket.heard[-1]


async def test_a_hidden_room_and_none_are_refused_alike(alice, charlie, pond, connect):
    heard = []
    token = await token_of(charlie)
    for slug in (pond.slug, "no-such-room"):
        socket = await connect(token=token, path=f"/ws/chat/{slug}/")
        heard.append((await socket.closed(), socket.heard))

    assert heard[0] == heard[1]
    assert heard[0][0] == 4404


async def test_there_is_nothing_at_any_other_address(bob, connect):
    token = await token_of(bob)
    for path in ("/ws/", "/ws/chat/a b/", "/", "/ws/chat/general/more/"):
        assert await (await connect(token=token, path=path)).closed() == 4404, path


async def test_a_guest_reads_the_rooms_they_are_in_and_no_public_one(alice, invite, lobby, knock):
    def make():
        room = create_room(creator=alice, name="Shore", purpose="", kind=RoomKind.PUBLIC)
        return invite("gil", Role.GUEST, [room])

    headers = token_headers(await token_of(await in_database(make)))

    assert await knock(headers, "/ws/chat/shore/") == LET_IN
    assert await knock(headers, "/ws/chat/general/") == 4404


async def test_a_session_of_a_key_before_the_rotation_is_let_in_and_stays_as_it_is(
    bob, browser, knock, settings, lobby, connect
):
    before = await in_database(lambda: Session.objects.values().get())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key, as good as the old one, and as long as it"

    socket = await connect(headers=cookie_headers(browser), path=ROOM, resume=0)

    assert await in_database(lambda: Session.objects.values().get()) == before
    message = await post(bob, lobby)
    await socket.until_shown(message)


async def test_a_session_of_a_forgotten_key_is_nobodys(browser, knock, settings):
    settings.SECRET_KEY = "a new key, as good as the old one, and as long as it"

    assert await knock(cookie_headers(browser)) == 4401
    assert await in_database(Session.objects.count) == 1


async def test_the_twenty_first_socket_of_a_person_is_refused(alice, bob, connect, settings):
    assert settings.LIMIT_SOCKETS == 20
    token = await token_of(bob)
    sockets = [await connect(token=token, path=ROOM) for _number in range(20)]

    one_more = await connect(token=token, path=ROOM)

    assert await one_more.closed() == 4429
    await sockets[0].say(type="resume")
    await sockets[0].until_heard('id="rooms"')
    await (await connect(token=await token_of(alice), path=ROOM, resume=0)).say("Hello")
    await sockets[0].until_heard("Hello")


async def test_a_socket_that_has_gone_makes_room_for_another(bob, connect, settings):
    settings.LIMIT_SOCKETS = 1
    token = await token_of(bob)
    first = await connect(token=token, path=ROOM, resume=0)
    await first.hang_up()

    await connect(token=token, path=ROOM, resume=0)


async def test_who_leaves_while_they_wait_to_be_let_in_is_not_asked_for(sockets_in_line):
    first, second = await sockets_in_line(2)

    await second.send_input({"type": "websocket.disconnect", "code": 1006})

    await until(lambda: second.future.done())
    assert hub.current().door.waiting == 1  # its place in line, which nobody is served at
    assert not first.future.done()


@pytest.fixture
async def sockets_in_line(bob, quick_hub, monkeypatch):
    """So many of Bob's: the first one's admission takes until the end, the others are in line."""
    is_asking, go = threading.Event(), threading.Event()

    def held(scopes):
        is_asking.set()
        assert go.wait(10)
        return admit_each(scopes)

    monkeypatch.setattr("chat.hub.hub.admit_each", held)
    headers = token_headers(await token_of(bob))
    sockets = []

    async def sockets_in_line(count):
        for _number in range(count):
            sockets.append(Socket(ROOM, headers))
            await sockets[-1].send_input({"type": "websocket.connect"})
            await until(is_asking.is_set)
        await until(lambda: hub.current().door.waiting == count - 1)
        return sockets

    yield sockets_in_line
    go.set()
    for socket in sockets:
        await socket.hang_up()


def scope_of(headers, slug="general"):
    route = {"kwargs": {"slug": slug} if slug else {}}
    return {"headers": headers, "url_route": route, "query_string": b"resume=1"}


@pytest.mark.parametrize("slug", ("general", ""))
def test_many_who_come_at_once_cost_no_more_queries_than_few(slug, alice, bob, charlie, sign_in):
    people = [alice, bob, charlie] * 4
    scopes = [scope_of(cookie_headers(sign_in(person)), slug) for person in people]
    admit_each(scopes)  # from here on the process knows which log it serves
    counts = []
    for some in (scopes[:1], scopes):
        with CaptureQueriesContext(connection) as captured:
            visitors = admit_each(some)
        counts.append(len(captured))

    assert [visitor.person for visitor in visitors] == people
    assert {visitor.room.slug for visitor in visitors} == {"general"}
    assert counts[0] == counts[1] <= 4


def test_each_of_many_who_come_at_once_is_answered_for_themselves(
    alice, bob, pond, invite, sign_in
):
    gus = invite("gus", role=Role.GUEST)
    browsers = {person: sign_in(person) for person in (alice, bob, gus)}
    nobody = [(b"host", HOST.encode()), (b"origin", ORIGIN.encode())]
    asked = [
        *((cookie_headers(browsers[person]), "pond") for person in (alice, bob, gus)),
        *((cookie_headers(browsers[person]), "general") for person in (bob, gus)),
        (cookie_headers(browsers[alice]), "nowhere"),
        (nobody, "general"),
        *((cookie_headers(browsers[person]), "") for person in (bob, gus)),
    ]

    answers = admit_each([scope_of(*each) for each in asked])

    told = [answer.code if isinstance(answer, Refusal) else answer.room for answer in answers]
    lobby = Room.objects.lobby()
    assert told == [pond, pond, 4404, lobby, 4404, 4404, 4401, lobby, None]


def test_a_request_that_cannot_be_read_fails_alone(alice, sign_in):
    scopes = [{"headers": []}, scope_of(cookie_headers(sign_in(alice)))]

    broken, visitor = admit_each(scopes)

    assert isinstance(broken, KeyError)
    assert visitor.person == alice


def test_a_session_of_an_older_secret_key_is_let_in_among_others(alice, bob, sign_in, settings):
    old = cookie_headers(sign_in(alice))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 8
    new = cookie_headers(sign_in(bob))

    answers = admit_each([scope_of(old), scope_of(new)])

    assert [answer.person for answer in answers] == [alice, bob]
