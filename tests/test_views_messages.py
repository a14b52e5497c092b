"""Posting over HTTP, with and without htmx."""

import re

import pytest
from django.db import connection
from django.test import Client

from chat import history
from chat.models import Message, Session
from project.environment import Rate
from tests.visits import PASSWORD, say, value_of

pytestmark = pytest.mark.django_db

ADDRESS = "/rooms/general/messages/"
HTMX = {"HX-Request": "true", "HX-Target": "box-3"}


def post(client, body="Hello", *, nonce="nonce-1234", address=ADDRESS, htmx=False, **fields):
    headers = HTMX if htmx else {}
    return client.post(address, {"body": body, "nonce": nonce, **fields}, headers=headers)


def bodies():
    return list(Message.objects.order_by("seq").values_list("body", flat=True))


# --- It works ------------------------------------------------------------------------------


def test_without_htmx_a_post_leads_to_its_place(bobs):
    answer = post(bobs, "Hello, pond!")

    message = Message.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == f"/rooms/general/#said-{message.pk}"
    assert "Hello, pond!" in bobs.get(answer["Location"]).content.decode()


def test_a_plain_page_leads_to_a_plain_page(bobs):
    answer = post(bobs, plain="1")

    assert answer["Location"] == f"/rooms/general/?plain=1#said-{Message.objects.get().pk}"


def test_with_htmx_the_answer_is_the_same_box_with_another_nonce(bobs):
    answer = post(bobs, htmx=True)

    assert answer.status_code == 200
    assert 'id="composer-3"' in answer.content.decode()
    assert value_of(answer.content, "nonce") not in {"", "nonce-1234"}
    assert value_of(answer.content, "token-3")
    assert "Hello" not in answer.content.decode()
    assert not answer.headers.keys() & {"HX-Retarget", "HX-Reswap"}


@pytest.mark.parametrize("target", ("", "box-", "box-0", "box-99", "box-x", "messages", "box-²"))
def test_whatever_target_is_claimed_the_answer_is_a_box_of_ours(target, bobs):
    answer = bobs.post(
        ADDRESS, {"body": "Hello", "nonce": "nonce-1234"}, headers=HTMX | {"HX-Target": target}
    )

    assert answer.status_code == 200
    assert re.search(r'id="composer(-[2-6])?"', answer.content.decode())


@pytest.mark.parametrize("htmx", (False, True))
def test_the_same_form_twice_is_one_message(htmx, bobs):
    first, second = post(bobs, htmx=htmx), post(bobs, htmx=htmx)

    assert first.status_code == second.status_code
    assert first.headers.get("Location") == second.headers.get("Location")
    assert bodies() == ["Hello"]


def test_what_is_typed_is_text_and_its_line_breaks_are_kept(bobs):
    post(bobs, "one\r\ntwo <b>three</b>")

    page = bobs.get("/rooms/general/").content.decode()
    assert bodies() == ["one\ntwo <b>three</b>"]
    assert re.search(r"<p>one<br>\s*two &lt;b&gt;three&lt;/b&gt;</p>", page)


def test_the_form_names_no_author_and_no_place(bobs, alice, bob):
    post(bobs, author=alice.pk, seq="1", html="<script>", created_at="1970-01-01")

    message = Message.objects.get()
    assert message.author == bob
    assert "script" not in message.html


def test_the_longest_message_fits(bobs):
    assert post(bobs, "x" * 10_000).status_code == 303


# --- It is refused -------------------------------------------------------------------------

NO_GOOD = {
    "too long": {"body": "x" * 10_001},
    "empty": {"body": ""},
    "blank": {"body": " \r\n\t "},
    "unseen": {"body": "\u200b\u200d\ufeff"},
    "NUL": {"body": "Hel\x00lo"},
    "no nonce": {"nonce": ""},
    "short nonce": {"nonce": "x"},
    "long nonce": {"nonce": "x" * 65},
    "damaged nonce": {"nonce": "nonce 1234"},
    "nonce with a newline": {"nonce": "nonce-1234\n\n5"},
    "nonce in other digits": {"nonce": "nonce-١٢٣٤"},
}


