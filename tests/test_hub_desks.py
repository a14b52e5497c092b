"""A person's open pages know which of their rooms hold something new."""

import re
from datetime import time

import pytest
from django.db import OperationalError
from django.test.signals import template_rendered

from chat import hub
from chat.actions.changes import delete_message, edit_message
from chat.actions.messages import post_message
from chat.actions.reading import set_preferences
from chat.actions.rooms import (
    change_room,
    create_room,
    invite_into_room,
    open_direct_room,
    remove_from_room,
)
from chat.database import in_database
from chat.hub import desks
from chat.models import Role, RoomKind
from tests.sockets import post, sidebars, title, token_of, unread, until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_message_in_another_room_marks_it_in_every_open_page(alice, pond, his):
    pages = [await his(), await his("/ws/chat/"), await his("/ws/chat/general/?list=off")]

    await post(alice, pond)

    titles = []
    for page in pages:
        frame = await page.until_heard("data-unread")
        assert unread(frame) == ["pond"]
        titles.append(title(frame))
    assert titles == ["(1) general · The Pond", "(1) The Pond", "(1) general · The Pond"]


async def test_a_new_name_shows_in_the_direct_rooms_of_others(alice, bob, his, monkeypatch):
    monkeypatch.setattr(desks, "WHILE_LOOKING_SECONDS", 3600)  # nothing else tells of it
    direct = await in_database(open_direct_room, opener=alice, others=[bob])
    page = await his()
    await post(alice, direct)
    await page.until_heard("data-unread")
    alice.name = "Alma"

    await in_database(set_preferences, person=alice, fields=["name"])

    await page.until_heard("Alma")


async def test_the_title_counts_rooms_and_not_messages(alice, bob, pond, his):
    direct = await in_database(open_direct_room, opener=alice, others=[bob])
    page = await his()
    for _time in range(3):
        await post(alice, pond)
    await post(alice, direct)

    await page.until_heard("(2)")

    assert set(unread("".join(sidebars(page)))) == {"pond", direct.slug}


async def test_a_burst_is_one_sidebar(alice, pond, his, marker, monkeypatch):
    monkeypatch.setattr("chat.hub.desks.GROWING_SECONDS", 3600)
    page = await his()
    await post(alice, pond)
    await page.until_heard("data-unread")
    told = len(sidebars(page))
    for _time in range(10):
        await post(alice, pond)

    await marker(page)

    assert len(sidebars(page)) == told + 1


async def test_whom_an_edit_or_a_deletion_concerns_is_told(alice, bob, lobby, his):
    message = await post(alice, lobby)
    page = await his("/ws/chat/")

    await in_database(edit_message, editor=alice, message=message, body="@bob, look")
    await page.until_heard("for you")
    await in_database(delete_message, deleter=alice, message=message)

    assert "for you" not in await page.until_heard('id="inbox-line"')


async def test_an_edit_that_concerns_nobody_reads_no_sidebar_anew(
    alice, bob, lobby, his, monkeypatch
):
    message = await post(alice, lobby)
    page = await his()
    desks = hub.current().desks
    desk = desks._desks[bob.pk]

    def is_all_told():  # of the post
        return not (desks._posted or desk.timer or desk.is_being_told or bob.pk in desks._due)

    await until(is_all_told)
    monkeypatch.setattr("chat.hub.desks.SOON_SECONDS", 3600)

    await in_database(edit_message, editor=alice, message=message, body="Hello there")
    await page.until_heard("Hello there")

    assert desk.timer is None


async def test_a_room_that_one_is_invited_into_appears_and_one_that_is_lost_goes(alice, bob, his):
    page = await his()
    room = await in_database(
        create_room, creator=alice, name="Shore", purpose="", kind=RoomKind.PRIVATE
    )

    await in_database(invite_into_room, inviter=alice, room=room, people=[bob])
    assert "Shore" in await page.until_heard(f"/rooms/{room.slug}/")

    await in_database(remove_from_room, remover=alice, room=room, person=bob)
    assert "Shore" not in await page.until_heard('id="inbox-line"')


async def test_a_rooms_new_name_shows_in_the_sidebar_as_it_was_typed(alice, pond, his):
    page = await his()

    await in_database(change_room, editor=alice, room=pond, name="<b>Sea</b>", purpose="")

    frame = await page.until_heard("Sea")
    assert "&lt;b&gt;Sea&lt;/b&gt;" in frame
    assert "<b>Sea" not in frame


