"""What the author of a mention sees, with and without htmx."""

import re
from html import unescape

import pytest

from chat.models import Membership, Mention, Message, Person, Role
from tests.visits import value_of

pytestmark = pytest.mark.django_db

ADDRESS = "/rooms/general/messages/"
HTMX = {"HX-Request": "true", "HX-Target": "box-3"}


@pytest.fixture
def hers(alice, sign_in):
    return sign_in(alice)


@pytest.fixture
def full(lobby):
    """The lobby with thirty people more."""
    people = Person.objects.bulk_create(
        Person(username=f"frog{number}", skeleton=f"frog{number}", name=f"Frog {number}")
        for number in range(30)
    )
    Membership.objects.bulk_create(Membership(room=lobby, person=each) for each in people)


def post(client, body, *, nonce="nonce-1234", address=ADDRESS, htmx=False, **fields):
    headers = HTMX if htmx else {}
    return client.post(address, {"body": body, "nonce": nonce, **fields}, headers=headers)


def text_of(answer):
    return unescape(re.sub(r"<[^>]*>", "", answer.content.decode()))


# --- Who was not told ----------------------------------------------------------------------


def test_without_javascript_the_page_says_who_was_not_told(hers, charlie, pond):
    answer = post(hers, "@charlie?", address="/rooms/pond/messages/")

    assert answer.status_code == 303
    page = text_of(hers.get(answer["Location"]))
    assert "Charlie (@charlie) is not in this room and was not told." in page
    assert not Mention.objects.exists()


def test_with_htmx_a_line_beside_the_boxes_says_it_and_the_next_post_takes_it_away(
    hers, charlie, pond
):
    told = r'<p id="told" class="told" role="status" hx-swap-oob="true">(.*?)</p>'
    first = post(hers, "@charlie?", address="/rooms/pond/messages/", htmx=True)
    second = post(hers, "Oh", address="/rooms/pond/messages/", htmx=True, nonce="nonce-5678")

    assert "Charlie (@charlie)" in re.search(told, first.content.decode())[1]
    assert re.search(told, second.content.decode())[1] == ""
    assert 'id="composer-3"' in first.content.decode()


def test_a_name_with_markup_in_it_is_text(hers, charlie, pond):
    Person.objects.filter(pk=charlie.pk).update(name="<b>Charlie</b>")
    answer = post(hers, "@charlie?", address="/rooms/pond/messages/", htmx=True)

    assert "&lt;b&gt;Charlie&lt;/b&gt; (@charlie)" in answer.content.decode()


# --- Telling very many ---------------------------------------------------------------------

SENTENCE = "This tells all 31 people in this room. Send it again to do so."


def test_with_htmx_the_sentence_stands_beside_the_box_with_a_button_that_sends_its_form(hers, full):
    answer = post(hers, "@room lunch", htmx=True)

    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#answer-3"
    assert SENTENCE in text_of(answer)
    assert re.search(
        r'<button [^>]*form="composer-3" name="confirm" value="on"', answer.content.decode()
    )
    assert not Message.objects.exists()
    assert post(hers, "@room lunch", htmx=True, confirm="on").status_code == 200
    assert Mention.objects.get().person is None


def test_without_javascript_the_page_keeps_the_text_and_sends_it_again_confirmed(hers, full):
    answer = post(hers, "@room lunch")

    assert answer.status_code == 422
    assert SENTENCE in text_of(answer)
    assert "@room lunch</textarea>" in answer.content.decode()
    assert value_of(answer.content, "confirm") == "on"
    assert post(hers, "@room lunch", confirm="on").status_code == 303
    assert Mention.objects.count() == 1


def test_a_reply_in_a_messages_place_is_confirmed_there(hers, full):
    post(hers, "Hello")
    message = Message.objects.get()
    form = hers.get(f"/messages/{message.pk}/reply/", headers=HTMX).content.decode()
    headers = {"HX-Request": "true", "HX-Target": f"slot-{message.pk}"}
    fields = {"body": "@room", "nonce": "nonce-5678", "reply_to": message.pk}
    answer = hers.post(ADDRESS, fields, headers=headers)

    assert f'<form id="composer-slot-{message.pk}"' in form
    assert f'form="composer-slot-{message.pk}" name="confirm"' in answer.content.decode()
    assert answer["HX-Retarget"] == f"#answer-slot-{message.pk}"


def test_any_other_refusal_confirms_nothing(hers, full):
    answer = post(hers, "")

    assert answer.status_code == 422
    assert 'name="confirm"' not in answer.content.decode()


# --- Whom one means ------------------------------------------------------------------------


@pytest.fixture
def namesakes(invite):
    return [invite("ada"), invite("adam")]


