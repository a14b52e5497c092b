"""The list of bad inputs is tried whole, but for what does not exist yet."""

import ast
import re
from pathlib import Path

import pytest

from tests.bad import frames, inventory, requests, searches

HERE = Path(__file__).parent
TABLES = [
    requests.FORMS, requests.LINES, requests.HEADERS, searches.SEARCHES,
    frames.BROKEN, frames.HANDSHAKES, frames.SAID, frames.ORIGINS,
]  # fmt: skip


def codes_of_rows():
    for table in TABLES:
        for name in table:
            yield re.match(r"[WHMNOTQ]\d+", name)[0]


def test_every_bad_input_of_the_list_is_tried_or_waits_for_its_feature():
    listed = {
        f"{letter}{n}" for letter, count in inventory.LIST.items() for n in range(1, count + 1)
    }

    tried = {*codes_of_rows(), *inventory.TRIED}

    assert listed - tried == set(inventory.WAITING)
    assert tried - listed == set()


@pytest.mark.parametrize("test", sorted(set(inventory.TRIED.values())))
def test_the_inventory_names_tests_that_there_are(test):
    path, _, name = test.partition("::")
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse((HERE / path).read_text())

    assert name in {each.name for each in tree.body if isinstance(each, functions)}
