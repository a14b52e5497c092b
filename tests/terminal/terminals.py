"""The client as somebody runs it: in a terminal of its own, or with pipes."""

import asyncio
import codecs
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL

from tests.terminal.vt import Vt

CHECKOUT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-m", "natterjack"]
# After a long outage the next attempt may be half a minute away.
TIMEOUT_SECONDS = 60


def environment(site: str, token: str, home: Path, **more: str) -> dict[str, str]:
    """Nothing of this shell's own login or colours; times are shown in UTC."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NATTERJACK_SITE": site,
        "NATTERJACK_TOKEN": token,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONWARNINGS": "error",
        "TERM": "xterm-256color",
        "TZ": "UTC",
    } | more


class Terminal:
    """A pseudo-terminal with a command in it. The screen is what has been drawn so far."""

    def __init__(self, *words: str, environment: dict[str, str], rows: int = 24) -> None:
        self.vt = Vt(rows=rows)
        self._main, side = pty.openpty()
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        self._before = termios.tcgetattr(self._main)
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=CHECKOUT,
            env=environment,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        os.close(side)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._drawn = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._main, self._read)

    @property
    def text(self) -> list[str]:
        return self.vt.text

    @property
    def is_as_before(self) -> bool:
        """Whether echo, signals and line editing are as they were found."""
        return termios.tcgetattr(self._main)[:4] == self._before[:4]

    def type(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    async def sees(self, text: str) -> None:
        await self.until(lambda: any(text in line for line in self.text), text)

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                while not is_so():
                    self._drawn.clear()
                    await self._drawn.wait()
        except TimeoutError:
            raise AssertionError("\n".join([f"never: {what}", *self.text])) from None

    async def ended(self, within: float = TIMEOUT_SECONDS) -> int:
        """Its status; raises TimeoutError when it is still there then."""
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait, within + 1), within)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._main)
        if self.process.poll() is None:
            self.process.send_signal(SIGKILL)
        self.process.wait()
        os.close(self._main)

    def _read(self) -> None:
        try:
            content = os.read(self._main, 65536)
        except OSError:
            # EIO: the last one who had the terminal open has gone.
            content = b""
        if not content:
            asyncio.get_running_loop().remove_reader(self._main)
        self.vt.feed(self._decoder.decode(content))
        self._drawn.set()


class Piped:
    """The command with pipes; what it writes is gathered line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def lines(self, count: int) -> list[str]:
        return [await self.line() for _ in range(count)]

    async def said(self) -> str:
        """The next line on standard error."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return (await self.process.stderr.readline()).decode().rstrip("\n")

    async def result(self, given: str = "") -> tuple[int, str, str]:
        """The status, and everything on standard output and standard error."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            out, err = await self.process.communicate(given.encode())
        return self.process.returncode, out.decode(), err.decode()

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()


async def piped(*words: str, environment: dict[str, str]) -> Piped:
    return Piped(
        await asyncio.create_subprocess_exec(
            *COMMAND,
            *words,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    )
