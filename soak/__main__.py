"""`python -m soak [SCENARIO …]`: proves, shows what it finds, and keeps it in the report."""

import argparse
import signal
import sys
import time
import traceback
from types import ModuleType

from soak import archive, scenarios
from soak.errors import Unable
from soak.report import Report

INTERRUPTED, UNABLE, BROKEN = 130, 2, 1


def main() -> int:
    """0 when everything held, 1 when a property is broken, 2 when a scenario could not run."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or its servers would outlive it
    status = 0
    for name in arguments.scenario or scenarios.names():
        scenario = scenarios.load(name)
        for backend in scenarios.backends(scenario):
            if arguments.backend in ("", backend) or not backend:
                one = _run(name, backend, scenario, arguments)
                if one == INTERRUPTED:
                    return one
                status = max(status, one) if BROKEN not in (status, one) else BROKEN
    return status


def _run(name: str, backend: str, scenario: ModuleType, arguments: argparse.Namespace) -> int:
    report = Report(name, backend, scenario.UNIT)
    size = arguments.size or scenario.LONG
    if arguments.again:
        archive.forget([(name, backend)])
    began = time.monotonic()
    if arguments.minutes:
        report.deadline = began + arguments.minutes * 60
    status = _measured(scenario, size, report)
    print(file=sys.stderr)
    path = archive.add(report, time.monotonic() - began)
    for violation in report.violations:
        print(f"BROKEN  {report.title}: {violation}", file=sys.stderr)
    print(f"{report.title}: {time.monotonic() - began:,.0f} s, {path.relative_to(archive.ROOT)}")
    return status or (BROKEN if report.violations else 0)


def _measured(scenario: ModuleType, size: int, report: Report) -> int:
    """Runs it; what happens on the way is no reason to lose what it has found."""
    try:
        scenario.run(size, report)
    except KeyboardInterrupt:
        report.note(f"ended after {report.done} of {size} {report.unit}: interrupted")
        return INTERRUPTED
    except Unable as reason:
        report.broken(f"could not go on: {reason}")
        return UNABLE
    except Exception as error:
        traceback.print_exc()
        report.broken(f"the scenario crashed: {error!r}")
    return 0


def _arguments() -> argparse.Namespace:
    docs = []
    for name in scenarios.names():
        scenario = scenarios.load(name)
        docs.append(f"  {name:12}  {(scenario.__doc__ or '').splitlines()[0]}")
        docs.append(f"  {'':12}  {scenario.LONG:,} {scenario.UNIT} {_on(scenario)}".rstrip())
    parser = argparse.ArgumentParser(
        prog="python -m soak",
        description="The long proofs of docs/reliability.md. Each run is added to the report in "
        "var/reports/ (soak.md, soak.json), so that a long one can be done in pieces.",
        epilog="\n".join(["scenarios and their whole size (all of them by default):", *docs]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="see below")
    parser.add_argument("--size", type=int, default=0, help="instead of the whole size")
    parser.add_argument("--minutes", type=float, default=0, help="at most so long a scenario")
    parser.add_argument("--backend", default="", help="sqlite or postgresql alone")
    parser.add_argument("--again", action="store_true", help="forget the scenario's earlier runs")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenario) - set(scenarios.names()):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return arguments


def _on(scenario: ModuleType) -> str:
    return f"on {' and '.join(filter(None, scenarios.backends(scenario)))}".removesuffix("on ")


if __name__ == "__main__":
    sys.exit(main())
