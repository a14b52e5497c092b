"""Frames as docs/protocol/ describes them, held to the letter.

A client ignores members that it does not know, so the schemas allow more than they name. Here
they do not: what the server adds and the document does not tell fails the test that hears it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "protocol"
FORMATS = Draft202012Validator.FORMAT_CHECKER


@cache
def schema(direction: str) -> dict[str, Any]:
    """`server` for what it sends, `client` for what it takes."""
    return json.loads((FOLDER / f"{direction}.schema.json").read_text())


def types(direction: str) -> list[str]:
    """Of all frames that go this way."""
    return [each["$ref"].removeprefix("#/$defs/") for each in schema(direction)["oneOf"]]


def check(frame: dict[str, Any], direction: str = "server") -> None:
    """Raises AssertionError with what is wrong and where for what is not told exactly so."""
    kind = frame.get("type")
    assert kind in types(direction), f"no frame of the {direction}'s: {frame}"
    wrong = [f"{each.json_path}: {each.message}" for each in _validator(direction, kind)(frame)]
    assert not wrong, f"{wrong} in {json.dumps(frame, ensure_ascii=False)}"


@cache
def _validator(direction: str, kind: str) -> Any:
    exact = {"$ref": f"#/$defs/{kind}", "$defs": _closed(schema(direction)["$defs"])}
    return Draft202012Validator(exact, format_checker=FORMATS).iter_errors


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(each) for name, each in part.items()}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
