"""The soak's judge: it has to see each kind of fault, or its silence means nothing."""

from collections import defaultdict

import pytest

from soak import checker
from soak.checker import Stored
from soak.history import History
from soak.pages import Page


class Log:
    """As stored: client 0 (member1) has said three things in one room."""

    def __init__(self):
        self.messages = [
            Stored(
                10 + seq, "member1", f"nonce-{seq}", "general", seq, f"client x-0, message {seq}"
            )
            for seq in (1, 2, 4)
        ]
        self.by_nonce = {(each.author, each.nonce): each for each in self.messages}
        self.by_room = defaultdict(list)
        self.by_room["general"] = [(each.seq, each.id) for each in self.messages]
        self.rooms = [("general", 4, 4, 1, 4, 4)]


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def history(log):
    """All three were acknowledged, one after the other."""
    history = History()
    for stored in log.messages:
        send = history.invoke(0, 0, "general", stored.nonce, stored.body)
        history.answer(send, stored.id)
    return history


@pytest.fixture
def page():
    return Page("general", 4, "epoch", "token", [(1, 11), (2, 12), (4, 14)], [(3, 2), (4, 4)])


def test_what_is_right_is_not_complained_about(log, history, page):
    assert list(checker.lost(history, log)) == []
    assert list(checker.doubled(log)) == []
    assert list(checker.gaps(log)) == []
    assert list(checker.disordered(history, log)) == []
    assert list(checker.wrong([page], log)) == []
    assert history.problems == []


def test_an_acknowledged_message_that_is_not_stored_is_lost(log, history):
    del log.by_nonce["member1", "nonce-2"]

    assert len(list(checker.lost(history, log))) == 1


def test_an_acknowledged_message_that_is_stored_as_another_is_lost(log, history):
    history.sends[0].body = "something else"
    history.sends[1].message = 99

    assert len(list(checker.lost(history, log))) == 2


def test_an_unknown_end_may_be_either(log, history):
    history.invoke(0, 0, "general", "nonce-9", "never answered")

    assert list(checker.lost(history, log)) == []


def test_two_answers_that_name_two_messages_are_told(history):
    history.answer(history.sends[0], 99)

    assert len(history.problems) == 1


def test_a_message_that_is_stored_twice_is_told(log):
    first = log.messages[0]
    log.messages.append(Stored(15, first.author, "another nonce", "general", 5, first.body))

    assert len(list(checker.doubled(log))) == 1


@pytest.mark.parametrize(
    "room",
    (
        ("general", 4, 3, 1, 4, 3),
        ("general", 5, 4, 1, 4, 4),
        ("general", 4, 4, 2, 5, 4),
        ("general", 4, 5, 1, 4, 4),
    ),
)
def test_a_log_with_a_hole_a_double_or_another_end_is_told(log, room):
    log.rooms = [room]

    assert len(list(checker.gaps(log))) == 1


def test_what_was_acknowledged_first_has_to_stand_first(log, history):
    history.sends[0].nonce, history.sends[2].nonce = "nonce-4", "nonce-1"

    assert list(checker.disordered(history, log))


@pytest.mark.parametrize(
    "shown",
    (
        [(1, 11), (4, 14)],
        [(1, 11), (2, 12), (2, 12), (4, 14)],
        [(2, 12), (1, 11), (4, 14)],
        [(1, 11), (2, 99), (4, 14)],
        [(1, 11), (2, 12), (3, 13), (4, 14)],
    ),
    ids=("left out", "doubled", "swapped", "another message", "never stored"),
)
def test_a_list_that_is_no_slice_of_the_log_is_told(log, page, shown):
    page.shown = shown

    assert list(checker.wrong([page], log))


def test_a_list_that_ended_before_its_cursor_is_told(log, page):
    page.moments.append((4, 2))

    assert len(list(checker.wrong([page], log))) == 1


def test_a_frame_whose_messages_and_place_part_is_told(page):
    page.swap('<ol hx-swap-oob="beforeend:#messages"><li id="message-15" data-seq="5"></li></ol>')
    page.swap('<div id="cursor"><input name="after" value="3"></div>')
    page.swap('<li id="message-14" data-seq="4"></li><input name="after" value="5">')

    assert len(page.faults) == 3
