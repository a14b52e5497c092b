"""The feed of a room: in pages, waiting for the next one, and as a stream that ends in time."""

import json
from threading import Event as Gate

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError

from chat.actions.people import revoke_token
from chat.actions.rooms import remove_from_room
from chat.api import following
from chat.database import in_database
from chat.models import ApiToken, Event
from project.handlers import PageHandler
from tests.programs_hands import Program
from tests.sockets import DEADLINE_SECONDS, eventually, post, until

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = "/api/v1/rooms/pond/events"


class Asked(ApplicationCommunicator):
    """One request on the way; `text` is what has been answered so far."""

    def __init__(self, program, query="", accept="application/json", method="GET", **headers):
        self.text, self.status, self.has_ended = "", None, False
        sent = {"host": "localhost", "accept": accept, "authorization": f"Bearer {program.token}"}
        sent |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": EVENTS,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "http_version": "1.1",
        }
        super().__init__(PageHandler(), scope)

    async def ask(self):
        await self.send_input({"type": "http.request", "body": b""})
        return self

    async def answer(self):
        """The whole answer, decoded."""
        await self.until(lambda asked: asked.has_ended)
        return json.loads(self.text)

    async def until(self, condition):
        while not condition(self):
            assert not self.has_ended, self.text[-500:]
            output = await self.receive_output(DEADLINE_SECONDS)
            if output["type"] == "http.response.start":
                self.status = output["status"]
                self.headers = {
                    name.decode().lower(): value.decode() for name, value in output["headers"]
                }
            else:
                self.text += output.get("body", b"").decode()
                self.has_ended = not output.get("more_body")

    @property
    def events(self):
        """Those of a stream: (name, id, data)."""
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in lines:
                found.append((lines["event"], lines.get("id"), json.loads(lines["data"])))
        return found

    @property
    def said(self):
        return [data["message"]["body"] for name, _id, data in self.events if "message" in data]

    async def until_said(self, *bodies):
        await self.until(lambda asked: asked.said[-len(bodies) :] == [*bodies])

    async def until_the_end(self):
        await self.until(lambda asked: asked.has_ended)
        return self.events[-1]

    async def hang_up(self):
        if not self.future.done():
            await self.send_input({"type": "http.disconnect"})
            await self.wait(DEADLINE_SECONDS)


@pytest.fixture
async def ask(quick_hub, bob):
    """Asks by a program of Bob's, or another's; all are hung up in the end."""
    opened, program = [], await in_database(Program, bob)

    async def ask(query="", of=None, **more):
        opened.append(Asked(of or program, query, **more))
        return await opened[-1].ask()

    ask.program = program
    yield ask
    for asked in opened:
        await asked.hang_up()


async def follow(ask, query="", **more):
    stream = await ask(query, accept="text/event-stream", **more)
    await stream.until(lambda asked: asked.events)
    return stream


async def is_listening(hub, kind, count=1):
    await until(lambda: sum(type(each) is kind and each.is_live for each in hub.readers) == count)


def revoke(program):
    token = ApiToken.objects.get(digest=ApiToken.hash(program.token))
    revoke_token(person=token.person, token=token)


# --- In pages -------------------------------------------------------------------------------


