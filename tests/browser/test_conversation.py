"""Any platform: all who can take part hold one conversation, through the death of the server."""

from contextlib import ExitStack
from signal import SIGKILL

import pytest

from tests.browser.participants import everybody
from tests.browser.windows import GONE, wait

# Who keeps what is said while nobody hears it, and says it when they are back.
KEEP = ("script", "Node", "Python")


@pytest.fixture
def people(windows, site, tmp_path):
    with ExitStack() as stack:
        yield everybody(stack, windows, site, tmp_path)


def log(site):
    """What was said, as it is stored."""
    code = "[print(m.body) for m in Message.objects.filter(body__startswith='talk').order_by('pk')]"
    return site.shell(code).splitlines()


def heard(person):
    return [text for text in person.heard() if text.startswith("talk")]


def hear(people, *texts):
    """Everybody has heard all of these, and nothing else of the conversation."""
    for name, person in people.items():
        window = people["page"].window
        try:
            wait(window, lambda person=person: heard(person) == list(texts), 30)
        except AssertionError:
            pytest.fail(f"{name} heard {heard(person)}, and not {list(texts)}")


@pytest.mark.timeout(300)
def test_everybody_holds_one_conversation_through_a_kill(site, windows, people):
    windows.allow(*GONE)
    said = []
    for name, person in people.items():
        said.append(f"talk of {name}, before")
        person.say(said[-1])
        hear(people, *said)

    site.stop(SIGKILL)
    for name in KEEP:
        people[name].say(f"talk of {name}, meanwhile")
    said += ["talk of nobody who listens", "talk of nobody again"]
    site.post(*said[-2:])
    site.start()
    for person in people.values():
        person.come_back()

    wait(people["page"].window, lambda: len(log(site)) == len(said) + len(KEEP), 30)
    assert log(site)[: len(said)] == said
    assert sorted(log(site)[len(said) :]) == sorted(f"talk of {each}, meanwhile" for each in KEEP)
    said = log(site)
    hear(people, *said)
    for name, person in people.items():
        said.append(f"talk of {name}, after")
        person.say(said[-1])
        hear(people, *said)
    assert log(site) == said
