"""What the benchmarks prepare in a site and ask of it."""

import json
import socket
from time import perf_counter

import pytest

from bench import counts, history, treasure
from bench.http import Client
from bench.loop import Loop
from chat import search
from chat.actions.rooms import create_room
from chat.models import Level, Membership, Person, RoomKind
from tests.visits import say, say_all


@pytest.fixture
def members(invite):
    """As `populate` names them."""
    return [invite(f"member{number}") for number in range(1, 5)]


def asked(capsys, ask, *arguments):
    ask(*arguments)
    return json.loads(capsys.readouterr().out)


def test_all_but_two_get_a_time_zone_of_their_own(members):
    usual = members[0].time_zone

    history.spread_zones()

    names = [member.username for member in members]
    zones = dict(Person.objects.filter(username__in=names).values_list("username", "time_zone"))
    assert zones["member1"] == zones["member2"] == usual
    assert len({zones[name] for name in names[1:]}) == 3


def test_words_are_asked_of_the_bare_index_as_often(capsys, transactional_db, lobby, members):
    say(members[0], lobby, 3)

    found = asked(capsys, treasure.ask, {"common": "number", "rare": "{number}"}, 20)

    assert {kind: [len(each) for each in both] for kind, both in found.items()} == {
        "common": [20, 20],
        "rare": [20, 20],
    }


def test_a_bare_index_that_finds_less_is_no_result(lobby, members):
    say_all(members[0], lobby, *["A newt"] * 3)

    # Nothing is committed, and it has a connection of its own. No other test says the word: what
    # the index holds outlives a test that commits.
    with pytest.raises(ValueError, match="'newt' finds less in the bare index"):
        treasure.ask({"common": "newt"}, 20)


def test_words_that_find_nothing_where_they_should_are_no_result(lobby, members):
    said = say(members[0], lobby, 3)
    search.withdraw([message.pk for message in said])

    with pytest.raises(ValueError, match="'number' finds nothing"):
        treasure.ask({"common": "number"}, 20)


def test_counts_are_of_one_new_message_a_room(capsys, lobby, members):
    room = create_room(creator=members[1], name="Reeds", purpose="", kind=RoomKind.PUBLIC)
    say(members[0], lobby, 3)
    say(members[1], room, 3)

    assert len(asked(capsys, counts.ask, 20)) == 20


def test_counts_that_are_not_what_is_new_are_no_result(lobby, members):
    say(members[0], lobby, 3)
    Membership.objects.filter(person=members[1]).update(level=Level.NOTHING)

    with pytest.raises(ValueError, match="each room has one new message"):
        counts.ask(20)


def test_an_answer_knows_when_its_first_byte_came():
    loop, answers = Loop(), []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(loop, listener.getsockname()[1])
        asked_at = perf_counter()
        client.request("/", answers.append)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
            loop.run_until(lambda: client._received, 10, "the beginning of an answer")
            begun_at = perf_counter()
            connection.sendall(b"ngth: 2\r\n\r\nok")
            loop.run_until(lambda: answers, 10, "an answer")
        client.close()

    assert answers[0].body == b"ok"
    assert asked_at < answers[0].first_byte_at < begun_at
