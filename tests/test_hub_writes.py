"""While a feed writes to many, others come, begin anew, or want something else."""

import asyncio
import json
import threading
from functools import partial

import pytest

from chat.actions.people import revoke_token
from chat.database import in_database
from chat.fragments import JSON
from chat.hub import SocketReader, returns
from chat.models import Room
from tests.sockets import post, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def come(lobby, quick_hub):
    """Lets a reader of this person's into the lobby: one that has no sidebar, as a program's."""

    async def come(person, **writing):
        await token_of(person)
        reader = SocketReader(
            person_id=person.pk,
            kind=JSON,
            room_id=lobby.pk,
            slug=lobby.slug,
            head=await in_database(lambda: Room.objects.get(pk=lobby.pk).last_seq),
            has_sidebar=False,
            credential=person.password,
            token_id=await in_database(lambda: person.tokens.latest("pk").pk),
            **writing,
        )
        quick_hub.add(reader)
        return reader

    return come


@pytest.fixture
def live(come, alice, quick_hub):
    """Makes a reader of Alice's live in the lobby."""

    async def live(**writing):
        reader = await come(alice, **writing)
        await quick_hub.resume(reader, None)
        return reader

    return live


@pytest.mark.parametrize("is_back", (False, True))
async def test_who_begins_anew_amid_a_write_gets_each_entry_once(
    is_back, bob, lobby, live, quick_hub
):
    readers, heard, again = [], ([], []), []

    async def write(number, text):
        if "seq" not in (entry := json.loads(text)):
            return  # of who is here
        heard[number].append(entry["seq"])
        if not again:  # the first is written to: the other one begins anew
            again.append(asyncio.create_task(quick_hub.resume(readers[1 - number], 0)))
            await asyncio.sleep(0)
            if is_back:
                await again[0]

    for number in range(2):
        readers.append(await live(write=partial(write, number)))
    last = await post(bob, lobby)
    await until(lambda: again)
    await again[0]
    await quick_hub.feeds[lobby.pk].settle(last.seq)

    assert sorted(heard, key=len) == [[last.seq], [*range(1, last.seq + 1)]]


async def test_others_have_their_turn_amid_a_write_to_many(bob, lobby, live, monkeypatch):
    monkeypatch.setattr("chat.hub.feeds.SLICE", 3)
    done = []

    def put(frame):
        if b"message.posted" not in frame:
            return  # of who is here
        if not done:
            asyncio.get_running_loop().call_soon(done.append, "asked for a page")
        done.append("written")

    for _reader in range(9):
        await live(direct=put)
    await post(bob, lobby)
    await until(lambda: done.count("written") == 9)

    assert done.index("asked for a page") == 3


# --- A revocation -----------------------------------------------------------------------------


@pytest.fixture
def held_page(monkeypatch):
    """The newest page is read and its reader judged, but nothing is answered until `go` is set."""
    has_read, go = threading.Event(), threading.Event()
    read = returns._read

    def held(*arguments):
        found = read(*arguments)
        has_read.set()
        assert go.wait(10)
        return found

    yield partial(monkeypatch.setattr, returns, "_read", held), has_read, go
    go.set()


async def _nothing(_hub):
    return None


async def test_who_is_judged_before_a_revocation_that_the_feed_has_passed_is_judged_again(
    alice, bob, lobby, come, live, quick_hub, held_page, monkeypatch
):
    hold, has_read, go = held_page
    await live(direct=lambda _frame: None)  # else the feed asks for no revocations
    codes = []

    async def end(code):
        codes.append(code)

    reader = await come(bob, direct=lambda _frame: None, end=end)
    # Nothing but the feed and the resume may find out.
    for name in ("_check_standing", "_find_missed_rings"):
        monkeypatch.setattr(f"chat.hub.hub.Hub.{name}", _nothing)
    monkeypatch.setattr("chat.hub.bells.bell.answer", None)
    message, feed = await post(alice, lobby), quick_hub.feeds[lobby.pk]
    hold()
    coming = asyncio.create_task(quick_hub.resume(reader, 9999))
    await until(has_read.is_set)

    await in_database(lambda: revoke_token(person=bob, token=bob.tokens.get()))
    feed.look()
    await until(lambda: feed.position == message.seq)
    go.set()
    await coming

    assert codes == [4401]
