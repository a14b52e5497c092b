"""Editing, deleting, reacting: what is stored, who may, and what a second call does."""

from datetime import date

import pytest

from chat import search
from chat.actions import changes
from chat.actions.changes import Outdated, delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.actions.people import change_person
from chat.actions.rooms import archive_room, leave_room
from chat.errors import Conflict, Invalid, Refused, SignedOut
from chat.hub import Caller
from chat.models import Event, EventKind, Message, MessageVersion, Person, Reaction, Session, Site
from tests.visits import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(bob, pond):
    return say(bob, pond, 1)[0]


def stored(message):
    return Message.objects.get(pk=message.pk)


def last_entry(room):
    return Event.objects.filter(room=room).order_by("-seq").first()


# --- Editing -------------------------------------------------------------------------------


def test_an_edit_is_stored_and_what_it_said_before_stays(bob, pond, said):
    edit_message(editor=bob, message=said, body="**Better**")

    now = stored(said)
    assert (now.body, now.version, now.seq) == ("**Better**", 2, said.seq)
    assert "<strong>Better</strong>" in now.html
    assert now.edited_at is not None
    before = MessageVersion.objects.get(message=said)
    assert (before.number, before.body, before.html) == (1, said.body, said.html)
    assert before.written_at == now.created_at
    entry = last_entry(pond)
    assert (entry.kind, entry.message, entry.actor) == (EventKind.MESSAGE_EDITED, now, bob)


def test_each_version_is_kept_with_its_time(bob, said):
    for body in ("second", "third"):
        edit_message(editor=bob, message=said, body=body)

    versions = list(said.versions.all())
    assert [(each.number, each.body) for each in versions] == [(1, said.body), (2, "second")]
    assert versions[0].written_at < versions[1].written_at < stored(said).edited_at


def test_the_same_text_again_changes_nothing(bob, pond, said):
    edit_message(editor=bob, message=said, body=said.body)

    assert stored(said).edited_at is None
    assert last_entry(pond).kind == EventKind.MESSAGE_POSTED


def test_only_the_author_may_edit(alice, charlie, said):
    for person in (alice, charlie):
        with pytest.raises(Refused):
            edit_message(editor=person, message=said, body="Not mine")

    assert stored(said).body == said.body


def test_who_left_or_was_switched_off_edits_nothing_more(alice, bob, pond, said):
    leave_room(person=bob, room=pond)
    with pytest.raises(Refused):
        edit_message(editor=bob, message=said, body="From outside")
    change_person(editor=alice, person=bob, role=bob.role, is_active=False)
    with pytest.raises(Refused):
        edit_message(editor=bob, message=said, body="From further outside")


def test_nothing_is_edited_in_an_archived_room(alice, bob, pond, said):
    archive_room(archiver=alice, room=pond)

    with pytest.raises(Refused):
        edit_message(editor=bob, message=said, body="Too late")


@pytest.mark.parametrize(
    ("minutes", "is_in_time"), ((None, True), (0, False), (9, False), (11, True))
)
def test_the_site_says_for_how_long_one_may_edit(minutes, is_in_time, clock, bob, said):
    Site.load()
    Site.objects.update(edit_minutes=minutes)
    clock.wait(minutes=10)

    if is_in_time:
        edit_message(editor=bob, message=said, body="In time")
    else:
        for late in (
            lambda: edit_message(editor=bob, message=said, body="Too late"),
            lambda: delete_message(deleter=bob, message=said),
        ):
            with pytest.raises(Refused):
                late()
    assert (stored(said).body == "In time") == is_in_time


def test_a_message_that_was_deleted_meanwhile_is_not_edited(bob, said):
    delete_message(deleter=bob, message=said)

    with pytest.raises(Conflict):
        edit_message(editor=bob, message=said, body="Still here?")

    assert stored(said).body == ""


def test_an_edit_that_began_from_an_older_version_does_not_overwrite_the_newer_one(bob, said):
    edit_message(editor=bob, message=said, body="In one tab", version=1)

    with pytest.raises(Outdated) as raised:
        edit_message(editor=bob, message=said, body="In another tab", version=1)

    assert (raised.value.message.body, raised.value.message.version) == ("In one tab", 2)
    assert stored(said).body == "In one tab"
    edit_message(editor=bob, message=said, body="In another tab", version=2)
    assert stored(said).body == "In another tab"


def test_an_edit_that_arrives_twice_is_no_conflict(bob, said):
    for _try in range(2):
        edit_message(editor=bob, message=said, body="Better", version=1)

    assert stored(said).version == 2


# --- Deleting ------------------------------------------------------------------------------


def test_a_deleted_message_leaves_a_tombstone_and_no_text_anywhere(alice, bob, pond, said):
    edit_message(editor=bob, message=said, body="Better")
    toggle_reaction(person=alice, message=said, emoji="👍")

    delete_message(deleter=bob, message=said)

    now = stored(said)
    assert (now.body, now.html, now.seq) == ("", "", said.seq)
    assert now.is_deleted
    assert not MessageVersion.objects.exists()
    assert not Reaction.objects.exists()
    entry = last_entry(pond)
    assert (entry.kind, entry.message, entry.actor) == (EventKind.MESSAGE_DELETED, now, bob)


