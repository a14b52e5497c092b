"""Somebody with neither a browser nor scripts: pages by urllib, the socket by websockets."""

import re
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.server.site import PASSWORD


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


class Client:
    """Signed in at one server."""

    def __init__(self, url: str, username: str) -> None:
        self.url, self.jar = url, CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), _NoRedirect
        )
        status, _text = self.send("/login/", login=username, password=PASSWORD, page="/login/")
        assert status == 303, status

    def get(self, path: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(self.url + path))

    def send(self, path: str, *, page: str, **fields: str) -> tuple[int, str]:
        """Posts a form with the token of a page that has one."""
        form = {"csrfmiddlewaretoken": self.token(page), **fields}
        body = urllib.parse.urlencode(form).encode()
        return self._open(urllib.request.Request(self.url + path, data=body))

    def token(self, page: str) -> str:
        _status, html = self.get(page)
        token = re.search(r'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"', html)
        assert token, f"{page} has no token: {html[:200]}"
        return token[1]

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)

    def answer(self, path: str, fields: dict[str, str]) -> tuple[int, str, Message]:
        """Posts these fields as they are: status, text and headers."""
        body = urllib.parse.urlencode(fields).encode()
        return self._answer(urllib.request.Request(self.url + path, data=body))

    def post(self, body: str, room: str = "general") -> int:
        status, _text = self.send(
            f"/rooms/{room}/messages/",
            page=f"/rooms/{room}/",
            body=body,
            nonce=secrets.token_urlsafe(16),
        )
        return status

    def socket(self, room: str = "general") -> ClientConnection:
        return connect(
            f"{self.url.replace('http', 'ws', 1)}/ws/chat/{room}/",
            origin=self.url,
            additional_headers={"Cookie": self.cookie},
            proxy=None,
        )

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        status, text, _headers = self._answer(request)
        return status, text

    def _answer(self, request: urllib.request.Request) -> tuple[int, str, Message]:
        try:
            with self.opener.open(request, timeout=20) as response:
                return response.status, response.read().decode(), response.headers
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode(), answer.headers


def hear(socket: ClientConnection, text: str, seconds: float = 20) -> float:
    """Waits for a frame with this text; returns how many seconds that took."""
    start = time.monotonic()
    while text not in socket.recv(timeout=max(0.01, start + seconds - time.monotonic())):
        pass
    return time.monotonic() - start


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Waits for what another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
