"""What comes over a socket: JSON objects with a `type`, and plain text, which is a message."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from chat.errors import Invalid

_TYPED = ("suggest", "typing")
_TYPED_AS_WRITTEN = tuple(f'{{"type":"{name}"' for name in _TYPED)
_MAX_DIGITS = 19
_MAX_NONCE = 64  # it is sent back, to whoever wrote it


class BadFrame(Invalid):
    """Not the protocol."""

    code = "bad_frame"


def parse(text: str) -> dict[str, Any]:
    """The frame as an object that has a `type`; plain text becomes a `post`.

    Raises BadFrame for what begins like JSON and is no such object.
    """
    if not text.startswith(("{", "[")):
        return {"type": "post", "body": text}
    try:
        frame = _decode(text)
    except (ValueError, RecursionError):
        _refuse(text)
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        _refuse(text)
    return frame


def is_typed(text: str) -> bool:
    """Whether it is what a page sends while somebody types, as htmx writes it."""
    return text.startswith(_TYPED_AS_WRITTEN)


def check_said_once(text: str, frame: dict[str, Any]) -> None:
    """Raises BadFrame for what begins as typing, is counted as that, and then is something else."""
    if is_typed(text) and frame["type"] not in _TYPED:
        _refuse(text)


def nonce(frame: dict[str, Any]) -> str | None:
    """By which its sender knows it again; None where there is none.

    Raises BadFrame for what is no text, and Invalid for a long one.
    """
    value = frame.get("nonce")
    if value is not None and not isinstance(value, str):
        raise BadFrame(_("“%(name)s” has to be a text.") % {"name": "nonce"})
    if value and len(value) > _MAX_NONCE:
        raise Invalid(_("A nonce has at most %(count)d characters.") % {"count": _MAX_NONCE})
    return value or None


def number(frame: dict[str, Any], name: str) -> int | None:
    """A whole number from 0 up, which may come as a string: that is how a form sends it.

    None when it is missing or empty. Raises BadFrame for anything else.
    """
    value = frame.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise BadFrame(_("“%(name)s” has to be a number.") % {"name": name})
    return value


def _refuse(_text: str) -> NoReturn:
    raise BadFrame(_("A frame is text, or a JSON object with a type."))


# Made once: `json.loads` makes one for each text that is not read with its own settings.
_decode = json.JSONDecoder(parse_constant=_refuse).decode
