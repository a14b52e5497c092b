"""How people come in: the first run, invitations, sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as allauth
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from chat import limits
from chat.accounts import count_sign_in
from chat.actions.people import claim_site, join_site
from chat.forms import AccountForm, SetupForm
from chat.models import Invitation, Person, Site
from chat.views.answers import Request, done, go, show_form, stay_plain


def of_this_site(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page of allauth's that speaks of our site: its own idea of one is the host's name.

    As everywhere here, a form that comes back because something in it is not good is a 422, what
    was done leads on with a 303, and plain pages to plain ones.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response = view(request, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data["site"] = Site.load()
            if request.method == "POST" and response.status_code == 200:
                response.status_code = 422
        if isinstance(response, HttpResponseRedirect):
            response["Location"] = stay_plain(request, response.url)
            response.status_code = 303 if request.method == "POST" else 302
        return response

    return wrapped


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: Request, key: str) -> HttpResponse:
    """Names the site and makes its owner; once that is done, this page does not exist."""
    limits.spend(settings.LIMIT_JOINS, "setup", limits.address_of(request))
    if not Site.load().opens_setup(key):
        raise Http404
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _sign_in(request, claim_site(key=key, **form.cleaned_data))
        return done(request, go(request, "home"))
    return show_form(request, "chat/setup.html", {"form": form})


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: Request, code: str) -> HttpResponse:
    """Makes an account by an invitation. Looking at it uses nothing up."""
    if request.method == "POST":
        limits.spend(settings.LIMIT_JOINS, "join", limits.address_of(request))
    invitation = get_object_or_404(
        Invitation.objects.usable().select_related("created_by"), code=code
    )
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _sign_in(request, join_site(invitation=invitation, **form.cleaned_data))
        return done(request, go(request, "home"))
    context = {"form": form, "invitation": invitation}
    return show_form(request, "chat/join.html", context)


@of_this_site
def sign_in(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """allauth's sign-in, counted by our limiter."""
    if request.method == "POST":
        count_sign_in(request)
    return allauth.login(request, **kwargs)


@of_this_site
@login_required
def change_password(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """allauth's, counted: who finds an open browser has not for ever to try passwords in it."""
    if request.method == "POST":
        limits.spend(settings.LIMIT_SIGNINS, "password", request.user.pk)
    return allauth.password_change(request, **kwargs)


sign_out = of_this_site(allauth.logout)
set_password = of_this_site(allauth.password_reset_from_key)
password_is_set = of_this_site(allauth.password_reset_from_key_done)


def _sign_in(request: HttpRequest, person: Person) -> None:
    login(request, person)
