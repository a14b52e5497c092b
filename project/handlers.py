"""How a request gets to Django: pages in one hop to a thread, static files without any.

Django's own handler makes a thread for each request, and with it a connection to the database,
and goes back and forth between that thread and the loop several times. All of our middleware and
views are synchronous, so the whole request runs in one go, in one of a few threads which keep
their connections; and what serves static files is asynchronous, so it stands beside it.

Forms are answered in other threads than pages: they write, so they may all wait for one lock.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest, HttpResponseNotFound
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix
from servestatic.middleware import ServeStaticMiddleware

from chat.database import writers
from chat.later import Later

# As many pages are at work at once, and as many connections to the database are kept for them.
PAGES_AT_ONCE = 20
READING = ("GET", "HEAD", "OPTIONS")
_threads = ThreadPoolExecutor(PAGES_AT_ONCE, thread_name_prefix="page")


class PageHandler(ASGIHandler):
    """Runs the synchronous middleware and the view in a kept thread, in one go."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        answering = asyncio.create_task(self._serve(scope, body, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            await _end(leaving, answering)

    async def _serve(self, scope: Any, body: Any, send: Any) -> None:
        """Until the answer is sent, or nobody wants it any more.

        What still waits for a thread then is never begun: a crowd that asks again and again, for
        want of an answer, would else be answered too late for ever.
        """
        threads = _threads if scope["method"] in READING else writers
        work = threads.submit(copy_context().run, self._answer, scope, body)
        try:
            response = await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            if work.cancel():
                body.close()
            raise
        if isinstance(response, Later):
            response = await response.settled()
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                await asyncio.get_running_loop().run_in_executor(_threads, response.close)

    def _answer(self, scope: Any, body: Any) -> HttpResponseBase:
        """The answer, complete and closed; one that streams is open."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        with body:
            request, refusal = self.create_request(scope, body)
            response: Any = self.get_response(request) if request else refusal
            response._handler_class = self.__class__
            if not response.streaming:
                response.close()  # which says that the request is over: the connection is kept
            return response


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        if not task.done():
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class StaticHandler(ASGIHandler):
    """Serves what `chat.assets.collect` has gathered, and nothing else."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._middleware_chain: Any = ServeStaticMiddleware(_not_found)


async def _not_found(_request: HttpRequest) -> HttpResponseBase:
    return HttpResponseNotFound()
