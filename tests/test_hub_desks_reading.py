"""What somebody reads in one of their pages is news in none of them."""

import asyncio
import re
import uuid

import pytest
from django.db import OperationalError

from chat import hub
from chat.actions.messages import post_message
from chat.actions.reading import mark_unread, open_again, set_level
from chat.consumers.base import ComeBack
from chat.database import in_database
from chat.hub import desks, reads
from chat.models import Following, Level, Membership, Site
from tests.model.truth import copy_of_database, put_back, spare
from tests.sockets import eventually, post, sidebars, title, unread, until

pytestmark = pytest.mark.django_db(transaction=True)


async def all_told():
    """What the database says while somebody is told may be older than what they have read."""
    (person_id,) = hub.current().desks._desks
    await until(lambda: is_all_told(person_id))


def is_all_told(person_id):
    desks = hub.current().desks
    desk = desks._desks[person_id]
    return not (desk.is_being_told or desk.timer or person_id in desks._due)


async def test_ones_own_message_is_no_news_in_any_tab(bob, pond, his, marker):
    pages = [await his(), await his("/ws/chat/pond/")]

    await post(bob, pond)
    await marker(*pages)

    for page in pages:
        assert not any(unread(frame) for frame in sidebars(page))


async def test_what_was_read_in_one_tab_is_read_in_the_others(alice, lobby, his):
    here, there = await his(), await his("/ws/chat/")
    message = await post(alice, lobby)
    await here.until_shown(message)
    assert unread(await there.until_heard("data-unread")) == ["general"]

    await here.say(type="read", seq=str(here.cursor))

    assert unread(await there.until_heard('id="inbox-line"')) == []
    assert title(there.heard[-1]) == "The Pond"


async def test_a_message_that_is_read_while_it_comes_never_counts(
    alice, lobby, his, marker, monkeypatch
):
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)
    here, there = await his(), await his("/ws/chat/")
    await all_told()
    message = await post(alice, lobby)
    await here.until_shown(message)
    await here.say(type="read", seq=here.cursor)
    await eventually(
        Membership.objects.filter(
            room=lobby, person__username="bob", read_seq__gte=message.seq
        ).exists
    )

    await marker(here, there)

    assert not any(unread(frame) for page in (here, there) for frame in sidebars(page))


async def test_who_reads_along_is_not_told_of_what_has_just_come(
    alice, lobby, his, marker, monkeypatch
):
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)
    here, there = await his(), await his("/ws/chat/")
    await all_told()
    for is_seen in (True, False):
        message = await post(alice, lobby)
        await here.until_shown(message)
        if is_seen:
            await here.say(type="read", seq=here.cursor)

    await marker(here, there)

    assert not any(unread(frame) for page in (here, there) for frame in sidebars(page))


async def test_who_no_longer_reads_along_is_told(alice, lobby, his):
    page = await his()
    for is_seen in (True, False):
        message = await post(alice, lobby)
        await page.until_shown(message)
        if is_seen:
            await page.say(type="read", seq=page.cursor)

    assert unread(await page.until_heard("data-unread")) == ["general"]


async def test_what_names_one_in_a_thread_is_told_though_they_read_the_room(
    alice, bob, lobby, his, monkeypatch
):
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)
    page = await his()
    root = await post(alice, lobby)
    await page.until_shown(root)
    place = {"root": root.pk, "in_room": False}

    await in_database(
        post_message, author=alice, room=lobby, body="@bob?", nonce="nonce-of-the-thread", **place
    )

    await page.until_heard("1 mention")


async def test_a_read_pointer_moves_forward_and_to_the_end_of_the_log_at_most(
    alice, bob, lobby, his
):
    page = await his()
    message = await post(alice, lobby)
    await page.until_shown(message)
    pointer = Membership.objects.filter(room=lobby, person=bob)

    await page.say(type="read", seq=10**9)
    await eventually(lambda: pointer.get().read_seq == message.seq)
    await page.say(type="read", seq=1)
    last = await post(alice, lobby)
    await page.until_shown(last)
    assert await in_database(lambda: pointer.get().read_seq) == message.seq
    await page.say(type="read", seq=last.seq)

    await eventually(lambda: pointer.get().read_seq == last.seq)


async def test_answers_that_were_read_in_one_tab_are_read_in_the_others(alice, bob, lobby, his):
    root = await post(bob, lobby)
    here, there = await his(), await his("/ws/chat/")
    answer = await post(alice, lobby, "Yes", root=root.pk, in_room=False)
    await there.until_heard("for you")

    for seq in (answer.seq, 1):  # what comes late takes nothing back
        await here.say(type="read", thread=root.pk, seq=seq)

    assert "for you" not in await there.until_heard('id="inbox-line"')
    assert (await in_database(Following.objects.get, root=root, person=bob)).read_seq == answer.seq


