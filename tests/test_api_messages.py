"""Messages by the API: the same as the pages', once for each key, page by page."""

import pytest

from chat import payloads
from chat.actions.changes import delete_message
from chat.actions.messages import post_message
from chat.actions.rooms import archive_room
from chat.models import Message
from tests.programs_hands import Program
from tests.visits import say


@pytest.fixture
def bot(bob):
    return Program(bob)


MESSAGES = "rooms/general/messages/"


def shown(pk):
    return payloads.message(Message.objects.select_related("room").filter(pk=pk).shown()[0])


def test_what_a_program_says_is_stored_and_shown(bot, lobby):
    said = bot.post(MESSAGES, {"body": "Hello *pond*"})

    assert bot.status == 201
    assert said == shown(said["id"])
    assert bot.headers["Location"] == f"/api/v1/messages/{said['id']}/"
    assert lobby.messages.get().body == "Hello *pond*"


def test_the_same_key_is_the_same_message(bot, lobby):
    first = bot.post(MESSAGES, {"body": "Built"}, Idempotency_Key="build-4711")
    again = bot.post(MESSAGES, {"body": "Built"}, Idempotency_Key='"build-4711"')

    assert (bot.status, again) == (201, first)
    assert lobby.messages.count() == 1


def test_a_key_of_another_text_is_a_conflict(bot, lobby):
    bot.post(MESSAGES, {"body": "Built"}, Idempotency_Key="build-4711")

    problem = bot.post(MESSAGES, {"body": "Failed"}, Idempotency_Key="build-4711")

    assert (bot.status, problem["code"]) == (409, "conflict")
    assert "Idempotency-Key" in problem["detail"]
    assert lobby.messages.count() == 1


def test_a_key_that_is_none_is_named(bot, lobby):
    problem = bot.post(MESSAGES, {"body": "Built"}, Idempotency_Key="short")

    assert bot.status == 422
    assert list(problem["errors"]) == ["Idempotency-Key"]
    assert "8 to 64" in problem["detail"]
    assert not lobby.messages.exists()


def test_what_is_wrong_is_said_by_field(bot, lobby):
    problem = bot.post(MESSAGES, {"body": "  ", "reply_to": -1})

    assert bot.status == 422
    assert bot.headers["Content-Type"] == "application/problem+json"
    assert set(problem["errors"]) == {"body", "reply_to"}
    assert problem["detail"] in problem["errors"]["body"]


def test_a_history_is_read_page_by_page_both_ways(bot, bob, lobby):
    messages = say(bob, lobby, 7)

    newest = bot.get(f"{MESSAGES}?limit=3")
    older = bot.get(f"{MESSAGES}?limit=3&before={newest['messages'][0]['seq']}")
    back = bot.get(f"{MESSAGES}?limit=3&after={older['messages'][-1]['seq']}")

    bodies = [each["body"] for page in (older, newest) for each in page["messages"]]
    assert bodies == [message.body for message in messages[1:]]
    assert (newest["has_older"], newest["has_newer"]) == (True, False)
    assert (older["has_older"], older["has_newer"]) == (True, True)
    assert back["messages"] == newest["messages"]
    assert (back["has_older"], back["has_newer"]) == (True, False)
    lobby.refresh_from_db()
    assert newest["seq"] == lobby.last_seq


@pytest.mark.parametrize("limit", ("0", "101", "-1", "x", "1e3", "9" * 5000))
def test_a_page_has_a_hundred_messages_at_most(bot, lobby, limit):
    problem = bot.get(f"{MESSAGES}?limit={limit}")

    assert (bot.status, list(problem["errors"])) == (422, ["limit"])


def test_a_message_is_edited_by_its_author_and_by_its_version(bot, lobby, charlie):
    said = bot.post(MESSAGES, {"body": "Helo"})
    address = f"messages/{said['id']}/"

    edited = bot.ask("PATCH", address, {"body": "Hello", "version": 1})
    assert (bot.status, edited["body"], edited["version"]) == (200, "Hello", 2)
    bot.ask("PATCH", address, {"body": "Hullo", "version": 1})
    assert bot.status == 409
    other = Program(charlie)
    other.ask("PATCH", address, {"body": "Mine"})
    assert other.status == 403
    assert bot.get(address) == edited


def test_a_deleted_message_leaves_a_tombstone_and_twice_is_once(bot, lobby):
    said = bot.post(MESSAGES, {"body": "a secret"})

    for _time in range(2):
        bot.ask("DELETE", f"messages/{said['id']}/")
        assert (bot.status, bot.response.content) == (204, b"")
    left = bot.get(f"messages/{said['id']}/")
    assert (left["body"], left["html"]) == ("", "")
    bot.ask("PATCH", f"messages/{said['id']}/", {"body": "again"})
    assert bot.status == 409


def test_a_reaction_comes_and_goes(bot, bob, lobby):
    said = bot.post(MESSAGES, {"body": "Hello"})
    address = f"messages/{said['id']}/reactions/"

    there = bot.post(address, {"emoji": "🐸"})["reactions"]
    gone = bot.post(address, {"emoji": "🐸"})["reactions"]

    assert there == [{"emoji": "🐸", "count": 1, "people": [payloads.person(bob)]}]
    assert gone == []
    bot.post(address, {"emoji": "frog"})
    assert bot.status == 422


