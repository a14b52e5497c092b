"""Made-up frames, as long as FUZZ_SECONDS says: whatever comes, what it means is a frame or a
refusal, and the answer can be sent.

Two ways to make one up: objects of the protocol with strange members, written as JSON by a hand
that doubles names, nests deeply and knows no limits; and edits of such a text. What is found is
printed, and belongs into tests/bad/frames.py. Neither Hypothesis, which makes a hundred of these
in the time of some thousand, nor atheris, which does not install on each Python that this runs on.
"""

import json
import os
import random
import secrets
import time
from types import SimpleNamespace

import pytest

from chat import frames, programs
from chat.consumers.base import Step
from chat.consumers.pages import Page
from chat.consumers.posts import Draft
from chat.consumers.programs import Program
from chat.errors import Refused
from chat.fragments import Kind, refusal
from chat.frames import BadFrame
from tests.protocol import schema

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
PARTS = 5  # the tests below, each for each kind of socket
HTML = Kind("html", "en", "UTC")

# --- Frames ---------------------------------------------------------------------------------

TYPES = [
    kind["properties"]["type"]["const"]
    for kind in schema("client")["$defs"].values()
    if "type" in kind.get("properties", {})
]
MEMBERS = sorted(
    {name for kind in schema("client")["$defs"].values() for name in kind.get("properties", {})}
    | {"thread", "HEADERS", "__class__", "query", "near"}
)
# Written into the JSON as they are: what is JSON, and what is none or should be none to us.
GOOD = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e3",
    "1e999",
    "0.1",
    "7",
    '"7"',
    str(2**63),
    str(2**63 - 1),
    f'"{2**63}"',
    "9" * 400,
    f'"{"9" * 400}"',
    f'"{"9" * 5000}"',
    '"٣"',
    '"²"',
    '"1_0"',
    '" 1 "',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\u202e"',
    '"\u200b"',
    '""',
    f'"{"q" * 64}"',
    f'"{"q" * 65}"',
    f'"{"q" * 10_001}"',
    '"nonce-nonce"',
    '"now"',
    "[]",
    "{}",
    "[" * 500 + "]" * 500,
    '{"general":1}',
    '{"general":"1","general":{}}',
    '"general"',
]
BAD = [
    "NaN",
    "-Infinity",
    "01",
    "nul",
    "",
    "9" * 5000,
    "-" + "9" * 5000,
    '"\x00"',
    "[" * 100_000,
    '{"a":' * 30_000,
    "[1,]",
    '{"a":1,}',
    '"unfinished',
    "\ufeff",
    "'a'",
    "/**/1",
]
TOKENS = [*GOOD, *BAD]
GOOD_TEXTS = [each for each in GOOD if each.startswith('"')]


NAMES = [json.dumps(name) for name in MEMBERS]
KINDS = [json.dumps(kind) for kind in [*TYPES, "suggest", "croak"]]


class Hand:
    """Writes frames, by chance."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def frame(self):
        """No half of a surrogate pair is in it: no bytes on a line make one."""
        kind = self.chance.random()
        if kind < 0.1:
            return "".join(map(chr, self.chance.choices(range(0xD800), k=self.number(40))))
        return self.object() if kind < 0.6 else self.edited(self.object())

    def object(self):
        """Mostly of the protocol; a name may be there twice."""
        members = [f"{self.name()}:{self.value()}" for _member in range(self.number(6))]
        kind = self.pick(KINDS) if self.chance.random() < 0.9 else self.value()
        members.insert(self.number(len(members)), f'"type":{kind}')
        return "{" + ",".join(members) + "}"

    def edited(self, text):
        """Something was cut out, doubled or put in."""
        for _time in range(1 + self.number(3)):
            start = self.number(len(text))
            end = start + self.number(12)
            piece = self.pick(["", text[start:end] * 2, self.pick(TOKENS), "\\", '"'])
            text = text[:start] + piece + text[end:]
        return text

    def name(self):
        return self.pick(NAMES) if self.chance.random() < 0.9 else self.pick(GOOD_TEXTS)

    def value(self, depth=0):
        kind = self.chance.random()
        if kind < 0.02:
            return self.pick(BAD)
        if kind < 0.1 and depth < 4:
            return "[" + ",".join(self.value(depth + 1) for _ in range(self.number(3))) + "]"
        if kind < 0.2 and depth < 4:
            pairs = [f"{self.name()}:{self.value(depth + 1)}" for _ in range(self.number(3))]
            return "{" + ",".join(pairs) + "}"
        return self.pick(GOOD)

    def number(self, most):
        return self.chance.randint(0, most)

    def pick(self, several):
        return self.chance.choice(several)


def for_some_time(check):
    """Checks one frame after the other until the time is over; says which one it was that fails."""
    seed = secrets.randbits(32)
    hand, ends = Hand(seed), time.monotonic() + SECONDS / PARTS
    while time.monotonic() < ends:
        text = hand.frame()
        try:
            check(text)
        except BaseException as error:
            error.add_note(f"The frame, of seed {seed}: {text[:2000]!r}")
            raise


# --- What they come to ----------------------------------------------------------------------


def test_whatever_comes_is_a_frame_or_a_bad_one():
    def check(text):
        try:
            frame = frames.parse(text)
        except BadFrame as error:
            assert text.startswith(("{", "["))
            str(error.sentence).encode()
            return
        assert isinstance(frame["type"], str)
        for name in MEMBERS:
            try:
                number = frames.number(frame, name)
            except BadFrame as error:
                str(error.sentence).encode()
            else:
                assert number is None or (type(number) is int and 0 <= number < 2**63)

    for_some_time(check)


@pytest.mark.parametrize("consumer", (Page, Program))
@pytest.mark.parametrize("slug", ("", "general"))
def test_each_step_is_something_to_do_or_a_refusal_that_can_be_sent(consumer, slug, no_limits):
    socket = standing(consumer, slug)

    def check(text):
        step = socket._step(text)
        if step is None:
            return
        assert isinstance(step, Step)
        assert step.nonce is None or (isinstance(step.nonce, str) and len(step.nonce) <= 64)
        if isinstance(step.what, Refused):
            programs.error(step.what, step.nonce).encode()
            refusal(str(step.what.sentence), HTML).encode()
        elif isinstance(step.what, Draft):
            step.what.body.encode()
            step.what.nonce.encode()
            assert step.what.reply_to is None or step.what.reply_to < 2**63
        elif isinstance(step.what, dict):
            programs.ack(nonce=step.nonce, room="general", seq=1, message_id=1).encode()
            places(socket, step.what)
        else:
            raise AssertionError(step)

    for_some_time(check)


@pytest.fixture
def no_limits(settings):
    settings.LIMIT_FRAMES = settings.LIMIT_POSTS = None


def standing(consumer, slug):
    """A socket of nobody's that is open and has no server."""
    socket = consumer()
    socket.language, socket.epoch, socket.home = "en", "now", ""
    reader = {"person_id": 1, "kind": HTML, "room_id": 1, "slug": slug, "may": lambda _scope: True}
    socket.reader = SimpleNamespace(**reader)
    socket.rooms, socket.suggester = {}, SimpleNamespace(may_ask=lambda: True, is_flooded=False)
    return socket


def places(socket, frame):
    """Of a `resume`: each a number or refused."""
    if isinstance(socket, Program) and frame["type"] == "resume":
        try:
            cursors = socket._cursors(frame)
        except Refused as error:
            programs.error(error, None).encode()
        else:
            assert all(each is None or 0 <= each < 2**63 for each in cursors.values())
        assert socket.is_same_epoch(frame) in (True, False)
