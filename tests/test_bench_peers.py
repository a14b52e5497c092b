"""The peers of the benchmarks: each delivers each message once to each, or is named as missing."""

import json
import os
import re
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from bench import gatherings, paced, plan, report
from bench.cores import Cores
from bench.errors import Invalid
from bench.peers import roster
from bench.peers.floor.client import Page
from bench.peers.roster import ACTION_CABLE, FLOOR, PEERS, SOCKET_IO, TUTORIAL
from bench.report import Result
from bench.rounds import Bench
from bench.scenarios.latency import loaded

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


def test_a_kept_run_names_the_versions_of_the_peers_and_of_what_they_run_on(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)

    path = report.save([Result("delivery")], plan.QUICK, roster.versions())

    kept = json.loads(path.read_text())["machine"]["peers"]
    assert set(kept) == {peer.name for peer in INSTALLED}
    assert kept["tutorial"].keys() == {"django", "channels", "daphne"}
    assert all(re.match(r"\d+\.\d", each) for peer in kept.values() for each in peer.values())
    if "Socket.IO" in kept:
        assert {"node", "socket.io"} <= kept["Socket.IO"].keys()
    if "Action Cable" in kept:
        assert {"ruby", "actioncable", "puma"} <= kept["Action Cable"].keys()


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
    bench = Bench(plan.Plan(), Cores(CORE, CORE), Result("delivery"))

    found = gatherings.installed(bench, [FLOOR, SOCKET_IO, ACTION_CABLE])

    assert found == [FLOOR]
    assert bench.result.notes == [
        "Socket.IO is missing here: `make peers` installs it",
        "Action Cable is missing here: `make peers` installs it",
    ]


def test_a_quick_look_leaves_slow_peers_out_and_says_so():
    bench = Bench(plan.QUICK, Cores(CORE, CORE), Result("delivery"))

    found = gatherings.installed(bench, [FLOOR, ACTION_CABLE, TUTORIAL])

    assert found == [FLOOR]
    assert bench.result.notes == ["left out of a quick look: Action Cable, tutorial"]


def test_a_check_runs_no_peer():
    bench = Bench(plan.CHECK, Cores(CORE, CORE), Result("delivery"))

    assert gatherings.installed(bench, [FLOOR, TUTORIAL]) == []


def test_a_paced_round_waits_for_what_is_due_at_its_end():
    with gathered(FLOOR) as here:
        due = paced.carry_out(here, range(1, 4), a_second=50)

    assert set(here.ledger.delivered_at) == set(due) == {1, 2, 3}


def test_a_round_near_saturation_knows_the_time_of_each_message():
    short = replace(plan.CHECK, warm_up_seconds=0.3, latency_seconds=1.0)
    bench = Bench(short, Cores(CORE, CORE), Result("latency"))
    with FLOOR.serve(CORE) as server:
        gather = partial(gatherings.at_peer, FLOOR, server, SOCKETS, WRITERS)
        found = loaded(bench, gatherings.Row(FLOOR.name, gather))

    assert found.a_second > 0
    assert found.share > 0
    assert len(found.milliseconds) == int(found.a_second)
    assert min(found.milliseconds) > 0


@contextmanager
def gathered(peer):
    with peer.serve(CORE) as server, gatherings.at_peer(peer, server, SOCKETS, WRITERS) as here:
        yield here


def write(here, number):
    here.ledger.expect(number)
    here.writers[number % WRITERS].write(number)
