"""What is kept goes out whole, compressed or not, and each answer has its own in the gaps."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from chat.gaps import Piece, Stencil, gap, gzipped, plain

TEXTS = st.text() | st.text("ab").map(lambda text: text * 400)


def test_each_gap_asks_for_a_value_of_its_own():
    numbers = iter("123")
    stencil = Stencil(f"a {gap('number')} b {gap('list')} c {gap('number')}")

    values = {"number": lambda: next(numbers), "list": lambda: Piece("…")}

    assert plain(stencil.filled(values)).decode() == "a 1 b … c 2"


def test_what_stands_in_a_gap_is_no_gap_itself():
    stencil = Stencil(gap("list"))

    assert plain(stencil.filled({"list": lambda: gap("list")})) == gap("list").encode()


def test_a_large_part_is_compressed_once_and_not_in_each_answer():
    stencil = Stencil(f"{'long ' * 1000}{gap('own')} and {gap('own')}{' more' * 1000}")
    values = {"own": lambda: "mine"}

    first, second = stencil.filled(values), stencil.filled(values)

    assert plain(first).decode() == f"{'long ' * 1000}mine and mine{' more' * 1000}"
    assert gzip.decompress(gzipped(first)) == plain(first)
    large = [part for part in first if isinstance(part, Piece)]
    assert len(large) == 2
    assert all(part in second for part in large)


@given(st.lists(st.tuples(TEXTS, st.booleans()), max_size=6))
def test_compressed_it_is_the_same(texts):
    parts = [Piece(text) if is_kept else text.encode() for text, is_kept in texts]

    packed = gzipped(parts)

    assert gzip.decompress(packed) == plain(parts) == "".join(t for t, _ in texts).encode()
    one = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # as browsers do: one member, and its sum
    assert (one.decompress(packed), one.eof, one.unused_data) == (plain(parts), True, b"")


def test_a_length_tells_nothing_of_what_is_in_it():
    assert len({len(gzipped([b"the same"])) for _ in range(50)}) > 5
