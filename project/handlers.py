"""How a request gets to Django: pages in one hop to a thread, static files without any.

Django's own handler runs synchronous middleware in a thread, goes back to the loop for the
innermost call and once more to the thread for the view. All of ours is synchronous, so the whole
chain can run where it is; and what serves static files is asynchronous, so it stands beside it.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseNotFound
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware


class PageHandler(ASGIHandler):
    """Runs the synchronous middleware and the view in the request's thread, in one go."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)


class StaticHandler(ASGIHandler):
    """Serves what `chat.assets.collect` has gathered, and nothing else."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._middleware_chain: Any = ServeStaticMiddleware(_not_found)


async def _not_found(_request: HttpRequest) -> HttpResponseBase:
    return HttpResponseNotFound()
