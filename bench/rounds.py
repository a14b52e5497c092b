"""What all scenarios share: progress, and whether a round counts."""

import sys
from dataclasses import dataclass, field

from bench.cores import Cores, Watch
from bench.plan import Plan
from bench.report import Result

MAX_GENERATOR_SHARE = 0.6
QUIET_SHARE = 0.1


@dataclass
class Bench:
    """The plan, the cores, and the result that a scenario fills."""

    plan: Plan
    cores: Cores
    result: Result
    _others: list[float] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"{self.result.scenario}: {text}", file=sys.stderr, flush=True)

    def check(self, watch: Watch, what: str) -> None:
        """Complains when the generator was busy enough to be what was measured."""
        self._others.append(watch.others)
        if watch.generator > MAX_GENERATOR_SHARE:
            self.result.complaints.append(
                f"{what}: the generator used {watch.generator:.0%} of its core "
                f"(at most {MAX_GENERATOR_SHARE:.0%}): it may be the bottleneck"
            )

    def note_the_noise(self) -> None:
        """Notes how much of both cores went to others, when it is worth knowing."""
        if (worst := max(self._others, default=0.0)) > QUIET_SHARE:
            self.result.notes.append(
                f"not a quiet machine: up to {worst:.0%} of the two cores went to others"
            )
