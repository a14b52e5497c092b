"""What the soak calls growth: neither how a server gets warm, nor one sample that stands out."""

import os

import pytest

from bench.servers import pss_bytes
from soak.report import Report
from soak.scenarios import memory


def test_what_a_server_takes_to_get_warm_is_no_growth():
    taken = [10.0, 50.0] + [100.0, 101.0, 102.0] + [103.0] * 7

    assert memory.compared(taken) == (100.5, 103.0)


@pytest.mark.parametrize(("last", "breaks"), ((109.0, 0), (111.0, 1)))
def test_more_than_a_tenth_is_growth_in_whichever_process_it_is(last, breaks):
    report = Report("memory", "postgresql", "minutes")

    memory.weigh({"one": [100.0] * 12, "another": [100.0] * 9 + [last] * 3}, report)

    assert len(report.violations) == breaks


def test_too_little_to_compare_is_said():
    report = Report("memory", "sqlite", "minutes")

    memory.weigh({"one": [100.0] * 5}, report)

    assert report.violations == ["ended before there was anything to compare"]


def test_memory_that_is_taken_is_seen():
    before = pss_bytes(os.getpid())
    taken = bytearray(os.urandom(2**20)) * 32

    assert pss_bytes(os.getpid()) - before > len(taken) / 2