def test_without_javascript_a_begun_name_is_asked_back(hers, namesakes, lobby):
    answer = post(hers, "hello @ad", plain="1")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "hello @ad</textarea>" in page
    offered = re.findall(r'type="radio" name="choice-1" value="([^"]*)"', page)
    assert offered == ["@ad @ada", "@ad @adam", "@ad @ad"]
    assert "Leave @ad as it is" in text_of(answer)
    assert value_of(page, "plain") == "1"
    assert not Message.objects.exists()


def test_what_was_chosen_is_what_is_posted_and_told(hers, namesakes):
    answer = post(hers, "hello @ad", **{"choice-1": "@ad @adam"})

    assert answer.status_code == 303
    assert Message.objects.get().body == "hello @adam"
    assert Mention.objects.get().person.username == "adam"


def test_a_chosen_room_is_what_is_posted(hers):
    post(hers, "see #gen", choice="#gen #general")

    assert Message.objects.get().body == "see #general"


def test_it_may_be_left_as_it_is(hers, namesakes):
    assert post(hers, "hello @ad", **{"choice-1": "@ad @ad"}).status_code == 303
    assert Message.objects.get().body == "hello @ad"
    assert not Mention.objects.exists()


def test_two_begun_names_are_two_questions(hers, namesakes, bob):
    answer = post(hers, "@ad and @bo")

    page = answer.content.decode()
    assert set(re.findall(r'name="(choice-\d)"', page)) == {"choice-1", "choice-2"}
    post(hers, "@ad and @bo", **{"choice-1": "@ad @ada", "choice-2": "@bo @bob"})
    assert Message.objects.get().body == "@ada and @bob"


def test_one_question_after_the_other_forgets_no_answer(hers, namesakes, bob, full):
    first = post(hers, "@room @ad", **{"choice-1": "@ad @ad"})
    assert value_of(first.content, "choice-1") == "@ad @ad"
    second = post(hers, "@room @ad @bo", confirm="on", **{"choice-1": "@ad @ad"})
    assert value_of(second.content, "confirm") == "on"
    assert 'value="@ad @ad"' in second.content.decode()
    assert "@adam" not in second.content.decode()

    answers = {"choice-1": ["@ad @ad", "@bo @bob"], "confirm": "on"}
    assert post(hers, "@room @ad @bo", **answers).status_code == 303
    assert Message.objects.get().body == "@room @ad @bob"


@pytest.mark.parametrize("body", ("@nobody", "`@ad`", "ad@example.org", "@ada"))
def test_nothing_else_is_asked_back(body, hers, namesakes):
    assert post(hers, body).status_code == 303


def test_nobody_who_may_not_see_the_room_is_offered(hers, namesakes, pond):
    assert post(hers, "@ad", address="/rooms/pond/messages/").status_code == 303


def test_a_guest_is_offered_nobody_whom_they_may_not_know(namesakes, invite, lobby, sign_in):
    Membership.objects.filter(room=lobby, person=namesakes[0]).delete()
    guest = sign_in(invite("greta", Role.GUEST, [lobby]))

    page = post(guest, "@ad").content.decode()

    assert "@adam" in page
    assert "@ada<" not in page
    assert 'value="@ad @ada"' not in page


def test_with_htmx_nothing_is_asked_back_and_a_choice_beside_the_box_is_resolved(hers, namesakes):
    assert post(hers, "@ad", htmx=True).status_code == 200
    assert post(hers, "@ad!", htmx=True, nonce="nonce-5678", choice="@ad @ada").status_code == 200

    assert [each.body for each in Message.objects.order_by("seq")] == ["@ad", "@ada!"]


@pytest.mark.parametrize("choice", ("", "@ad", "a b c", "@ad \x00", "@ad " + "x" * 10_000))
def test_a_choice_that_is_none_of_ours_does_no_harm(choice, hers, namesakes):
    answer = post(hers, "@ad", htmx=True, choice=choice)

    assert answer.status_code in {200, 422}
    assert set(Message.objects.values_list("body", flat=True)) <= {"@ad"}


# --- How it is shown -----------------------------------------------------------------------


def test_a_message_says_whom_it_tells_and_each_ones_own_style_shows_it(hers, bob, sign_in):
    post(hers, "@bob")
    page = hers.get("/rooms/general/").content.decode()
    style = sign_in(bob).get("/me.css").content.decode()

    assert f'data-mentions="{bob.pk}"' in page
    assert f'[data-mentions~="{bob.pk}"]' in style
    assert f'.mention[data-person="{bob.pk}"]' in style
    assert "--message-stripe" in style


def test_on_a_plain_page_a_link_to_a_room_leads_to_a_plain_page(hers, lobby):
    post(hers, "#general")

    assert (
        'href="/rooms/general/?plain=1" rel' in hers.get("/rooms/general/?plain=1").content.decode()
    )
    assert 'href="/rooms/general/" rel' in hers.get("/rooms/general/").content.decode()