def test_who_may_change_the_room_deletes_in_it(alice, said):
    delete_message(deleter=alice, message=said)

    assert stored(said).is_deleted


def test_others_delete_nothing(alice, charlie, pond, bob):
    hers = say(alice, pond, 1)[0]

    for person in (bob, charlie):
        with pytest.raises(Refused):
            delete_message(deleter=person, message=hers)


def test_deleted_twice_is_deleted_once(bob, pond, said):
    delete_message(deleter=bob, message=said)
    before = last_entry(pond).seq

    delete_message(deleter=bob, message=said)

    assert last_entry(pond).seq == before


def test_a_retry_of_what_was_deleted_meanwhile_posts_it_no_second_time(bob, pond, said):
    delete_message(deleter=bob, message=said)

    again = post_message(author=bob, room=pond, body=said.body, nonce=said.nonce)

    assert again.is_deleted
    assert Message.objects.get() == again


# --- Reacting ------------------------------------------------------------------------------


def test_a_reaction_is_said_and_taken_back(alice, bob, pond, said):
    toggle_reaction(person=alice, message=said, emoji="👍")
    toggle_reaction(person=bob, message=said, emoji="👍")

    [group] = stored(said).reaction_groups
    assert (group.emoji, group.people, group.names) == ("👍", [alice, bob], "Alice, Bob")
    entry = last_entry(pond)
    assert (entry.kind, entry.detail, entry.actor) == (EventKind.REACTION_ADDED, "👍", bob)

    toggle_reaction(person=alice, message=said, emoji="👍")

    [group] = stored(said).reaction_groups
    assert group.people == [bob]
    assert last_entry(pond).kind == EventKind.REACTION_REMOVED


@pytest.mark.parametrize("emoji", ("", "yes", "👍👍", "<b>", ":tada:", "\0", "👍" * 500))
def test_what_is_no_emoji_is_no_reaction(emoji, bob, said):
    with pytest.raises(Invalid):
        toggle_reaction(person=bob, message=said, emoji=emoji)

    assert not Reaction.objects.exists()


def test_one_emoji_is_one_however_it_is_typed(bob, said):
    toggle_reaction(person=bob, message=said, emoji="❤")
    toggle_reaction(person=bob, message=said, emoji="❤️")

    assert not Reaction.objects.exists()


def test_many_different_reactions_are_enough_but_any_of_them_can_be_joined(
    alice, bob, said, monkeypatch
):
    monkeypatch.setattr(changes, "MAX_EMOJI", 2)
    for emoji in ("👍", "🎉"):
        toggle_reaction(person=bob, message=said, emoji=emoji)

    with pytest.raises(Invalid):
        toggle_reaction(person=bob, message=said, emoji="🐸")
    toggle_reaction(person=alice, message=said, emoji="🎉")

    assert Reaction.objects.count() == 3


def test_who_is_not_in_the_room_does_not_react(charlie, said):
    with pytest.raises(Refused):
        toggle_reaction(person=charlie, message=said, emoji="👍")


def test_nobody_reacts_to_a_tombstone(alice, bob, said):
    delete_message(deleter=bob, message=said)

    with pytest.raises(Conflict):
        toggle_reaction(person=alice, message=said, emoji="👍")


def test_who_was_switched_off_since_they_asked_changes_nothing(bob, said):
    Person.objects.filter(pk=bob.pk).update(is_active=False)

    for act in (
        lambda: edit_message(editor=bob, message=said, body="x"),
        lambda: delete_message(deleter=bob, message=said),
        lambda: toggle_reaction(person=bob, message=said, emoji="👍"),
    ):
        with pytest.raises(Refused):
            act()

    assert stored(said).body == said.body


# --- What is found -------------------------------------------------------------------------


def found(person, words):
    query = search.parse(words, today=date(2026, 3, 10))
    return [hit.message.body for hit in search.find(person=person, query=query).hits]


def test_what_a_message_says_now_is_found_and_no_longer_what_it_said(bob, said):
    edit_message(editor=bob, message=said, body="A salamander")
    assert found(bob, "salamander") == ["A salamander"]
    assert found(bob, "number") == []

    delete_message(deleter=bob, message=said)

    assert found(bob, "salamander") == []


def test_an_edited_text_names_and_tells_others(alice, bob, charlie, lobby):
    message = post_message(author=alice, room=lobby, body="@bob", nonce="nonce-of-names")

    edit_message(editor=alice, message=message, body="@charlie")

    message.refresh_from_db()
    assert message.mentioned == str(charlie.pk)
    assert "@charlie</span>" in message.html
    assert [row.person for row in message.mentions.all()] == [charlie]


# --- Who was signed out --------------------------------------------------------------------


def test_who_was_signed_out_meanwhile_changes_nothing(bob, said, sign_in):
    sign_in(bob)
    session = Session.objects.get()
    caller = Caller(person_id=bob.pk, credential=bob.password, session_line=session.line)
    session.delete()

    for act in (
        lambda: edit_message(editor=bob, message=said, body="x", caller=caller),
        lambda: delete_message(deleter=bob, message=said, caller=caller),
        lambda: toggle_reaction(person=bob, message=said, emoji="👍", caller=caller),
    ):
        with pytest.raises(SignedOut):
            act()

    assert stored(said).body == said.body