async def test_unread_from_here_shows_in_every_tab_until_the_room_is_opened(bob, alice, pond, his):
    here, there = await his("/ws/chat/pond/"), await his()
    message = await post(alice, pond)
    await here.until_shown(message)
    await here.say(type="read", seq=str(here.cursor))
    await in_database(mark_unread, person=bob, message=message)

    for page in (here, there):
        assert unread(await page.until_heard("data-unread")) == ["pond"]
    await here.say(type="read", seq=str(here.cursor))
    await in_database(set_level, person=bob, room=pond, level=Level.NOTHING, muted_until=None)
    assert unread(await there.until_heard('class="room-muted"')) == []
    await in_database(set_level, person=bob, room=pond, level=Level.EVERYTHING, muted_until=None)
    assert unread(await there.until_heard("data-unread")) == ["pond"]


async def test_what_was_put_back_stays_unread_when_an_older_place_is_opened(
    bob, alice, pond, his, marker, monkeypatch
):
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)
    page = await his("/ws/chat/pond/")
    message = await post(alice, pond)
    await page.until_shown(message)
    await page.say(type="read", seq=str(page.cursor))
    own = Membership.objects.filter(person=bob, room=pond)
    await eventually(own.filter(read_seq=message.seq).exists)
    await in_database(mark_unread, person=bob, message=message)
    await page.until_heard("data-unread")
    told = len(page.heard)

    await in_database(lambda: open_again(membership=own.get()))
    await marker(page)

    lines = re.findall(r'href="/rooms/pond/".*?</a>', "".join(page.heard[told:]))
    assert all("data-unread" in line for line in lines)


async def test_after_a_restored_backup_what_is_read_while_it_comes_is_no_news(
    alice, lobby, his, marker, quick_hub, monkeypatch
):
    copy = await in_database(copy_of_database)
    before = await his()
    lost = [await post(alice, lobby) for _number in range(3)]
    await until(lambda: quick_hub.desks._checked.get(lobby.pk) == lost[-1].seq)

    def restore():
        put_back(copy)
        spare(copy)
        Site.objects.update(epoch=uuid.uuid4())

    await in_database(restore)
    with pytest.raises(ComeBack):
        await before.closed()
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)
    monkeypatch.setattr("chat.hub.reads.READ_SECONDS", 3600)
    page = await his()
    message = await post(alice, lobby)
    await page.until_shown(message)
    await page.say(type="read", seq=page.cursor)
    await marker(page)

    assert not any(unread(frame) for frame in sidebars(page))


async def test_a_place_that_could_not_be_stored_is_kept_beside_a_lower_one(
    alice, bob, lobby, quick_hub, monkeypatch
):
    first, last = await post(alice, lobby), await post(alice, lobby)
    here, works, failed = quick_hub._reads, reads._write, []

    def failing(*places):
        if failed:
            return works(*places)
        failed.append(places)
        quick_hub.loop.call_soon_threadsafe(here.see_room, bob.pk, lobby.pk, first.seq)
        raise OperationalError("locked")

    monkeypatch.setattr(reads, "_write", failing)
    here.see_room(bob.pk, lobby.pk, last.seq)

    pointer = Membership.objects.filter(room=lobby, person=bob)
    await eventually(lambda: pointer.get().read_seq == last.seq)


async def test_a_read_that_is_stored_while_the_sidebar_is_read_has_it_read_once_more(
    bob, pond, his, quick_hub
):
    await his("/ws/chat/")
    desk = quick_hub.desks._desks[bob.pk]
    await until(lambda: is_all_told(bob.pk))

    desk.is_being_told = True  # by what the database said before
    quick_hub.desks.stored([(bob.pk, pond.pk)])

    assert desk.timer is not None


async def test_a_place_of_the_log_before_a_restored_backup_is_none_in_the_new_one(
    alice, lobby, pond, quick_hub, monkeypatch
):
    monkeypatch.setattr(desks, "WHILE_LOOKING_SECONDS", 0.3)
    old = await post(alice, lobby)
    await until(lambda: lobby.pk in quick_hub.desks._posted)
    await asyncio.sleep(0.1)  # the look at who has not seen it is on its way

    quick_hub.desks.forget()
    new = await post(alice, pond)
    await until(lambda: quick_hub.desks._checked.get(pond.pk) == new.seq)

    assert quick_hub.desks._checked.get(lobby.pk) != old.seq
