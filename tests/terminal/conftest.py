"""A peer on loopback, and the client beside it as a process of its own."""

import pytest

from tests.terminal.peer import TOKEN, Peer, running
from tests.terminal.terminals import Terminal, environment, piped


@pytest.fixture
async def peer():
    one = Peer()
    async with running(one):
        yield one


@pytest.fixture
def surroundings(peer, tmp_path):
    return environment(peer.site, TOKEN, tmp_path)


@pytest.fixture
async def run(surroundings):
    """Starts the client with pipes; it does not outlive the test."""
    started = []

    async def start(*words, **more):
        started.append(await piped(*words, environment=surroundings | more))
        return started[-1]

    yield start
    for each in started:
        await each.close()


@pytest.fixture
async def terminal(surroundings):
    """Starts the client in a terminal; it does not outlive the test."""
    started = []

    def start(*words, **more):
        started.append(Terminal(*words, environment=surroundings | more))
        return started[-1]

    yield start
    for each in started:
        each.close()
