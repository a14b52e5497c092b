"""What others send to Slack's incoming webhooks, in their own shapes, and what people read.

tests/hooks/ holds a payload of each, written after what they document and send, and beside it what
is read of it, line by line; where words lead stands behind them.
"""

import re
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.test import Client

from chat.actions.hooks import create_hook
from chat.models import Message

pytestmark = pytest.mark.django_db

HERE = Path(__file__).parent / "hooks"
SENDERS = sorted(path.stem for path in HERE.glob("*.json"))
AS_FORMS = ("jenkins", "sentry")


def lines(html):
    def followed(found):
        address, words = found[1], re.sub("<[^>]+>", "", found[2])
        return words if words == address else f"{words} → {address}"

    text = re.sub(r'<a href="([^"]+)"[^>]*>(.*?)</a>', followed, html)
    read = unescape(re.sub("<[^>]+>", "", text))
    return [line.strip() for line in read.split("\n") if line.strip()]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_person_reads_what_the_sender_means(sender, alice, lobby):
    _hook, key = create_hook(maker=alice, room=lobby, name=sender)
    payload, kind = (HERE / f"{sender}.json").read_text(), "application/json"
    if sender in AS_FORMS:
        payload, kind = urlencode({"payload": payload}), "application/x-www-form-urlencoded"

    answer = Client().post(f"/hooks/{key}/", payload, kind)

    assert (answer.status_code, answer.content) == (200, b"ok")
    message = Message.objects.get()
    assert (message.author.name, message.mentioned) == (sender, "")
    assert lines(message.html) == (HERE / f"{sender}.txt").read_text().splitlines()
