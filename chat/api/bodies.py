"""What programs send: one JSON object in UTF-8, and nothing that only looks like one."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from chat.errors import Invalid, Unreadable, Unsupported

JSON = "application/json"


class ObjectParser(Parser):
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Raises Refused with the status that fits: 415, 400, or 422 for what is no object."""
        if request.content_type != JSON:
            raise Unsupported(_("Send JSON, with “Content-Type: application/json”."))
        try:
            # Not the bytes: of those the parser would guess the encoding.
            found = json.loads(request.body.decode(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Unreadable(_("The body is no JSON in UTF-8.")) from None
        if not isinstance(found, dict):
            raise Invalid(_("The body has to be a JSON object."))
        return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
