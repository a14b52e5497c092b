"""docs/protocol/: the schemas and the AsyncAPI file say what the server does, all of it."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from jsonschema import Draft202012Validator

from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.rooms import (
    archive_room,
    change_room,
    invite_into_room,
    leave_room,
    remove_from_room,
    unarchive_room,
)
from chat.errors import Refused, Unreadable
from chat.models import EventKind
from tests import protocol
from tests.test_payloads import logged, said

NODE = Path(__file__).parent / "node" / "node_modules"
DIRECTIONS = ("server", "client")
EXAMPLES = {
    f"{direction}: {kind}": (direction, example)
    for direction in DIRECTIONS
    for kind in protocol.types(direction)
    for example in protocol.schema(direction)["$defs"][kind]["examples"]
}


@pytest.fixture(scope="module")
def described():
    # By way of JSON: YAML has numbers for keys, where AsyncAPI has names.
    return json.loads(json.dumps(yaml.safe_load((protocol.FOLDER / "asyncapi.yaml").read_text())))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_schemas_are_schemas(direction):
    Draft202012Validator.check_schema(protocol.schema(direction))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_each_frame_has_an_example(direction):
    for kind in protocol.types(direction):
        assert protocol.schema(direction)["$defs"][kind]["examples"], kind


@pytest.mark.parametrize(("direction", "frame"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_each_example_is_what_it_is_an_example_of(direction, frame):
    protocol.check(frame, direction)
    Draft202012Validator(protocol.schema(direction)).validate(frame)


def test_more_than_is_told_is_allowed_to_clients_and_found_by_these_tests():
    frame = {"type": "pong", "news": 1}

    Draft202012Validator(protocol.schema("server")).validate(frame)
    with pytest.raises(AssertionError, match="news"):
        protocol.check(frame)


def test_each_kind_of_event_is_told():
    assert set(EventKind.values) <= set(protocol.types("server"))


def test_each_code_of_an_error_is_told():
    told = protocol.schema("server")["$defs"]["error"]["properties"]["code"]["enum"]

    on_sockets = _all_below(Refused) - _all_below(Unreadable)
    assert {each.code for each in on_sockets} <= set(told)


def test_a_log_of_everything_is_as_the_schemas_say(alice, bob, pond):
    for entry in logged_life(alice, bob, pond):
        protocol.check(entry)


def test_the_description_is_asyncapi(described):
    specification = NODE / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    assert specification.exists(), f"Run: make {NODE.relative_to(Path.cwd())}/.package-lock.json"
    rules = json.loads(specification.read_text())

    wrong = jsonschema.validators.validator_for(rules)(rules).iter_errors(described)

    assert [f"{each.json_path}: {each.message}" for each in wrong] == []


def test_whatever_the_description_refers_to_is_there(described):
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(described)):
        file, _, pointer = reference.partition("#/")
        found = json.loads((protocol.FOLDER / file).read_text()) if file else described
        for step in pointer.split("/"):
            found = found[step]


def test_the_description_names_every_frame_of_both_sockets(described):
    both = {f"{way}.{kind}" for way in DIRECTIONS for kind in protocol.types(way)}
    both.add("client.text")

    assert set(described["components"]["messages"]) == both
    assert set(described["channels"]["chat"]["messages"]) == both
    # Who follows one room comes into no other, and is closed when they are put out of it.
    assert set(described["channels"]["room"]["messages"]) == both - {
        "server.joined",
        "server.left",
    }


def test_each_operation_takes_what_its_channel_has(described):
    for name, operation in described["operations"].items():
        way = {"receive": "client", "send": "server"}[operation["action"]]
        channel = operation["channel"]["$ref"].rpartition("/")[2]
        messages = described["channels"][channel]["messages"]
        taken = [each["$ref"].rpartition("/")[2] for each in operation["messages"]]
        assert sorted(taken) == sorted(each for each in messages if each.startswith(way)), name


def logged_life(alice, bob, pond):
    """A room's log in which everything has happened that can."""
    from_bob = said(bob, pond, "Hello @alice and @room", confirm=True)
    answer = said(alice, pond, "Yes?", reply_to=from_bob.pk)
    edit_message(editor=alice, message=answer, body="Yes")
    for _time in range(2):
        toggle_reaction(person=alice, message=from_bob, emoji="🐸")
    toggle_reaction(person=bob, message=answer, emoji="🐸")
    delete_message(deleter=bob, message=from_bob)
    change_room(editor=alice, room=pond, name="The pond", purpose="Croaking")
    leave_room(person=bob, room=pond)
    invite_into_room(inviter=alice, room=pond, people=[bob])
    remove_from_room(remover=alice, room=pond, person=bob)
    archive_room(archiver=alice, room=pond)
    unarchive_room(archiver=alice, room=pond)
    entries = logged(pond)
    assert {entry["type"] for entry in entries} == set(EventKind.values)
    return entries


def _all_below(error):
    return {error}.union(*map(_all_below, error.__subclasses__()))
