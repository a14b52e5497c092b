"""The API's description: true, whole, and a page that is one of ours."""

import json
import re
from html import unescape

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from chat.api.application import api
from chat.api.document import document
from chat.models import Event
from tests.programs_hands import Program

OPERATIONS = [
    pytest.param(path, method, each, id=each["operationId"])
    for path, operations in document()["paths"].items()
    for method, each in operations.items()
]


def conforms(body, name):
    tree = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": tree["components"]}
    Draft202012Validator(schema).validate(body)


def test_everybody_may_read_the_description(db):
    response = Client().get("/api/v1/openapi.json")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == document()
    assert response.json()["openapi"].startswith("3.1.")


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_is_described_whole(path, method, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert operation["security"][0]["token"]
    expected = {"400", "401", "403", "404", "422", "429", "default"}
    expected |= set() if method == "get" else {"409", "413", "415"}
    assert expected <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        if status == "default" or int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]


def test_no_two_operations_have_one_name():
    names = [param.id for param in OPERATIONS]

    assert len(names) == len(set(names))


def test_every_view_is_described():
    routes = {
        (f"/api/v1/{re.sub('<[a-z]+:', '{', str(each.pattern)).replace('>', '}')}")
        for each in api.urls[0]
        if each.name != "api-root"
    }

    assert routes == set(document()["paths"])


def test_what_comes_back_is_what_is_described(alice, bob, lobby, pond):
    bot = Program(bob)
    said = bot.post("rooms/general/messages/", {"body": "Hello @alice"})
    bot.post(f"messages/{said['id']}/reactions/", {"emoji": "🐸"})
    bot.post(f"messages/{said['id']}/thread/", {"body": "Hello"})
    for path, name in {
        "me": "Me",
        "people": "People",
        "people/bob": "Profile",
        "rooms/": "Rooms",
        "rooms/pond/": "Room",
        "rooms/pond/members/": "Members",
        "rooms/general/messages/": "MessagePage",
        f"messages/{said['id']}/": "Message",
        f"messages/{said['id']}/thread/": "Thread",
        "search/?q=hello": "Hits",
        "unread/": "Unread",
        "rooms/general/read/": "Read",
        "rooms/general/events?after=0": "Events",
        "nowhere": "Problem",
        "people?limit=0": "Problem",
    }.items():
        conforms(bot.get(path), name)
    assert Event.objects.exists()


def test_the_page_shows_each_operation_with_a_line_to_try(sign_in, bob):
    response = sign_in(bob).get("/api/docs/")
    html = response.content.decode()

    assert response.status_code == 200
    for param in OPERATIONS:
        assert f'id="{param.id}"' in html
        (scope,) = param.values[2]["security"][0]["token"]
        head = html.partition(f'id="{param.id}"')[2].partition("<details")[0]
        assert f"</span>{scope}</span>" in head
    assert html.count("curl") >= len(OPERATIONS)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "<style" not in html


def test_a_copied_line_changes_no_room_but_the_one_that_a_line_makes(sign_in, bob):
    html = unescape(sign_in(bob).get("/api/docs/").content.decode())
    lines = [line for line in re.findall(r"<code>(curl .*?)</code>", html) if "/rooms/" in line]

    makes = [line for line in lines if line.endswith("/rooms/")]
    assert any('{"name": "Tadpoles", "purpose": "For small questions"}' in line for line in makes)
    changes = [
        line for line in lines if re.search(r"PATCH|/join/|/leave/|(-d|DELETE) .*/members", line)
    ]
    assert len(changes) == 5
    for line in changes:
        assert "/rooms/tadpoles/" in line


def test_who_is_signed_out_is_asked_to_sign_in_for_the_page(db):
    response = Client().get("/api/docs/")

    assert (response.status_code, response.headers["Location"]) == (302, "/login/?next=/api/docs/")


def test_the_page_costs_no_more_than_its_frame(sign_in, bob, django_assert_max_num_queries):
    browser = sign_in(bob)
    browser.get("/api/docs/")

    with django_assert_max_num_queries(8):
        browser.get("/api/docs/")


def test_the_description_is_json_that_names_nothing_of_this_machine():
    assert "/tmp" not in json.dumps(document())
