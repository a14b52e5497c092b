"""A page that is kept: what was rendered once, with gaps for what each answer has of its own.

Templates render the gaps as they render anything: each is a word that nobody can have written.
"""

import gzip
import re
import secrets
import zlib
from collections.abc import Callable, Mapping
from sys import getsizeof

_SECRET = secrets.token_hex(16)
_GAP = re.compile(f"(gap{_SECRET}[a-z]+)")
_NAME = len(f"gap{_SECRET}")
_FASTEST, _SMALLEST = 1, 9
_RAW = -zlib.MAX_WBITS
# A piece compresses nothing that it has in common with others: small ones would make pages larger.
_LARGE = 3000
# BREACH measures a page's length: like Django's own, each answer has a name of another length.
_MAX_NAME_BYTES = 100
_HEADER = bytes((0x1F, 0x8B, 8, gzip.FNAME, 0, 0, 0, 0, 0, 255))


def gap(name: str) -> str:
    """What a template shows in place of it; `name` is of small letters."""
    return f"gap{_SECRET}{name}"


class Piece:
    """A large text that goes out again and again: encoded and deflated once.

    A deflated text that was flushed ends on a byte, and refers to nothing before it (RFC 1951):
    so it may stand between others.
    """

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        packer = zlib.compressobj(_SMALLEST, wbits=_RAW)
        self.deflated = packer.compress(self.text) + packer.flush(zlib.Z_FULL_FLUSH)

    def __sizeof__(self) -> int:
        return getsizeof(self.text) + getsizeof(self.deflated)


class Stencil:
    """A rendered text and where its gaps are. What is large between two of them is a piece."""

    def __init__(self, text: str) -> None:
        self._parts: list[str | Piece] = [
            Piece(part) if len(part) >= _LARGE else part for part in _GAP.split(text)
        ]

    def __sizeof__(self) -> int:
        return sum(map(getsizeof, self._parts))

    def filled(self, values: Mapping[str, Callable[[], str | Piece]]) -> list[bytes | Piece]:
        """The whole: pieces, and what stands between them. Each gap asks for its own value."""
        whole: list[bytes | Piece] = []
        between: list[str] = []
        for place, part in enumerate(self._parts):
            value = values[part[_NAME:]]() if place % 2 and isinstance(part, str) else part
            if isinstance(value, Piece):
                whole += ["".join(between).encode(), value]
                between = []
            else:
                between.append(value)
        return [*whole, "".join(between).encode()]


def plain(parts: list[bytes | Piece]) -> bytes:
    return b"".join(part.text if isinstance(part, Piece) else part for part in parts)


def gzipped(parts: list[bytes | Piece]) -> bytes:
    """The same as one gzip member (RFC 1952), in which pieces are not compressed again."""
    packer = zlib.compressobj(_FASTEST, wbits=_RAW)
    written = [_HEADER, b"a" * secrets.randbelow(_MAX_NAME_BYTES), b"\0"]
    checksum = size = 0
    for part in parts:
        text = part.text if isinstance(part, Piece) else part
        checksum, size = zlib.crc32(text, checksum), size + len(text)
        if isinstance(part, Piece):
            written += [packer.flush(zlib.Z_FULL_FLUSH), part.deflated]
        else:
            written.append(packer.compress(part))
    written += [packer.flush(), checksum.to_bytes(4, "little"), size.to_bytes(4, "little")]
    return b"".join(written)