@pytest.mark.parametrize("fields", NO_GOOD.values(), ids=NO_GOOD)
def test_what_is_no_good_is_a_page_that_keeps_the_text(fields, bobs):
    answer = post(bobs, **{"body": "Hello & welcome", **fields})

    assert answer.status_code == 422
    assert bodies() == []
    typed = fields.get("body", "Hello & welcome").replace("&", "&amp;")
    if typed:
        assert f">\n{typed}</textarea>" in answer.content.decode() or (
            f">{typed}</textarea>" in answer.content.decode()
        )


@pytest.mark.parametrize("fields", NO_GOOD.values(), ids=NO_GOOD)
def test_what_is_no_good_is_one_sentence_beside_the_box_for_htmx(fields, bobs):
    answer = post(bobs, htmx=True, **fields)

    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#answer-3"
    assert answer["HX-Reswap"] == "innerHTML"
    assert 'name="body"' not in answer.content.decode()
    assert bodies() == []


def sentence_of(answer):
    return answer.content.decode().split("<")[0].strip()


def test_a_used_nonce_with_another_text_comes_back_with_a_fresh_one(bobs):
    post(bobs, "first")

    answer = post(bobs, "second", htmx=True)

    assert answer.status_code == 409
    assert answer["HX-Retarget"] == "#answer-3"
    fresh = value_of(answer.content, "nonce-3")
    assert post(bobs, "second", nonce=fresh, htmx=True).status_code == 200
    assert bodies() == ["first", "second"]


def test_a_used_nonce_in_another_room_is_a_conflict(bobs, pond):
    post(bobs)

    assert post(bobs, address="/rooms/pond/messages/").status_code == 409
    assert bodies() == ["Hello"]


def test_without_htmx_the_kept_text_can_be_sent_again_as_it_is(bobs):
    post(bobs, "first")

    page = post(bobs, "second")

    assert page.status_code == 409
    assert "second</textarea>" in page.content.decode()
    fresh = value_of(page.content, "nonce")
    assert post(bobs, "second", nonce=fresh).status_code == 303


@pytest.mark.parametrize("htmx", (False, True))
def test_too_many_posts_wait_and_the_text_is_kept(htmx, bobs, settings, clock):
    settings.LIMIT_POSTS = Rate(2, 60)
    for number in range(2):
        post(bobs, nonce=f"nonce-{number:04}")

    answer = post(bobs, "once more", htmx=htmx)

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert len(bodies()) == 2
    if htmx:
        assert answer["HX-Retarget"] == "#answer-3"
        assert sentence_of(answer).startswith("That was too quick.")
    else:
        assert "once more</textarea>" in answer.content.decode()
    clock.wait(seconds=60)
    assert post(bobs, "once more").status_code == 303


def test_the_limit_counts_each_person_alone(alice, bobs, sign_in, settings, clock):
    settings.LIMIT_POSTS = Rate(1, 60)
    post(bobs)

    assert post(bobs, nonce="nonce-5678").status_code == 429
    assert post(sign_in(alice)).status_code == 303


def test_who_was_signed_out_meanwhile_keeps_the_text(lobby):
    answer = post(Client(), "What I wanted to say")

    assert answer.status_code == 401
    assert "What I wanted to say</textarea>" in answer.content.decode()
    assert 'href="/login/"' in answer.content.decode()
    assert bodies() == []


def test_who_was_signed_out_meanwhile_gets_a_link_beside_the_box(lobby):
    answer = post(Client(), htmx=True)

    assert answer.status_code == 401
    assert answer["HX-Retarget"] == "#answer-3"
    assert 'href="/login/"' in answer.content.decode()
    assert value_of(answer.content, "token-3")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("htmx", (False, True))
