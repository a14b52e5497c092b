"""A line in which whoever comes while others are served waits, to be served with all who wait.

So many who come at once cost few answers, the database has time for others between two of them,
and who comes alone is served at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Together(Generic[_Asked, _Answer]):
    """`answer` gets up to `most` of them and returns one answer for each, in their order.

    An answer that is an exception is raised to the one who asked, and what `answer` itself raises
    to all who share it.
    """

    def __init__(
        self, answer: Callable[[list[_Asked]], Awaitable[list[_Answer | Exception]]], most: int
    ) -> None:
        self._answer, self._most = answer, most
        self._line: list[tuple[_Asked, asyncio.Future[_Answer]]] = []
        self._work: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._line)

    def ask(self, asked: _Asked) -> asyncio.Future[_Answer]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Answer] = loop.create_future()
        self._line.append((asked, future))
        if self._work is None:
            self._work = loop.create_task(self._serve())
        return future

    async def _serve(self) -> None:
        try:
            while self._line:
                first, self._line = self._line[: self._most], self._line[self._most :]
                # Who has left while they waited is asked for no more.
                await self._serve_some([each for each in first if not each[1].done()])
        finally:
            self._work = None

    async def _serve_some(self, some: list[tuple[_Asked, asyncio.Future[_Answer]]]) -> None:
        answers: list[_Answer | Exception]
        try:
            answers = await self._answer([asked for asked, _future in some])
        except Exception as error:
            answers = [error] * len(some)
        for (_asked, future), answer in zip(some, answers, strict=True):
            if future.done():  # has left meanwhile
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
