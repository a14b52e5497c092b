"""A thread's page, and the pane beside the room."""

import re

import pytest

from chat.actions.messages import post_message
from chat.actions.rooms import make_public
from chat.models import Following, Message
from tests.visits import value_of

pytestmark = pytest.mark.django_db
PANE = {
    "HX-Request": "true",
    "HX-Current-URL": "http://testserver/rooms/pond/",
}


def answers(root):
    return [each.body for each in Message.objects.filter(root=root).order_by("seq")]


def send(client, root, body="An answer", nonce="nonce-1234", headers=None, **fields):
    typed = {"body": body, "nonce": nonce, **fields}
    return client.post(f"/messages/{root.pk}/thread/", typed, headers=headers or {})


def test_an_answer_leads_to_the_threads_page(bobs, root):
    answer = send(bobs, root)

    assert answer.status_code == 303
    page = bobs.get(answer["Location"]).content.decode()
    assert page.count("An answer") == 1
    assert f'id="thread-message-{Message.objects.latest("seq").pk}"' in page
    assert "1 answer<" in page


def test_an_answer_for_the_room_too_stands_in_both(bobs, root):
    send(bobs, root, also="1")

    page = bobs.get(f"/messages/{root.pk}/thread/").content.decode()
    assert page.count("An answer") == 2
    assert "Answered in a thread" in page


def test_the_pane_brings_a_resume_from_the_place_at_which_it_was_read(bobs, root):
    pane = bobs.get(f"/messages/{root.pk}/thread/", headers=PANE).content.decode()

    assert "<html" not in pane
    assert '<aside id="thread"' in pane
    root.room.refresh_from_db()
    assert f'name="after" value="{root.room.last_seq}"' in pane
    assert f'id="thread-{root.pk}-after-0"' in pane
    assert "<iframe" not in pane


def test_the_pane_begins_with_the_way_out_of_it(bobs, root):
    pane = bobs.get(f"/messages/{root.pk}/thread/", headers=PANE).content.decode()

    assert 0 < pane.index("?close=1") < pane.index("<h2") < pane.index("<button")


def test_its_answers_alone_bring_a_resume_too(bobs, root):
    text = bobs.get(f"/messages/{root.pk}/thread/?list=1", headers=PANE).content.decode()

    assert '<div id="thread-list">' in text
    assert 'name="type" value="resume"' in text


@pytest.mark.parametrize(
    "page", ("/inbox/", "/rooms/pond/?at=3", "/rooms/general/", "", "/search/")
)
def test_a_page_that_is_not_told_what_is_answered_leads_to_the_threads_page(page, bobs, root):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}" if page else ""}
    answer = bobs.get(f"/messages/{root.pk}/thread/", headers=headers)

    assert answer["HX-Redirect"] == f"/messages/{root.pk}/thread/"


def test_a_closed_pane_is_empty(bobs, root):
    pane = bobs.get(f"/messages/{root.pk}/thread/?close=1", headers=PANE).content.decode()

    assert '<aside id="thread" class="thread" hidden>' in pane


def test_the_page_of_an_answer_is_that_of_its_thread(bobs, bob, root):
    answer = post_message(
        author=bob, room=root.room, body="x", nonce="nonce-x", root=root.pk, in_room=False
    )
    for path in (f"/messages/{answer.pk}/thread/", f"/messages/{answer.pk}/"):
        lands = bobs.get(path)["Location"]
        assert lands == f"/messages/{root.pk}/thread/?to={answer.pk}#thread-message-{answer.pk}"


def test_with_htmx_the_answer_is_a_fresh_box_of_the_thread(bobs, root):
    headers = {"HX-Request": "true", "HX-Target": "box-thread-3"}
    answer = send(bobs, root, headers=headers).content.decode()

    assert 'id="composer-thread-3"' in answer
    assert value_of(answer, "nonce-thread-3") not in {"", "nonce-1234"}
    assert f'hx-post="/messages/{root.pk}/thread/"' in answer
    assert "Unfollow" in answer


def test_a_refusal_is_said_beside_the_threads_box(bobs, root):
    headers = {"HX-Request": "true", "HX-Target": "box-thread-3"}
    answer = send(bobs, root, body="", headers=headers)

    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#answer-thread-3")
    assert answers(root) == []


def test_following_is_one_button(bob, bobs, root):
    path = f"/messages/{root.pk}/thread/follow/"
    assert bobs.post(path, {"follow": "1"}).status_code == 303
    assert Following.objects.get(person=bob).is_following

    assert "Follow<" in bobs.post(path, {"follow": "0"}, headers=PANE).content.decode()
    assert not Following.objects.get(person=bob).is_following


def test_who_is_not_in_the_room_is_offered_nothing_to_follow(alice, bobs, charlie, root, sign_in):
    make_public(editor=alice, room=root.room)
    charlies = sign_in(charlie)
    path = f"/messages/{root.pk}/thread/"

    for headers in ({}, PANE):
        assert "thread-follow" in bobs.get(path, headers=headers).content.decode()
        read_along = charlies.get(path, headers=headers).content.decode()
        assert 'id="thread-list"' in read_along
        assert "thread-follow" not in read_along
    assert charlies.post(f"{path}follow/", {"follow": "1"}).status_code == 403


# --- Of many answers -----------------------------------------------------------------------


