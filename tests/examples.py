"""The example programs of docs/protocol.md, as they stand there, and the frames that it shows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.client import until
from tests.server.site import FOREIGN
from tests.servers import find_program

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"
NODE_MODULES = Path(__file__).parent / "node" / "node_modules"
_BLOCK = re.compile(r"^( *)```(\w+) (\S+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """Its code blocks that have a name, each with its name."""
    found = _BLOCK.findall(DOCUMENT.read_text())
    return [(name, code) for _indent, each, name, code in found if each == language]


def program(name: str) -> str:
    """The one code block of this name."""
    found = _BLOCK.findall(DOCUMENT.read_text())
    (code,) = [code for _indent, _language, each, code in found if each == name]
    return code


@dataclass
class Example:
    """A running example: what it has printed, and its standard input."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path
    said: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """Whole ones."""
        return self.output.read_text().rpartition("\n")[0].splitlines()

    @property
    def complaints(self) -> str:
        return self.errors.read_text()

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def prints(self, *parts: str) -> None:
        """Waits for a line that holds each of these."""
        until(lambda: [line for line in self.lines if all(part in line for part in parts)])

    def complains(self, text: str) -> None:
        until(lambda: text in self.complaints)


@contextmanager
def running(folder: Path, name: str, *arguments: str, **variables: str) -> Iterator[Example]:
    """The example as a process, ended by its own id."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(program(name))
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE_MODULES)
    output, errors = folder / "output", folder / "errors"
    with output.open("ab") as out, errors.open("ab") as wrong:
        process = subprocess.Popen(
            [*_interpreter(name), name, *arguments],
            cwd=folder,
            env=_environment() | variables,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=wrong,
            start_new_session=True,
        )
    try:
        yield Example(process, output, errors)
    finally:
        process.terminate()
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(folder: Path, name: str, *arguments: str, **variables: str) -> str:
    """What the example prints, once it has ended by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(program(name))
    done = subprocess.run(
        [*_interpreter(name), name, *arguments],
        cwd=folder,
        env=_environment() | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _interpreter(name: str) -> list[str]:
    match Path(name).suffix:
        case ".py":
            return [sys.executable, "-u"]
        case ".sh":
            return [shutil.which("dash") or "/bin/sh"]
        case _:
            return [find_program("node")]


def _environment() -> dict[str, str]:
    """Without what this shell is set up for, and without a proxy: the site is on loopback."""
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