def test_who_is_signed_out_while_it_waits_to_be_stored_keeps_the_text(htmx, bobs, lobby):
    def sign_out(execute, sql, *arguments):
        if sql.startswith("BEGIN"):
            sign_out.begun.append(sql)
            if len(sign_out.begun) == 1:
                Session.objects.all().delete()
        return execute(sql, *arguments)

    sign_out.begun = []
    with connection.execute_wrapper(sign_out):
        answer = post(bobs, "What I wanted to say", htmx=htmx)

    assert answer.status_code == 401
    assert 'href="/login/"' in answer.content.decode()
    assert htmx or "What I wanted to say</textarea>" in answer.content.decode()
    assert "/rooms/general/settings/" not in answer.content.decode()
    assert bodies() == []
    client = Client(enforce_csrf_checks=True)
    client.cookies = answer.cookies
    token = value_of(answer.content, "token-3" if htmx else "csrfmiddlewaretoken")
    again = {"csrfmiddlewaretoken": token, "login": "bob", "password": PASSWORD}
    assert client.post("/login/", again).status_code == 303


def test_what_was_kept_is_sent_after_signing_in(bob):
    client = Client()
    page = post(client, "What I wanted to say")
    client.force_login(bob)

    answer = post(client, "What I wanted to say", nonce=value_of(page.content, "nonce"))

    assert answer.status_code == 303
    assert bodies() == ["What I wanted to say"]


@pytest.mark.parametrize("htmx", (False, True))
def test_what_is_too_large_is_said_in_a_sentence(htmx, bobs, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000

    answer = post(bobs, "x" * 30_000, htmx=htmx)

    assert answer.status_code == 413
    assert "too large" in answer.content.decode()
    assert bodies() == []


@pytest.mark.parametrize("address", ("/rooms/nowhere/messages/", "/rooms/pond/messages/"))
def test_a_room_that_is_not_for_them_is_one_sentence_for_htmx_too(address, charlie, pond, sign_in):
    answer = post(sign_in(charlie), address=address, htmx=True)

    assert answer.status_code == 404
    assert sentence_of(answer) == "There is no such page, or it is not for you."


@pytest.mark.parametrize("slug", ("a\x00b", "", "../general", "nowhere"))
def test_a_composer_of_a_room_that_can_be_none_is_no_page(slug, bobs):
    assert bobs.post("/composer/lines/", {"room": slug, "lines": "many"}).status_code == 404


# --- Old messages --------------------------------------------------------------------------


@pytest.fixture
def many(bob, lobby, monkeypatch):
    """Two pages and a bit, on pages of ten."""
    monkeypatch.setattr(history, "PAGE_SIZE", 10)
    return say(bob, lobby, 24)


def test_a_recent_message_is_shown_on_the_live_page(bobs, many):
    answer = bobs.get(f"/messages/{many[-1].pk}/")

    assert answer["Location"] == f"/rooms/general/?to={many[-1].pk}#message-{many[-1].pk}"


@pytest.mark.parametrize("query", ("", "?plain=1"))
def test_an_old_message_is_shown_among_its_neighbours(query, bobs, many):
    answer = bobs.get(f"/messages/{many[6].pk}/{query}", follow=True)
    page = answer.content.decode()

    assert answer.redirect_chain[-1][0].endswith(f"at={many[6].seq}#message-{many[6].pk}")
    for shown in (many[2], many[6], many[10]):
        assert f'id="message-{shown.pk}"' in page
    assert "Newer messages" in page
    assert "To the newest" in page
    assert 'id="cursor"' not in page
    assert "?list=off" in page or query


def test_switching_to_many_lines_keeps_what_was_typed(bobs):
    answer = bobs.post(
        "/composer/lines/",
        {"lines": "many", "body": "so far", "room": "general"},
        headers={"HX-Request": "true"},
    )

    assert "so far</textarea>" in answer.content.decode()
    page = bobs.get("/rooms/general/").content.decode()
    assert '<textarea class="composer-field"' in page


def test_switching_the_lines_works_as_a_plain_form_too(bobs):
    answer = bobs.post("/composer/lines/", {"lines": "many", "body": "so far", "room": "general"})

    assert answer.status_code == 200
    assert "so far</textarea>" in answer.content.decode()
    assert bobs.post("/composer/lines/", {"room": "nowhere"}).status_code == 404


def test_the_address_of_the_switch_leads_home_whoever_loads_it_again(bobs):
    answer = bobs.get("/composer/lines/?plain=1")

    assert (answer.status_code, answer["Location"]) == (303, "/?plain=1")
