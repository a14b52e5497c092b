"""The stylesheet: many small files for us, joined in layer order into one for the browser.

Sources are `css/**.css` below the static folders; the owner's folder comes first, so a file of
the same path replaces ours, and a new one is added at the end of its folder.
"""

import fcntl
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.core.management import call_command

STYLESHEET = "natterjack.css"
LAYERS = ["tokens", "reset", "base", "layout", "components", "utilities"]

_COMMENT = r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
# Space with the comments in and around it; or what has to stay as it is, a comment without space
# among it: between two tokens it is all that keeps them two.
_SPACE_OR_KEPT = re.compile(
    rf"""((?:{_COMMENT})*\s(?:\s|{_COMMENT})*)
    |"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | url\([^"')]*\) | \\. | {_COMMENT}""",
    re.DOTALL | re.VERBOSE,
)


def collect() -> None:
    """Gathers the static files under names that tell what they hold, compressed."""
    folder = Path(settings.STATIC_ROOT).parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of one site may start at once
        call_command("collectstatic", ignore_patterns=["css/*"], interactive=False, verbosity=0)


def joined() -> str:
    """The stylesheet's text, in which comments and indentation, a quarter of it, are left out."""
    sources: dict[str, Path] = {}
    for folder in reversed(settings.STATICFILES_DIRS):
        for path in sorted(Path(folder).glob("css/**/*.css")):
            sources[path.relative_to(folder).as_posix()] = path
    text = "\n".join(sources[name].read_text() for name in sorted(sources, key=_place))
    return _SPACE_OR_KEPT.sub(lambda found: " " if found[1] else found[0], text)


def _place(name: str) -> tuple[int, str]:
    layer = name.split("/")[1].removesuffix(".css")
    return (LAYERS.index(layer) if layer in LAYERS else len(LAYERS), name)


class HtmxFinder(AppDirectoriesFinder):
    """Finds htmx and its extension, alone of all that our libraries bring: start-up compresses
    whatever is found, and the rest took three seconds of it and is asked for by no page."""

    wanted = frozenset({"django_htmx/htmx-2.min.js", "django_htmx/ext/hx-ws-2.min.js"})

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path, storage in super().list(ignore_patterns):
            if path in self.wanted or settings.DEBUG:
                yield path, storage


class StylesheetFinder(BaseFinder):
    """Finds the joined stylesheet, and leaves its sources out of what is served."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.DATA_DIR / "build" / "joined")

    def check(self, **_kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        if path != STYLESHEET:
            return []
        found = self._write()
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        self._write()
        yield STYLESHEET, self.storage

    def _write(self) -> str:
        self.storage.delete(STYLESHEET)
        return self.storage.path(self.storage.save(STYLESHEET, ContentFile(joined())))
