"""The example clients of docs/protocol.md, as they stand there, at a server that is killed."""

import json
import re
from signal import SIGKILL

import pytest

from tests import examples, protocol
from tests.server import site as sites

CLIENTS = ("chat.mjs", "chat.py")
LINE = re.compile(r"(\S+) (\d+) (\S+): (.*)")


@pytest.fixture(scope="module")
def site(team, tmp_path_factory):
    """member1 owns it; member2 to member4 are in its rooms general, room-2 and room-3 too."""
    folder = sites.copied(team, tmp_path_factory.mktemp("site") / "data")
    with sites.running(folder) as site:
        yield site


@pytest.fixture
def start(site, tmp_path):
    """Starts an example with a token of member2's, once it is connected."""
    contexts = []

    def start(name, *arguments, username="member2", says="here as"):
        token = site.manage("token", username, "--label", name).strip()
        folder = tmp_path / f"{len(contexts)}"
        running = examples.running(folder, name, *arguments, TOKEN=token, SITE=site.url)
        contexts.append(running)
        example = running.__enter__()
        if says:
            example.complains(says)
        return example

    yield start
    for running in reversed(contexts):
        running.__exit__(None, None, None)


def heard(example, room):
    """The texts that it printed of this room, each with its author; their places only rise."""
    lines = [LINE.fullmatch(line).groups() for line in example.lines]
    places = [int(seq) for name, seq, _author, _body in lines if name == room]
    assert places == sorted(set(places))
    return [f"{author}: {body}" for name, _seq, author, body in lines if name == room]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_hears_everything_once_through_two_restarts(site, start, name):
    example = start(name, site.url, "general")
    site.post("before")
    example.prints("before")

    expected = ["member1: before"]
    for time in ("first", "second"):
        site.stop(SIGKILL)
        site.post(f"{time} in one room", f"{time} again")
        site.post(f"{time} in another", room="room-2")
        example.type(f"{time} of mine")
        site.start()
        example.prints(f"{time} of mine")
        expected += [f"member1: {time} in one room", f"member1: {time} again"]
        expected += [f"member2: {time} of mine"]
    example.prints("second in another")

    assert heard(example, "general") == expected
    assert heard(example, "room-2") == ["member1: first in another", "member1: second in another"]


@pytest.mark.parametrize("name", CLIENTS)
def test_what_a_client_says_is_stored_once_through_a_kill_in_the_middle(site, start, name):
    example = start(name, site.url, "room-3")

    said = [f"of many {number}" for number in range(60)]
    for number, body in enumerate(said):
        example.type(body)
        if number == 30:
            example.prints("of many 3")
            site.restart(SIGKILL)
    example.prints(said[-1])

    assert heard(example, "room-3") == [f"member2: {body}" for body in said]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_refused_message_is_not_said_again(site, start, name):
    example = start(name, site.url, "nowhere")

    example.type("Is anybody there?")
    example.complains("refused: There is no such room")
    site.restart(SIGKILL)
    site.post("somebody is")
    example.prints("somebody is")

    assert example.complaints.count("refused") == 1


@pytest.mark.parametrize("name", CLIENTS)
def test_who_is_revoked_stays_away(site, start, name):
    example = start(name, site.url, "general", username="member4")

    site.shell(
        "from chat.actions.people import revoke_token\n"
        "person = Person.objects.get(username='member4')\n"
        "[revoke_token(person=person, token=each)"
        " for each in person.tokens.filter(revoked_at=None)]"
    )

    example.complains("closed: 4401")
    assert example.process.wait(10) == 1


def test_the_shortest_client_says_and_hears(site, tmp_path):
    token = site.manage("token", "member2", "--label", "hello").strip()
    with examples.running(tmp_path, "hello.py", SITE=site.url, TOKEN=token) as example:
        example.prints("Message from server:", '"type":"hello"')
        example.prints("Message from server:", '"type":"ack"')
        example.prints("Message from server:", '"type":"message.posted"', "Hello, server!")


@pytest.mark.parametrize("way", ("server", "client"))
def test_the_frames_in_the_document_are_frames(way):
    shown = [code for name, code in examples.blocks("json") if name == way]

    assert shown
    for code in shown:
        protocol.check(json.loads(code), way)


def test_the_shell_follows_a_room_and_says_a_line_as_it_is_written(site, start, tmp_path):
    follower = start("follow.sh", "room-2", "0", says="")
    token = site.manage("token", "member3", "--label", "say").strip()
    line = 'Quotes " and \\ and $HOME, “ä” & {"type": "post"}'

    answer = examples.run(tmp_path, "say.sh", "room-2", line, SITE=site.url, TOKEN=token)

    assert json.loads(answer)["body"] == line
    follower.prints("Quotes")
    site.restart(SIGKILL)
    site.post("after the kill", room="room-2")
    follower.prints("after the kill")
    events = [json.loads(each) for each in follower.lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for event in events:
        protocol.check(event)