async def test_the_log_is_read_page_by_page_without_a_gap(ask, alice, pond):
    for number in range(5):
        await post(alice, pond, f"{number}")
    head = await eventually(lambda: Event.objects.filter(room=pond).count())

    seqs, after, pages = [], 0, 0
    while True:
        page = await (await ask(f"after={after}&limit=3")).answer()
        seqs += [entry["seq"] for entry in page["events"]]
        after, pages = page["seq"], pages + 1
        if not page["has_more"]:
            break

    assert seqs == list(range(1, head + 1))
    assert (after, pages) == (head, -(-head // 3))
    assert page["room"] == "pond"


async def test_without_a_place_it_begins_at_the_end(ask, alice, pond):
    page = await (await ask()).answer()

    assert (page["events"], page["has_more"]) == ([], False)
    await post(alice, pond, "Hello")
    (entry,) = (await (await ask(f"after={page['seq']}")).answer())["events"]
    assert (entry["type"], entry["message"]["body"]) == ("message.posted", "Hello")


async def test_a_place_of_another_epoch_is_brought_back_to_the_end(ask, pond):
    page = await (await ask("after=999999&wait=0")).answer()

    assert (page["after"], page["events"]) == (page["seq"], [])
    assert page["epoch"]


@pytest.mark.parametrize("query", ("after=-1", "wait=31", "limit=201", "after=x", f"after={2**63}"))
async def test_what_can_not_be_asked_is_named(ask, pond, query):
    asked = await ask(query)
    problem = await asked.answer()

    assert (asked.status, list(problem["errors"])) == (422, [query.partition("=")[0]])


# --- Waiting --------------------------------------------------------------------------------


async def test_who_waits_is_woken_by_what_happens(ask, quick_hub, alice, pond):
    asked = await ask("wait=30")
    await is_listening(quick_hub, following.Poll)

    await post(alice, pond, "At last")

    page = await asked.answer()
    assert [entry["message"]["body"] for entry in page["events"]] == ["At last"]
    assert (asked.status, page["seq"], page["has_more"]) == (200, page["after"] + 1, False)
    assert asked.headers["content-length"] == str(len(asked.text.encode()))
    assert not quick_hub.readers


async def test_who_asks_for_what_there_is_does_not_wait(ask, alice, pond):
    await post(alice, pond, "There already")

    page = await (await ask("after=0&wait=30")).answer()
    assert page["events"]


async def test_nothing_is_an_answer_too(ask, pond, monkeypatch):
    page = await (await ask("wait=1")).answer()

    assert (page["events"], page["seq"]) == ([], page["after"])


async def test_who_waits_and_is_taken_out_finds_nothing_any_more(ask, quick_hub, alice, bob, pond):
    asked = await ask("wait=30")
    await is_listening(quick_hub, following.Poll)

    await in_database(remove_from_room, remover=alice, room=pond, person=bob)

    problem = await asked.answer()
    assert (asked.status, problem["code"]) == (404, "not_found")
    assert asked.headers["content-type"] == "application/problem+json"


async def test_t10_who_waits_with_a_token_that_is_revoked_is_nobody(ask, quick_hub, pond):
    asked = await ask("wait=30")
    await is_listening(quick_hub, following.Poll)

    await in_database(revoke, ask.program)

    await asked.answer()
    assert asked.status == 401


async def test_who_goes_away_waits_no_more(ask, quick_hub, pond):
    asked = await ask("wait=30")
    await is_listening(quick_hub, following.Poll)

    await asked.hang_up()

    assert not quick_hub.readers


async def test_there_is_a_bound_on_how_many_wait(ask, quick_hub, pond, settings):
    settings.LIMIT_SOCKETS = 2
    for count in (1, 2):
        await ask("wait=30")
        await is_listening(quick_hub, following.Poll, count)

    asked = await ask("wait=30")
    problem = await asked.answer()
    assert (asked.status, problem["code"]) == (429, "too_many")
    assert asked.headers["retry-after"] == "5"


# --- Streams --------------------------------------------------------------------------------


async def test_a_stream_tells_what_happens_as_it_happens(ask, alice, pond):
    stream = await follow(ask)
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    ((name, _id, hello),) = stream.events
    assert (name, hello["room"]) == ("hello", "pond")

    for body in ("One", "Two\nand more"):
        await post(alice, pond, body)
    await stream.until_said("One", "Two\nand more")

    _hello, first, second = stream.events
    seq = hello["seq"] + 1
    assert (first[0], first[1], first[2]["seq"]) == ("message.posted", f"{seq}", seq)
    assert second[1] == f"{hello['seq'] + 2}"


async def test_a_stream_that_comes_back_misses_nothing_and_hears_nothing_twice(ask, alice, pond):
    stream = await follow(ask)
    await post(alice, pond, "Heard")
    await stream.until_said("Heard")
    last = stream.events[-1][1]
    await stream.hang_up()
    for number in range(3):
        await post(alice, pond, f"Missed {number}")

    again = await follow(ask, "after=0", Last_Event_ID=last)
    await post(alice, pond, "Live")

    await again.until_said("Missed 0", "Missed 1", "Missed 2", "Live")
    assert len(again.said) == 4


async def test_a_stream_brings_a_long_past_whole(ask, alice, pond, monkeypatch):
    monkeypatch.setattr("chat.hub.log.BATCH", 3)
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)
    bodies = [f"{number}" for number in range(10)]
    for body in bodies:
        await post(alice, pond, body)

    stream = await follow(ask, "after=0")

    await stream.until_said(*bodies)
    ids = [int(key) for _name, key, _data in stream.events[1:]]
    assert ids == list(range(1, len(ids) + 1))


async def test_who_falls_behind_reads_on_from_the_log(ask, quick_hub, alice, pond):
    stream = await follow(ask)
    await is_listening(quick_hub, following.Follower)
    (reader,) = quick_hub.readers
    reader._end(following.BEHIND)

    await post(alice, pond, "Hello")

    await stream.until_said("Hello")


async def test_a_stream_ends_for_who_is_taken_out_and_tells_nothing_later(
    ask, quick_hub, alice, bob, pond
):
    stream = await follow(ask)
    await is_listening(quick_hub, following.Follower)

    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    await post(alice, pond, "Among us")

    assert (await stream.until_the_end())[2]["code"] == "not_found"
    assert "Among us" not in stream.text


async def test_t10_a_stream_ends_with_its_token(ask, quick_hub, alice, pond):
    stream = await follow(ask)
    await is_listening(quick_hub, following.Follower)

    await in_database(revoke, ask.program)
    await post(alice, pond, "Among us")

    assert (await stream.until_the_end())[2]["code"] == "signed_out"
    assert "Among us" not in stream.text


async def test_a_stream_that_the_database_fails_ends_and_says_so(ask, pond, monkeypatch):
    def fail(*_args):
        raise OperationalError("away")

    monkeypatch.setattr(following, "read_for", fail)
    stream = await follow(ask)

    assert (await stream.until_the_end())[2]["code"] == "unavailable"


async def test_a_quiet_stream_gives_signs_of_life(ask, quick_hub, pond, monkeypatch):
    monkeypatch.setattr(following, "SIGN_OF_LIFE_SECONDS", 0.02)
    stream = await follow(ask)

    await stream.until(lambda asked: asked.text.count("\n\n:") >= 2)


async def test_the_newest_stream_ends_the_oldest(ask, quick_hub, pond, settings):
    settings.LIMIT_STREAMS = 2
    streams = []
    for count in (1, 2):
        streams.append(await follow(ask))
        await is_listening(quick_hub, following.Follower, count)

    await follow(ask)

    assert (await streams[0].until_the_end())[2]["code"] == "too_many"
    await is_listening(quick_hub, following.Follower, 2)


async def test_streams_that_still_read_what_they_have_missed_count_as_well(
    ask, quick_hub, pond, settings, monkeypatch
):
    settings.LIMIT_STREAMS = 2
    may_go_on, found = Gate(), following.read

    def slowly(*args):
        may_go_on.wait(DEADLINE_SECONDS)
        return found(*args)

    monkeypatch.setattr(following, "read", slowly)
    streams = [await follow(ask) for _ in range(3)]
    await until(lambda: len(quick_hub.readers) == 2 + 1)
    may_go_on.set()

    assert (await streams[0].until_the_end())[2]["code"] == "too_many"
    await is_listening(quick_hub, following.Follower, 2)


async def test_a_room_of_others_has_no_feed(ask, charlie, pond):
    other = await in_database(Program, charlie)
    for accept in ("application/json", "text/event-stream"):
        asked = await ask("wait=30", of=other, accept=accept)
        problem = await asked.answer()
        assert (asked.status, problem["code"]) == (404, "not_found")


async def test_a_place_that_is_none_is_refused(ask, pond):
    asked = await ask(Last_Event_ID="x")

    assert list((await asked.answer())["errors"]) == ["Last-Event-ID"]
    assert asked.status == 422


def test_asking_for_news_that_there_is_not_costs_two_queries(bob, pond, django_assert_num_queries):
    program = Program(bob)
    program.get("me")

    with django_assert_num_queries(2):  # the token with its person, the room with its place
        page = program.get("rooms/pond/events?wait=0")
    assert page["events"] == []
