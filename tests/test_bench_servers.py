"""The servers that the benchmarks start, and end."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import gatherings, plan, servers, site
from bench.cores import Cores
from bench.errors import Invalid
from bench.peers.roster import FLOOR
from bench.report import Result
from bench.rounds import Bench

CORE = min(os.sched_getaffinity(0))
DEAF = """
import http.server, os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
answers = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), answers).serve_forever()
"""


@pytest.fixture
def bench():
    return Bench(plan.QUICK, Cores(CORE, CORE), Result("delivery"))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(servers, "STOP_SECONDS", 0.1)


def deaf(core, **options):
    """A server that ignores Ctrl-C."""
    return servers.running(core, [sys.executable, "-c", DEAF], "/", {}, **options)


def test_a_server_of_ours_that_has_to_be_killed_is_a_wrong_result(impatient):
    with pytest.raises(Invalid, match="of Ctrl-C, and was killed"), deaf(CORE) as server:
        pass

    assert not Path(f"/proc/{server.pid}").exists()


def test_a_peer_that_has_to_be_killed_is_a_note(bench, impatient):
    with gatherings.served(bench, replace(FLOOR, serve=deaf)):
        pass

    assert bench.result.notes == [
        "floor: the server did not end within 0.1 s of Ctrl-C, and was killed"
    ]


def ended_after(words, name):
    """A server that says something at its start, and does not come to serve."""
    command = [sys.executable, "-c", f"import sys; sys.stderr.write({words!r})"]
    with (
        pytest.raises(Invalid, match="ended at its start"),
        servers.running(CORE, command, "/", {}, name=name),
    ):
        pass


def test_what_a_server_says_is_told_once_under_its_name(capsys):
    for name in ("Natterjack", "Socket.IO", "Natterjack"):
        ended_after("the disk of 21:50 is full\n", name)
    ended_after("the disk of 21:51 is full\n", "Natterjack")
    ended_after("", "floor")

    assert capsys.readouterr().err == (
        "Natterjack said:\nthe disk of 21:50 is full\n"
        "Socket.IO said:\nthe disk of 21:50 is full\n"
        "Natterjack said:\nthe disk of 21:51 is full\n"
    )


def test_of_a_server_that_says_a_lot_the_end_is_told(capsys):
    ended_after("ä beginning" + 5000 * "." + "the reason\n", "tutorial")

    told = capsys.readouterr().err
    assert told.startswith("tutorial said:\n….")
    assert told.endswith(".the reason\n")
    assert len(told) < 2100


def test_uvicorn_has_the_worker_beside_it_as_serve_has_it_within():
    with site.populated(people=2, messages=1) as team, servers.on_uvicorn(CORE, team) as server:
        [worker] = server.helpers
        words = Path(f"/proc/{worker}/cmdline").read_text().split("\0")
        pids = server.pids

    assert words[1:3] == ["manage.py", "worker"]
    assert {server.pid, worker} <= set(pids)
    assert not Path(f"/proc/{worker}").exists()


def test_what_was_wrong_before_a_server_had_to_be_killed_is_what_is_told(impatient):
    with pytest.raises(Invalid, match="message 7 came twice"), deaf(CORE):
        raise Invalid("message 7 came twice")
