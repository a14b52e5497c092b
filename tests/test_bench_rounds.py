"""A round counts where the server was what was measured, under the load that it was to have."""

import os

import pytest

from bench import cores, plan
from bench.cores import Cores, Watch
from bench.report import UNCOUNTED, Result, verdict
from bench.rounds import Bench


@pytest.fixture
def bench():
    return Bench(plan.Plan(), Cores(0, 1), Result("delivery"))


def watched(**shares):
    """What a watch has found, with these shares instead of this process's own."""
    core = min(os.sched_getaffinity(0))
    watch = Watch(cores.Cores(core, core))
    watch.stop()
    vars(watch).update({"generator": 0.0, "server": 0.0, "others": 0.0} | shares)
    return watch


@pytest.mark.parametrize(
    ("check", "counts", "does_not", "sentence"),
    (
        ("check", {"generator": 0.6}, {"generator": 0.61}, "the generator used 61% of its core"),
        ("check_saturated", {"server": 0.7}, {"server": 0.69}, "it was not saturated"),
        ("check_not_saturated", {"server": 0.9}, {"server": 0.91}, "the load was too much for it"),
    ),
)
def test_a_round_beyond_its_bound_does_not_count(bench, check, counts, does_not, sentence):
    getattr(bench, check)(watched(**counts), "fanout")
    assert verdict([bench.result]) == 0

    getattr(bench, check)(watched(**does_not), "fanout")

    (complaint,) = bench.result.complaints
    assert complaint.startswith("fanout: ")
    assert sentence in complaint
    assert verdict([bench.result]) == UNCOUNTED


@pytest.mark.parametrize(
    ("others", "notes", "complaints"), ((0.1, 0, 0), (0.11, 1, 0), (0.25, 1, 0), (0.26, 0, 1))
)
def test_what_others_took_of_the_busiest_round_is_judged(bench, others, notes, complaints):
    for share in (0.0, others, 0.05):
        bench.check(watched(others=share), "fanout")

    bench.judge_the_noise()

    assert (len(bench.result.notes), len(bench.result.complaints)) == (notes, complaints)
