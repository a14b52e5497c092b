"""Whoever opens a room sees what it is now, and what is theirs: a page that is put together from
what was kept is the page that is rendered anew, after each deed of anybody's."""

import inspect
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import changes, messages, people, reading, rooms, threads
from chat.models import Level, Membership, Person, Role, Room, RoomKind
from chat.views import room_page
from tests.keeping import everything_kept
from tests.visits import say

pytestmark = pytest.mark.django_db
VERBS = (changes, messages, people, reading, rooms, threads)
# Of somebody's access, or parts of other verbs.
NOT_SHOWN = {
    *("claim_site", "revoke_invitation", "check_may_reset", "set_password", "create_invitation"),
    *("create_token", "revoke_token", "new_bot", "store_person", "lock_with_bot", "retire_bot"),
    *("count_replies", "prepare", "submit", "find_direct_room", "enter_lobby"),
    *("enter_first_rooms", "bring_into_room", "take_out_of_room", "join_on", "tell"),
    *("tell_named", "mark_read_to", "mark_thread_read", "join_site", "make_bot"),
}
# What no two answers have in common.
_OWN = re.compile(r'(name="(?:csrfmiddlewaretoken|nonce)"[^>]* value=")[-\w]+')


class World:
    """Two rooms and who looks at them, with something of everything in it."""

    def __init__(self, alice, bob, charlie, guest, lobby, pond):
        self.alice, self.bob, self.charlie, self.guest = alice, bob, charlie, guest
        self.lobby, self.pond = lobby, pond
        self.first, self.second = say(alice, lobby, 2)
        say(bob, pond, 2)
        self.count = 0
        self.post(bob, lobby, "Quoted", reply_to=self.first.pk)
        self.post(charlie, lobby, "An answer", root=self.second.pk)
        self.react(charlie)

    def post(self, author, room, body, **more):
        self.count += 1
        nonce = f"nonce-{self.count:05}"
        return messages.post_message(author=author, room=room, body=body, nonce=nonce, **more)

    def react(self, person):
        changes.toggle_reaction(person=person, message=self.second, emoji="👍")

    def call(self, person, name):
        person.name = name
        reading.set_preferences(person=person, fields=["name"])

    def prefer(self, person, **values):
        for name, value in values.items():
            setattr(person, name, value)
        reading.set_preferences(person=person, fields=list(values))

    def level(self, level, muted_until=None):
        reading.set_level(person=self.bob, room=self.lobby, level=level, muted_until=muted_until)

    def change(self, **values):
        people.change_site(editor=self.alice, **values)

    def change_room(self, name, purpose=""):
        rooms.change_room(editor=self.alice, room=self.lobby, name=name, purpose=purpose)

    def role(self, role, is_active=True):
        people.change_person(editor=self.alice, person=self.charlie, role=role, is_active=is_active)

    def is_here(self, at):
        Person.objects.filter(pk=self.charlie.pk).update(present_at=at, seen_at=at)


def said(w):
    yield "post_message", lambda: w.post(w.alice, w.lobby, "Hello @bob")
    yield "post_message", lambda: w.post(w.bob, w.lobby, "Quoted", reply_to=w.first.pk)
    yield "post_message", lambda: w.post(w.alice, w.pond, "In another room, @bob")
    yield "post_message", lambda: w.post(w.charlie, w.lobby, "An answer", root=w.second.pk)
    yield "post_message", lambda: w.post(w.bob, w.lobby, "@charlie", root=w.second.pk, in_room=True)
    yield (
        "edit_message",
        lambda: changes.edit_message(editor=w.alice, message=w.first, body="Mended"),
    )
    for name in ("bob", "charlie", "bob"):
        yield "toggle_reaction", lambda name=name: w.react(getattr(w, name))


def called(w):
    for name in ("Robert", "Bob", "Robert"):
        yield "set_preferences", lambda name=name: w.call(w.bob, name)
    for name in ("Carol", "Charlie"):
        yield "set_preferences", lambda name=name: w.call(w.charlie, name)
    for zone, language in (("Asia/Tokyo", "de"), ("UTC", "en")):
        yield (
            "set_preferences",
            lambda zone=zone, language=language: w.prefer(w.bob, time_zone=zone, language=language),
        )
    for shows in (False, True):
        yield "set_preferences", lambda shows=shows: w.prefer(w.charlie, shows_presence=shows)
    for role in (Role.ADMINISTRATOR, Role.GUEST, Role.MEMBER):
        yield "change_person", lambda role=role: w.role(role)
    for name in ("The Lake", "The Pond"):
        yield "change_site", lambda name=name: w.change(name=name)
    for has_presence in (False, True):
        yield "change_site", lambda has=has_presence: w.change(has_presence=has)


