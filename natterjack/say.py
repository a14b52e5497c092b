"""`natterjack say`: one message, and an end that tells whether it is there."""

import asyncio

from natterjack.credentials import Credentials
from natterjack.errors import Refused
from natterjack.harmless import harmless_line
from natterjack.line import Line
from natterjack.outbox import Outbox, Parcel
from natterjack.together import first_of
from natterjack.wire import Frame


async def say(
    credentials: Credentials,
    room: str,
    text: str,
    *,
    reply_to: int | None = None,
    confirm: bool = False,
    patience_seconds: float,
) -> None:
    """Returns when the site has acknowledged it; raises Refused with why it has not.

    Over lost lines it is tried again with the same nonce, so that it is never there twice.
    """
    frame: Frame = {"type": "post", "body": text}
    if reply_to is not None:
        frame["reply_to"] = reply_to
    if confirm:
        frame["confirm"] = True
    sender = _Sender(credentials, room)
    parcel = sender.outbox.add(frame, text)
    try:
        async with asyncio.timeout(patience_seconds):
            await first_of(sender.line.run(), sender.answered())
    except TimeoutError:
        why = sender.line.why_lost or "The site did not answer."
        if parcel.was_sent:
            why += " It is not known whether the message is there."
        raise Refused(why) from None


class _Sender:
    def __init__(self, credentials: Credentials, room: str) -> None:
        self.line = Line(credentials, room, self._take, only_sends=True)
        self.outbox = Outbox(self.line.send, self._failed)
        self._answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def answered(self) -> None:
        await self._answer

    def _take(self, frame: Frame) -> None:
        if self.outbox.take(frame) and not self._answer.done():
            self._answer.set_result(None)

    def _failed(self, _: Parcel, code: str, sentence: str) -> None:
        more = " With --confirm it is sent all the same." if code == "unconfirmed" else ""
        if not self._answer.done():
            self._answer.set_exception(Refused(harmless_line(sentence) + more))
