"""People as pages: everybody, one of them, oneself; and direct conversations."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from chat.actions.messages import post_message
from chat.actions.people import change_person
from chat.models import Membership, Person, Role, Room, RoomKind
from tests.visits import errors

pytestmark = pytest.mark.django_db


def usernames(answer):
    return {person.username for person in answer.context["people"]}


def test_people_are_found_by_name_and_username(bobs, charlie):
    assert usernames(bobs.get("/people/")) == {"alice", "bob", "charlie"}
    assert usernames(bobs.get("/people/?q=CHAR")) == {"charlie"}
    assert usernames(bobs.get("/people/?q=%25")) == set()


def test_who_was_deactivated_is_listed_no_more(alice, bobs, charlie):
    change_person(editor=alice, person=charlie, role=Role.MEMBER, is_active=False)

    assert usernames(bobs.get("/people/")) == {"alice", "bob"}
    shown = bobs.get("/people/charlie/")  # what Charlie wrote still leads there
    assert b"This person is no longer here." in shown.content
    assert b'action="/direct/charlie/' not in shown.content
    assert bobs.get("/direct/charlie/").status_code == 404


def test_a_profile_leads_to_a_conversation(bobs, charlie):
    page = bobs.get("/people/charlie/").content.decode()

    assert 'action="/direct/charlie/"' in page
    assert 'action="/direct/bob/"' not in bobs.get("/people/bob/").content.decode()


# --- Many people ---------------------------------------------------------------------------


@pytest.fixture
def crowd(alice, lobby):
    """A hundred and fifty in the lobby, besides the cast."""
    people = Person.objects.bulk_create(
        Person(username=f"frog{number:03}", skeleton=f"frog{number:03}", name=f"Frog {number:03}")
        for number in range(150)
    )
    Membership.objects.bulk_create(Membership(room=lobby, person=person) for person in people)
    return people


@pytest.mark.parametrize("address", ("/people/", "/rooms/general/members/", "/site/people/"))
def test_a_long_list_comes_in_pages_that_hold_everybody_once(address, crowd, alice, sign_in):
    browser, seen, page = sign_in(alice), [], f"{address}?plain=1"
    while page:
        html = browser.get(page).content.decode()
        assert html.count('class="row-name"') <= 100
        seen += re.findall(r'class="row-name"[^>]*><bdi>([^<]*)', html)
        following = re.search(r'rel="next" href="([^"]*)"', html)
        page = following and address + unescape(following[1])
        assert not page or "plain=1" in page

    assert seen == ["Alice", *(person.name for person in crowd)]


def test_the_next_page_of_a_search_is_of_the_same_search(crowd, bobs):
    html = bobs.get("/people/?q=frog&page=2").content.decode()

    assert html.count('class="row-name"') == 50
    assert 'rel="prev" href="?q=frog&amp;page=1"' in html
    assert 'rel="next"' not in html


@pytest.mark.parametrize("page", ("0", "-1", "99", "abc", "", "9" * 5000))
def test_a_page_that_there_is_not_is_the_nearest(page, crowd, bobs):
    answer = bobs.get("/people/", {"page": page})

    assert answer.status_code == 200
    assert len(answer.context["people"]) in {100, 52}


def test_a_short_list_has_no_pages(bobs):
    assert "Next page" not in bobs.get("/people/").content.decode()


# --- Oneself -------------------------------------------------------------------------------

OWN = {"name": "Bob", "time_zone": "UTC", "language": "en"}


def test_somebody_changes_what_is_their_own_and_nothing_else(bob, bobs):
    answer = bobs.post(
        "/settings/",
        {
            "name": "Robert",
            "time_zone": "Asia/Tokyo",
            "language": "de",
            "role": "owner",
            "is_active": "",
            "username": "root",
            "email": "bob@example.org",
        },
    )

    assert answer["Location"] == "/settings/"
    bob.refresh_from_db()
    assert (bob.name, bob.time_zone, bob.language) == ("Robert", "Asia/Tokyo", "de")
    assert (bob.role, bob.username, bob.is_active, bob.email) == (Role.MEMBER, "bob", True, "")


@pytest.mark.parametrize(
    ("field", "value"),
    (
        ("name", ""),
        ("name", "\u200b"),
        ("name", "Bo\u202eb"),
        ("name", "x" * 81),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("language", "tlh"),
        ("language", ""),
    ),
)
def test_a_preference_that_is_no_good_is_refused_at_its_field(field, value, bob, bobs):
    answer = bobs.post("/settings/", OWN | {field: value})

    assert answer.status_code == 422
    assert set(errors(answer)) == {field}
    assert "<bdi>Bob</bdi>" in answer.content.decode()
    bob.refresh_from_db()
    assert (bob.name, bob.time_zone, bob.language) == ("Bob", "UTC", "en")


def test_times_are_shown_in_the_readers_zone(alice, bob, lobby, sign_in, clock):
    clock.now = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    post_message(author=alice, room=lobby, body="Good night", nonce="nonce-1234")
    Person.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    bob.refresh_from_db()

    page = sign_in(bob).get("/rooms/general/").content.decode()

    assert ">07:30</time>" in page
    assert "Wednesday, 11 March 2026" in page


def test_pages_are_in_the_readers_language_and_the_next_readers_in_theirs(alice, bob, sign_in):
    Person.objects.filter(pk=bob.pk).update(language="ar")
    bob.refresh_from_db()

    assert '<html lang="ar" dir="rtl">' in sign_in(bob).get("/people/").content.decode()
    assert '<html lang="en" dir="ltr">' in sign_in(alice).get("/people/").content.decode()


def test_a_persons_own_styles_differ_by_person_and_role(alice, bob, sign_in):
    def style(person):
        return sign_in(person).get("/me.css?v=whatever")

    assert f'[data-author="{bob.pk}"] .author-only' in style(bob).content.decode()
    assert ".administrator-only" in style(alice).content.decode()
    assert ".administrator-only" not in style(bob).content.decode()
    assert style(bob)["Content-Type"].startswith("text/css")
    for word in ("private", "immutable", "max-age=31536000"):
        assert word in style(bob)["Cache-Control"]


def test_no_browser_keeps_it_that_somebody_was_signed_out(client, bob):
    answer = client.get("/me.css?v=whatever")

    assert answer.status_code == 302
    assert answer["Cache-Control"] == "no-store"


def test_the_address_of_ones_styles_changes_with_what_is_in_them(bob, sign_in):
    before = sign_in(bob).get("/people/").context["me_digest"]
    bob.role = Role.ADMINISTRATOR
    bob.save(update_fields=["role"])

    after = sign_in(bob).get("/people/").context["me_digest"]

    assert str(before) != str(after)


# --- Direct conversations ------------------------------------------------------------------


def test_the_first_visit_asks_and_the_button_makes_the_conversation(alice, bob, bobs):
    assert "You have not talked here yet" in bobs.get("/direct/alice/").content.decode()
    assert not Room.objects.filter(kind=RoomKind.DIRECT).exists()

    answer = bobs.post("/direct/alice/")

    room = Room.objects.get(kind=RoomKind.DIRECT)
    assert (answer.status_code, answer["Location"]) == (303, f"/rooms/{room.slug}/")
    assert set(room.members.all()) == {alice, bob}
    assert bobs.get("/direct/alice/")["Location"] == f"/rooms/{room.slug}/"


def test_the_same_people_have_one_conversation_whoever_begins(alice, bobs, charlie, sign_in):
    first = bobs.post("/direct/new/", {"people": ["alice", "charlie"]})["Location"]
    second = sign_in(alice).post("/direct/new/", {"people": ["charlie", "bob"]})["Location"]
    other = bobs.post("/direct/new/", {"people": ["alice"]})["Location"]

    assert first == second != other
    assert bobs.post("/direct/alice/")["Location"] == other


@pytest.mark.parametrize("chosen", ([], ["nobody"], ["alice", "nobody"], ["bob"]))
def test_a_conversation_with_whom_one_cannot_choose_is_refused(chosen, bobs):
    answer = bobs.post("/direct/new/", {"people": chosen, "plain": "1"})

    assert answer.status_code == 422
    assert not Room.objects.filter(kind=RoomKind.DIRECT).exists()


def test_a_conversation_carries_the_others_names_everywhere(alice, bobs, charlie):
    address = bobs.post("/direct/new/", {"people": ["alice", "charlie"]})["Location"]

    page = bobs.get(address).content.decode()

    assert "<title>Alice, Charlie · The Pond</title>" in page
    assert "<bdi>Alice, Charlie</bdi></h1>" in page
    assert "<bdi>Alice, Charlie</bdi></a>" in page
