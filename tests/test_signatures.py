"""Signatures as the receivers' own library reads them."""

import base64
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from chat import signatures

BODY = json.dumps({"type": "ping", "text": "Grüße ☃"}).encode()


def signed(*secrets, body=BODY, at=None, key="msg_1"):
    timestamp = int(time.time() if at is None else at)
    return signatures.headers(body, webhook_id=key, timestamp=timestamp, secrets=secrets)


def is_signed(headers, *secrets, body=BODY, now=None):
    return signatures.is_signed(
        body,
        webhook_id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        signature=headers["webhook-signature"],
        secrets=secrets,
        now=time.time() if now is None else now,
    )


def test_the_receivers_library_accepts_what_we_sign():
    secret = signatures.make_secret()

    assert Webhook(secret).verify(BODY, signed(secret)) == json.loads(BODY)


def test_while_a_secret_is_renewed_both_verify():
    old, new = signatures.make_secret(), signatures.make_secret()
    headers = signed(new, old)

    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers)
        assert is_signed(headers, secret)
    with pytest.raises(WebhookVerificationError):
        Webhook(signatures.make_secret()).verify(BODY, headers)


def test_a_secret_is_256_random_bits_behind_its_prefix():
    secret, other = signatures.make_secret(), signatures.make_secret()

    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != other


def test_another_body_another_id_or_another_time_is_not_signed():
    secret = signatures.make_secret()
    headers = signed(secret)

    assert is_signed(headers, secret)
    assert not is_signed(headers, secret, body=BODY + b" ")
    assert not is_signed(headers | {"webhook-id": "msg_2"}, secret)
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert not is_signed(headers | {"webhook-timestamp": later}, secret)
    assert not is_signed(headers, signatures.make_secret())
    assert not is_signed(headers)


@pytest.mark.parametrize(
    ("seconds", "holds"), ((-301, False), (-299, True), (299, True), (301, False))
)
def test_a_signature_holds_for_five_minutes(seconds, holds):
    secret = signatures.make_secret()

    assert is_signed(signed(secret, at=1000), secret, now=1000 + seconds) is holds


@pytest.mark.parametrize(
    "broken",
    (
        {"webhook-id": ""},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٤٢"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,?"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v1a,AAAA v2,BBBB"},
    ),
)
def test_headers_that_are_none_are_not_signed(broken):
    secret = signatures.make_secret()

    assert not is_signed(signed(secret) | broken, secret)


def test_nothing_is_signed_with_an_empty_secret():
    with pytest.raises(ValueError, match="empty"):
        signed("whsec_")
