"""What somebody does and sees with a browser: shared by the tests of the pages."""

import re

from django.test import Client

from chat.actions.messages import post_message
from chat.sidebar import lines_for

PASSWORD = "three frogs in a pond"


def shown_ids(html):
    """The messages on a page or in a frame, in order."""
    text = html.decode() if isinstance(html, bytes) else html
    return [int(key) for key in re.findall(r'<li id="message-(\d+)"', text)]


def is_signed_in(client):
    return client.get("/settings/").status_code == 200


def sign_in_as(username, password=PASSWORD, client=None, **fields):
    client = client or Client()
    return client, client.post("/login/", {"login": username, "password": password, **fields})


def errors(response):
    """What is wrong with the form that came back, by field."""
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def value_of(html, name):
    """The value of the first input of this name or id."""
    text = html.decode() if isinstance(html, bytes) else html
    for tag in re.findall(r"<input[^>]*>", text):
        if f'name="{name}"' in tag or f'id="{name}"' in tag:
            found = re.search(r'value="([^"]*)"', tag)
            return found[1] if found else ""
    raise AssertionError(f"There is no input {name}")


def say(author, room, count):
    """`count` messages in a row."""
    start = room.messages.count()
    return say_all(author, room, *(f"number {number}" for number in range(start, start + count)))


def say_all(author, room, *bodies):
    """A message of each body."""
    return [
        post_message(author=author, room=room, body=body, nonce=f"nonce-{number:04}")
        for number, body in enumerate(bodies, room.messages.count())
    ]


def line(person, room):
    """The room's line in this person's sidebar; None where it has none."""
    lines = {line.room_id: line for line in lines_for([person.pk])[person.pk]}
    return lines.get(room.pk)
