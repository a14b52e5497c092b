"""The delivery rules as a machine that Hypothesis drives, with far more examples than in a test.

Each example is a whole life of two processes, their pages and one log, of up to fifty steps
(tests/model). They run in pieces of 250, each in a pytest of its own with another seed, so that
time that is up costs one piece at most; a violation names the seed that repeats it.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from soak.archive import ROOT
from soak.errors import Unable
from soak.report import Report

UNIT = "examples"
LONG = 100_000

PIECE, STEPS = 250, 50
FAILED = 1  # pytest's status when a test has failed; any other means that there was no test


def run(size: int, report: Report) -> None:
    while report.done < size and not report.is_over:
        examples = min(PIECE, size - report.done)
        _one(examples, random.randrange(2**32), report)
        report.done += examples
        report.show(size)
    if report.done < size:
        report.note(f"ended after {report.done} of {size} {UNIT}: the time was up")


def _one(examples: int, seed: int, report: Report) -> None:
    variables = {"MODEL_EXAMPLES": str(examples), "MODEL_STEPS": str(STEPS), "MODEL_SEED": "any"}
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.xml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-n0", "-q", "tests/model/test_delivery.py"),
                *(f"--hypothesis-seed={seed}", f"--junitxml={found}", "-o", "junit_family=xunit1"),
            ],
            cwd=ROOT,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, FAILED):
            raise Unable(f"pytest ended with {done.returncode}: {done.stdout[-500:]}")
        report.count("steps", _steps(found))
    report.count("violations", done.returncode, at_most=0)
    if done.returncode:
        report.broken(f"seed {seed}: {' '.join(_complaint(done.stdout).split())}")


def _steps(found: Path) -> int:
    """As the test has written them into its report; it does so where it has failed too."""
    properties = ElementTree.parse(found).iter("property")
    return sum(int(each.get("value", 0)) for each in properties if each.get("name") == "steps")


def _complaint(console: str) -> str:
    """What pytest marks as the error, or how it ends."""
    lines = re.findall(r"^E +(.*)$", console, re.MULTILINE)
    return "\n".join(lines[:3]) or console[-300:]
