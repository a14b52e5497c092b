"""Whatever happens, in whatever order: each page is a slice of the log, and nothing is lost."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "30"))
STEPS = int(os.environ.get("MODEL_STEPS", "40"))
# Seeded mutants only have to be found; a person wants to see the shortest way to the failure.
SHRINKS = os.environ.get("MODEL_SHRINK", "1") == "1"


@pytest.mark.timeout(3600)
def test_pages_hold_the_log_whatever_happens(delivery, record_property):
    budget = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize="MODEL_SEED" not in os.environ,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if SHRINKS else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(delivery, settings=budget)
    finally:
        record_property("steps", delivery.steps)
