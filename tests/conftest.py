"""The cast: Alice owns the site, Bob is a member, Charlie is the one who does not belong.

They come in through the verbs, as everybody does. Each test process has a data directory of its
own, whatever DATA_DIR says; the quick password hasher is the one thing that no site would use.
"""

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from threading import Barrier
from types import SimpleNamespace

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from chat import assets, database, fragments, hub, viewer
from chat.actions.messages import post_message
from chat.actions.people import claim_site, create_invitation, join_site
from chat.actions.rooms import create_room, invite_into_room
from chat.database import in_database
from chat.hub import bells, presence
from chat.models import Role, Room, RoomKind, Site
from project.layers import channel_layers
from tests.databases import asked, postgresql_database
from tests.keeping import everything_kept
from tests.sockets import LET_IN, Closed, Program, Socket, cookie_headers, token_headers, token_of
from tests.visits import PASSWORD, say

# A deadline of Hypothesis's measures how busy the machine is.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory):
    """An empty data directory, with the static files gathered into it."""
    folder = tmp_path_factory.mktemp("data")
    (templates,) = django_settings.TEMPLATES
    ours = templates["DIRS"][-1]
    with override_settings(
        DATA_DIR=folder,
        STATIC_ROOT=folder / "build" / "static",
        STATICFILES_DIRS=[django_settings.BASE_DIR / "static"],
        TEMPLATES=[templates | {"DIRS": [folder / "templates", ours]}],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ):
        assets.collect()
        yield folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """A database file of this process's own, on the settings that a site runs with."""
    file = tmp_path_factory.mktemp("database") / "test.sqlite3"
    connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(autouse=True)
def forgetful():
    """What a process remembers for its life, a test must not inherit."""
    for remembered in (fragments.epoch, fragments.beat, fragments.goodbye, viewer._at_hand):
        remembered.cache_clear()
    forget_what_is_kept()
    presence._deeds.clear()
    cache.clear()
    bells.bell.reaches_others = True
    bells.bell.waiting.clear()


def forget_what_is_kept():
    for kept in everything_kept():
        kept.clear()


@pytest.fixture(scope="session", autouse=True)
def database_threads():
    """These threads keep their connections open: they end with the session."""
    yield
    for pool in (database._pool, database.writers):
        _close_connections(pool)


def _close_connections(pool):
    together = Barrier(pool._max_workers)

    def close():
        together.wait()  # one to each thread
        connection.close()

    for closing in [pool.submit(close) for _thread in range(together.parties)]:
        closing.result()


@pytest.fixture
def alice(db):
    return claim_site(
        key=Site.load().setup_key,
        site_name="The Pond",
        username="alice",
        name="Alice",
        password=PASSWORD,
    )


@pytest.fixture
def invite(alice):
    """Somebody new, with a role, in the lobby unless they are a guest."""

    def invite(username, role=Role.MEMBER, rooms=()):
        invitation = create_invitation(
            inviter=alice,
            role=role,
            uses=1,
            expires_at=timezone.now() + timedelta(days=1),
            rooms=list(rooms),
        )
        return join_site(
            invitation=invitation,
            username=username,
            name=username.capitalize(),
            password=PASSWORD,
        )

    return invite


@pytest.fixture
def bob(invite):
    return invite("bob")


@pytest.fixture
def charlie(invite):
    return invite("charlie")


@pytest.fixture
def lobby(alice):
    return Room.objects.lobby()


@pytest.fixture
def pond(alice, bob):
    """A private room of Alice and Bob."""
    room = create_room(creator=alice, name="Pond", purpose="", kind=RoomKind.PRIVATE)
    room.slug = "pond"  # else nobody could guess it
    room.save(update_fields=["slug"])
    invite_into_room(inviter=alice, room=room, people=[bob])
    return room


@pytest.fixture
def root(bob, pond):
    """A message of Bob's, to be answered."""
    return say(bob, pond, 1)[0]


@pytest.fixture
def answer(root):
    """Answers in the thread."""

    def answer(author, body="An answer", in_room=False, nonce=None, **more):
        answer.count += 1
        return post_message(
            author=author,
            room=root.room,
            body=body,
            nonce=nonce or f"answer-{answer.count}",
            root=root.pk,
            in_room=in_room,
            **more,
        )

    answer.count = 0
    return answer


