"""What several threads store at one moment."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from django.db import OperationalError, transaction

from chat import group_commit
from chat.group_commit import GroupCommit

SECONDS = 10


@dataclass
class Item:
    name: str
    stored: Future = field(default_factory=Future)

    def settle(self, outcome):
        if isinstance(outcome, Exception):
            self.stored.set_exception(outcome)
        else:
            self.stored.set_result(outcome)


class Store:
    """Keeps what it was given, in which groups and threads; the first group waits for `go_on`."""

    def __init__(self):
        self.groups, self.threads = [], []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.error = None

    def __call__(self, items):
        self.groups.append([item.name for item in items])
        self.threads.append(threading.get_ident())
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        if self.error:
            raise self.error
        return [threading.get_ident()] * len(items)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def commit(store):
    return GroupCommit(store)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def begin(commit, store, threads, line="room"):
    """The first one, which is under way until `store.go_on`."""
    first = Item("first")
    threads.submit(commit.submit, [first], line)
    assert store.begun.wait(SECONDS)
    return first.stored


def hand_in(commit, names, line="room"):
    """All of them return at once: they leave it to who is writing."""
    items = [Item(name) for name in names]
    for item in items:
        commit.submit([item], line)
    return [item.stored for item in items]


@pytest.mark.django_db(transaction=True)
def test_what_comes_while_one_is_written_is_the_next_group_in_its_order(commit, store, threads):
    first = begin(commit, store, threads)
    others = hand_in(commit, ["second", "third", "fourth"])
    store.go_on.set()

    for future in (first, *others):
        future.result(SECONDS)
    assert store.groups == [["first"], ["second", "third", "fourth"]]


@pytest.mark.django_db(transaction=True)
def test_a_group_has_an_end_and_what_is_behind_it_is_the_next(commit, store, threads, monkeypatch):
    monkeypatch.setattr(group_commit, "MAX_TOGETHER", 2)
    begin(commit, store, threads)
    others = hand_in(commit, ["second", "third", "fourth"])
    store.go_on.set()

    for future in others:
        future.result(SECONDS)
    assert store.groups == [["first"], ["second", "third"], ["fourth"]]


@pytest.mark.django_db(transaction=True)
def test_who_came_first_does_not_wait_for_the_others(commit, store, threads):
    first = begin(commit, store, threads)
    others = hand_in(commit, ["second"])
    store.go_on.set()

    assert first.result(SECONDS) == store.threads[0]
    assert others[0].result(SECONDS) != store.threads[0]


@pytest.mark.django_db(transaction=True)
def test_one_line_does_not_wait_for_another(commit, store, threads):
    begin(commit, store, threads, line="stuck")

    (other,) = hand_in(commit, ["other"], line="free")

    assert other.result(SECONDS) == threading.get_ident()
    store.go_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_failure_of_one_group_leaves_nobody_waiting(commit, store, threads):
    store.error = ValueError("a fault of ours")
    first = begin(commit, store, threads)
    others = hand_in(commit, ["second"])
    store.go_on.set()

    assert first.exception(SECONDS) is others[0].exception(SECONDS) is store.error
    assert store.groups == [["first"], ["second"]]
    store.error = None
    assert hand_in(commit, ["third"])[0].result(SECONDS)


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_that_of_all_who_wait_in_the_line(commit, store, threads):
    store.error = OperationalError("database is locked")
    first = begin(commit, store, threads)
    others = hand_in(commit, ["second", "third"])
    store.go_on.set()

    outcomes = {future.exception(SECONDS) for future in (first, *others)}
    assert outcomes == {store.error}
    assert store.groups == [["first"]]


@pytest.mark.django_db(transaction=True)
def test_an_outage_of_one_line_is_none_of_another(commit, store, threads):
    begin(commit, store, threads, line="first")
    store.error = OperationalError("canceling statement due to lock timeout")
    (stuck,) = hand_in(commit, ["stuck"], line="second")
    assert stuck.exception(SECONDS) is store.error
    (waiting,) = hand_in(commit, ["waiting"], line="first")
    store.error = None
    store.go_on.set()

    assert waiting.result(SECONDS)


@pytest.mark.django_db(transaction=True)
def test_who_comes_behind_an_outage_tries_again(commit, store):
    store.go_on.set()
    store.error = OperationalError("database is locked")
    (first,) = hand_in(commit, ["first"])
    assert first.exception(SECONDS) is store.error
    store.error = None

    assert hand_in(commit, ["second"])[0].result(SECONDS)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_ending_leaves_nobody_waiting(commit, store, threads, monkeypatch):
    with ThreadPoolExecutor(1) as ended:
        pass

    monkeypatch.setattr(group_commit, "in_background", ended.submit)
    begin(commit, store, threads)
    others = hand_in(commit, ["second", "third"])
    store.go_on.set()

    assert {future.result(SECONDS) for future in others} == {store.threads[0]}


@pytest.mark.django_db(transaction=True)
def test_where_no_thread_can_be_started_each_is_stored_once(commit, store, threads, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    with ThreadPoolExecutor(2) as pool:
        is_free = threading.Event()
        pool.submit(is_free.wait, SECONDS)
        monkeypatch.setattr(group_commit, "in_background", pool.submit)
        begin(commit, store, threads)
        others = hand_in(commit, ["second"])
        monkeypatch.setattr(threading.Thread, "start", refuse)
        store.go_on.set()
        assert others[0].result(SECONDS) == store.threads[0]
        is_free.set()  # and goes on with what the pool has kept, though it has refused it

    assert store.groups == [["first"], ["second"]]


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_it_is_a_part_of_that(commit, store, threads):
    begin(commit, store, threads)

    with transaction.atomic():
        (own,) = hand_in(commit, ["mine"])

    assert own.result(0) == threading.get_ident()
    store.go_on.set()
