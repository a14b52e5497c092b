"""The room's never-ending page: what sockets tell, without a script."""

import asyncio
from functools import cache
from uuid import uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from chat import fragments
from chat.actions.rooms import change_room, remove_from_room
from chat.database import in_database
from chat.fragments import Kind
from chat.hub import StreamReader
from chat.models import Membership, Site
from tests.sockets import DEADLINE_SECONDS, cookie_headers, eventually, post, token_of, until
from tests.visits import shown_ids

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/rooms/general/live/"
WAY_ON = '<li class="stream-end">'
RELOADS = '<meta http-equiv="refresh"'

application = cache(get_asgi_application)


class Stream(ApplicationCommunicator):
    """An open request; `text` is what has been written so far."""

    def __init__(self, path, headers):
        path, _, query = path.partition("?")
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
        super().__init__(application(), {**scope, "headers": headers, "http_version": "1.1"})
        self.text, self.has_ended = "", False

    async def open(self):
        await self.send_input({"type": "http.request", "body": b""})
        start = await self.receive_output(DEADLINE_SECONDS)
        self.status = start["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return self

    @property
    def shown(self):
        return shown_ids(self.text)

    async def until(self, condition):
        while not condition(self):
            assert not self.has_ended, self.text[-500:]
            self._take(await self.receive_output(DEADLINE_SECONDS))
            while not self.output_queue.empty():
                self._take(self.output_queue.get_nowait())

    def _take(self, body):
        self.text += body.get("body", b"").decode()
        self.has_ended = not body.get("more_body")

    async def until_shown(self, message):
        await self.until(lambda stream: message.pk in stream.shown)

    async def until_the_end(self):
        await self.until(lambda stream: stream.has_ended)
        return self.text

    async def hang_up(self):
        if not self.future.done():
            await self.send_input({"type": "http.disconnect"})
            await self.wait(DEADLINE_SECONDS)


@pytest.fixture
async def read(quick_hub, sign_in):
    """Opens a stream of this person's; all are hung up in the end."""
    opened = []

    async def read(person, path=PATH, browser=None):
        headers = cookie_headers(browser or await in_database(sign_in, person))
        opened.append(Stream(path, headers))
        return await opened[-1].open()

    yield read
    for stream in opened:
        await stream.hang_up()


async def test_a_stream_shows_what_was_said_and_goes_on_with_what_is_said(bob, lobby, read):
    said = [await post(bob, lobby, f"Before {number}") for number in range(3)]
    stream = await read(bob)
    await stream.until_shown(said[-1])

    said += [await post(bob, lobby, f"Live {number}") for number in range(3)]

    await stream.until_shown(said[-1])
    assert stream.shown == [message.pk for message in said]
    assert stream.status == 200
    assert "ws-connect" not in stream.text
    assert "<script" not in stream.text


async def test_a_stream_misses_nothing_that_is_said_while_it_opens(alice, bob, lobby, read):
    async def say():
        return [await post(alice, lobby, f"Now {number}") for number in range(15)]

    said, *streams = await asyncio.gather(say(), *(read(bob) for _time in range(3)))

    for stream in streams:
        await stream.until_shown(said[-1])
        assert stream.shown == [message.pk for message in said]


async def test_only_this_sites_own_pages_may_frame_a_stream(bob, read):
    stream = await read(bob)

    assert stream.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in stream.headers["content-security-policy"]
    assert "content-encoding" not in stream.headers
    assert "content-length" not in stream.headers


async def test_a_stream_is_for_who_may_see_the_room(charlie, pond, read):
    assert (await read(charlie, "/rooms/pond/live/")).status == 404


async def test_a_stream_moves_its_readers_pointer(alice, bob, lobby, read):
    first = await post(alice, lobby)
    stream = await read(bob)
    pointer = Membership.objects.filter(room=lobby, person=bob)
    await eventually(lambda: pointer.get().read_seq == first.seq)

    message = await post(alice, lobby)
    await stream.until_shown(message)

    await eventually(lambda: pointer.get().read_seq == message.seq)


async def test_the_newest_stream_ends_the_oldest_with_a_way_to_go_on(
    alice, bob, lobby, read, settings
):
    settings.LIMIT_STREAMS = 2
    others = await read(alice)
    streams = []
    for _time in range(3):
        streams.append(await read(bob))
        await streams[-1].until(lambda stream: "<ol" in stream.text)

    end = await streams[0].until_the_end()
    assert WAY_ON in end
    assert RELOADS not in end  # or two tabs would end each other's for ever

    message = await post(alice, lobby)
    for stream in (*streams[1:], others):
        await stream.until_shown(message)


async def test_a_stream_ends_after_its_time_with_a_way_to_go_on(bob, read, monkeypatch):
    monkeypatch.setattr("chat.views.live.STREAM_SECONDS", 0)

    text = await (await read(bob)).until_the_end()

    assert WAY_ON in text
    assert f'href="{PATH}"' in text
    assert RELOADS in text  # a browser without scripts begins a new one by itself
    assert text.rstrip().endswith("</html>")


async def test_a_stream_whose_log_was_restored_comes_back_by_itself(bob, lobby, quick_hub, read):
    stream = await read(bob)
    await stream.until_shown(await post(bob, lobby))

    await in_database(fragments.epoch)  # which the hub has read by its first tick
    await in_database(lambda: Site.objects.update(epoch=uuid4()))

    assert RELOADS in await stream.until_the_end()


async def test_a_plain_stream_leads_on_to_plain_pages(bob, lobby, read, monkeypatch):
    monkeypatch.setattr("chat.views.live.STREAM_SECONDS", 0)
    message = await post(bob, lobby)

    text = await (await read(bob, f"{PATH}?plain=1")).until_the_end()

    assert f'href="/messages/{message.pk}/?plain=1"' in text
    assert f'href="{PATH}?plain=1"' in text


async def test_a_silent_stream_gives_signs_of_life(bob, read, monkeypatch):
    monkeypatch.setattr("chat.views.live.SIGN_OF_LIFE_SECONDS", 0.01)
    stream = await read(bob)

    await stream.until(lambda stream: stream.text.count("The connection is lost.") >= 3)


async def test_a_stream_in_which_much_is_said_gives_signs_of_life_too(
    bob, lobby, read, monkeypatch
):
    monkeypatch.setattr("chat.views.live.SIGN_OF_LIFE_SECONDS", 0)
    stream = await read(bob)
    said = [await post(bob, lobby) for _time in range(3)]

    await stream.until_shown(said[-1])

    assert stream.text.count("The connection is lost.") > 1


async def test_who_is_taken_out_of_the_room_reads_no_further(alice, bob, pond, read):
    stream = await read(bob, "/rooms/pond/live/")
    await stream.until(lambda stream: "<ol" in stream.text)

    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    await post(alice, pond, "Among ourselves")

    assert "Among ourselves" not in await stream.until_the_end()


async def test_what_opening_a_stream_writes_into_the_session_is_saved(bob, read, sign_in):
    browser = await in_database(sign_in, bob)
    stream = await read(bob, browser=browser)
    await stream.until(lambda stream: "csrfmiddlewaretoken" in stream.text)

    assert "_csrftoken" in await in_database(lambda: dict(browser.session))


async def test_who_signs_out_reads_no_further(bob, lobby, read, sign_in):
    browser = await in_database(sign_in, bob)
    stream = await read(bob, browser=browser)
    await stream.until(lambda stream: "<ol" in stream.text)

    await in_database(browser.logout)

    await stream.until_the_end()


async def test_a_reader_who_has_gone_is_forgotten(bob, read, quick_hub):
    stream = await read(bob)
    await stream.until(lambda stream: "<ol" in stream.text)
    assert quick_hub.count(bob.pk, StreamReader) == 1

    await stream.hang_up()

    await until(lambda: not quick_hub.readers)


async def test_changes_of_the_room_leave_a_stream_in_order(alice, bob, lobby, read):
    stream = await read(bob)
    await stream.until(lambda stream: "<ol" in stream.text)
    first = await post(alice, lobby)
    await in_database(change_room, editor=alice, room=lobby, name="Frogs only", purpose="")
    last = await post(alice, lobby)

    await stream.until_shown(last)

    assert stream.shown == [first.pk, last.pk]
    assert "Frogs only" not in stream.text


def idle_reader(person, room, size=256):
    """Of a browser that takes nothing any more."""
    return StreamReader(
        person_id=person.pk, kind=Kind.of(person, "stream"), room_id=room.pk, slug=room.slug,
        head=room.last_seq, credential=person.password, queue=asyncio.Queue(size),
    )  # fmt: skip


async def test_a_reader_that_takes_nothing_is_ended_and_its_list_gets_no_hole(bob, lobby):
    reader = idle_reader(bob, lobby)

    for number in range(1000):
        await reader.send(str(number))

    assert not reader.is_open
    assert [reader.queue.get_nowait() for _item in range(reader.queue.qsize())] == [None]


async def test_a_reader_that_takes_nothing_holds_nobody_up(
    alice, bob, lobby, connect, quick_hub, monkeypatch
):
    monkeypatch.setattr("chat.hub.hub.TICK_SECONDS", 3600)
    socket = await connect(token=await token_of(alice), path="/ws/chat/general/", resume=0)
    await in_database(lobby.refresh_from_db)
    reader = idle_reader(bob, lobby, size=1)
    reader.token_id = quick_hub.readers.copy().pop().token_id
    quick_hub.add(reader)
    await quick_hub.resume(reader, lobby.last_seq)

    for _time in range(3):
        await socket.until_shown(await post(alice, lobby))

    assert not reader.is_open
    assert len(socket.shown) == 3
