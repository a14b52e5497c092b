"""The receiver of docs/webhooks-out.md, as it stands there, hears a served site."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.server import site as sites
from tests.server.client import until
from tests.servers import free_port

DOCUMENT = sites.CHECKOUT / "docs" / "webhooks-out.md"


@pytest.fixture
def program(tmp_path):
    (text,) = re.findall(r"```python\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)
    path = tmp_path / "receiver.py"
    path.write_text(text)
    return path


def start(program, secret, port):
    process = subprocess.Popen(
        [sys.executable, str(program)],
        env=os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    until(lambda: status(port) == 401)
    return process


def status(port, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", b"{}", headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_the_receiver_of_the_document_answers_in_the_room(team, tmp_path, program):
    folder, port = sites.copied(team, tmp_path / "data"), free_port()
    site = sites.Site(data_dir=folder, variables={"WEBHOOK_ALLOW": "127.0.0.1"})
    secret = site.shell(
        "from chat.actions.outgoing import create_hook\n"
        "hook = create_hook(maker=Person.objects.get(username='member1'),"
        " room=Room.objects.get(slug='general'), username='echo', name='Echo',"
        f" url='http://127.0.0.1:{port}/', kinds=['message.posted'])\n"
        "print(hook.secret)"
    ).strip()
    receiver = start(program, secret, port)
    try:
        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
        assert status(port, **forged) == 401
        site.start()
        site.post("Hello, document")
        until(lambda: "You said: Hello, document" in last(site))
    finally:
        site.stop()
        receiver.terminate()
        receiver.wait(10)


def last(site):
    return site.shell("print(Message.objects.order_by('pk').last().body)")
