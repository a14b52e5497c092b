"""Machines that lack something: a server in them is a process like any other."""

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.server.site import Site

# The arguments are the folder, the size of its disk, and the command.
_ON_A_DISK_OF_ITS_OWN = """
set -e
held=$(mktemp -d)
cp -a "$1/." "$held"
mount -t tmpfs -o size="$2" tmpfs "$1"
cp -a "$held/." "$1"
rm -r "$held"
shift 2
exec "$@"
"""


def on_a_disk_of(folder: Path, size: str) -> tuple[str, ...]:
    """A `program` whose `folder` is a disk of this size that nobody else has.

    In name spaces of its own, which needs no administrator.
    """
    code = f"""
import os, sys
command = [sys.executable, "manage.py", *sys.argv[1:]]
script = {_ON_A_DISK_OF_ITS_OWN!r}
os.execvp("unshare", ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh",
                      {str(folder)!r}, {size!r}, *command])
"""
    return "-c", code


def with_limit(name: str, value: int) -> tuple[str, ...]:
    """A `program` that may take no more than this of something: `resource`'s names."""
    code = f"""
import os, resource, sys
resource.setrlimit(resource.{name}, ({value}, {value}))
os.execv(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]])
"""
    return "-c", code


def inside(site: Site) -> Path:
    """The site's data as its server sees them."""
    assert site.process is not None
    return Path(f"/proc/{site.process.pid}/root{site.data_dir}")


def brought_out(data: Path, target: Path) -> Path:
    """A copy of the quiet database in there: SQLite itself does not find the way in."""
    target.mkdir()
    for path in data.glob("natterjack.sqlite3*"):
        shutil.copy(path, target)
    return target / "natterjack.sqlite3"


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is left on the disk of this folder."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    filler.write(b"x" * size)
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def unwritable(site: Site) -> Iterator[None]:
    """Every write of the server to a file fails, as on a disk that has turned read-only.

    A file system can't be made read-only under a file that is open for writing; the bound on the
    size of files does the same to the one who has it open. Its console is a file, too.
    """
    assert site.process is not None
    before = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else writes to the database, and takes their time."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def faketime() -> str:
    """The library that tells a process another time; raises when the machine has none."""
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketime.so.1"))
    assert found, "this test needs libfaketime: apt-get install libfaketime"
    return str(found[0])
