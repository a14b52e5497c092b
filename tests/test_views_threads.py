"""A thread's page, and the pane beside the room."""

import pytest

from chat.actions.messages import post_message
from chat.models import Following, Message
from tests.visits import say, value_of

pytestmark = pytest.mark.django_db
PANE = {
    "HX-Request": "true",
    "HX-Current-URL": "http://testserver/rooms/pond/",
}


@pytest.fixture
def root(bob, pond):
    return say(bob, pond, 1)[0]


@pytest.fixture
def bobs(bob, sign_in):
    return sign_in(bob)


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
        assert lands == f"/messages/{root.pk}/thread/#thread-message-{answer.pk}"


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


def test_a_long_thread_has_earlier_answers_by_a_link(bob, bobs, root, monkeypatch):
    monkeypatch.setattr("chat.history.PAGE_SIZE", 3)
    for number in range(5):
        send(bobs, root, f"answer {number}", f"nonce-{number:04}")

    newest = bobs.get(f"/messages/{root.pk}/thread/").content.decode()
    assert "answer 4" in newest
    assert "answer 1<" not in newest
    first = Message.objects.filter(root=root).order_by("seq")[2].seq
    older = bobs.get(f"/messages/{root.pk}/thread/?before={first}").content.decode()
    assert "answer 1" in older
    assert "To the newest answers" in older
    assert f'id="thread-{root.pk}-after-' not in older
