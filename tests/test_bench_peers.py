"""The peers of the benchmarks: each delivers each message once to each, or is named as missing."""

import os
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bench import gatherings, paced, plan
from bench.cores import Cores
from bench.errors import Invalid
from bench.peers.floor.client import Page
from bench.peers.roster import ACTION_CABLE, FLOOR, PEERS, SOCKET_IO
from bench.report import Result
from bench.rounds import Bench

SOCKETS, WRITERS, MESSAGES = 5, 2, 4
CORE = min(os.sched_getaffinity(0))
INSTALLED = [peer for peer in PEERS if peer.is_installed()]


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_a_peer_delivers_each_message_once_to_each(peer):
    with gathered(peer) as here:
        for number in range(1, MESSAGES + 1):
            write(here, number)
        here.finish()

    assert set(here.ledger.delivered_at) == {1, 2, 3, 4}
    assert here.ledger.deliveries == SOCKETS * MESSAGES


def test_the_floor_and_the_tutorial_need_nothing_but_what_tests_need():
    assert {"floor", "tutorial"} <= {peer.name for peer in INSTALLED}


def test_a_message_that_comes_twice_is_no_result():
    with gathered(FLOOR) as here:
        write(here, 1)
        here.finish()
        here.writers[0].write(1)

        with pytest.raises(Invalid, match="message 1 came twice"):
            here.loop.run_for(10)


class Forgetful(Page):
    """Somebody's page that shows every message but the second."""

    def take(self, frame):
        if b"bench-2-" not in frame:
            super().take(frame)


def test_a_message_that_is_lost_is_no_result():
    with gathered(replace(FLOOR, page=Forgetful)) as here:
        write(here, 1)
        here.finish()
        write(here, 2)

        with pytest.raises(Invalid, match="every message at every socket"):
            here.finish(timeout_seconds=0.5)


def test_a_peer_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    bench = Bench(plan.QUICK, Cores(CORE, CORE), Result("delivery"))

    found = gatherings.installed(bench, [FLOOR, SOCKET_IO, ACTION_CABLE])

    assert found == [FLOOR]
    assert bench.result.notes == [
        "Socket.IO is missing here: `make peers` installs it",
        "Action Cable is missing here: `make peers` installs it",
    ]


def test_a_paced_round_waits_for_what_is_due_at_its_end():
    with gathered(FLOOR) as here:
        due = paced.carry_out(here, range(1, 4), a_second=50)

    assert set(here.ledger.delivered_at) == set(due) == {1, 2, 3}


@contextmanager
def gathered(peer):
    with peer.serve(CORE) as server, gatherings.at_peer(peer, server, SOCKETS, WRITERS) as here:
        yield here


def write(here, number):
    here.ledger.expect(number)
    here.writers[number % WRITERS].write(number)
