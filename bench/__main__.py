"""`python -m bench [SCENARIO …]`: measures, shows a table, and keeps everything as JSON."""

import argparse
import subprocess
import sys
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from signal import SIGHUP, SIGINT, SIGTERM, default_int_handler, signal
from time import perf_counter

from bench import cores, plan, report
from bench.errors import Invalid, Unreached
from bench.plan import Plan
from bench.report import UNCOUNTED, WRONG, Result
from bench.rounds import Bench
from bench.scenarios import CHECKED, SCENARIOS
from bench.site import ROOT

_EXITS = f"""\
ends with
  0  whether or not the targets are met
  {WRONG}  the results are wrong: a message was lost or came twice, a page was not whole, or a
     server ended
  {UNCOUNTED}  figures don't count: the load was not reached, the generator was busier than it
     may be, or others used the machine (with --check these are notes)"""


def main() -> int:
    """What `report.verdict` says of all that was asked for."""
    arguments = _arguments()
    # Whoever ends this ends its servers with it. And a shell's background job ignores Ctrl-C, and
    # would hand that on to servers, which are ended with it.
    for ending in (SIGHUP, SIGTERM):
        signal(ending, lambda number, _frame: sys.exit(128 + number))
    signal(SIGINT, default_int_handler)
    # A socket is a file, here and at each server that this starts; many systems give 1,024.
    hard = getrlimit(RLIMIT_NOFILE)[1]
    setrlimit(RLIMIT_NOFILE, (hard, hard))
    chosen = plan.CHECK if arguments.check else plan.chosen()
    try:
        two = cores.choose()
    except Invalid as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return UNCOUNTED
    results: list[Result] = []
    names = arguments.scenario or (CHECKED if arguments.check else list(SCENARIOS))
    try:
        for name in names:
            results.append(_result_of(Bench(chosen, two, Result(name)), arguments.check))
    finally:  # whoever ends this at the tenth scenario has nine
        if results and not arguments.check:
            _keep(results, chosen)
    return report.verdict(results)


def _keep(results: list[Result], chosen: Plan) -> None:
    kept = report.save(results, chosen).relative_to(ROOT)
    print(f"\nEvery round is in {kept}, drawn in:", flush=True)
    subprocess.run([sys.executable, "-m", "bench.plots", kept], cwd=ROOT, check=True)


def _result_of(bench: Bench, is_check: bool) -> Result:
    """Filled and shown. A check takes complaints for notes; but not what could not be seen."""
    result = _filled(bench, is_check)
    if is_check:
        result.notes += result.complaints
        result.complaints = []
    print(report.show_check(result) if is_check else report.show(result), flush=True)
    return result


def _filled(bench: Bench, is_check: bool) -> Result:
    began = perf_counter()
    try:
        SCENARIOS[bench.result.scenario](bench)
    except Unreached as problem:
        (bench.result.wrong if is_check else bench.result.complaints).append(str(problem))
    except Invalid as problem:
        bench.result.wrong.append(str(problem))
    except OSError as error:  # of a connection, or of a process that is no longer there
        bench.result.wrong.append(f"the server is gone, or takes nothing: {error}")
    bench.judge_the_noise()
    bench.result.seconds = perf_counter() - began
    return bench.result


def _arguments() -> argparse.Namespace:
    docs = [f"  {name:8}  {_first_line(name)}" for name in SCENARIOS]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Natterjack on this machine. BENCH_QUICK=1 takes a short look.",
        epilog="\n".join(["scenarios (all of them by default):", *docs, "", _EXITS]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="see below")
    parser.add_argument(
        "--check",
        action="store_true",
        help="one short round, for right results and not for time; "
        f"of {', '.join(CHECKED)} by default",
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.scenario) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return arguments


def _first_line(name: str) -> str:
    module = sys.modules[SCENARIOS[name].__module__]
    return (module.__doc__ or "").splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
