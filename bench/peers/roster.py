"""The peers that pass on messages, in the order of the tables."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec

from bench.peers.actioncable.client import Page as ActionCablePage
from bench.peers.fasthtml.client import Page as FastHTMLPage
from bench.peers.floor.client import Page as FloorPage
from bench.peers.page import Page
from bench.peers.socketio.client import Page as SocketIOPage
from bench.peers.tutorial.client import Page as TutorialPage
from bench.servers import Server, daphne_with, running
from bench.site import ROOT, bare_environment

_HERE = ROOT / "bench" / "peers"
# With what is installed beside it, uvicorn is another server.
ON_UVICORN = ("uvicorn", "httptools", "uvloop", "websockets")


@dataclass(frozen=True)
class Peer:
    """`serve` starts it on a core, passes its complaints on under a `name`, and tells `on_killed`
    where it did not end by itself. One core makes far less of a slow one than of the others."""

    name: str
    page: type[Page]
    serve: Callable[..., AbstractContextManager[Server]]
    is_installed: Callable[[], bool] = lambda: True
    is_slow: bool = False
    versions: Callable[[], dict[str, str]] = dict


def versions() -> dict[str, dict[str, str]]:
    """What the peers that are installed consist of, by their names."""
    return {peer.name: peer.versions() for peer in PEERS if peer.is_installed()}


def _command(*command: str) -> Callable[..., AbstractContextManager[Server]]:
    """Peers find their port in the environment."""
    return partial(running, command=list(command), path="/", variables=bare_environment())


def _has_node() -> bool:
    return bool(shutil.which("node")) and (_HERE / "socketio/node_modules/socket.io").exists()


def _has_rails() -> bool:
    if not (shutil.which("ruby") and shutil.which("puma")):
        return False
    gems = ["ruby", "-e", "gem 'actioncable'; gem 'railties'"]
    done = subprocess.run(gems, env=bare_environment(), capture_output=True, check=False)
    return done.returncode == 0


def _said(*command: str) -> str:
    done = subprocess.run(
        command, env=bare_environment(), capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _of_packages(*names: str) -> dict[str, str]:
    return {name: version(name) for name in names if find_spec(name.removeprefix("python-"))}


def _of_node() -> dict[str, str]:
    """Node's, and those of the parts that take a message to a socket."""
    folder = _HERE / "socketio" / "node_modules"
    parts = ("socket.io", "engine.io", "ws")
    packages = {name: json.loads((folder / name / "package.json").read_text()) for name in parts}
    return {"node": _said("node", "--version").removeprefix("v")} | {
        name: str(package["version"]) for name, package in packages.items()
    }


def _of_rails() -> dict[str, str]:
    gems = "gem 'actioncable'; puts RUBY_VERSION, Gem.loaded_specs['actioncable'].version"
    ruby, cable = _said("ruby", "-e", gems).split()
    return {"ruby": ruby, "actioncable": cable, "puma": _said("puma", "--version").split()[-1]}


FLOOR = Peer("floor", FloorPage, _command(sys.executable, "-m", "bench.peers.floor"))
SOCKET_IO = Peer(
    "Socket.IO",
    SocketIOPage,
    _command("node", str(_HERE / "socketio/server.js")),
    _has_node,
    versions=_of_node,
)
FAST_HTML = Peer(
    "FastHTML",
    FastHTMLPage,
    _command(sys.executable, "-m", "bench.peers.fasthtml"),
    lambda: bool(find_spec("fasthtml")),
    is_slow=True,
    versions=partial(_of_packages, "python-fasthtml", "starlette", *ON_UVICORN),
)
ACTION_CABLE = Peer(
    "Action Cable",
    ActionCablePage,
    _command(
        "puma", "-C", str(_HERE / "actioncable/puma.rb"), str(_HERE / "actioncable/config.ru")
    ),
    _has_rails,
    is_slow=True,
    versions=_of_rails,
)
TUTORIAL = Peer(
    "tutorial",
    TutorialPage,
    partial(daphne_with, application="bench.peers.tutorial.asgi:application", path="/"),
    is_slow=True,
    versions=partial(_of_packages, "django", "channels", "daphne"),
)
PEERS = [FLOOR, SOCKET_IO, FAST_HTML, ACTION_CABLE, TUTORIAL]
