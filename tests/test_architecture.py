"""Imports point one way: a file imports from the floors below its own, and from its own folder."""

import ast

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR / "chat"

# From the ground up. A name stands for a module, or for a package with all that is in it.
FLOORS = [
    {"characters", "colours", "console", "emojis", "errors", "headers", "later", "moments"},
    {"arrivals", "garbage", "signatures"},
    {"database", "prepared", "sqlite", "wire", "slack_text"},
    {"connections", "counters", "group_commit", "sockets", "names", "avatars", "kept", "gaps"},
    {"naming", "slack"},
    {"markup"},
    {"models"},
    {"outgoing", "dialer", "stencils"},
    {"permissions", "forms", "history", "search", "sidebar", "limits", "frames", "presence"}
    | {"tokens", "problems"},
    {"mentions", "site_forms", "outgoing_forms", "incoming"},
    {"payloads"},
    {"programs"},
    {"fragments"},
    {"suggestions", "news", "inbox"},
    {"newest"},
    {"handshake"},
    {"hub"},
    {"events"},
    {"actions", "sessions"},
    {"replies"},
    {"deliveries"},
    {"reset", "invention", "worker", "backups"},
    {"accounts", "deeds", "viewer"},
    {"context"},
    {"views", "consumers", "assets", "templatetags"},
    {"api"},
    {"urls", "routing", "server", "elsewhere", "middleware"},
    {"management"},
]
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}

FILES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)
TESTS = sorted(settings.BASE_DIR.glob("tests/**/*.py"))


def place(path):
    """The name on its floor of a file, or of the package that it is in."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree):
    """The names of our own modules that a file imports, as they stand on their floors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "chat":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chat."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("chat."))


def identity(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_file_imports_only_from_the_floors_below(path):
    own = place(path)
    if own == "__init__":
        return
    tree = ast.parse(path.read_text())

    upwards = [name for name in imported(tree) if name != own and HEIGHT[name] >= HEIGHT[own]]

    assert upwards == []


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_imports_stand_at_the_top(path):
    inner = [
        node.lineno
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]

    # `serve` imports the application, which gathers the static files: only who serves does.
    assert len(inner) == (1 if path.name == "serve.py" else 0)


def test_nothing_listens_to_signals_and_no_admin_bypasses_the_verbs():
    for path in FILES:
        text = path.read_text()
        assert "django.dispatch" not in text, path
        assert "db.models.signals" not in text, path
        assert "contrib.admin" not in text, path


def test_text_is_declared_safe_where_it_was_cleaned_and_nowhere_else():
    marking = {identity(path) for path in FILES if "mark_safe" in path.read_text()}

    assert marking == {"markup.py", "models/messages.py"}


def test_every_rendered_text_comes_from_a_template():
    # SafeString(…) is the other way to say mark_safe.
    saying = {identity(path) for path in FILES if "SafeString(" in path.read_text()}

    assert saying <= {"fragments.py", "models/site.py", "markup.py", "avatars.py"}


def test_every_file_is_short_enough_to_read():
    lengths = {path: len(path.read_text().splitlines()) for path in (*FILES, *TESTS)}

    assert {path: count for path, count in lengths.items() if count > 400} == {}
