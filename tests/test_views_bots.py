"""Bots: made and kept by administrators, and people to everybody else."""

import re

import pytest
from django.test import Client

from chat import tokens
from chat.actions.hooks import create_hook
from chat.actions.messages import post_message
from chat.actions.outgoing import create_hook as create_outgoing
from chat.actions.people import create_token, make_bot
from chat.actions.rooms import create_room
from chat.errors import Refused
from chat.models import ApiToken, Person, Role, Room
from tests.visits import PASSWORD, errors, sign_in_as, value_of

pytestmark = pytest.mark.django_db

PAGE = "/site/bots/"
ROBBIE = {"username": "robbie", "name": "Robbie"}
TOKEN = {"label": "ci", "scopes": ["post"], "days": ""}
BADGE = '<span class="tag">Bot</span>'


@pytest.fixture
def alices(alice, sign_in):
    return sign_in(alice)


@pytest.fixture
def robbie(alice):
    return make_bot(creator=alice, **ROBBIE)


def test_a_bot_is_made_and_is_in_the_lobby(alices):
    answer = alices.post(PAGE, ROBBIE)

    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}robbie/")
    robbie = Person.objects.get(username="robbie")
    assert (robbie.role, robbie.name) == (Role.BOT, "Robbie")
    assert list(robbie.rooms.all()) == [Room.objects.lobby()]
    assert "Robbie" in alices.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    (("username", "аlice"), ("username", ""), ("username", "a b"), ("name", ""), ("name", "\0")),
)
def test_a_bot_that_is_no_good_is_refused_at_its_field(field, value, alices):
    answer = alices.post(PAGE, ROBBIE | {field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert not Person.objects.filter(role=Role.BOT).exists()


def test_the_bot_of_a_webhook_reads_its_room_for_no_administrator(alice, bob, alices):
    lair = create_room(creator=bob, name="Lair", purpose="", kind="private")
    incoming, _key = create_hook(maker=bob, room=lair, name="Deployments")
    told = {"url": "https://receiver.example/", "kinds": ["message.posted"]}
    outgoing = create_outgoing(maker=bob, room=lair, username="echo", name="Echo", **told)

    for bot in (incoming.person, outgoing.bot):
        assert alices.post(f"{PAGE}{bot.username}/", TOKEN).status_code == 404
        with pytest.raises(Refused):
            create_token(person=bot, label="ci", creator=alice)
    assert not ApiToken.objects.exists()


def test_a_bots_token_is_made_shown_once_and_comes_as_the_bot(alices, robbie):
    answer = alices.post(f"{PAGE}robbie/", TOKEN)

    token = value_of(answer.content, "made")
    found = tokens.find(f"Bearer {token}")
    assert (found.person, found.scope_set) == (robbie, {"post"})
    again = alices.get(f"{PAGE}robbie/").content.decode()
    assert token not in again
    assert "ci" in again


def test_a_bots_token_that_is_no_good_is_refused_with_its_text_kept(alices, robbie):
    answer = alices.post(f"{PAGE}robbie/", TOKEN | {"days": "0"})

    assert answer.status_code == 422
    assert value_of(answer.content, "label") == "ci"


def test_a_bots_token_is_revoked_on_its_page_and_on_no_other(alices, bob, robbie):
    create_token(person=robbie, label="ci")
    create_token(person=bob, label="bob's")
    its, his = (ApiToken.objects.get(label=label).pk for label in ("ci", "bob's"))

    assert alices.post(f"{PAGE}robbie/tokens/{his}/revoke/").status_code == 404
    assert alices.post(f"/settings/tokens/{its}/revoke/").status_code == 404
    answer = alices.post(f"{PAGE}robbie/tokens/{its}/revoke/")
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}robbie/")
    assert [each.label for each in ApiToken.objects.valid()] == ["bob's"]
    assert "The token is revoked." in alices.get(f"{PAGE}robbie/").content.decode()


def test_a_bot_is_switched_off_and_on_with_its_tokens(alices, robbie):
    token = create_token(person=robbie, label="ci")

    assert alices.post(f"{PAGE}robbie/switch/").status_code == 303
    assert tokens.find(f"Bearer {token}") is None
    assert "Switched off" in alices.get(PAGE).content.decode()
    alices.post(f"{PAGE}robbie/switch/", {"on": "1"})
    assert tokens.find(f"Bearer {token}").person == robbie


def test_the_page_of_somebody_who_is_no_bot_is_not_there(alices, bob):
    assert alices.get(f"{PAGE}bob/").status_code == 404
    assert alices.get(f"{PAGE}nobody/").status_code == 404


def test_the_bots_of_webhooks_are_kept_with_these(alice, alices, lobby):
    hook, _key = create_hook(maker=alice, room=lobby, name="Deployments")

    listed = alices.get("/site/bots/")
    answers = [alices.get(f"/site/bots/{hook.person.username}/")]
    answers.append(alices.post(f"/site/bots/{hook.person.username}/", {"label": "a program"}))

    assert "Deployments" not in listed.content.decode()
    assert [answer.status_code for answer in answers] == [404, 404]
    assert not ApiToken.objects.exists()


def test_a_bots_page_tells_of_no_room_that_the_administrator_may_not_see(
    alices, bob, robbie, charlie, sign_in, pond
):
    sign_in(bob).post("/rooms/pond/members/", {"people": "robbie"})
    sign_in(pond.created_by).post("/rooms/pond/leave/")

    page = alices.get(f"{PAGE}robbie/").content.decode()

    assert robbie in pond.members.all()
    assert "/rooms/general/members/" in page
    assert "/rooms/pond/" not in page


# --- No way in but a token -------------------------------------------------------------------


def test_a_bot_signs_in_with_no_password(alice, robbie):
    for password in ("", PASSWORD, "!", robbie.password):
        assert sign_in_as("robbie", password)[1].status_code == 422
    robbie.set_password(PASSWORD)  # by Django's own command, which asks nobody
    robbie.save()

    browser, answer = sign_in_as("robbie")

    assert answer.status_code == 422
    assert browser.get("/settings/").status_code == 302


def test_a_bot_gets_no_link_for_a_new_password(alices, robbie):
    assert alices.post("/site/people/robbie/reset/").status_code == 403


def test_nobody_becomes_a_bot_and_no_bot_somebody(alices, bob, robbie):
    answer = alices.post("/site/people/bob/", {"role": "bot", "is_active": "on"})
    assert (answer.status_code, set(errors(answer))) == (422, {"role"})
    answer = alices.post("/site/people/robbie/", {"role": "member", "is_active": "on"})
    assert answer["Location"] == f"{PAGE}robbie/"

    roles = dict(Person.objects.values_list("username", "role"))
    assert (roles["bob"], roles["robbie"]) == (Role.MEMBER, Role.BOT)


# --- Among the others ------------------------------------------------------------------------


@pytest.mark.parametrize("page", ("/people/", "/people/robbie/", "/rooms/general/members/"))
def test_a_bot_is_named_as_one_wherever_people_are(page, bobs, robbie):
    assert bobs.get(page).content.decode().count(BADGE) == 1


def test_a_bot_is_put_into_a_room_and_taken_out_again_as_everybody(alices, bobs, robbie, pond):
    assert 'value="robbie"' in bobs.get("/rooms/pond/members/").content.decode()

    assert bobs.post("/rooms/pond/members/", {"people": "robbie"}).status_code == 303
    assert robbie in pond.members.all()
    assert alices.post("/rooms/pond/members/robbie/remove/").status_code == 303
    assert robbie not in pond.members.all()


def test_what_a_bot_says_is_marked_as_a_bots(alice, bobs, robbie, lobby):
    post_message(author=robbie, room=lobby, body="The build is green", nonce="nonce-0001")
    post_message(author=alice, room=lobby, body="Good", nonce="nonce-0002")

    page = bobs.get("/rooms/general/").content.decode()

    assert page.count(BADGE) == 1
    assert re.search(rf"<bdi>Robbie</bdi></a> {BADGE}</p>", page)


def test_messages_of_bots_take_no_query_more(
    alice, bobs, robbie, lobby, django_assert_max_num_queries
):
    def say(author, nonce):
        post_message(author=author, room=lobby, body="Hello", nonce=nonce)

    say(alice, "nonce-0000")
    bobs.get("/rooms/general/")
    say(alice, "nonce-0001")  # else the page is put together from what is kept of it
    with django_assert_max_num_queries(100) as before:
        bobs.get("/rooms/general/")
    for number in range(2, 7):
        say(robbie, f"nonce-{number:04}")
    with django_assert_max_num_queries(len(before)):
        bobs.get("/rooms/general/")


def test_a_bot_can_be_talked_to_alone(bobs, robbie):
    assert bobs.post("/direct/robbie/").status_code == 303


def test_only_administrators_see_these_pages(bobs, robbie):
    for path in (PAGE, f"{PAGE}robbie/"):
        assert bobs.get(path).status_code == 403
        assert Client().get(path).status_code == 302
