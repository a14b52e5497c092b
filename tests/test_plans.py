"""However much has been said, no page and no post looks through all of it.

What SQLite means to do does not depend on how much there is: nobody has it count the rows.
"""

import re

import pytest
from django.db import connection

from chat import history
from chat.actions.changes import toggle_reaction
from chat.actions.messages import post_message
from chat.hub import log
from tests.visits import say

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
# What grows with every message; and what is shown page by page.
GROWING = {"chat_event", "chat_mention", "chat_message", "chat_messageversion", "chat_reaction"}
PAGED = {"chat_event", "chat_message"}
_NAMED = re.compile(r'"?\b(chat_\w+)\b"?(?:(?: AS)? "?([A-Z]\d+|[a-z])\b"?)?')
_FROM = re.compile(r'FROM "?(chat_\w+)')
_INNER = re.compile(r"\([^()]*\)")
_SCAN = re.compile(r"SCAN (\w+)")
_SORT = "USE TEMP B-TREE FOR ORDER BY"
_PLANNED = ("SELECT", "UPDATE", "DELETE", "WITH")


def plans(call):
    """What SQLite means to do, by statement."""
    asked = {}

    def note(execute, sql, params, many, context):
        if sql.lstrip().startswith(_PLANNED):
            asked[sql] = params[0] if many else params
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        response = call()
    assert response is None or response.status_code in {200, 303}
    with connection.cursor() as cursor:
        return {sql: _plan(cursor, sql, params) for sql, params in asked.items()}


def _plan(cursor, sql, params):
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
    return [detail for *_numbers, detail in cursor.fetchall()]


def walks(plans):
    """The statements that go through what grows from its beginning, or sort a page of it."""
    return {sql: plan for sql, plan in plans.items() if _walks(sql, plan)}


def _walks(sql, plan):
    tables = {alias or table: table for table, alias in _NAMED.findall(sql)}
    scanned = {tables.get(found[1], "") for line in plan if (found := _SCAN.match(line))}
    outer = _outer(sql)
    found = _FROM.search(outer)
    is_page = "LIMIT" in outer and found is not None and found[1] in PAGED
    if is_page and _SORT in plan:
        return True
    # The first few of all, in the order in which they stand, are not looked for.
    return bool(scanned & GROWING) and not (is_page and "WHERE" not in outer)


def _outer(sql):
    """The statement without those in it."""
    shorter = _INNER.sub("", sql)
    return sql if shorter == sql else _outer(shorter)


@pytest.fixture
def talk(alice, bob, lobby, monkeypatch):
    """A room's list of more than a page, whose messages have threads, quotes and reactions."""
    monkeypatch.setattr(history, "PAGE_SIZE", 5)
    messages = say(alice, lobby, 12)
    for message in messages:
        nonce = f"more-{message.pk}"
        toggle_reaction(person=bob, message=message, emoji="👍")
        post_message(author=bob, room=lobby, body="@alice", nonce=nonce, root=message.pk)
        post_message(author=bob, room=lobby, body="So?", nonce=f"{nonce}-q", reply_to=message.pk)
    return messages


@pytest.mark.parametrize("headers", ({}, HTMX))
@pytest.mark.parametrize(
    "page",
    (
        "/rooms/general/",
        "/rooms/general/?at={seq}",
        "/rooms/general/messages/?before={seq}",
        "/rooms/general/messages/?after={seq}",
        "/messages/{key}/thread/",
        "/messages/{key}/",
        "/inbox/",
        "/search/?q=number",
        "/rooms/",
        "/people/alice/",
    ),
)
def test_a_page_goes_along_an_index(page, headers, alice, talk, sign_in):
    message, client = talk[6], sign_in(alice)
    path = page.format(seq=message.seq, key=message.pk)

    found = plans(lambda: client.get(path, headers=headers, follow=True))

    assert any("chat_message" in sql for sql in found), "nothing was asked about messages"
    assert walks(found) == {}


@pytest.mark.parametrize(
    "fields", ({}, {"reply_to": "{key}"}, {"body": "@bob, @room", "confirm": "1"})
)
def test_a_post_goes_along_an_index(fields, alice, talk, sign_in):
    client = sign_in(alice)
    typed = {name: value.format(key=talk[3].pk) for name, value in fields.items()}
    sent = {"body": "and on", "nonce": "one-more-nonce"} | typed

    found = plans(lambda: client.post("/rooms/general/messages/", sent, headers=HTMX))

    assert any("chat_message" in sql for sql in found), "nothing was asked about messages"
    assert walks(found) == {}


def test_what_is_new_in_a_room_is_read_along_an_index(lobby, talk):
    def read():
        assert len(log.read(lobby.pk, 10)) > 20

    found = plans(read)

    assert any("chat_event" in sql for sql in found), "nothing was asked about the log"
    assert walks(found) == {}


def test_a_walk_is_known():
    unread = 'SELECT "chat_message"."id" FROM "chat_message" WHERE "chat_message"."body" = %s'
    with connection.cursor() as cursor:
        assert _walks(unread, _plan(cursor, unread, ["So?"]))
        sorted_page = 'SELECT "chat_message"."id" FROM "chat_message" ORDER BY body LIMIT 5'
        assert _walks(sorted_page, _plan(cursor, sorted_page, []))
