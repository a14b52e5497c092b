"""What a socket must survive: bytes that are no protocol, and frames that say nothing good.

Each name begins with its code in the list of bad inputs that docs/reliability.md counts. The bytes
are RFC 6455's own rules, broken one at a time.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.server.raw import BINARY, CLOSE, PING, TEXT, frame

MAX_BYTES = 256 * 1024
_CONTINUATION, _RESERVED_DATA, _RESERVED_CONTROL = 0, 3, 11

# Whoever sends one of these is hung up on, and nothing of it reaches the application.
BROKEN: dict[str, bytes] = {
    "W1 a frame without a mask": frame(b"Hello", is_masked=False),
    "W2 the first reserved bit": frame(b"Hello", reserved=4),
    "W2 the last reserved bit": frame(b"Hello", reserved=1),
    "W3 a reserved kind of data": frame(b"Hello", opcode=_RESERVED_DATA),
    "W4 a reserved kind of control": frame(b"Hello", opcode=_RESERVED_CONTROL),
    "W5 a ping in parts": frame(b"Hello", opcode=PING, is_last=False),
    "W6 a ping of 126 bytes": frame(b"x" * 126, opcode=PING),
    "W7 a continuation of nothing": frame(b"Hello", opcode=_CONTINUATION),
    "W8 a text within the parts of another": frame(b"Hel", is_last=False) + frame(b"lo"),
    "W9 a close of one byte": frame(b"\x03", opcode=CLOSE),
    "W10 a close with 999": frame((999).to_bytes(2, "big"), opcode=CLOSE),
    "W10 a close with 5000": frame((5000).to_bytes(2, "big"), opcode=CLOSE),
    "W11 a close with 1005": frame((1005).to_bytes(2, "big"), opcode=CLOSE),
    "W11 a close with 1006": frame((1006).to_bytes(2, "big"), opcode=CLOSE),
    "W11 a close whose reason is no text": frame(b"\x03\xe8\xff\xfe", opcode=CLOSE),
    "W12 bytes that begin no character": frame(b"Hello \xff\xfe"),
    "W12 half a character": frame("é".encode()[:1]),
    "W12 a character that is longer than it has to be": frame(b"\xc0\xaf"),
    "W13 half of a surrogate pair": frame(b"\xed\xa0\x80"),
    "W14 a length of 2^63 - 1": frame(b"Hello", length=2**63 - 1),
    "W14 a length of 2^64 - 1": frame(b"Hello", length=2**64 - 1),
    "W15 a frame that is too large": frame(b"x" * (MAX_BYTES + 1)),
    "W16 parts that are too large together": frame(b"x" * 30_000, is_last=False)
    + frame(b"x" * 30_000, opcode=_CONTINUATION, is_last=False) * (MAX_BYTES // 30_000),
}  # fmt: skip

# Headers with which no socket is opened: 400.
HANDSHAKES: dict[str, tuple[tuple[str | bytes, str | bytes], ...]] = {
    "W17 version 12": (("Sec-WebSocket-Version", "12"),),
    "W17 a version that is none": (("Sec-WebSocket-Version", "thirteen"),),
    "W18 a short key": (("Sec-WebSocket-Key", "c2hvcnQ="),),
    "W18 a key that is not base64": (("Sec-WebSocket-Key", "?" * 24),),
    "W18 two keys": (("Sec-WebSocket-Key", "a" * 24), ("Sec-WebSocket-Key", "b" * 24)),
    "W19 a control character": (("X-Anything", "a\x0bb"),),
    "W19 NUL": (("X-Anything", "a\0b"),),
    "W19 a name that is none": (("X Any thing", "a"),),
}

# JSON that is no frame.
NOT_THE_PROTOCOL: dict[str, str] = {
    "W25 a list": "[]",
    "W25 a list with an object": '[{"type": "post"}]',
    "W25 an object without a type": "{}",
    "W25 a type that is a number": '{"type": 1}',
    "W25 a type that is null": '{"type": null}',
    "W25 a type that is a list": '{"type": ["post"]}',
    "W24 half an object": '{"type": "post"',
    "W24 two objects": '{"type": "read"}{"type": "read"}',
    "W26 not a number": '{"type": "resume", "after": NaN}',
    "W26 infinity": '{"type": "resume", "after": -Infinity}',
    "W27 a deep list": "[" * 100_000,
    "W27 a deep object": '{"type":' * 30_000,
    "W28 a number of 5,000 digits": f'{{"type": "resume", "after": {"9" * 5000}}}',
    "W32 a control character": '{"type": "po\x00st"}',
}
UNKNOWN: dict[str, dict[str, Any]] = {
    "W43 an unknown type": {"type": "croak"},
    "W43 a method's name": {"type": "websocket.receive"},
    "W43 another method's name": {"type": "_open"},
    "W43 a dunder": {"type": "__call__"},
    "W43 a channel layer's message": {"type": "ring", "room_id": 1, "seq": 1},
    "W43 a type of the server's": {"type": "message.posted"},
    "W43 a misspelt type": {"type": "Typing"},
    "W31 a type with a lone surrogate": {"type": "\ud800"},
}
BAD_PLACES: dict[str, Any] = {
    "text": "a lot",
    "negative": -1,
    "negative text": "-1",
    "too large": 2**63,
    "too large as text": str(2**63),
    "very long text": "1" * 5000,
    "a float": 1e3,
    "a float as text": "1e3",
    "true": True,
    "a list": [1],
    "an object": {},
    "Arabic digits": "٣",
    "a power": "²",
    "white space around it": " 1 ",
    "underscored": "1_0",
    "NUL": "\x00",
}
BAD_BODIES: dict[str, tuple[str, Any]] = {
    "empty": ("W23", ""),
    "white space": ("W23", " \n\t "),
    "zero-width": ("W23", "\u200b\u200d\u2060"),
    "a Hangul filler": ("W23", "\u3164"),
    "a lone surrogate": ("W31", "Hello \ud800"),
    "NUL": ("W32", "Hel\x00lo"),
    "10,001 characters": ("W15", "q" * 10_001),
    "a number": ("W30", 7),
    "a list": ("W30", ["Hello"]),
    "null": ("W30", None),
    "an object": ("W30", {"html": "<script>"}),
}
BAD_NONCES: dict[str, tuple[str, Any]] = {
    "short": ("W37", "short"),
    "long": ("W37", "n" * 65),
    "a space": ("W37", "nonce with spaces"),
    "NUL": ("W32", "nonce\x00nonce"),
    "a lone surrogate": ("W31", "nonce-\ud800-nonce"),
    "a list": ("W37", ["nonce-nonce"]),
    "true": ("W37", True),
}


def _objects() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from UNKNOWN.items()
    for kind, member in (("resume", "after"), ("read", "seq")):
        for name, bad in BAD_PLACES.items():
            yield f"W33 {member}: {name}", {"type": kind, member: bad}
    for name, (code, bad) in BAD_BODIES.items():
        yield f"{code} body: {name}", {"type": "post", "body": bad}
    yield "W30 no body", {"type": "post"}
    for name, (code, bad) in BAD_NONCES.items():
        yield f"{code} nonce: {name}", {"type": "post", "body": "Hello", "nonce": bad}


# Each is answered with a sentence, and the socket lives.
SAID: dict[str, str | bytes] = {
    **NOT_THE_PROTOCOL,
    **{name: json.dumps(each) for name, each in _objects()},
    "W23 an empty frame": "",
    "W23 text of zero width": "\u200b",
    "W32 text with NUL": "\x00",
    "W15 long text": "q" * 10_001,
    "W22 bytes": b"Hello",
    "W22 no bytes": b"",
}


def framed(said: str | bytes) -> bytes:
    """The same as bytes on the wire."""
    if isinstance(said, bytes):
        return frame(said, opcode=BINARY)
    return frame(said.encode(), opcode=TEXT)


# Where a page is from that may not use this site's cookie; {origin} and {host} are this site's.
# Stricter than the standard's comparison of origins on purpose: no browser writes capitals or a
# usual port in one.
ORIGINS: dict[str, str | None] = {
    "O1 absent": None,
    "O1 empty": "",
    "O2 null": "null",
    "O3 another scheme": "https://{host}",
    "O3 a socket's scheme": "ws://{host}",
    "O4 another port": "{origin}1",
    "O4 no port": "http://127.0.0.1",
    "O5 a subdomain": "http://evil.{host}",
    "O6 a longer name": "{origin}.evil.example",
    "O6 a name in front": "http://evil{host}",
    "O6 a user in front": "http://{host}@evil.example",
    "O7 in capitals": "HTTP://{host}",
    "O7 somebody else": "https://evil.example",
    "O7 with a path": "{origin}/",
    "O7 two of them": "{origin} {origin}",
    "O7 another loopback name": "http://localhost",
    "O7 no letters": "\xff\xfe",
}
