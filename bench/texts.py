"""What is said in the benchmarks: Markdown with a number that tells messages apart."""

import re
from functools import lru_cache

_NUMBER = re.compile(rb"bench-(\d+)-")
TEXT = (
    "bench-{number}- The build is **green** again, and the notes are on the wiki: "
    "https://example.org/notes. Three things are left, `SELECT` without an index among them; "
    "I'd say that we ship on *Thursday* & look at the rest next week."
)
# What peers pass on: half of what our pages get for it, with its author, its time and its buttons.
PADDED_BYTES = 1024
_PADDING = " This stands for what a page gets around a message."


def text(number: int) -> str:
    return TEXT.format(number=number)


def padded(number: int) -> str:
    """The same for peers, who pass on what they get: PADDED_BYTES of ASCII in all."""
    said = text(number)
    return (said + _PADDING * (PADDED_BYTES // len(_PADDING)))[:PADDED_BYTES]


@lru_cache(maxsize=512)
def numbers(frame: bytes) -> tuple[int, ...]:
    """The messages in a frame, in order. Frames are the same for all, so each is read once."""
    return tuple(map(int, _NUMBER.findall(frame)))
