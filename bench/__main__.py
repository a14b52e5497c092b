"""`python -m bench [SCENARIO …]`: measures, shows a table, and keeps everything as JSON."""

import argparse
import subprocess
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from signal import SIGHUP, SIGINT, SIGTERM, signal
from time import perf_counter

from bench import cores, plan, report
from bench.errors import Invalid, Unreached
from bench.peers import roster
from bench.plan import Plan
from bench.report import UNCOUNTED, WRONG, Result
from bench.rounds import Bench
from bench.scenarios import CHECKED, LONG, SCENARIOS
from bench.site import ROOT

_EXITS = f"""\
ends with
  0    whether or not the targets are met
  {WRONG}    the results are wrong: a message was lost or came twice, a page was not whole, or a
       server ended
  2    there is no such scenario or option
  {UNCOUNTED}    figures don't count: the load was not reached, the generator was busier than it
       may be, or others used the machine (with --check these are notes)
  {128 + SIGINT}  it was interrupted with Ctrl-C: the scenarios before are kept, in a file that says
       "interrupted": true, and are not drawn
`make bench` itself ends with 2 whenever this does not end with 0."""


def main() -> int:
    """What `report.verdict` says of all that was asked for."""
    arguments = _arguments()
    # Whoever ends this ends its servers with it. And a shell's background job ignores Ctrl-C, and
    # would hand that on to servers, which are ended with it.
    for ending in (SIGHUP, SIGINT, SIGTERM):
        signal(ending, lambda number, _frame: sys.exit(128 + number))
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
    names = arguments.scenario or _all_of(chosen, arguments.check)
    try:
        for name in names:
            results.append(
                _result_of(
                    Bench(chosen, two, Result(name, is_look=chosen.is_look)), arguments.check
                )
            )
    except BaseException:  # whoever ends this at the tenth scenario has nine
        measured = [] if arguments.check else results
        print(f"bench: {_interrupted(name, measured, chosen)}", file=sys.stderr)
        raise
    if not arguments.check:
        _draw(_kept(results, chosen))
    return report.verdict(results)


def _all_of(chosen: Plan, is_check: bool) -> list[str]:
    if is_check:
        return CHECKED
    if not chosen.is_look:
        return list(SCENARIOS)
    print(f"bench: a quick look leaves out {', '.join(LONG)}", file=sys.stderr)
    return [name for name in SCENARIOS if name not in LONG]


def _interrupted(name: str, results: list[Result], chosen: Plan) -> str:
    """Says so, having kept what there is."""
    said = "nothing is kept"
    if results:
        done = ", ".join(f'"{result.scenario}"' for result in results)
        kept = _kept(results, chosen, is_interrupted=True)
        said = f"{done} {'is' if len(results) == 1 else 'are'} kept in {kept}"
    return f'interrupted in "{name}"; {said}'


def _kept(results: list[Result], chosen: Plan, *, is_interrupted: bool = False) -> Path:
    path = report.save(results, chosen, roster.versions(), is_interrupted=is_interrupted)
    return path.relative_to(ROOT)


def _draw(kept: Path) -> None:
    """Also says where everything is."""
    print(f"\nEvery round is in {kept}, the table in {kept.with_suffix('.txt')}.", flush=True)
    drawing = [sys.executable, "-m", "bench.plots", str(kept)]
    done = subprocess.run(drawing, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print("bench: no plots could be drawn of it", file=sys.stderr)
    elif done.stdout:
        print(f"Drawn in:\n{done.stdout}", end="")


def _result_of(bench: Bench, is_check: bool) -> Result:
    """Filled and shown. A check takes complaints for notes; but not what could not be seen."""
    result = filled(bench, is_check)
    if is_check:
        result.notes += result.complaints
        result.complaints = []
    print(report.show_check(result) if is_check else report.show(result), flush=True)
    return result


def filled(bench: Bench, is_check: bool) -> Result:
    """What a scenario found. Whatever stops it is said in its result, and the next one can run."""
    began = perf_counter()
    try:
        SCENARIOS[bench.result.scenario](bench)
    except Unreached as problem:
        (bench.result.wrong if is_check else bench.result.complaints).append(str(problem))
    except Invalid as problem:
        bench.result.wrong.append(str(problem))
    except OSError as error:  # of a connection, or of a process that is no longer there
        bench.result.wrong.append(f"the server is gone, or takes nothing: {error}")
    except Exception as error:  # a mistake of the benchmark's own, most likely
        traceback.print_exc()
        bench.result.wrong.append(f"the benchmark failed: {type(error).__name__}: {error}")
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
    for name in arguments.scenario:
        if name not in SCENARIOS:
            parser.error(_unknown(name))
    return arguments


def _unknown(name: str) -> str:
    near = get_close_matches(name, SCENARIOS, 1)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return f'there is no scenario "{name}"{hint} There are {", ".join(SCENARIOS)}.'


def _first_line(name: str) -> str:
    module = sys.modules[SCENARIOS[name].__module__]
    return (module.__doc__ or "").splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
