"""What comes to an incoming webhook: our own JSON, plain text, or what is meant for Slack.

Our own is taken as it is or refused. What is meant for Slack was made by somebody who knows
nothing of us, for whom nobody reads a refusal: what is too long is cut and says so.
"""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from chat import markup, slack
from chat.characters import has_visible
from chat.errors import Invalid, TooLarge, Unreadable, Unsupported

_CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
# Of more than this nothing is converted: no message could hold it.
_MAX_CHARACTERS = 4 * markup.MAX_BODY_CHARACTERS


@dataclass(frozen=True)
class Incoming:
    """Something to say. `is_for_slack`: whoever sent it waits for Slack's answer."""

    body: str
    nonce: str
    is_for_slack: bool = False


def read(request: HttpRequest) -> Incoming:
    """What this request wants to say. Raises Refused, with the status that fits."""
    text, is_json = _text_of(request)
    headers = request.headers
    key = headers.get("Idempotency-Key") or headers.get("webhook-id") or ""
    if not is_json:
        return Incoming(_clean(text), _nonce(key))
    payload = _object(text)
    if payload.get("body") is not None:
        nonce = payload.get("nonce")
        if not isinstance(nonce, str | None):
            raise Invalid(_("“nonce” has to be a text."))
        return Incoming(_clean(payload["body"]), _nonce(nonce or key))
    return Incoming(shortened(slack.to_markdown(payload)), _nonce(key), is_for_slack=True)


def shortened(text: str) -> str:
    """The text as it is stored, cut where it is too long for a message, with a mark that says so.

    Raises Invalid where there is nothing to read.
    """
    if not has_visible(text[:_MAX_CHARACTERS]):
        raise Invalid(_("There is nothing to read in it: give “body”, “text” or “blocks”."))
    # What fits in characters may not fit as HTML.
    length = markup.MAX_BODY_CHARACTERS
    while length > 100:
        try:
            return markup.clean_body(_cut(text, length))
        except markup.InvalidBody:
            length = length * 3 // 4
    raise Invalid(_("This is too long for one message. Send it in parts."))


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    mark = "\n\n" + _("… (this was longer)")
    kept = text[: length - len(mark) - 5].rstrip()
    is_in_code = sum(line.startswith("```") for line in kept.split("\n")) % 2
    return f"{kept}\n```{mark}" if is_in_code else f"{kept}{mark}"


def _text_of(request: HttpRequest) -> tuple[str, bool]:
    """The text that was sent, and whether it is JSON."""
    kind = (request.content_type or "").lower()
    try:
        raw = request.body
        if kind in _FORMS and not raw.lstrip().startswith(b"{"):
            return _payload(request), True
    except RequestDataTooBig:
        raise TooLarge(_("This is too large to be sent.")) from None
    except (SuspiciousOperation, MultiPartParserError, OSError):
        raise Unreadable(_("This form can't be read.")) from None
    charset = (request.content_params or {}).get("charset", "").lower()
    is_json = kind.endswith(("/json", "+json")) or kind in _FORMS
    if charset not in _CHARSETS or not (is_json or kind in {"", "text/plain"}):
        raise Unsupported(
            _("Send JSON (application/json), text (text/plain) or a form with “payload”, in UTF-8.")
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Unreadable(_("This is not text in UTF-8.")) from None
    return text, is_json or (not kind and text.lstrip().startswith("{"))


def _payload(request: HttpRequest) -> str:
    payload = request.POST.get("payload")
    if not payload:
        raise Invalid(_("A form has to have a field “payload”, which holds JSON."))
    return payload


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        _refuse(text)
    if not isinstance(found, dict):
        raise Invalid(_('Send a JSON object, such as {"body": "Hello"}.'))
    return found


def _refuse(_text: str) -> NoReturn:
    raise Unreadable(_("This is not JSON."))


def _clean(body: Any) -> str:
    if not isinstance(body, str):
        raise Invalid(_("“body” has to be a text."))
    try:
        return markup.clean_body(body)
    except markup.InvalidBody as error:
        raise Invalid(error.sentence) from None


def _nonce(key: str) -> str:
    """What makes it safe to send the same again; each sender has a form of its own for it."""
    if not key:
        return secrets.token_urlsafe(16)
    if _NONCE.fullmatch(key):
        return key
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
