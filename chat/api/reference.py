"""The API's page: the document as somebody reads it, rendered like every other page."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from chat.api.bodies import JSON
from chat.api.document import document
from chat.api.examples import MADE, PLACES, as_text, command, example
from chat.models import Person, Scope
from chat.views.answers import Request
from chat.views.decorators import for_people

Tree = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    name: str
    where: str
    kind: str
    description: str
    is_required: bool


@dataclass(frozen=True)
class Operation:
    """One of them as the page shows it. `problems` are the statuses of what may go wrong."""

    key: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    tag: str
    parameters: list[Parameter]
    fields: list[Parameter]
    commands: list[str]
    status: str
    answer: str
    problems: str


@require_GET
@for_people
def reference(request: Request, person: Person) -> HttpResponse:
    origin = settings.SITE_URL or f"{request.scheme}://{request.get_host()}"
    listed = list(_operations(document(), origin))
    parts = [(tag, list(group)) for tag, group in groupby(listed, lambda each: each.tag)]
    return render(request, "chat/reference.html", {"parts": parts})


def _operations(tree: Tree, origin: str) -> Iterator[Operation]:
    schemas = tree["components"]["schemas"]
    for path, operations in tree["paths"].items():
        for method, each in operations.items():
            body = _body(each, schemas)
            status, answer = _answer(each, schemas)
            scope = next(iter(each["security"][0]["token"]))
            places = MADE if scope == Scope.MANAGE else PLACES
            url = origin + path.format(**places) + _asked(each)
            commands = [command(method.upper(), url, body)]
            if each["operationId"] == "listEvents":
                commands = [
                    command("GET", f"{url}?after=0&wait=30"),
                    command("GET", url, is_stream=True),
                ]
            yield Operation(
                key=each["operationId"],
                method=method.upper(),
                path=path,
                summary=each["summary"],
                description=each["description"],
                scope=scope,
                tag=each["tags"][0],
                parameters=[_parameter(one) for one in each["parameters"]],
                fields=_fields(each, schemas),
                commands=commands,
                status=status,
                answer=answer,
                problems=", ".join(s for s in each["responses"] if s.isdigit() and s >= "400"),
            )


def _asked(operation: Tree) -> str:
    """What an address has to ask for."""
    asked = [
        f"{one['name']}={one['schema']['examples'][0]}"
        for one in operation["parameters"]
        if one["in"] == "query" and one["required"]
    ]
    return f"?{'&'.join(asked)}" if asked else ""


def _parameter(one: Tree) -> Parameter:
    schema = one["schema"]
    return Parameter(
        name=one["name"],
        where=one["in"],
        kind=_kind(schema),
        description=one.get("description", ""),
        is_required=one["required"],
    )


def _fields(operation: Tree, schemas: Tree) -> list[Parameter]:
    schema = _schema(operation.get("requestBody", {}).get("content", {}), schemas)
    required = schema.get("required", [])
    return [
        Parameter(name, "body", _kind(each), each.get("description", ""), name in required)
        for name, each in schema.get("properties", {}).items()
    ]


def _kind(schema: Tree) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " / ".join(_kind(each) for each in schema["anyOf"])
    return str(schema.get("type", "object"))


def _schema(content: Tree, schemas: Tree) -> Tree:
    schema = content.get(JSON, {}).get("schema", {})
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _body(operation: Tree, schemas: Tree) -> Any:
    """What somebody would send: the fields that have to be there, or else all of them."""
    schema = _schema(operation.get("requestBody", {}).get("content", {}), schemas)
    properties = schema.get("properties", {})
    names = schema.get("required") or [n for n, each in properties.items() if "examples" in each]
    found = {name: example(properties[name], schemas) for name in names}
    return found or ({} if properties else None)


def _answer(operation: Tree, schemas: Tree) -> tuple[str, str]:
    status, response = next(iter(operation["responses"].items()))
    schema = response.get("content", {}).get(JSON, {}).get("schema")
    return status, as_text(example(schema, schemas)) if schema else ""
