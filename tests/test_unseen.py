"""What is news to whom at the edges: threads, edits, coming and going, marking what was shown."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.actions.reading import mark_unread
from chat.actions.rooms import archive_room, create_room, join_room, leave_room
from chat.actions.threads import follow_thread
from chat.database import in_database
from chat.errors import Conflict, Invalid, Refused
from chat.hub import presence
from chat.models import Following, Membership, Message, Person, RoomKind
from chat.sidebar import lines_for
from tests.sockets import eventually, post, token_of
from tests.visits import shown_ids

pytestmark = pytest.mark.django_db


def say(author, room, body="Hello", **more):
    say.count += 1
    nonce = f"nonce-of-unseen-{say.count}"
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


say.count = 0


def in_thread(author, root, body="An answer"):
    return say(author, root.room, body, root=root.pk, in_room=False)


def line(person, slug="general"):
    return next(each for each in lines_for([person.pk])[person.pk] if each.slug == slug)


@pytest.fixture
def kitchen(alice, bob):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    join_room(person=bob, room=room)
    return room


# --- Threads -------------------------------------------------------------------------------


def test_an_answer_in_a_thread_alone_is_no_place_of_the_room(alice, bob, bobs, lobby):
    root = say(bob, lobby)
    for _time in range(3):
        say(alice, lobby)
    answer = in_thread(alice, root)

    menu = bobs.get(f"/messages/{answer.pk}/menu/").content.decode()
    refused = bobs.post(f"/messages/{answer.pk}/unread/")

    assert "Unread from here" not in menu
    assert "Unread from here" in bobs.get(f"/messages/{root.pk}/menu/").content.decode()
    assert refused.status_code == 422
    assert line(bob).count == 3
    with pytest.raises(Invalid):
        mark_unread(person=bob, message=answer)


@pytest.mark.django_db(transaction=True)
async def test_who_looks_at_the_room_learns_of_a_new_answer_in_a_thread(alice, bob, lobby, his):
    root = await post(bob, lobby, "A question")
    page = await his()
    await page.say(type="read", seq=root.seq)
    pointer = Membership.objects.filter(person=bob, room=lobby, read_seq__gte=root.seq)
    await eventually(pointer.exists)

    answer = await post(alice, lobby, "An answer", root=root.pk, in_room=False)
    await page.say(type="read", seq=answer.seq)

    inbox = await page.until_heard('class="room-count" data-mentions>1')
    assert 'id="inbox-line"' in inbox


def test_who_follows_a_thread_again_finds_what_they_have_not_seen(alice, bob, lobby):
    root = say(bob, lobby)
    in_thread(alice, root)

    for follows in (False, True):
        follow_thread(person=bob, root=root, follows=follows)

    assert line(bob).threads == 1


def test_to_follow_a_thread_never_puts_its_pointer_back(alice, bob, lobby):
    root = say(bob, lobby)
    answer = in_thread(alice, root)
    Following.objects.mark_read({(bob.pk, root.pk): answer.seq})

    follow_thread(person=bob, root=root, follows=True)

    assert Following.objects.get(person=bob, root=root).read_seq == answer.seq


def test_a_mention_in_a_thread_counts_once_and_stands_with_its_thread(alice, bob, bobs, lobby):
    root = say(alice, lobby, "A question")
    answer = in_thread(alice, root, "What do you say, @bob?")
    Membership.objects.filter(person=bob).update(read_seq=root.seq, read_number=root.number)

    page = bobs.get("/inbox/").content.decode()

    assert line(bob).in_inbox == 1
    assert shown_ids(page) == [answer.pk]
    assert "inbox-threads" in page
    assert "inbox-mentions" not in page
    assert "inbox-rooms" not in page


# --- Coming and going ------------------------------------------------------------------------


@pytest.mark.parametrize("is_edited", (False, True))
def test_a_newcomer_is_told_of_nothing_before_them(is_edited, alice, bob, lobby, invite):
    if is_edited:
        edit_message(editor=alice, message=say(alice, lobby), body="Hello @room")
    else:
        in_thread(bob, say(alice, lobby), "@room, here")

    assert line(invite("dora")).in_inbox == 0


def test_who_comes_back_is_not_told_of_what_was_said_without_them(alice, bob, kitchen):
    root = say(bob, kitchen)
    leave_room(person=bob, room=kitchen)
    in_thread(alice, root)

    join_room(person=bob, room=kitchen)

    assert line(bob, "kitchen").in_inbox == 0


# --- Edits -----------------------------------------------------------------------------------


def test_a_mended_here_tells_nobody_who_has_come_since(alice, bob, lobby):
    message = say(alice, lobby, "@here lunhc?")
    Membership.objects.filter(person=bob).update(read_seq=message.seq, read_number=message.number)
    Person.objects.filter(pk=bob.pk).update(present_at=timezone.now(), seen_at=timezone.now())

    edit_message(editor=alice, message=message, body="@here lunch?")

    assert line(bob).in_inbox == 0


def test_who_may_not_edit_is_told_so_before_they_are_asked_to_confirm(alice, bob, lobby):
    people = Person.objects.bulk_create(
        Person(username=f"frog{number}", skeleton=f"frog{number}", name=f"Frog {number}")
        for number in range(30)
    )
    Membership.objects.bulk_create(Membership(room=lobby, person=each) for each in people)
    message = say(alice, lobby)

    with pytest.raises(Refused) as refused:
        edit_message(editor=bob, message=message, body="@room")
    assert refused.value.status == 403
    delete_message(deleter=alice, message=message)
    with pytest.raises(Conflict):
        edit_message(editor=alice, message=Message.objects.get(pk=message.pk), body="@room")


def test_who_reacts_in_an_archived_room_is_told_why_not(alice, bob, kitchen):
    message = say(alice, kitchen)
    archive_room(archiver=alice, room=kitchen)

    with pytest.raises(Refused) as refused:
        toggle_reaction(person=bob, message=message, emoji="👍")

    assert "archived" in str(refused.value.sentence)


# --- Marks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ("/inbox/read/", "/rooms/general/read/"))
def test_what_came_after_the_inbox_was_shown_stays_unread(address, alice, bob, bobs, lobby):
    root = say(bob, lobby)
    say(alice, lobby, "One")
    in_thread(alice, root)
    page = bobs.get("/inbox/").content.decode()
    until = re.search(r'name="until" value="(\d+)"', page)[1]
    say(alice, lobby, "@bob, urgent")
    in_thread(alice, root)

    bobs.post(address, {"until": until})

    assert (line(bob).count, line(bob).mentions, line(bob).threads) == (1, 1, 1)
    for nonsense in ("x", "-1", "9" * 30):
        bobs.post(address, {"until": nonsense})
        assert line(bob).in_inbox == 0


def test_what_is_done_in_the_inbox_is_said(alice, bobs, lobby):
    say(alice, lobby)
    typed = {"body": "An answer", "nonce": "nonce-of-answer", "next": "/inbox/"}

    answered = bobs.post("/rooms/general/messages/", typed, follow=True).content.decode()
    read = bobs.post("/rooms/general/read/", follow=True).content.decode()

    assert "Your answer is sent." in answered
    assert "general is read." in read


def test_a_full_inbox_says_that_there_is_more(alice, bob, bobs, lobby):
    for number in range(50):
        say(alice, lobby, f"@bob {number}")
    assert "Older ones follow" not in bobs.get("/inbox/").content.decode()

    say(alice, lobby, "@bob, once more")

    assert "Older ones follow when you have read them." in bobs.get("/inbox/").content.decode()


def test_new_begins_nowhere_on_a_page_that_begins_behind_it(alice, bob, bobs, lobby):
    said = [say(alice, lobby, f"number {number}") for number in range(120)]

    later = bobs.get(f"/rooms/general/messages/?after={said[60].seq}").content.decode()
    first = bobs.get(f"/rooms/general/?at={said[0].seq}").content.decode()

    assert 'id="new"' not in later
    assert 'id="new"' in first


# --- Pages by themselves -----------------------------------------------------------------------


def test_what_a_page_asks_for_by_itself_is_nobodys_deed(bob, bobs, lobby):
    presence._deeds.clear()

    bobs.get("/rooms/general/socket/")
    assert bob.pk not in presence._deeds

    bobs.get("/rooms/general/")
    assert bob.pk in presence._deeds


@pytest.mark.django_db(transaction=True)
async def test_a_page_that_comes_back_by_itself_makes_nobody_here(bob, lobby, his):
    presence._deeds.clear()
    before = timezone.now() - timedelta(hours=3)
    await in_database(Person.objects.filter(pk=bob.pk).update, seen_at=before)

    await his()

    present = Person.objects.filter(pk=bob.pk, present_at__isnull=False)
    assert await eventually(present.exists)
    assert (await in_database(present.get)).seen_at == before


@pytest.mark.django_db(transaction=True)
async def test_a_socket_is_silent_before_its_place_is_named(
    alice, bob, pond, his, connect, monkeypatch
):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 3600)
    other = await his()
    silent = await connect(token=await token_of(bob), path="/ws/chat/general/")

    await post(alice, pond)
    await other.until_heard("data-unread")

    assert silent.is_silent