@pytest.fixture
def many(bob, root, monkeypatch):
    """Two pages of answers and a bit, on pages of four."""
    monkeypatch.setattr("chat.history.PAGE_SIZE", 4)
    return [
        post_message(
            author=bob,
            room=root.room,
            body=f"answer {number}",
            nonce=f"nonce-of-{number}",
            root=root.pk,
            in_room=False,
        )
        for number in range(10)
    ]


def shown(html):
    """The answers on a page or in a part of one, in order."""
    return re.findall(r"<p>(answer \d+)</p>", html)


def test_a_long_thread_is_read_back_page_by_page(bobs, root, many):
    path, seen = f"/messages/{root.pk}/thread/", []
    query = ""
    while query is not None:
        page = bobs.get(path + query).content.decode()
        assert ("To the newest answers" in page) == bool(seen)
        assert (f'id="thread-{root.pk}-after-' in page) == (not seen)
        seen = shown(page) + seen
        found = re.search(r'href="[^"]*thread/(\?before=\d+)"', page)
        query = found and found[1]

    assert seen == [each.body for each in many]


def test_a_long_thread_is_read_on_page_by_page_until_it_is_live(bobs, root, many):
    path, seen = f"/messages/{root.pk}/thread/", []
    query = f"?at={many[0].seq}"
    while query is not None:
        page = bobs.get(path + query).content.decode()
        seen += shown(page)
        found = re.search(r'href="[^"]*thread/(\?after=\d+)"', page)
        query = found and found[1]
        assert (f'id="thread-{root.pk}-after-' in page) == (query is None)

    assert seen == [each.body for each in many]


@pytest.mark.parametrize("plain", ("", "?plain=1"))
def test_the_link_to_an_answer_of_a_long_thread_leads_to_its_place(plain, bobs, root, many):
    for path in (f"/messages/{many[1].pk}/thread/", f"/messages/{many[1].pk}/"):
        lands = bobs.get(path + plain)["Location"]
        assert lands.endswith(f"at={many[1].seq}#thread-message-{many[1].pk}")
        page = bobs.get(lands).content.decode()
        assert f'id="thread-message-{many[1].pk}"' in page
        assert "thread-stream" not in page  # which would be of the newest

    to = f"{plain}&to=" if plain else "?to="
    newest = f"/messages/{root.pk}/thread/{to}{many[-1].pk}#thread-message-{many[-1].pk}"
    assert bobs.get(f"/messages/{many[-1].pk}/{plain}")["Location"] == newest


def test_whoever_is_not_told_what_is_answered_is_led_to_an_answers_place(bobs, root, many):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/inbox/"}
    answer = bobs.get(f"/messages/{many[1].pk}/thread/", headers=headers)

    place = f"/messages/{root.pk}/thread/?at={many[1].seq}#thread-message-{many[1].pk}"
    assert answer["HX-Redirect"] == place


def test_a_pane_at_an_old_answer_shows_that(bobs, root, many):
    path = f"/messages/{many[1].pk}/thread/"
    pane = bobs.get(path, headers=PANE, follow=True)

    assert pane["HX-Reswap"] == f"outerHTML show:#thread-message-{many[1].pk}:top"
    assert f'id="thread-message-{many[1].pk}"' in pane.content.decode()


def test_a_place_beyond_the_end_leads_to_the_thread(bobs, root, many):
    for query in ("?after=999999", "?before=1"):
        answer = bobs.get(f"/messages/{root.pk}/thread/{query}")
        assert answer["Location"] == f"/messages/{root.pk}/thread/"


def test_earlier_answers_go_above_with_a_resume(bobs, root, many):
    path = f"/messages/{root.pk}/thread/?before={many[4].seq}"
    text = bobs.get(path, headers=PANE).content.decode()

    assert shown(text) == [each.body for each in many[:4]]
    assert "<aside" not in text
    # The link was the element that one stood on: there is one of its id again.
    assert re.search(r'id="thread-earlier"[^>]* hx-swap-oob="true"><span id="thread-older"', text)
    assert 'name="type" value="resume"' in text


def test_newer_answers_go_below_and_are_live_from_the_newest_on(bobs, root, many):
    path = f"/messages/{root.pk}/thread/"
    text = bobs.get(f"{path}?after={many[1].seq}", headers=PANE).content.decode()
    assert shown(text) == [each.body for each in many[2:6]]
    assert f'?after={many[5].seq}"' in text
    assert f"thread-{root.pk}-after-" not in text

    text = bobs.get(f"{path}?after={many[5].seq}", headers=PANE).content.decode()
    assert shown(text) == [each.body for each in many[6:]]
    assert f'id="thread-{root.pk}-after-{many[-1].seq}"' in text
    assert 'id="thread-newer" tabindex="-1"' in text
    assert 'name="type" value="resume"' in text


def test_only_who_has_seen_the_newest_has_read_the_thread(bob, bobs, root, many):
    Following.objects.update(read_seq=0)
    bobs.get(f"/messages/{root.pk}/thread/?at={many[1].seq}")
    assert Following.objects.get(person=bob).read_seq == 0

    bobs.get(f"/messages/{root.pk}/thread/?after={many[7].seq}", headers=PANE)
    assert Following.objects.get(person=bob).read_seq == many[-1].seq


def test_without_scripts_a_stream_has_the_way_to_earlier_answers(bobs, root, many):
    page = bobs.get(f"/messages/{root.pk}/thread/?plain=1").content.decode()

    assert "thread-stream" in page
    assert f'/messages/{root.pk}/thread/?before={many[6].seq}&amp;plain=1"' in page