async def test_who_comes_back_is_told_what_is_unread_now(alice, pond, his):
    page = await his()
    await page.hang_up()
    await post(alice, pond)

    page = await his()

    assert unread(page.heard[-1]) == ["pond"]


async def test_nobody_is_told_of_other_peoples_rooms(alice, charlie, pond, connect, lobby):
    page = await connect(token=await token_of(charlie), path="/ws/chat/general/", resume=0)
    await post(alice, pond, "A secret of the pond")
    last = await post(alice, lobby)

    await page.until_shown(last)

    assert not re.search("pond/|secret", "".join(page.heard))


async def test_a_guest_without_rooms_keeps_a_socket_and_learns_of_the_first_one(
    alice, invite, connect
):
    gil = await in_database(invite, "gil", Role.GUEST)
    page = await connect(token=await token_of(gil), path="/ws/chat/", resume=0)
    await page.say("Hello?")
    await page.until_heard("You are not in any room yet.")
    room = await in_database(
        create_room, creator=alice, name="Shore", purpose="", kind=RoomKind.PUBLIC
    )

    await in_database(invite_into_room, inviter=alice, room=room, people=[gil])

    await page.until_heard(f"/rooms/{room.slug}/")


async def test_what_is_posted_while_a_sidebar_is_read_is_told_all_the_same(
    alice, bob, lobby, his, monkeypatch
):
    page = await his("/ws/chat/?list=off")
    read, posted = desks._read, []

    def read_and_then_post(people):
        found = read(people)
        if not posted:
            posted.append(post_message(author=alice, room=lobby, body="Now!", nonce="in-between"))
        return found

    monkeypatch.setattr(desks, "_read", read_and_then_post)

    hub.current().desks.refresh([bob.pk])

    await page.until_heard("data-unread")


async def test_a_sidebar_that_could_not_be_read_is_told_later(
    alice, bob, lobby, his, monkeypatch, caplog
):
    monkeypatch.setattr(desks, "RETRY_SECONDS", 0.05)
    page = await his("/ws/chat/?list=off")
    read, failures = desks._read, []

    def fail_once(people):
        if not failures:
            failures.append(people)
            raise OperationalError("the database is away")
        return read(people)

    monkeypatch.setattr(desks, "_read", fail_once)

    await post(alice, lobby)

    await page.until_heard("data-unread")
    assert failures
    assert "Sidebars can't be told now" in caplog.text


async def test_a_page_that_is_no_room_keeps_its_title(alice, lobby, his):
    page = await his("/ws/chat/?list=off&title=People%20%C2%B7%20Pond")

    await post(alice, lobby)

    assert title(await page.until_heard("data-unread")) == "(1) People · Pond"


async def test_pages_that_look_alike_share_one_rendering_of_their_sidebar(his, marker):
    pages = [await his(), await his(), await his(), await his("/ws/chat/")]
    rendered = []

    def note(template, **_rest):
        if template.name == "chat/swaps/sidebar.html":
            rendered.append(template)

    template_rendered.connect(note)
    try:
        await marker(*pages)
    finally:
        template_rendered.disconnect(note)

    assert len(rendered) == len({page.heard[-1] for page in pages}) == 2


async def test_who_has_left_takes_nobodys_place_in_the_line(his):
    page = await his()
    desks = hub.current().desks
    (desk,) = desks._desks.values()
    await page.hang_up()
    await until(lambda: not desks._desks)

    desks._take(desk)  # as its timer does, of a reading that has failed meanwhile

    assert desks._due == {}


async def test_a_growing_number_is_told_now_and_then(alice, pond, his, monkeypatch):
    monkeypatch.setattr("chat.hub.desks.GROWING_SECONDS", 0.3)
    page = await his()
    await post(alice, pond)
    await page.until_heard("data-unread")
    for _time in range(4):
        await post(alice, pond)

    await page.until_heard(">5 <span")


async def test_in_quiet_hours_the_title_and_the_icon_stay_calm_until_they_end(
    alice, bob, pond, his, clock
):
    def rest(until):
        bob.quiet_from, bob.quiet_until = time(11), until
        bob.save(update_fields=["quiet_from", "quiet_until"])

    await in_database(rest, time(13))
    page = await his()
    await post(alice, pond)

    calm = await page.until_heard("data-unread")
    assert title(calm) == "general · The Pond"
    assert "icon-unread" not in calm

    clock.wait(hours=2)
    assert title(await page.until_heard("icon-unread")) == "(1) general · The Pond"
