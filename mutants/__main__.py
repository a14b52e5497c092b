"""`python -m mutants`: puts each seeded fault into a copy of the checkout, and asks its test.

Ends with 0 when all died, 1 when one survived, 2 when it could not run.
"""

import argparse
import json
import sys
from pathlib import Path

from mutants.mutant import DoesNotApply, Mutant
from mutants.table import MUTANTS
from mutants.trial import ROOT, Unable, Verdict, check_sound, copy_of_checkout, judge

REPORTS = ROOT / "var" / "reports"


def main() -> int:
    arguments = _arguments()
    chosen = [each for each in MUTANTS if not arguments.only or each.name in arguments.only]
    if arguments.list:
        print("\n".join(f"{each.name:34} {each.promise:8} {each.fault}" for each in chosen))
        return 0
    try:
        verdicts = _try_all(chosen)
    except (DoesNotApply, Unable) as reason:
        print(reason, file=sys.stderr)
        return 2
    survivors = [each.mutant.name for each in verdicts if not each.has_died]
    if not arguments.only:
        print(f"The report is in {_write_report(verdicts).relative_to(ROOT)}")
    print(f"{len(verdicts) - len(survivors)} of {len(verdicts)} mutants died")
    return 1 if survivors else 0


def _try_all(chosen: list[Mutant]) -> list[Verdict]:
    with copy_of_checkout() as checkout:
        print("the named tests, without a mutant ...", file=sys.stderr, flush=True)
        check_sound(checkout, chosen)
        verdicts = []
        for number, mutant in enumerate(chosen, 1):
            print(f"{number:3} of {len(chosen)}  {mutant.name:34} ", end="", flush=True)
            verdicts.append(judge(checkout, mutant))
            print(f"{_outcome(verdicts[-1]):8} {verdicts[-1].seconds:5.1f} s", flush=True)
    return verdicts


def _outcome(verdict: Verdict) -> str:
    return "died" if verdict.has_died else "SURVIVED"


def _write_report(verdicts: list[Verdict]) -> Path:
    """A table to read, and the same for programs beside it."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "mutant": each.mutant.name,
            "promise": each.mutant.promise,
            "fault": each.mutant.fault,
            "test": each.mutant.test,
            "outcome": _outcome(each),
            "seconds": round(each.seconds, 1),
        }
        for each in verdicts
    ]
    (REPORTS / "mutants.json").write_text(json.dumps(rows, indent=1))
    lines = ["# Mutants", "", f"| {' | '.join(rows[0])} |", "|---" * len(rows[0]) + "|"]
    lines += [f"| {' | '.join(str(value) for value in row.values())} |" for row in rows]
    path = REPORTS / "mutants.md"
    path.write_text("\n".join(lines) + "\n")
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mutants",
        description="Puts seeded faults into a copy of the checkout, one after the other; the "
        "test that is named for each has to fail. The report goes to var/reports/mutants.md.",
    )
    parser.add_argument("only", nargs="*", metavar="MUTANT", help="these alone, without a report")
    parser.add_argument("--list", action="store_true", help="say which there are, and end")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - {each.name for each in MUTANTS}:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
