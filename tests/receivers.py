"""Somebody else's program on this machine, to which hooks send: it answers as a test says."""

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

from project.environment import Allowed


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` are given in turn, the last one for good: a status, or status, type and body, or
    what is called with the handler instead."""

    answers: list = field(default_factory=lambda: [204])
    got: list[Received] = field(default_factory=list)
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self):
        return [each.json["type"] for each in self.got]

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(receiver, lock):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                receiver.got.append(Received(self.path, dict(self.headers), body))
                answer = receiver.next()
            if callable(answer):
                with contextlib.suppress(OSError):  # we have hung up
                    answer(self)
                return
            status, kind, text = (answer, "", b"") if isinstance(answer, int) else answer
            text = text.encode() if isinstance(text, str) else text
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    return Handler


def allowed(*networks, hosts=()):
    """What WEBHOOK_ALLOW says, of these alone."""
    return Allowed(frozenset(hosts), tuple(map(ip_network, networks)))


@contextlib.contextmanager
def receiving(*answers, wrap=None):
    """A receiver on a port of its own. `wrap` makes its socket another, such as one with TLS."""
    receiver = Receiver()
    receiver.answers = list(answers) or receiver.answers
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver, threading.Lock()))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # it is cut off, and that is what is tested
    if wrap:
        server.socket = wrap(server.socket)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
