"""What opens at a message: in its slot with htmx, as a page without."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.rooms import create_room
from chat.models import Message, Reaction, RoomKind
from tests.visits import say, value_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PARTS = ("menu", "reply", "edit", "delete", "reactions", "versions", "thread")


@pytest.fixture
def said(bob, pond):
    return say(bob, pond, 1)[0]


def address(message, part):
    return f"/messages/{message.pk}/{part}/"


def in_slot(message, place=""):
    page = f"http://testserver/rooms/{message.room.slug}/"
    return HTMX | {"HX-Target": f"{place}slot-{message.pk}", "HX-Current-URL": page}


@pytest.mark.parametrize("part", PARTS)
def test_each_is_a_page_without_htmx(part, bobs, said):
    page = bobs.get(address(said, part)).content.decode()

    assert "<html" in page
    assert f'id="message-{said.pk}"' in page


@pytest.mark.parametrize(
    ("part", "title"),
    (("edit", "Edit the message"), ("delete", "Delete the message"), ("thread", "Thread")),
)
def test_each_page_says_in_its_title_what_it_is(part, title, bobs, said):
    page = bobs.get(address(said, part)).content.decode()

    assert f"<title>{title} · {said.room.name} · The Pond</title>" in page


@pytest.mark.parametrize("part", ("menu", "reply", "edit", "delete", "reactions"))
@pytest.mark.parametrize("place", ("", "thread-"))
def test_each_is_a_part_of_the_page_for_htmx(part, place, bobs, said):
    text = bobs.get(address(said, part), headers=in_slot(said, place)).content.decode()

    assert "<html" not in text
    assert f'id="answer-{place}slot-{said.pk}"' in text


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_a_private_room_is_shown_to_who_is_not_in_it(part, alice, charlie, sign_in):
    room = create_room(creator=alice, name="Attic", purpose="", kind=RoomKind.PRIVATE)
    message = say(alice, room, 1)[0]
    stranger = sign_in(charlie)

    for headers in ({}, in_slot(message)):
        answer = stranger.get(address(message, part), headers=headers)
        assert answer.status_code == 404
        assert b"number 0" not in answer.content


def test_a_menu_holds_what_its_reader_may_do(alice, bobs, said, sign_in):
    own = bobs.get(address(said, "menu"), headers=in_slot(said)).content.decode()
    alices = sign_in(alice).get(address(said, "menu"), headers=in_slot(said)).content.decode()

    assert all(f">{deed}<" in own for deed in ("Reply", "Edit", "Delete"))
    assert ">Edit<" not in alices
    assert ">Delete<" in alices  # she owns the site


def test_an_edit_closes_its_slot(bobs, said):
    answer = bobs.post(address(said, "edit"), {"body": "Better"}, headers=in_slot(said))

    assert Message.objects.get().body == "Better"
    assert "message-does" in answer.content.decode()
    assert "autofocus" in answer.content.decode()


def test_a_pressed_reaction_leads_the_cursor_to_the_messages_menu(bobs, said):
    answer = bobs.post(address(said, "reactions"), {"emoji": "👍"}, headers=in_slot(said))

    assert answer.content.decode().count(" autofocus") == 1


@pytest.mark.parametrize("written", ({"body": "Half of it"}, {"q": ""}))
def test_a_pressed_reaction_leaves_what_is_being_written_in_the_slot(written, bobs, said):
    reaction = {"emoji": "👍"} | written
    answer = bobs.post(address(said, "reactions"), reaction, headers=in_slot(said))

    assert said.reactions.get().emoji == "👍"
    assert (answer.content, answer["HX-Reswap"]) == (b"", "none")


def test_the_ways_to_answer_say_whose_message_it_is(bobs, said):
    clock = timezone.localtime(said.created_at).strftime("%H:%M")
    page = bobs.get("/rooms/pond/").content.decode()

    for deed in ("React", "Reply", "More"):
        assert f'aria-label="{deed}: {said.author.name}, {clock}"' in page


@pytest.mark.parametrize("part", ("menu", "reply", "edit", "delete", "reactions"))
def test_what_is_open_begins_with_the_way_back(part, bob, bobs, said):
    toggle_reaction(person=bob, message=said, emoji="👍")  # the menu offers it again
    text = bobs.get(address(said, part), headers=in_slot(said)).content.decode()

    stops = re.findall(r"<(?:a|button|textarea|select|input(?! type=.hidden))\b[^>]*>", text)
    assert f'hx-get="{reverse("slot", args=[said.pk])}"' in stops[0]
    # And the cursor stands there, or at what comes next.
    assert [" autofocus" in stop for stop in stops].index(True) <= 1


def test_what_is_wrong_with_an_edit_is_said_beside_it(bobs, said):
    answer = bobs.post(address(said, "edit"), {"body": "  "}, headers=in_slot(said, "thread-"))

    assert (answer.status_code, answer["HX-Retarget"]) == (422, f"#answer-thread-slot-{said.pk}")
    assert "Write something first." in answer.content.decode()
    assert f'id="token-thread-slot-{said.pk}"' in answer.content.decode()
    assert Message.objects.get().body == said.body


def test_an_edit_over_a_newer_one_shows_that_and_can_be_sent_again(bob, bobs, said):
    version = value_of(bobs.get(address(said, "edit")).content, "version")
    edit_message(editor=bob, message=said, body="Said **meanwhile**")

    answer = bobs.post(address(said, "edit"), {"body": "All that I typed", "version": version})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "edited after you had opened it" in page
    assert "Said <strong>meanwhile</strong>" in page
    assert ">All that I typed</textarea>" in page
    assert Message.objects.get().body == "Said **meanwhile**"

    again = {"body": "All that I typed", "version": value_of(page, "version")}
    assert page.count('name="version"') == 1
    assert bobs.post(address(said, "edit"), again).status_code == 303
    assert Message.objects.get().body == "All that I typed"


@pytest.mark.parametrize("place", ("", "thread-"))
def test_an_edit_over_a_newer_one_is_told_beside_its_box(place, bob, bobs, said):
    headers = in_slot(said, place)
    opened = bobs.get(address(said, "edit"), headers=headers)
    typed = {"body": "All that I typed", "version": value_of(opened.content, "version")}
    edit_message(editor=bob, message=said, body="Said meanwhile")

    answer = bobs.post(address(said, "edit"), typed, headers=headers)

    assert (answer.status_code, answer["HX-Retarget"]) == (409, f"#answer-{place}slot-{said.pk}")
    assert "Said meanwhile" in answer.content.decode()
    assert "<textarea" not in answer.content.decode()
    typed["version"] = value_of(answer.content, f"version-{place}slot-{said.pk}")
    assert bobs.post(address(said, "edit"), typed, headers=headers).status_code == 200
    assert Message.objects.get().body == "All that I typed"


def test_another_mistake_keeps_the_version_that_an_edit_began_from(bobs, said):
    answer = bobs.post(address(said, "edit"), {"body": " ", "version": "1"})
    assert (answer.status_code, value_of(answer.content, "version")) == (422, "1")

    answer = bobs.post(address(said, "edit"), {"body": "Better", "version": "one"})
    assert (answer.status_code, Message.objects.get().body) == (422, said.body)


def test_an_edit_of_what_was_deleted_meanwhile_keeps_the_text(bob, bobs, said):
    delete_message(deleter=bob, message=said)

    answer = bobs.post(address(said, "edit"), {"body": "All that I typed"})

    assert answer.status_code == 409
    assert "deleted meanwhile" in answer.content.decode()
    assert "All that I typed" in answer.content.decode()


def test_deleting_asks_first(bobs, said):
    assert "can’t be undone" in bobs.get(address(said, "delete")).content.decode()
    assert not Message.objects.get().is_deleted

    bobs.post(address(said, "delete"))

    page = bobs.get("/rooms/pond/").content.decode()
    assert Message.objects.get().is_deleted
    assert "This message was deleted." in page
    assert said.body not in page


def test_the_versions_are_shown_and_go_with_the_message(bob, bobs, said):
    edit_message(editor=bob, message=said, body="Better")
    assert said.body in bobs.get(address(said, "versions")).content.decode()

    delete_message(deleter=bob, message=said)

    page = bobs.get(address(said, "versions")).content.decode()
    assert said.body not in page
    assert "Better" not in page


def test_emoji_are_searched_on_the_server(bobs, said):
    target = HTMX | {"HX-Target": f"emoji-{said.pk}"}
    found = bobs.get(address(said, "reactions") + "?q=tada", headers=target).content.decode()

    assert 'value="🎉"' in found
    assert "<form" not in found
    assert f'innerHTML:#emoji-told-{said.pk}">1 emoji found</p>' in found
    assert (
        "No emoji is called that"
        in bobs.get(address(said, "reactions") + "?q=nothingofthekind").content.decode()
    )


def test_ones_own_emoji_come_first(bob, bobs, pond, said):
    other = say(bob, pond, 1)[0]
    for emoji in ("🐸", "🦎", "🐸"):
        toggle_reaction(person=bob, message=other, emoji=emoji)

    page = bobs.get(address(said, "reactions")).content.decode()

    assert page.index('value="🦎"') < page.index('value="👍"')
    assert bobs.get(address(said, "menu")).content.decode().count('value="🦎"') == 1


def test_a_reaction_is_a_button_on_the_page(bob, bobs, said):
    bobs.post(address(said, "reactions"), {"emoji": "👍"})

    page = bobs.get("/rooms/pond/").content.decode()
    assert f'data-people="{bob.pk}"' in page
    assert "by Bob" in page

    bobs.post(address(said, "reactions"), {"emoji": "👍"})

    assert not Reaction.objects.exists()


def test_what_is_no_emoji_is_refused_in_a_sentence(bobs, said):
    answer = bobs.post(address(said, "reactions"), {"emoji": "yes!"}, headers=in_slot(said))

    assert answer.status_code == 422
    assert "A reaction is one emoji" in answer.content.decode()


def test_a_reply_goes_where_its_message_stands(bobs, said):
    in_room = bobs.get(address(said, "reply"), headers=in_slot(said)).content.decode()
    in_thread = bobs.get(address(said, "reply"), headers=in_slot(said, "thread-")).content.decode()

    assert 'hx-post="/rooms/pond/messages/"' in in_room
    assert f'hx-post="/messages/{said.pk}/thread/"' in in_thread


def test_a_reply_closes_its_slot_and_quotes(bobs, said):
    typed = {"body": "Yes", "nonce": "nonce-reply", "reply_to": said.pk}
    answer = bobs.post("/rooms/pond/messages/", typed, headers=in_slot(said))

    assert "message-does" in answer.content.decode()
    page = bobs.get("/rooms/pond/").content.decode()
    assert f'class="quote quote-{said.pk}"' in page


@pytest.mark.parametrize("reply_to", ("0", "-1", "x", str(2**63), "999999", "1.5"))
def test_a_reply_to_nothing_keeps_its_text(reply_to, bobs, said):
    typed = {"body": "All that I typed", "nonce": "nonce-reply", "reply_to": reply_to}
    answer = bobs.post("/rooms/pond/messages/", typed)

    assert answer.status_code == 422
    assert "not in this room" in answer.content.decode()
    assert "All that I typed" in answer.content.decode()


@pytest.mark.parametrize("page", ("/inbox/", "/rooms/pond/?at=3"))
def test_a_page_that_is_not_told_of_changes_is_read_anew(page, bobs, said):
    headers = in_slot(said) | {"HX-Current-URL": f"http://testserver{page}"}
    answer = bobs.post(address(said, "reactions"), {"emoji": "👍"}, headers=headers)

    assert answer["HX-Refresh"] == "true"
    assert Reaction.objects.exists()


def test_old_versions_are_on_further_pages(bob, bobs, said, monkeypatch):
    monkeypatch.setattr("chat.views.slots.VERSIONS", 2)
    for number in range(4):
        edit_message(editor=bob, message=said, body=f"version {number}")

    page = bobs.get(address(said, "versions")).content.decode()

    assert "Page 1 of 2" in page
    assert "version 2" in bobs.get(address(said, "versions") + "?page=2").content.decode()
