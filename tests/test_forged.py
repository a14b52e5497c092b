"""What no page of ours sends: each a sentence, never a traceback."""

import pytest

from chat.models import Message
from chat.search.query import parse
from chat.search.snippets import snippet
from project.environment import Rate
from tests.visits import PASSWORD, say

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("version", ("0", "-1", "7", "9" * 30))
def test_an_edit_of_a_version_that_never_was_is_no_edit(version, bob, bobs, lobby):
    (message,) = say(bob, lobby, 1)

    answer = bobs.post(f"/messages/{message.pk}/edit/", {"body": "x", "version": version})

    assert answer.status_code in (409, 422)
    assert Message.objects.get(pk=message.pk).body == message.body


@pytest.mark.parametrize("address", ("http://[", "http://[::1", "//[x"))
def test_what_is_no_address_is_nowhere_to_go_after_signing_in(address, client, bob):
    assert client.get("/login/", {"next": address}).status_code == 200

    answer = client.post("/login/", {"login": "bob", "password": PASSWORD, "next": address})

    assert answer["Location"] == "/"


def test_a_page_that_does_not_say_where_it_is_is_answered_all_the_same(bob, bobs, lobby):
    (message,) = say(bob, lobby, 1)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://["}

    answer = bobs.post(f"/messages/{message.pk}/edit/", {"body": "x"}, headers=headers)

    assert answer.status_code == 200
    assert bobs.get(f"/messages/{message.pk}/thread/", headers=headers).status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_no_frame_is_counted_as_one_thing_and_done_as_another(his, settings):
    page = await his()
    settings.LIMIT_FRAMES = Rate(20, 3600)

    for _time in range(11):
        await page.say('{"type":"suggest","type":"read","seq":"1"}')

    assert await page.closed() == 4400


def test_a_phrase_of_very_many_words_is_marked_by_its_end():
    terms = parse("池" * 199, today=None).terms

    parts = snippet("池" * 9990, terms)

    assert [is_hit for _text, is_hit in parts] == [True, False]
    assert len("".join(text for text, _is_hit in parts)) < 300