def read(w):
    yield "mark_read", lambda: reading.mark_read(person=w.bob, room=w.lobby)
    yield "mark_unread", lambda: reading.mark_unread(person=w.bob, message=w.second)
    yield (
        "open_again",
        lambda: reading.open_again(membership=Membership.objects.get(person=w.bob, room=w.lobby)),
    )
    yield "mark_all_read", lambda: reading.mark_all_read(person=w.bob)
    yield "post_message", lambda: w.post(w.alice, w.lobby, "Unread")
    for level in (Level.NOTHING, Level.MENTIONS, Level.HIDDEN, Level.EVERYTHING):
        yield "set_level", lambda level=level: w.level(level)
    for until in (timezone.now() + timedelta(hours=1), None):
        yield "set_level", lambda until=until: w.level(Level.EVERYTHING, until)


def furnished(w):
    for name, purpose in (("Swamp", ""), ("general", "For all"), ("general", "")):
        yield "change_room", lambda name=name, purpose=purpose: w.change_room(name, purpose)
    yield (
        "create_room",
        lambda: rooms.create_room(creator=w.bob, name="New", purpose="", kind=RoomKind.PUBLIC),
    )
    yield "join_room", lambda: rooms.join_room(person=w.charlie, room=Room.objects.get(name="New"))
    yield (
        "make_private",
        lambda: rooms.make_private(editor=w.bob, room=Room.objects.get(name="New")),
    )
    yield "make_public", lambda: rooms.make_public(editor=w.bob, room=Room.objects.get(name="New"))
    yield (
        "leave_room",
        lambda: rooms.leave_room(person=w.charlie, room=Room.objects.get(name="New")),
    )
    for verb in (rooms.archive_room, rooms.unarchive_room):
        yield verb.__name__, lambda verb=verb: verb(archiver=w.alice, room=w.pond)
    yield (
        "invite_into_room",
        lambda: rooms.invite_into_room(inviter=w.alice, room=w.pond, people=[w.charlie]),
    )
    yield (
        "remove_from_room",
        lambda: rooms.remove_from_room(remover=w.alice, room=w.pond, person=w.charlie),
    )
    yield "open_direct_room", lambda: rooms.open_direct_room(opener=w.bob, others=[w.charlie])


def gone(w):
    for follows in (True, False):
        yield (
            "follow_thread",
            lambda follows=follows: threads.follow_thread(
                person=w.alice, root=w.second, follows=follows
            ),
        )
    for at in (timezone.now(), timezone.now() - timedelta(days=1)):
        yield "presence", lambda at=at: w.is_here(at)
    yield "delete_message", lambda: changes.delete_message(deleter=w.alice, message=w.first)


# Each yields verbs, most of them there and back: what was so before has been kept then.
DEEDS = (said, called, read, furnished, gone)
LOOKS = (
    ("bob", "/rooms/general/"),
    ("bob", "/rooms/general/?plain=1"),
    ("charlie", "/rooms/general/"),
    ("gustav", "/rooms/pond/"),
)


@contextmanager
def nothing_kept():
    """For the time being."""
    held = [(kept, kept._texts, kept._size) for kept in everything_kept()]
    for kept, _texts, _size in held:
        kept._texts, kept._size = {}, 0
    yield
    for kept, texts, size in held:
        kept._texts, kept._size = texts, size


@pytest.fixture
def world(alice, bob, charlie, invite, lobby, pond):
    guest = invite("gustav", role=Role.GUEST, rooms=[pond])
    return World(alice, bob, charlie, guest, lobby, pond)


def pages(browsers):
    """What each of them sees of a room, and one of them also of its plain page."""
    found = {}
    for name, path in LOOKS:
        answer = browsers[name].get(path)
        found[name, path] = (answer.status_code, _OWN.sub(r"\1", answer.content.decode()))
    return found


@pytest.mark.parametrize("deeds", DEEDS)
def test_a_kept_page_is_the_page_that_is_rendered_anew_after_each_deed(deeds, world, sign_in):
    cast = (world.bob, world.charlie, world.guest)
    browsers = {person.username: sign_in(person) for person in cast}
    pages(browsers)

    for number, (verb, deed) in enumerate(deeds(world)):
        deed()
        kept = pages(browsers)
        with nothing_kept():
            assert pages(browsers) == kept, f"{number}: {verb}"


def test_these_are_all_deeds_that_there_are():
    there_are = {
        name
        for module in VERBS
        for name, verb in inspect.getmembers(module, inspect.isfunction)
        if verb.__module__ == module.__name__ and not name.startswith("_")
    }
    done = {verb for deeds in DEEDS for verb, _deed in deeds(None)}

    assert there_are - NOT_SHOWN == done - {"presence"}


def test_nothing_is_rendered_while_nothing_changes(world, sign_in):
    browser = sign_in(world.bob)
    first = browser.get("/rooms/general/").content.decode()
    size = len(room_page._kept._texts)

    second = browser.get("/rooms/general/").content.decode()

    assert _OWN.sub(r"\1", second) == _OWN.sub(r"\1", first)
    assert len(room_page._kept._texts) == size > 0
