"""Runs tests in a copy of the checkout; the checkout itself is never touched."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent
TEST_SECONDS = 300
_FAILED, _ERRORS = re.compile(r"\b(\d+) failed"), re.compile(r"\b(\d+) errors?\b")


class Unable(Exception):
    """The trial could not be held; the message says why."""


@dataclass(frozen=True)
class Verdict:
    """Whether the mutant's test noticed it, and how long that took."""

    mutant: Mutant
    has_died: bool
    seconds: float


@contextmanager
def copy_of_checkout() -> Iterator[Path]:
    """All files that git knows of or would take, as they are now."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=ROOT / "var") as name:
        copy = Path(name)
        for each in filter(None, files.stdout.split("\0")):
            if (ROOT / each).is_file():
                (copy / each).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / each, copy / each)
        yield copy


def check_sound(checkout: Path, mutants: list[Mutant]) -> None:
    """Raises Unable unless the named tests pass without any fault."""
    by_variables: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for mutant in mutants:
        by_variables.setdefault(tuple(mutant.variables.items()), set()).add(mutant.test)
    for variables, tests in by_variables.items():
        status, output = _pytest(checkout, sorted(tests), dict(variables))
        if status:
            raise Unable(f"These tests fail without a mutant, too:\n{output[-3000:]}")


def judge(checkout: Path, mutant: Mutant) -> Verdict:
    """Puts the fault in and asks its test. Raises Unable where that fails otherwise."""
    began = time.monotonic()
    with mutant.put_into(checkout):
        status, output = _pytest(checkout, [mutant.test], mutant.variables)
    if status not in (0, 1) or (status == 1 and not _is_failure(output)):
        raise Unable(f"{mutant.name}: its test did not run (status {status}):\n{output[-3000:]}")
    return Verdict(mutant, status == 1, time.monotonic() - began)


def _is_failure(output: str) -> bool:
    """Whether a test failed: not a fixture, and not the reading of the file."""
    summary = output.strip().splitlines()[-1]
    return bool(_FAILED.search(summary)) and not _ERRORS.search(summary)


def _pytest(checkout: Path, tests: list[str], variables: Mapping[str, str]) -> tuple[int, str]:
    # Without a cache of bytecode: two faults within one second could be taken for each other.
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n0", "-p", "no:randomly"]
    command += ["-p", "no:cacheprovider", "--tb=short", *tests]
    environment = os.environ | {"DATA_DIR": str(checkout / "var" / "test")} | variables
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TEST_SECONDS * len(tests),
        )
    except subprocess.TimeoutExpired:
        raise Unable(f"{tests[0]} did not end within {TEST_SECONDS} seconds") from None
    return done.returncode, done.stdout + done.stderr
