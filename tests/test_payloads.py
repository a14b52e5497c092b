"""What programs get of people, rooms, messages and the log."""

import json

from chat import payloads
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.actions.rooms import archive_room, change_room
from chat.hub import log
from chat.models import Message


def said(author, room, body, **more):
    nonce = f"nonce-{Message.objects.count()}"
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


def logged(room):
    """The whole log of a room as programs get it."""
    return json.loads(json.dumps(payloads.events(log.read(room.pk, 0))))


def shown(message):
    return payloads.message(Message.objects.filter(pk=message.pk).shown()[0])


def test_a_message_says_all_that_a_page_shows(alice, bob, pond):
    first = said(alice, pond, "Hello **Bob**")
    answer = said(bob, pond, "@alice here", reply_to=first.pk)
    toggle_reaction(person=bob, message=first, emoji="🐸")

    payload, quoting = shown(first), shown(answer)

    assert payload["author"] == {"id": alice.pk, "username": "alice", "name": alice.name}
    assert (payload["body"], payload["html"]) == ("Hello **Bob**", first.html)
    assert (payload["room"], payload["seq"], payload["version"]) == (pond.slug, first.seq, 1)
    assert (payload["edited_at"], payload["deleted_at"], payload["thread"]) == (None, None, None)
    assert payload["created_at"].endswith("Z")
    assert payload["reactions"] == [
        {"emoji": "🐸", "count": 1, "people": [payloads.person(bob)]},
    ]
    assert quoting["reply_to"] == first.pk
    assert quoting["mentions"] == {"people": [alice.pk], "room": False}


def test_of_a_deleted_message_nothing_that_it_said_is_left(alice, pond):
    message = said(alice, pond, "a secret")
    delete_message(deleter=alice, message=message)

    payloads_of_it = [shown(message), *(entry.get("message") for entry in logged(pond))]

    assert "secret" not in json.dumps(payloads_of_it)
    assert payloads_of_it[0]["deleted_at"] is not None


def test_the_log_tells_each_thing_with_its_place_and_who_did_it(alice, bob, pond):
    message = said(alice, pond, "Hello")
    edit_message(editor=alice, message=message, body="Hello again")
    toggle_reaction(person=bob, message=message, emoji="👍")
    toggle_reaction(person=bob, message=message, emoji="👍")
    change_room(editor=alice, room=pond, name="The pond", purpose="Water")
    archive_room(archiver=alice, room=pond)

    entries = logged(pond)

    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    of_kind = {entry["type"]: entry for entry in entries}
    assert of_kind["message.posted"]["message"]["body"] == "Hello again"
    assert of_kind["message.edited"]["message"]["version"] == 2
    assert of_kind["reaction.added"]["emoji"] == of_kind["reaction.removed"]["emoji"] == "👍"
    assert of_kind["reaction.added"]["actor"]["username"] == "bob"
    assert of_kind["reaction.added"]["message"] == {"id": message.pk, "seq": message.seq}
    assert of_kind["room.changed"]["name"] == "The pond"
    assert of_kind["member.joined"]["person"]["username"] == "bob"
    assert set(of_kind["room.archived"]) == {"type", "room", "seq", "at", "actor"}
    assert {entry["room"] for entry in entries} == {pond.slug}


def test_a_long_log_costs_no_more_queries_than_a_short_one(
    alice, bob, pond, django_assert_num_queries
):
    for number in range(5):
        toggle_reaction(person=bob, message=said(alice, pond, f"{number}"), emoji="🐸")
    entries = log.read(pond.pk, 0)

    with django_assert_num_queries(1):
        payloads.events(entries)
