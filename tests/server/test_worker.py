"""The worker: a thread of `serve`, or a process of its own."""

import subprocess
import sys
from signal import SIGINT, SIGTERM

import pytest

from tests.server import site as sites
from tests.server.client import Client, until


@pytest.fixture
def folder(team, tmp_path):
    return sites.copied(team, tmp_path / "data")


def sessions(site):
    return site.shell(
        "from chat.models import Session\nprint(*Session.objects.values_list('pk', flat=True))"
    ).split()


def make_sessions(site):
    site.shell(
        "from datetime import timedelta; from django.utils import timezone\n"
        "from chat.models import Session\n"
        "for key, hours in (('over', -1), ('open', 1)):\n"
        "    end = timezone.now() + timedelta(hours=hours)\n"
        "    Session.objects.create(session_key=key, session_data='', expire_date=end)"
    )


def test_serve_clears_the_sessions_that_are_over(folder):
    make_sessions(sites.Site(data_dir=folder))
    with sites.running(folder) as site:
        until(lambda: sessions(site) == ["open"])


def test_without_its_worker_serve_leaves_that_to_the_worker_command(folder):
    make_sessions(sites.Site(data_dir=folder))
    with sites.running(folder, arguments=("--no-worker",)) as site:
        assert Client(site.url, "member1").post("served") == 303
        assert {"over", "open"} <= set(sessions(site))
        worker = start_worker(site)
        until(lambda: "over" not in sessions(site))
        assert end(worker, SIGTERM) == (0, "The worker is at work  (Ctrl-C ends it)\n")
    assert "open" in sessions(site)


def test_the_worker_ends_with_ctrl_c_and_outlives_a_missing_database(tmp_path):
    site = sites.Site(data_dir=tmp_path / "none")
    worker = start_worker(site)
    assert worker.stdout.readline().startswith("The worker is at work")
    said = "".join(worker.stdout.readline() for _line in range(4))
    for job in ("clear_sessions", "purge", "forget_old", "send_deliveries"):
        assert f"{job} failed: no such table" in said
    assert end(worker, SIGINT) == (0, "")


def test_words_that_were_deleted_or_edited_leave_the_file_too(folder):
    file, site = folder / "natterjack.sqlite3", sites.Site(data_dir=folder)
    words = (b"xylophonist", b"quokkaville")
    site.post("the xylophonist", "to quokkaville")
    site.shell(
        "from chat.actions.changes import delete_message, edit_message\n"
        "deleted, edited = Message.objects.order_by('pk').reverse()[:2][::-1]\n"
        "edit_message(editor=edited.author, message=edited, body='nowhere')\n"
        "delete_message(deleter=deleted.author, message=deleted)\n"
        "delete_message(deleter=edited.author, message=edited)"
    )

    assert all(word in file.read_bytes() for word in words)
    with sites.running(folder):
        until(lambda: not any(word in file.read_bytes() for word in words))


def start_worker(site):
    return subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=sites.CHECKOUT,
        env=site.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(worker, signal):
    worker.send_signal(signal)
    said, _ = worker.communicate(timeout=20)
    return worker.returncode, said