def test_a_thread_is_answered_and_read(bot, alice, lobby):
    root = bot.post(MESSAGES, {"body": "A question"})
    address = f"messages/{root['id']}/thread/"

    aside = bot.post(address, {"body": "One"})
    aloud = bot.post(address, {"body": "Two", "in_room": True})
    thread = bot.get(f"messages/{aside['id']}/thread/")

    assert (aside["thread"], aside["in_room"], aloud["in_room"]) == (root["id"], False, True)
    assert thread["root"]["reply_count"] == 2
    assert [each["body"] for each in thread["messages"]] == ["One", "Two"]
    listed = bot.get(MESSAGES)["messages"]
    assert [each["body"] for each in listed] == ["A question", "Two"]


def test_a_private_room_is_not_there_for_others(alice, pond, charlie):
    message = post_message(author=alice, room=pond, body="Hello", nonce="nonce-nonce")
    other = Program(charlie)
    thread = f"messages/{message.pk}/thread/"

    answers = set()
    for method, path, data in (
        ("GET", "rooms/pond/messages/", None),
        ("POST", "rooms/pond/messages/", {"body": "Hi"}),
        ("GET", f"messages/{message.pk}/", None),
        ("PATCH", f"messages/{message.pk}/", {"body": "Hi"}),
        ("DELETE", f"messages/{message.pk}/", None),
        ("POST", f"messages/{message.pk}/reactions/", {"emoji": "🐸"}),
        ("GET", thread, None),
        ("POST", thread, {"body": "Hi"}),
        ("GET", "messages/999999/", None),
        ("GET", "rooms/nowhere/messages/", None),
        ("GET", f"messages/{10**30}/", None),
    ):
        answers.add((other.ask(method, path, data)["detail"], other.status))

    assert answers == {("There is nothing here, or it is not for you.", 404)}
    assert pond.messages.count() == 1


def test_who_is_not_in_a_room_or_comes_too_late_is_told_so(bot, alice, bob, lobby):
    room = Program(alice).post("rooms/", {"name": "Reeds"})["slug"]
    problem = bot.post(f"rooms/{room}/messages/", {"body": "Hi"})
    assert (bot.status, problem["detail"]) == (403, "Join the room to write in it.")
    archive_room(archiver=alice, room=alice.created_rooms.get(slug=room))
    problem = Program(alice).post(f"rooms/{room}/messages/", {"body": "Hi"})
    assert problem["detail"].startswith("This room is archived")


def test_telling_many_has_to_be_confirmed(bot, lobby, invite):
    for number in range(25):
        invite(f"member{number}")

    problem = bot.post(MESSAGES, {"body": "@room hello"})
    assert (bot.status, problem["code"]) == (422, "unconfirmed")
    bot.post(MESSAGES, {"body": "@room hello", "confirm": True})
    assert bot.status == 201


def test_what_is_left_is_said_and_too_much_is_refused(bot, lobby, clock, settings):
    settings.LIMIT_POSTS = settings.LIMIT_POSTS.__class__(2, 60)

    bot.post(MESSAGES, {"body": "One"})
    left = {name: bot.headers[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")}
    bot.post(MESSAGES, {"body": "Two"})
    problem = bot.post(MESSAGES, {"body": "Three"})

    assert left == {"Limit": "2", "Remaining": "1", "Reset": "60"}
    assert (bot.status, problem["code"]) == (429, "too_many")
    assert (bot.headers["Retry-After"], bot.headers["RateLimit-Remaining"]) == ("60", "0")
    assert lobby.messages.count() == 2
    clock.wait(seconds=60)
    bot.post(MESSAGES, {"body": "Three"})
    assert bot.status == 201


def test_who_asks_all_the_time_is_asked_to_wait(bot, lobby, clock, settings):
    settings.LIMIT_READS = settings.LIMIT_POSTS.__class__(2, 60)

    bot.get(MESSAGES)
    left = bot.headers["RateLimit-Remaining"]
    bot.get(MESSAGES)
    problem = bot.get(MESSAGES)

    assert left == "1"
    assert (bot.status, problem["code"], bot.headers["Retry-After"]) == (429, "too_many", "60")
    bot.post(MESSAGES, {"body": "Said all the same"})
    assert bot.status == 201


def test_a_page_costs_the_same_however_much_is_on_it(
    bot, alice, bob, lobby, django_assert_num_queries
):
    for number in range(2):
        first = bot.post(MESSAGES, {"body": f"{number}"})
        bot.post(MESSAGES, {"body": "so it is", "reply_to": first["id"]})
        bot.post(f"messages/{first['id']}/reactions/", {"emoji": "🐸"})
    say(alice, lobby, 20)

    with django_assert_num_queries(7):  # token, room, head, messages, quoted, reactions, people
        bot.get(MESSAGES)


def test_one_message_is_few_queries(bot, lobby, django_assert_num_queries):
    said = bot.post(MESSAGES, {"body": "Hello"})

    with django_assert_num_queries(4):
        bot.get(f"messages/{said['id']}/")


def test_a_deleted_message_is_found_by_its_key(bot, bob, lobby):
    said = bot.post(MESSAGES, {"body": "Hello"}, Idempotency_Key="build-4711")
    delete_message(deleter=bob, message=lobby.messages.get())

    again = bot.post(MESSAGES, {"body": "Hello"}, Idempotency_Key="build-4711")

    assert (again["id"], again["body"]) == (said["id"], "")
