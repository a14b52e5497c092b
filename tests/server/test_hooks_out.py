"""Hooks of a server that somebody runs: at once, from whichever process, through a kill -9."""

from signal import SIGKILL, SIGTERM

import pytest

from tests.receivers import receiving
from tests.server import site as sites
from tests.server.client import Client, until
from tests.server.test_worker import end, start_worker
from tests.servers import postgresql_server

ALLOW = {"WEBHOOK_ALLOW": "127.0.0.1"}
SHORT_LEASE = """
from datetime import timedelta
from chat import deliveries
deliveries.LEASE = timedelta(seconds=12)
"""
PATIENT = "from chat import dialer\ndialer.TIMEOUT_SECONDS = 100"


@pytest.fixture
def folder(team, tmp_path):
    return sites.copied(team, tmp_path / "data")


def make_hook(site, receiver, username="echo"):
    site.shell(
        "from chat.actions.outgoing import create_hook\n"
        "create_hook(maker=Person.objects.get(username='member1'),"
        f" room=Room.objects.get(slug='general'), username={username!r}, name='Echo',"
        f" url={receiver.url!r}, kinds=['message.posted'])"
    )


def bodies(receiver):
    return [got.json["data"]["message"]["body"] for got in receiver.got]


def states(site):
    return site.shell(
        "from chat.models import Delivery\n"
        "print(*Delivery.objects.order_by('pk').values_list('state', flat=True))"
    ).split()


def test_what_is_said_goes_out_beside_serving_and_its_answer_is_said(folder):
    with (
        receiving((200, "text/plain", "I heard that")) as receiver,
        sites.running(folder, variables=ALLOW) as site,
    ):
        make_hook(site, receiver)
        site.post("Hello, receiver")
        until(lambda: bodies(receiver) == ["Hello, receiver"])
        until(lambda: states(site) == ["delivered"])
        said = site.shell("print(*Message.objects.values_list('body', flat=True))")
        assert "I heard that" in said
        assert "failed" not in site.console


def test_who_posts_to_this_process_wakes_its_worker_at_once(folder):
    slow = "from chat import deliveries\ndeliveries.LOOK_SECONDS = 600"
    with receiving() as receiver:
        site = sites.Site(data_dir=folder, variables=ALLOW)
        make_hook(site, receiver)
        with sites.running(folder, variables=ALLOW, program=sites.after(slow)) as site:
            client = Client(site.url, "member1")
            assert client.post("now") == 303
            until(lambda: bodies(receiver) == ["now"])


def test_a_server_that_is_killed_while_it_sends_sends_again_under_the_same_id(folder):
    def hang(handler):
        handler.rfile.read(1)  # until we are no more

    with receiving(hang, 204) as receiver:
        site = sites.Site(data_dir=folder, variables=ALLOW, program=sites.after(SHORT_LEASE))
        make_hook(site, receiver)
        site.start()
        try:
            site.post("first", "second")
            until(lambda: len(receiver.got) == 1)
            site.stop(SIGKILL)
            assert states(site) == ["waiting", "waiting"]
            site.start()
            until(lambda: bodies(receiver) == ["first", "first", "second"])
            until(lambda: states(site) == ["delivered", "delivered"])
        finally:
            site.stop()

    first, again, second = (got.headers["webhook-id"] for got in receiver.got)
    assert first == again != second


def test_two_workers_beside_one_postgresql_send_everything_once_and_in_order(tmp_path):
    said = [f"number {number}" for number in range(30)]
    with postgresql_server() as database, receiving() as receiver:
        variables = ALLOW | {"DATABASE_URL": database.url}
        folder = sites.populated(tmp_path / "data", variables=variables, messages=4)
        site = sites.Site(data_dir=folder, variables=variables)
        make_hook(site, receiver)
        workers = [start_worker(site) for _number in range(2)]
        try:
            for worker in workers:  # which may be ended from now on
                worker.stdout.readline()
            site.post(*said)
            until(lambda: len(receiver.got) >= len(said), seconds=60)
            until(lambda: set(states(site)) == {"delivered"})
        finally:
            statuses = [end(worker, SIGTERM)[0] for worker in workers]

    assert bodies(receiver) == said
    assert statuses == [0, 0]


def test_a_receiver_that_hangs_holds_up_nobody_else(folder):
    def hang(handler):
        handler.rfile.read(1)  # until they hang up

    with receiving(hang) as slow, receiving() as well:
        options = {"variables": ALLOW, "program": sites.after(PATIENT)}
        with sites.running(folder, **options) as site:
            make_hook(site, slow)
            make_hook(site, well, username="other")
            site.post("one", "two", "three")
            until(lambda: len(well.got) == 3)
            assert bodies(well) == ["one", "two", "three"]
            until(lambda: bodies(slow) == ["one"])
