"""What several threads store at one moment."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import transaction

from chat import group_commit
from chat.group_commit import GroupCommit

SECONDS = 10


class Store:
    """Keeps what it was given, in which groups and threads; the first group waits for `go_on`."""

    def __init__(self):
        self.groups, self.threads = [], []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.error = None

    def __call__(self, items):
        self.groups.append([name for name, _future in items])
        self.threads.append(threading.get_ident())
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        for _name, future in items:
            future.set_result(threading.get_ident())
        if self.error:
            raise self.error


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
    future = Future()
    threads.submit(commit.submit, [("first", future)], line)
    assert store.begun.wait(SECONDS)
    return future


def hand_in(commit, names, line="room"):
    """All of them return at once: they leave it to who is writing."""
    futures = [Future() for _name in names]
    for item in zip(names, futures, strict=True):
        commit.submit([item], line)
    return futures


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
    begin(commit, store, threads)
    others = hand_in(commit, ["second"])
    store.go_on.set()

    assert others[0].result(SECONDS)
    store.error = None
    assert hand_in(commit, ["third"])[0].result(SECONDS)


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
