"""Real server processes. What is slow is made once a worker and copied."""

import pytest

from tests.server import site as sites


@pytest.fixture(scope="session")
def team(tmp_path_factory):
    """A data directory with an invented team, to be copied."""
    return sites.team(tmp_path_factory.getbasetemp())
