"""The server and the load have cores of their own, and no threads of one core."""

import os
import subprocess
import sys

import pytest

from bench import cores, plan
from bench.cores import Cores
from bench.errors import Invalid
from bench.report import Result
from bench.rounds import Bench


@pytest.mark.parametrize(
    ("found", "chosen"),
    (
        ({0: {0}, 1: {1}}, Cores(0, 1)),
        ({0: {0, 1}, 1: {0, 1}, 2: {2, 3}, 3: {2, 3}}, Cores(0, 2)),
        ({0: {0, 2}, 1: {1, 3}, 2: {0, 2}, 3: {1, 3}}, Cores(0, 1)),
        ({4: {4, 5}, 5: {4, 5}}, Cores(4, 5, are_siblings=True)),
    ),
)
def test_two_cores_are_chosen_that_are_no_siblings_where_there_are_such(found, chosen):
    assert cores.pair(found) == chosen


def test_one_core_is_too_few():
    with pytest.raises(Invalid, match="two cores are needed"):
        cores.pair({0: {0}})


@pytest.mark.parametrize(
    ("listed", "found"), (("0\n", {0}), ("0,4\n", {0, 4}), ("0-1,8-9\n", {0, 1, 8, 9}))
)
def test_the_kernels_list_is_read(listed, found):
    assert cores.numbers(listed) == found


def test_every_core_is_among_its_own_siblings():
    assert 0 in cores.siblings(0)
    assert cores.siblings(10_000) == {10_000}


def test_a_process_that_was_begun_and_has_ended_is_none_of_the_others():
    core = min(os.sched_getaffinity(0))
    second = "import time\nwhile time.process_time() < 1: pass"

    watch = cores.Watch(Cores(core, core))
    with cores.on_core(core):
        subprocess.run([sys.executable, "-c", second], check=True)
    watch.stop()

    # Others had of this one core what the process left them.
    assert 2 * watch.others * watch.seconds < watch.seconds - 0.9


def test_siblings_are_noted():
    bench = Bench(plan.Plan(), Cores(0, 1, are_siblings=True), Result("posts"))

    bench.judge_the_noise()

    assert bench.result.notes == ["both cores are threads of one, and slow each other"]
