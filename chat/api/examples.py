"""Examples of what a schema describes, and the command line that asks for it."""

import json
import shlex
from typing import Any

Tree = dict[str, Any]
PLACES = {"slug": "general", "username": "bob", "message_id": "7"}
# What the line that makes a room makes: one that is copied renames nobody's lobby.
MADE = PLACES | {"slug": "tadpoles"}
_BY_TYPE: Tree = {"integer": 0, "number": 0, "boolean": False, "string": "", "object": {}}


def example(schema: Tree, schemas: Tree) -> Any:
    """What stands in the schema, or the simplest thing of its type."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return None if {"type": "null"} in schema["anyOf"] else example(schema["anyOf"][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: example(each, schemas) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    return schema.get("default", _BY_TYPE.get(schema.get("type", "object")))


def as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def command(method: str, url: str, body: Any = None, *, is_stream: bool = False) -> str:
    """One line for a shell in which TOKEN is set."""
    is_plain = method == "GET" or (method == "POST" and body is not None)
    line = "curl -N" if is_stream else "curl" if is_plain else f"curl -X {method}"
    line += ' -H "Authorization: Bearer $TOKEN"'
    if is_stream:
        line += " -H 'Accept: text/event-stream'"
    if body is not None:
        text = json.dumps(body, ensure_ascii=False)
        line += f" -H 'Content-Type: application/json' -d {shlex.quote(text)}"
    return f"{line} {shlex.quote(url)}"
