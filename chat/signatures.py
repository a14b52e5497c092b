"""Signatures of webhooks, as Standard Webhooks has them: https://www.standardwebhooks.com

A secret is `whsec_` and base64. Signed is `id.timestamp.body`, the bytes as they travel; the header
holds `v1,<base64 of HMAC-SHA256>`, once for each secret that holds at the moment.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
_SECRET_BYTES = 32


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(body: bytes, *, webhook_id: str, timestamp: int, secrets: Iterable[str]) -> str:
    """The value of `webhook-signature`; `timestamp` is in seconds."""
    signed = [_signature(body, webhook_id, str(timestamp), secret) for secret in secrets]
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signed)


def headers(
    body: bytes, *, webhook_id: str, timestamp: int, secrets: Iterable[str]
) -> dict[str, str]:
    signature = sign(body, webhook_id=webhook_id, timestamp=timestamp, secrets=secrets)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def is_signed(
    body: bytes,
    *,
    webhook_id: str,
    timestamp: str,
    signature: str,
    secrets: Iterable[str],
    now: float,
) -> bool:
    """Whether one of these secrets signed it within five minutes of `now`.

    Takes the headers as they came: whatever is none is not signed. All signatures are compared,
    each in constant time.
    """
    if not (webhook_id and timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    given = [*filter(None, map(_decoded, signature.split()))]
    known = [_signature(body, webhook_id, timestamp, secret) for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given for other in known]
    return any(matches)


def _decoded(versioned: str) -> bytes:
    version, _comma, encoded = versioned.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""


def _signature(body: bytes, webhook_id: str, timestamp: str, secret: str) -> bytes:
    """Raises ValueError for an empty secret, which everybody could sign with."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    if not key:
        raise ValueError("An empty secret signs nothing")
    signed = f"{webhook_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
    return hmac.digest(key, signed, "sha256")
