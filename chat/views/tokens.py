"""The tokens with which somebody's programs sign in. For people who are signed in themselves: a
token opens no page, so none can make another one."""

from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from chat.actions.people import create_token, revoke_token
from chat.models import ApiToken, Person, Room, Scope
from chat.site_forms import TokenForm
from chat.views.answers import Request, done, go, show_form
from chat.views.decorators import for_people
from chat.views.site import absolute


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def tokens(request: Request, person: Person) -> HttpResponse:
    """One's own; POST makes one and shows it, this once."""
    context = making(request, creator=person, person=person)
    return show_form(request, "chat/tokens.html", context)


@require_POST
@for_people
def revoke(request: Request, person: Person, token_id: int) -> HttpResponse:
    revoke_token(person=person, token=find(person, token_id))
    flash.success(request, _("The token is revoked."))
    return done(request, go(request, "tokens"))


def making(request: Request, *, creator: Person, person: Person) -> dict[str, Any]:
    """What a page of somebody's tokens shows; `made` is the one that this POST has made, or ""."""
    form, made, line = TokenForm(request.POST or None), "", ""
    if request.method == "POST" and form.is_valid():
        made = create_token(person=person, creator=creator, **form.cleaned_data)
        line = curl(request, made, form.cleaned_data["scopes"])
        form = TokenForm()
    held = ApiToken.objects.filter(person=person, revoked_at=None).order_by("-created_at", "-pk")
    return {"form": form, "made": made, "line": line, "tokens": held}


def find(person: Person, token_id: int) -> ApiToken:
    """One of this person's tokens, ended ones too: to revoke it twice is no mistake."""
    return get_object_or_404(ApiToken.objects.select_related("person"), pk=token_id, person=person)


def curl(request: Request, token: str, scopes: list[str]) -> str:
    """A line to try it with: that changes nothing, unless the token can do nothing else."""
    line = f'curl -H "Authorization: Bearer {token}" '
    if Scope.READ in scopes or Scope.POST not in scopes:
        return line + absolute(request, "/api/v1/me")
    address = absolute(request, f"/api/v1/rooms/{Room.objects.lobby().slug}/messages/")
    return f"""{line}-H "Content-Type: application/json" -d '{{"body": "Hello!"}}' {address}"""