@pytest.fixture
def sign_in():
    """A browser of this person's."""

    def sign_in(person, **options):
        client = Client(**options)
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def clock(monkeypatch):
    """The clock, in the tests' hands: `clock.now` may be set, `clock.wait(seconds=…)` moves it."""
    hands = SimpleNamespace(now=datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def wait(**span):
        hands.now += timedelta(**span)

    hands.wait = wait
    monkeypatch.setattr(timezone, "now", lambda: hands.now)
    monkeypatch.setattr("chat.limits.time", SimpleNamespace(time=lambda: hands.now.timestamp()))
    return hands


@pytest.fixture
def unreachable_redis(settings):
    """A channel layer whose Redis is not there."""
    settings.CHANNEL_LAYERS = channel_layers("redis://127.0.0.1:1/0")


@pytest.fixture
def overrides(data_dir, settings):
    """Writes a template of the owner's; it is gone after the test."""
    written = []

    def write(name, text):
        path = data_dir / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        written.append(path)
        settings.TEMPLATES = [*settings.TEMPLATES]  # forgets the templates that are loaded
        forget_what_is_kept()

    yield write
    for path in written:
        path.unlink()


@pytest.fixture
async def quick_hub(transactional_db, monkeypatch):
    """A hub in the test's loop, whose ticks and moments are short."""
    monkeypatch.setattr("chat.hub.hub.TICK_SECONDS", 0.1)
    monkeypatch.setattr("chat.hub.reads.READ_SECONDS", 0.05)
    monkeypatch.setattr("chat.hub.presence.ROUND_SECONDS", 0.05)
    monkeypatch.setattr("chat.hub.typing.MOMENT_SECONDS", 0.02)
    monkeypatch.setattr("chat.hub.desks.SOON_SECONDS", 0.02)
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 0.2)
    here = hub.current()
    yield here
    here.stop()
    await asyncio.gather(*here._tasks, return_exceptions=True)
    # The loop's end cancels once what is left, and redis-py can lose that while it reads.
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.5)


@pytest.fixture
async def connect(quick_hub):
    """Opens a socket of a browser, or of a program with a token; all are hung up in the end."""
    opened = []

    async def connect(client=None, path="/ws/chat/", *, token=None, headers=None, resume=None):
        sent = headers or (token_headers(token) if token else cookie_headers(client))
        socket = Socket(path, sent)
        opened.append(socket)
        await socket.open()
        if resume is not None:
            await socket.say(type="resume", after=resume)
            await socket.until_heard('id="rooms"')
        return socket

    yield connect
    for socket in opened:
        await socket.hang_up()


@pytest.fixture
def knock(connect):
    """What somebody hears who comes with these headers: LET_IN, or the code of the refusal."""

    async def knock(headers, path="/ws/chat/general/"):
        socket = await connect(headers=headers, path=path)
        try:
            await socket.say(type="resume", after=0)
            await socket.until_heard('id="rooms"')
        except Closed as closed:
            assert 'hx-swap-oob="delete"' in socket.heard[-1]  # the page stays away
            return closed.code
        return LET_IN

    return knock


@pytest.fixture
def bobs(bob, sign_in):
    """Bob's browser, signed in."""
    return sign_in(bob)


@pytest.fixture
async def his(bob, connect, settings):
    """Opens a page of Bob's, brought up to date."""
    settings.LIMIT_FRAMES = None
    token = await token_of(bob)

    async def his(path="/ws/chat/general/"):
        return await connect(token=token, path=path, resume=0)

    return his


@pytest.fixture
def marker(alice, bob):
    """Makes a room that shows in Bob's sidebar: what was to be told before it has been told."""

    async def marker(*pages):
        def make():
            room = create_room(creator=alice, name="Marker", purpose="", kind=RoomKind.PRIVATE)
            invite_into_room(inviter=alice, room=room, people=[bob])

        await in_database(make)
        for page in pages:
            await page.until_heard("Marker")

    return marker


@pytest.fixture
async def program(quick_hub, settings):
    """Opens a program's socket; all are hung up in the end."""
    settings.LIMIT_FRAMES = settings.LIMIT_POSTS = None
    opened = []

    async def program(person, path="/ws/chat/", resume=None, **more):
        socket = Program(path, await token_of(person))
        opened.append(socket)
        await socket.open()
        if resume is not None:
            await socket.say(type="resume", **resume)
        return socket

    yield program
    for socket in opened:
        await socket.hang_up()


@pytest.fixture(scope="module")
def other_database(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), postgresql_database() as found:
        yield found


@pytest.fixture(params=("sqlite", "postgresql"))
def on_both_databases(request, db):
    """Each test runs on both; what it has written is undone."""
    other = request.param == "postgresql"
    with asked(request.getfixturevalue("other_database")) if other else nullcontext():
        assert connection.vendor == request.param
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
