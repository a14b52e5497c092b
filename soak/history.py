"""What clients asked for and what they were told: the history that the checker judges.

As Maelstrom and Jepsen keep it: a send is invoked once, and then answered, refused, or for ever
unknown. A timeout, a lost connection and every 5xx are unknown: it may have happened.
"""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Send:
    """One message that somebody means to send once, over as many attempts as it takes.

    `message` is its id where the answer named it. Times are of one monotonic clock.
    """

    client: int
    author: int
    room: str
    nonce: str
    body: str
    invoked_at: float
    attempts: int = 0
    answered_at: float | None = None
    message: int | None = None


@dataclass
class History:
    """All sends, in the order in which they were invoked; `problems` are told as sentences."""

    sends: list[Send] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unknown: int = 0
    last_answer_at: float = 0.0
    answered: int = 0

    def invoke(self, client: int, author: int, room: str, nonce: str, body: str) -> Send:
        send = Send(client, author, room, nonce, body, time.monotonic())
        self.sends.append(send)
        return send

    def answer(self, send: Send, message: int | None) -> None:
        """It is acknowledged; every further answer has to name the same message."""
        now = time.monotonic()
        if send.answered_at is None:
            send.answered_at = now
            self.answered += 1
        self.last_answer_at = now
        if message is None:
            return
        if send.message not in (None, message):
            self.problems.append(f"P2: {send.nonce} is message {send.message} and {message}")
        send.message = message

    def is_unknown(self, send: Send) -> None:
        self.unknown += 1

    def refuse(self, send: Send, why: str) -> None:
        """A correct post was refused: that is no fault that a client has to live with."""
        self.problems.append(f"{send.nonce} was refused: {why}")
