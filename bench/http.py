"""HTTP/1.1 over kept connections, one request at a time on each."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode

from bench.errors import Invalid
from bench.loop import Loop, connect, receive, send

OnAnswer = Callable[["Answer"], None]


@dataclass(frozen=True)
class Answer:
    """`body` is as it was sent: compressed when the headers say so. `first_byte_at` is of
    `time.perf_counter`."""

    status: int
    headers: dict[str, str]
    body: bytes
    first_byte_at: float

    @property
    def text(self) -> str:
        is_gzip = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_gzip else self.body).decode()


def _never() -> None:
    raise Invalid("the server closed a connection that waited for an answer")


class Client:
    """One kept connection of one browser, which accepts gzip. `on_lost` is called when the server
    has ended it and there will be no answer."""

    def __init__(
        self, loop: Loop, port: int, session: str = "", on_lost: Callable[[], None] = _never
    ) -> None:
        self.port = port
        self._loop, self._on_lost = loop, on_lost
        self._cookie = f"Cookie: sessionid={session}\r\n" if session else ""
        self._connection = connect(port)
        self._received = b""
        self._first_byte_at = 0.0
        self._on_answer: OnAnswer | None = None
        loop.add(self._connection, self._read)

    @property
    def is_busy(self) -> bool:
        return self._on_answer is not None

    def close(self) -> None:
        self._loop.remove(self._connection)
        self._connection.close()

    def request(self, path: str, on_answer: OnAnswer) -> None:
        """Asks for a page; `on_answer` is called when all of it is here."""
        self._begin(f"GET {path}", "", b"", on_answer)

    def post(self, path: str, fields: Mapping[str, str], on_answer: OnAnswer) -> None:
        """Sends a form, as htmx does."""
        body = urlencode(fields).encode()
        headers = (
            f"Origin: http://127.0.0.1:{self.port}\r\nHX-Request: true\r\nHX-Target: box-1\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n"
        )
        self._begin(f"POST {path}", headers, body, on_answer)

    def get(self, path: str) -> Answer:
        """Asks, and waits for the answer."""
        answers: list[Answer] = []
        self.request(path, answers.append)
        self._loop.run_until(lambda: bool(answers), 30, f"an answer to GET {path}")
        return answers[0]

    def _begin(self, line: str, headers: str, body: bytes, on_answer: OnAnswer) -> None:
        if self._on_answer is not None:
            raise Invalid("a second request on a connection that waits for an answer")
        self._on_answer = on_answer
        host = f"Host: 127.0.0.1:{self.port}\r\nAccept-Encoding: gzip\r\n"
        head = f"{line} HTTP/1.1\r\n{host}{self._cookie}{headers}\r\n"
        send(self._connection, head.encode() + body)

    def _read(self) -> None:
        data = receive(self._connection)
        if not data:
            self.close()
            if self.is_busy:
                self._on_lost()
            return
        if not self._received:
            self._first_byte_at = perf_counter()
        self._received += data
        answer = self._complete()
        if answer is not None and self._on_answer is not None:
            on_answer, self._on_answer = self._on_answer, None
            on_answer(answer)

    def _complete(self) -> Answer | None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if "content-length" not in headers:
            raise Invalid(f"an answer without a length: {status}")
        length = int(headers["content-length"])
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return Answer(int(status.split()[1]), headers, rest[:length], self._first_byte_at)
