"""What the server says to a program: one JSON object a frame (contract §4, docs/protocol.md)."""

import json
from collections.abc import Iterable, Iterator

from chat import payloads
from chat.errors import Refused, TooMany
from chat.models import Event, Person
from chat.payloads import Payload
from chat.presence import Here, Typist

PROTOCOL = "chat.v1"
_DENSE = (",", ":")


def hello(*, epoch: str, person: Person, scopes: Iterable[str], rooms: list[Payload]) -> str:
    return _text(
        {
            "type": "hello",
            "protocol": PROTOCOL,
            "epoch": epoch,
            "person": payloads.person(person),
            "scopes": sorted(scopes),
            "rooms": rooms,
        }
    )


def joined(room: Payload) -> str:
    return _text({"type": "joined", "room": room})


def left(slug: str) -> str:
    return _text({"type": "left", "room": slug})


def ack(*, nonce: str | None, room: str, seq: int, message_id: int) -> str:
    known = {"room": room, "seq": seq, "message": message_id}
    return _text({"type": "ack", "nonce": nonce, **known})


def error(refused: Refused, nonce: str | None) -> str:
    """`retry_after` is in seconds, where it was too often."""
    frame: Payload = {"type": "error", "code": refused.code, "detail": str(refused.sentence)}
    if isinstance(refused, TooMany):
        frame["retry_after"] = refused.retry_after
    return _text({**frame, "nonce": nonce})


def resumed(slug: str, after: int, seq: int) -> str:
    return _text({"type": "resumed", "room": slug, "after": after, "seq": seq})


def reset(slug: str, seq: int) -> str:
    return _text({"type": "reset", "room": slug, "seq": seq})


def typing(slug: str, people: Iterable[Typist]) -> str:
    shown = [{"id": each.pk, "username": each.username, "name": each.name} for each in people]
    return _text({"type": "typing", "room": slug, "people": shown})


def presence(slug: str, here: Here) -> str:
    known = {"count": here.count, "names": list(here.names)}
    return _text({"type": "presence", "room": slug, **known})


def pong() -> str:
    return _text({"type": "pong"})


def events(entries: Iterable[Event]) -> Iterator[tuple[int, str]]:
    """Each entry's place and its frame."""
    for payload in payloads.events(entries):
        yield payload["seq"], json.dumps(payload, ensure_ascii=False, separators=_DENSE)


def _text(payload: Payload) -> str:
    # Written in ASCII: it may hold what its reader sent, where an escape can be half a character.
    return json.dumps(payload, separators=_DENSE)
