"""What a hook's address answers, said by the hook's bot; once, however often it comes.

It tells whom it names, but never the whole room: an address that repeats what it was told would do
so for guests, who may not.
"""

import json
from typing import Any

from django.utils.translation import gettext as _

from chat import dialer, markup
from chat.actions.messages import post_message
from chat.characters import is_visible
from chat.errors import Conflict, Refused
from chat.models import Delivery, Message

MAX_CHARACTERS = 4000
MAX_SHORT_CHARACTERS = 200


def post(delivery: Delivery, answer: dialer.Answer) -> str:
    """Says the answer, where it is something to say. Returns why it was not said, or ""."""
    if delivery.event is None or (text := said_in(answer)) is None:
        return ""
    if not answer.is_whole or len(text) > MAX_CHARACTERS:
        return _("Its answer is too long to be posted, or did not come to its end.")
    message = delivery.event.message
    try:
        _post(delivery, markup.clean_body(text), message)
    except Conflict:
        return ""  # an earlier attempt has said something else already
    except (markup.InvalidBody, Refused) as error:
        why = error.sentence
        return _("Its answer was not posted: %(why)s") % {"why": why}
    return ""


def said_in(answer: dialer.Answer) -> str | None:
    """The text to post: `body` or `text` of a JSON object, or plain text."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return None
    if kind == "text/plain":
        return answer.body.decode("utf-8", "replace").strip() or None
    if kind != "application/json":
        return None
    if not answer.is_whole:
        return answer.body.decode("utf-8", "replace")  # to say that it is too long
    found = _parsed(answer.body)
    values = [found.get(key) for key in ("body", "text")] if isinstance(found, dict) else []
    return next((each for each in values if isinstance(each, str) and each.strip()), None)


def in_short(answer: dialer.Answer) -> str:
    """The beginning of it in one line, for the log."""
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    return "".join(each for each in text if each == " " or is_visible(each))[:MAX_SHORT_CHARACTERS]


def _post(delivery: Delivery, text: str, message: Message | None) -> None:
    hook = delivery.hook
    more: dict[str, Any] = {"tells_all": False}
    if message is not None:
        more |= {"root": message.root_id, "in_room": message.in_room}
        more |= {} if message.is_deleted else {"reply_to": message.pk}
    post_message(author=hook.bot, room=hook.room, body=text, nonce=delivery.webhook_id, **more)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
