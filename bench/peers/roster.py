"""The peers that pass on messages, in the order of the tables."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from bench.peers.actioncable.client import Page as ActionCablePage
from bench.peers.fasthtml.client import Page as FastHTMLPage
from bench.peers.floor.client import Page as FloorPage
from bench.peers.page import Page
from bench.peers.socketio.client import Page as SocketIOPage
from bench.peers.tutorial.client import Page as TutorialPage
from bench.servers import Server, daphne_with, running
from bench.site import ROOT

_HERE = ROOT / "bench" / "peers"


@dataclass(frozen=True)
class Peer:
    """`serve` starts it on a core. One core makes far less of a slow one than of the others."""

    name: str
    page: type[Page]
    serve: Callable[[int], AbstractContextManager[Server]]
    is_installed: Callable[[], bool] = lambda: True
    is_slow: bool = False


def _command(*command: str) -> Callable[[int], AbstractContextManager[Server]]:
    """Peers find their port in the environment."""
    return lambda core: running(core, list(command), "/", os.environ)


def _has_node() -> bool:
    return bool(shutil.which("node")) and (_HERE / "socketio/node_modules/socket.io").exists()


def _has_rails() -> bool:
    if not (shutil.which("ruby") and shutil.which("puma")):
        return False
    gems = ["ruby", "-e", "gem 'actioncable'; gem 'railties'"]
    return subprocess.run(gems, capture_output=True, check=False).returncode == 0


FLOOR = Peer("floor", FloorPage, _command(sys.executable, "-m", "bench.peers.floor"))
SOCKET_IO = Peer(
    "Socket.IO", SocketIOPage, _command("node", str(_HERE / "socketio/server.js")), _has_node
)
FAST_HTML = Peer(
    "FastHTML",
    FastHTMLPage,
    _command(sys.executable, "-m", "bench.peers.fasthtml"),
    lambda: bool(find_spec("fasthtml")),
    is_slow=True,
)
ACTION_CABLE = Peer(
    "Action Cable",
    ActionCablePage,
    _command(
        "puma", "-C", str(_HERE / "actioncable/puma.rb"), str(_HERE / "actioncable/config.ru")
    ),
    _has_rails,
    is_slow=True,
)
TUTORIAL = Peer(
    "tutorial",
    TutorialPage,
    partial(daphne_with, application="bench.peers.tutorial.asgi:application", path="/"),
    is_slow=True,
)
PEERS = [FLOOR, SOCKET_IO, FAST_HTML, ACTION_CABLE, TUTORIAL]
