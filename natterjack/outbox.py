"""What is to be sent and has not been acknowledged: in order, one at a time, each once.

A frame goes out again after a lost line, with the nonce that it had: the site takes it once. Only
what would undo itself when it is done twice (a reaction) is given back instead.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from natterjack.wire import Frame

MAX_WAIT_SECONDS = 60.0


@dataclass(eq=False)
class Parcel:
    """One frame on its way. `text` is what its writer typed."""

    frame: Frame
    text: str
    was_sent: bool = False

    @property
    def nonce(self) -> str:
        return str(self.frame["nonce"])

    @property
    def may_repeat(self) -> bool:
        return self.frame["type"] != "react"


class Outbox:
    """`send` puts a frame on the line, False where there is none; `failed` gets what comes back.

    `failed(parcel, code, sentence)`: it was not done, and is no longer here.
    """

    def __init__(
        self, send: Callable[[Frame], bool], failed: Callable[[Parcel, str, str], None]
    ) -> None:
        self.waiting: deque[Parcel] = deque()
        self._emptied = asyncio.Event()
        self._send = send
        self._failed = failed
        self._pause: asyncio.TimerHandle | None = None

    def add(self, frame: Frame, text: str) -> Parcel:
        parcel = Parcel(frame | {"nonce": secrets.token_urlsafe(16)}, text)
        self.waiting.append(parcel)
        self._emptied.clear()
        if len(self.waiting) == 1:
            self._send_first()
        return parcel

    async def emptied(self) -> None:
        """Returns when nothing is waiting (any more)."""
        if self.waiting:
            await self._emptied.wait()

    def take(self, frame: Frame) -> Parcel | None:
        """What this frame acknowledges, where it does; every frame of the line comes by here."""
        kind = frame.get("type")
        if kind == "line.open":
            self._resume()
        elif kind in {"ack", "error"} and self._is_about_first(frame):
            if kind == "ack":
                return self._done()
            self._refused(frame)
        return None

    def _resume(self) -> None:
        while self.waiting and self.waiting[0].was_sent and not self.waiting[0].may_repeat:
            lost = self.waiting.popleft()
            self._failed(lost, "lost", "The line was lost: look whether it is there.")
        self._send_first()

    def _is_about_first(self, frame: Frame) -> bool:
        return bool(self.waiting) and frame.get("nonce") == self.waiting[0].nonce

    def _done(self) -> Parcel:
        parcel = self.waiting.popleft()
        self._send_first()
        return parcel

    def _refused(self, frame: Frame) -> None:
        wait = frame.get("retry_after")
        if frame.get("code") == "too_many" and isinstance(wait, int | float):
            self._send_later(min(max(float(wait), 0.1), MAX_WAIT_SECONDS))
            return
        parcel = self.waiting.popleft()
        self._failed(parcel, str(frame.get("code")), str(frame.get("detail")))
        self._send_first()

    def _send_first(self) -> None:
        self._forget_pause()
        if not self.waiting:
            self._emptied.set()
        elif self._send(self.waiting[0].frame):
            self.waiting[0].was_sent = True

    def _send_later(self, seconds: float) -> None:
        self._forget_pause()
        self._pause = asyncio.get_running_loop().call_later(seconds, self._send_first)

    def _forget_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
