"""What must not come to an incoming webhook: refused in a sentence, and nothing is stored."""

import io
import json
import logging

import pytest
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.actions.hooks import create_hook, revoke_hook
from chat.models import Message
from project.logs import Keys, Line

pytestmark = pytest.mark.django_db

JSON, TEXT, FORM = "application/json", "text/plain", "application/x-www-form-urlencoded"
NO_KEY = "x" * 43


@pytest.fixture
def key(alice, lobby):
    return create_hook(maker=alice, room=lobby, name="CI")[1]


def check(answer, status):
    """A problem as RFC 9457 says, of this status; nothing was said."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["detail"].endswith((".", "”."))
    assert not Message.objects.exists()
    assert "set-cookie" not in {name.lower() for name in answer.headers}


# Of the list in which bad inputs have numbers, those of incoming webhooks whose key is in the
# address. K1, K3 to K5, K8 and K9's empty secret are about signatures, which these have none of.
ROWS = {
    "K11 a megabyte": (b'{"body": "' + b"a" * 2**20 + b'"}', JSON, 413),
    "K11 just above the limit": (b"a" * (256 * 1024 + 1), TEXT, 413),
    "K12 UTF-16": ('{"body": "Hi"}'.encode("utf-16"), JSON, 400),
    "K12 UTF-16 as text": ("Hi".encode("utf-16"), TEXT, 400),
    "K12 UTF-16 that says so": ("Hi".encode("utf-16"), f"{TEXT}; charset=utf-16", 415),
    "K13 a form": (b"body=Hi", FORM, 422),
    "K13 a form of another kind": (b"--", "multipart/form-data; boundary=x", 422),
    "K13 a form without a boundary": (b"x", "multipart/form-data", 400),
    "a form that holds no JSON": (b"payload=Hi", FORM, 400),
    "a form with too many fields": (b"&".join(b"a%d=" % n for n in range(1001)), FORM, 400),
    "an image": (b"\x89PNG", "image/png", 415),
    "XML": (b"<body/>", "application/xml", 415),
    "nothing": (b"", JSON, 422),
    "nothing as text": (b"", TEXT, 422),
    "no JSON": (b"{", JSON, 400),
    "not a number": (b'{"body": NaN}', JSON, 400),
    "a number of 5,000 digits": (b'{"body": ' + b"1" * 5000 + b"}", JSON, 400),
    "a hundred thousand brackets": (b"[" * 100_000, JSON, 400),
    "brackets in it": (b'{"blocks": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", JSON, 400),
    "a list": (b'[{"body": "Hi"}]', JSON, 422),
    "a text": (b'"Hi"', JSON, 422),
    "null": (b"null", JSON, 422),
    "an empty object": (b"{}", JSON, 422),
    "nulls": (b'{"text": null, "blocks": null, "attachments": null}', JSON, 422),
    "a body that is none": (b'{"body": {"text": "Hi"}}', JSON, 422),
    "a number for a nonce": (b'{"body": "Hi", "nonce": 7}', JSON, 422),
    "white space": (b'{"body": " \\n "}', JSON, 422),
    "white space for Slack": (b'{"text": " \\u200b "}', JSON, 422),
    "NUL": (b'{"body": "a\\u0000b"}', JSON, 422),
    "half a pair": (b'{"body": "\\ud800"}', JSON, 422),
    "too long": (json.dumps({"body": "a" * 10_001}).encode(), JSON, 422),
    "too long as HTML": (json.dumps({"body": "\N{FROG FACE}" * 9000}).encode(), JSON, 422),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_can_not_be_said_is_refused_with_a_sentence(row, key):
    body, kind, status = ROWS[row]

    check(Client().generic("POST", f"/hooks/{key}/", body, kind), status)


def test_k2_k9_k14_unknown_and_revoked_keys_get_the_same_answer(key, alice, lobby):
    hook, revoked = create_hook(maker=alice, room=lobby, name="Old")
    revoke_hook(revoker=alice, hook=hook)
    answers = [
        Client().post(f"/hooks/{tried}/", {"body": "Hi"}, JSON)
        for tried in (
            NO_KEY,
            revoked,
            key[:-1],
            f"{key}=",
            key.swapcase(),
            "ä",
            hook.digest,
            "a" * 900,
        )
    ]

    for answer in answers:
        check(answer, 404)
    assert len({answer.content for answer in answers}) == 1


def test_with_a_revoked_key_nothing_is_read(key, alice, lobby):
    """Nor with an unknown one: whatever is sent, the answer is the same."""
    for body, kind, _status in ROWS.values():
        assert Client().generic("POST", f"/hooks/{NO_KEY}/", body, kind).status_code == 404


def test_k6_k7_an_id_that_comes_again_is_one_message(key):
    for sent in ("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "id.with.dots", "x" * 500):
        headers = {"webhook-id": sent, "webhook-timestamp": "1", "webhook-signature": "v9,none"}
        first, again = (
            Client().post(f"/hooks/{key}/", {"body": sent[:9]}, JSON, headers=headers)
            for _ in range(2)
        )
        assert (first.status_code, first.content) == (200, again.content)

    assert Message.objects.count() == 3


@pytest.mark.parametrize("method", ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"))
def test_no_other_method_tells_whether_there_is_such_a_key(method, key):
    answers = [Client().generic(method, f"/hooks/{each}/") for each in (key, NO_KEY)]

    assert {(each.status_code, each["Allow"], each.content) for each in answers} == {
        (405, "POST", answers[0].content)
    }


def test_a_cookie_counts_for_nothing(key, bob, sign_in):
    answer = sign_in(bob).post(f"/hooks/{key}/", {"body": "Hi"}, JSON)

    assert answer.status_code == 200
    assert Message.objects.get().author.name == "CI"


def test_an_address_speaks_in_its_own_room_alone(key, lobby, pond):
    sent = {"body": "Hi", "room": "pond", "channel": "#pond", "author": 1, "reply_to": 1, "root": 1}

    assert Client().post(f"/hooks/{key}/", sent, JSON).status_code == 200
    assert Message.objects.get().room == lobby
    assert Message.objects.get().reply_to is None


def test_what_slacks_senders_must_not_send_is_left_out_and_the_rest_is_said(key):
    sent = b'{"text": "a\\u0000b \\ud800 c\\u001b", "blocks": 7, "attachments": [null, 1, [], {}]}'

    assert Client().generic("POST", f"/hooks/{key}/", sent, JSON).content == b"ok"
    assert Message.objects.get().body == "ab \N{REPLACEMENT CHARACTER} c"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["body", "nonce", "text", "blocks", "attachments", "mrkdwn", "payload"])
SENT = st.dictionaries(NAMES, ANYTHING).map(json.dumps).map(str.encode) | st.binary(max_size=64)
KINDS = st.sampled_from([JSON, TEXT, FORM, "", "a/b", f"{JSON}; charset=x", "multipart/form-data"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=SENT, kind=KINDS)
def test_whatever_comes_the_server_does_not_break(body, kind, key):
    answer = Client().generic("POST", f"/hooks/{key}/", body, kind)

    assert answer.status_code < 500


def test_what_is_no_address_of_a_webhook_is_answered_to_programs_too(db):
    for path in ("/hooks/", "/hooks/a/b/", "/hooks/%00/"):
        check(Client().post(path, {"body": "Hi"}, JSON), 404)


# --- K10: logs -------------------------------------------------------------------------------


def test_k10_no_line_of_a_log_holds_a_key(key):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line("{asctime} {levelname} {name}: {message}", style="{"))
    logger = logging.getLogger("tests.hooks")
    logger.addHandler(handler)
    logger.propagate = False

    logger.error("Internal Server Error: %s", f"/hooks/{key}/")
    logger.error('"POST /hooks/%s HTTP/1.1" 500', key)
    try:
        raise ValueError(f"https://chat.example.org/hooks/{key}/?a=1")
    except ValueError:
        logger.exception("It broke at %r", f"/hooks/{key}")

    logger.removeHandler(handler)
    assert key not in stream.getvalue()
    assert "https://chat.example.org/hooks/…/?a=1" in stream.getvalue()


def test_k10_nor_do_the_records_that_go_to_other_handlers(key):
    records = [
        logging.LogRecord(
            "x", logging.INFO, "x", 1, "HTTP %(path)s", ({"path": f"/hooks/{key}/"},), None
        ),
        logging.LogRecord("x", logging.INFO, "x", 1, "%s: %d", (f"/hooks/{key}/", 500), None),
        logging.LogRecord("x", logging.INFO, "x", 1, f"/hooks/{key}", None, None),
    ]

    for record in records:
        assert Keys().filter(record)
        assert key not in record.getMessage()
    loggers = django_settings.LOGGING["loggers"]
    for name in ("django.request", "django.channels.server"):
        assert "keys" in loggers[name]["filters"]
