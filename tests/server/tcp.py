"""Bytes as no browser would send them, over sockets that a test reads from or doesn't."""

import contextlib
import socket
import time
from pathlib import Path

from tests.server.client import Client

DEADLINE_SECONDS = 20


class Raw(contextlib.AbstractContextManager):
    """One TCP connection to a site. With `window` its system takes no more than so many bytes."""

    def __init__(self, site, window=None):
        self.socket, self.rest = socket.socket(), b""
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.settimeout(DEADLINE_SECONDS)
        self.address = ("127.0.0.1", site.port)
        self.socket.connect(self.address)

    def __exit__(self, *_error):
        self.socket.close()

    def send(self, data):
        """Whether it could be sent."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def read_until(self, text):
        """What arrived, up to and including this; all that came when the server hung up before."""
        while text not in self.rest and (piece := self._read()):
            self.rest += piece
        end = self.rest.find(text) + len(text) if text in self.rest else len(self.rest)
        heard, self.rest = self.rest[:end], self.rest[end:]
        return heard

    def read_all(self):
        """Everything until the server hangs up."""
        heard, self.rest = self.rest, b""
        return heard + b"".join(iter(self._read, b""))

    @property
    def status(self):
        """The number of the next answer; None when the server hung up without one."""
        self.read_until(b"HTTP/1.1 ")
        number = self.read_until(b" ")
        return int(number) if number else None

    def is_cut_within(self, seconds):
        """Whether the server hangs up, without anything of what it sent being read before."""
        deadline = time.monotonic() + seconds
        while self._is_open:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    @property
    def _is_open(self):
        """At the server's end: a reset may not reach whoever left no room for anything."""
        ours, theirs = (f":{end[1]:04X}" for end in (self.socket.getsockname(), self.address))
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        return any(
            row[1].endswith(theirs) and row[2].endswith(ours) and row[3] == ESTABLISHED
            for row in rows
        )

    def _read(self):
        try:
            return self.socket.recv(65_536)
        except ConnectionError:
            return b""


ESTABLISHED = "01"


def request(method="GET", path="/login/", *headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def upgrade(site, person: Client, *headers, room="general"):
    """What a browser's page sends to open its socket."""
    return request(
        "GET",
        f"/ws/chat/{room}/",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Origin: {site.url}",
        f"Cookie: {cookies(person)}",
        *headers,
    ).replace(b"Host: 127.0.0.1", f"Host: 127.0.0.1:{site.port}".encode())


def cookies(person):
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.jar)


def memory_of(site):
    """What the server's process holds, in MB."""
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000
