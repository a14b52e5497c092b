"""`python -m bench [SCENARIO …]`: measures, shows a table, and keeps everything as JSON."""

import argparse
import sys
from time import perf_counter

from bench import cores, plan, report
from bench.errors import Invalid
from bench.report import Result
from bench.rounds import Bench
from bench.scenarios import SCENARIOS
from bench.site import ROOT


def main() -> int:
    """1 when any figure does not count, else 0, whether or not the targets are met."""
    names = _arguments().scenario or list(SCENARIOS)
    chosen = plan.chosen()
    try:
        two = cores.choose()
    except Invalid as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    results = []
    for name in names:
        results.append(_measured(Bench(chosen, two, Result(name))))
        print(report.show(results[-1]), flush=True)
    print(f"\nEvery round is in {report.save(results, chosen).relative_to(ROOT)}")
    return 1 if any(result.complaints for result in results) else 0


def _measured(bench: Bench) -> Result:
    began = perf_counter()
    try:
        SCENARIOS[bench.result.scenario](bench)
    except Invalid as problem:
        bench.result.complaints.append(str(problem))
    bench.judge_the_noise()
    bench.result.seconds = perf_counter() - began
    return bench.result


def _arguments() -> argparse.Namespace:
    docs = [f"  {name:8}  {_first_line(name)}" for name in SCENARIOS]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Natterjack on this machine. BENCH_QUICK=1 takes a short look.",
        epilog="\n".join(["scenarios (all of them by default):", *docs]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="see below")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenario) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return arguments


def _first_line(name: str) -> str:
    module = sys.modules[SCENARIOS[name].__module__]
    return (module.__doc__ or "").splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
