"""What all scenarios share: progress, and whether a round counts."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.cores import Cores, Watch
from bench.plan import Plan
from bench.report import Result

MAX_GENERATOR_SHARE = 0.6
MIN_SATURATED_SHARE = 0.7
MAX_OPEN_SHARE = 0.9
QUIET_SHARE, MAX_OTHERS_SHARE = 0.1, 0.25


@dataclass
class Bench:
    """The plan, the cores, and the result that a scenario fills."""

    plan: Plan
    cores: Cores
    result: Result
    _others: list[float] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"{self.result.scenario}: {text}", file=sys.stderr, flush=True)

    def leave_out(self, what: str) -> bool:
        """Whether this is a look, which does without; its table says so."""
        if self.plan.is_look:
            self.result.notes.append(f"left out of a quick look: {what}")
        return self.plan.is_look

    def rounds(self, count: int) -> Iterator[int]:
        """Numbers from 1 up, each of which is said."""
        for number in range(1, count + 1):
            self.say(f"round {number} of {count}")
            yield number

    def check(self, watch: Watch, what: str) -> None:
        """Complains when the generator was busy enough to be what was measured."""
        self._others.append(watch.others)
        if watch.generator > MAX_GENERATOR_SHARE:
            self.result.complaints.append(
                f"{what}: the generator used {watch.generator:.0%} of its core "
                f"(at most {MAX_GENERATOR_SHARE:.0%}): it may be the bottleneck"
            )

    def check_saturated(self, watch: Watch, what: str) -> None:
        """Complains when a server that should have been busy was not: the load did not reach it."""
        if watch.server < MIN_SATURATED_SHARE:
            self.result.complaints.append(
                f"{what}: the server used only {watch.server:.0%} of its core (at least "
                f"{MIN_SATURATED_SHARE:.0%}), while others took {watch.others:.0%} of both cores: "
                "it was not saturated"
            )

    def check_not_saturated(self, watch: Watch, what: str) -> None:
        """Complains when a server could not take what came: then the loop was not open."""
        if watch.server > MAX_OPEN_SHARE:
            self.result.complaints.append(
                f"{what}: the server used {watch.server:.0%} of its core (at most "
                f"{MAX_OPEN_SHARE:.0%}): the load was too much for it"
            )

    def judge_the_noise(self) -> None:
        """Notes how much of both cores went to others; with too much the figures don't count."""
        if self.cores.are_siblings:
            self.result.notes.append("both cores are threads of one, and slow each other")
        worst = max(self._others, default=0.0)
        sentence = f"not a quiet machine: up to {worst:.0%} of the two cores went to others"
        if worst > MAX_OTHERS_SHARE:
            self.result.complaints.append(f"{sentence} (at most {MAX_OTHERS_SHARE:.0%})")
        elif worst > QUIET_SHARE:
            self.result.notes.append(sentence)
