"""A program as the API's tests hold it: JSON by a token."""

import json
from typing import Any

from django.test import Client

from chat.actions.people import create_token
from chat.models import Person, Scope

API = "/api/v1/"


class Program:
    """Somebody's program; `status` and `headers` are those of the last answer."""

    def __init__(self, person: Person, *scopes: Scope, client: Client | None = None) -> None:
        more = {"scopes": scopes} if scopes else {}
        self.token = create_token(person=person, label="a program", **more)
        self.client = client or Client()

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        body = data if isinstance(data, (bytes, type(None))) else json.dumps(data)
        named = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        response = self.client.generic(
            method,
            path if path.startswith("/") else API + path,
            body or b"",
            named.pop("Content-Type", "application/json"),
            headers=named,
        )
        self.status, self.headers, self.response = (
            response.status_code,
            response.headers,
            response,
        )
        return json.loads(response.content) if response.content else None

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, data, **headers)
