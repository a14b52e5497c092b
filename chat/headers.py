"""Security headers that Django has no setting for. Values and reasons: docs/security.md."""

from collections.abc import MutableMapping

PAGE_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Reporting-Endpoints": 'csp="/csp-report"',
    "Cache-Control": "no-store",
}


def add_to_static(headers: MutableMapping[str, str], _path: str, _url: str) -> None:
    """Static files are answered before Django's own middleware is asked."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
