"""The search page: what it asks for, what it shows, and what it says when there is nothing."""

import re
from html import escape, unescape
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.actions.messages import post_message
from project.environment import Rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(alice, lobby):
    numbers = iter(range(1000))

    def say(body, author=alice, room=lobby):
        nonce = f"nonce-{next(numbers):04}"
        return post_message(author=author, room=room, body=body, nonce=nonce)

    return say


def text(answer):
    return answer.content.decode()


def hits(answer):
    return re.findall(r'<p class="hit-text" dir="auto">(.*?)</p>', text(answer), re.DOTALL)


def test_a_hit_shows_where_who_and_what_with_the_hit_marked(bobs, say):
    message = say("three <b>frogs</b> & more")

    answer = bobs.get("/search/?q=frogs")

    assert hits(answer) == ["three &lt;b&gt;<mark>frogs</mark>&lt;/b&gt; &amp; more"]
    assert f'href="/messages/{message.pk}/"' in text(answer)
    assert "Alice</bdi>" in text(answer)
    assert 'value="frogs"' in text(answer)


@pytest.mark.parametrize(
    ("count", "outcome"),
    (
        (0, "Nothing found"),
        (1, "1 message found"),
        (2, "2 messages found"),
        (21, "20 messages here"),
    ),
)
def test_the_title_begins_with_how_much_was_found(count, outcome, bob, bobs, say):
    for number in range(count):
        say(f"frog number {number}", author=bob)

    page = text(bobs.get("/search/?q=frog"))

    assert f"<title>{outcome} · frog · Search · The Pond</title>" in page


def test_the_title_that_the_socket_counts_in_is_the_pages_own(bobs):
    title = 'Nothing found · "Tom & Jerry" · Search · The Pond'
    page = text(bobs.get("/search/", {"q": '"Tom & Jerry"'}))

    assert f"<title>{escape(title)}</title>" in page
    assert f'name="title" value="{escape(title)}"' in page
    assert f"title={quote(title)}" in page


def test_an_outsider_sees_nothing_of_a_private_room(bobs, charlie, sign_in, pond, say):
    say("a secret treasure", room=pond)
    charlies = sign_in(charlie)

    assert len(hits(bobs.get("/search/?q=treasure"))) == 1
    for query in ("treasure", "secret*", "from:alice", '"a+secret"', "in:pond", "has:code"):
        answer = charlies.get(f"/search/?q={query}&order=best")
        assert hits(answer) == []
        assert "secret treasure" not in text(answer)


def test_without_a_query_it_says_how_to_search(bobs):
    answer = bobs.get("/search/")

    assert answer.status_code == 200
    assert "from:ada" in text(answer)


def test_nothing_found_says_what_to_try(bobs):
    assert "Nothing that you may see matches." in text(bobs.get("/search/?q=unheard"))


@pytest.mark.parametrize(
    ("query", "sentence"),
    (
        ("%22", "There is nothing to look for in these signs."),
        ("*+-+()", "There is nothing to look for in these signs."),
        ("from:", "“from:” needs a value right behind it, as in from:ada."),
        ("from:nobody", "There is nobody called “nobody”."),
        ("in:nowhere", "There is no room “nowhere” among those you can see."),
        ("before:soon", "“soon” is no date."),
        ("a*", "Type at least two letters in front of the “*”."),
        ("x" * 201, "This is too long to look for."),
    ),
)
def test_what_can_not_be_looked_for_is_said_and_what_was_typed_stays(bobs, query, sentence):
    answer = bobs.get(f"/search/?q={query}")

    assert answer.status_code == 200
    assert sentence in unescape(text(answer))
    assert 'role="alert" dir="auto"' in text(answer)


def test_the_filters_are_fields_of_the_form_too(bobs, bob, say, pond):
    say("frogs by alice")
    say("frogs by bob", author=bob)
    say("frogs in the pond `code`", room=pond)

    def found(fields):
        return [re.sub("</?mark>", "", hit) for hit in hits(bobs.get(f"/search/?{fields}"))]

    assert found("q=frogs&from=bob") == ["frogs by bob"]
    assert found("in=Pond") == ["frogs in the pond code"]
    assert found("q=frogs&has=code&from=alice") == ["frogs in the pond code"]
    assert found("q=frogs&before=2000-01-01") == []
    assert len(found("after=2000-01-01")) == 3
    page = text(bobs.get("/search/?q=frogs&from=bob&has=link&order=best"))
    assert 'name="from" value="bob"' in page
    assert '<option value="link" selected>' in page
    assert '<option value="best" selected>' in page


@pytest.mark.parametrize("order", ("newest", "best"))
def test_links_lead_through_all_the_hits(bobs, say, order):
    for number in range(45):
        say(f"frog {number}")
    url, seen = f"/search/?q=frog&order={order}&plain=1", []
    while url:
        answer = bobs.get(url)
        seen += hits(answer)
        following = re.search(r'rel="next" href="([^"]*)"', text(answer))
        url = following and "/search/" + unescape(following[1])
        assert not url or "plain=1" in url

    assert len(seen) == len(set(seen)) == 45


@pytest.mark.parametrize("place", ("older=1", "skip=20&order=best"))
def test_behind_the_end_it_leads_back_to_the_first_results(bobs, say, place):
    say("frog")

    answer = bobs.get(f"/search/?q=frog&{place}")

    assert "There is nothing further." in text(answer)
    back = re.search(r'<a href="([^"]*)">Back to the first results', text(answer))
    assert len(hits(bobs.get("/search/" + unescape(back[1])))) == 1


def test_who_searches_too_often_reads_when_to_try_again_and_keeps_what_was_typed(
    bobs, settings, clock
):
    settings.LIMIT_POSTS = Rate(1, 60)
    bobs.get("/search/?q=frogs")

    answer = bobs.get("/search/?q=toads")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 60
    assert "That was too quick." in text(answer)
    assert 'value="toads"' in text(answer)


def test_a_place_that_is_none_is_not_found(bobs):
    assert bobs.get("/search/?q=frog&older=x").status_code == 404
    assert bobs.get("/search/?q=frog&older=1000000000&skip=1000000000").status_code == 200


def test_a_plain_page_leads_to_plain_pages(bobs, say):
    say("frogs")

    page = text(bobs.get("/search/?q=frogs&plain=1"))

    assert re.search(r'href="/messages/\d+/\?plain=1"', page)
    assert page.count('name="plain" value="1"') >= 3  # both boxes, and the form of the buttons


def test_every_page_has_a_box_to_search_in(bobs):
    page = text(bobs.get("/rooms/general/"))

    assert '<form method="get" action="/search/">' in page
    assert 'accesskey="s"' in page


def test_more_hits_are_no_more_queries(bobs, say):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert bobs.get("/search/?q=frog").status_code == 200
        return len(queries)

    say("frog")
    few = count()
    for number in range(30):
        say(f"frog {number}")

    assert count() <= few
    assert few <= 13
