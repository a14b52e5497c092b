"""Bots: accounts of programs, made and kept by administrators."""

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from chat.actions.people import change_person, make_bot, revoke_token
from chat.models import Person, Role
from chat.site_forms import BotForm
from chat.views import tokens
from chat.views.answers import Request, done, go, one_page, show_form
from chat.views.decorators import for_administrators


def find(username: str) -> Person:
    return get_object_or_404(Person.objects.bots(), username=username)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def bots(request: Request, person: Person) -> HttpResponse:
    """All that are no webhooks' own; POST makes one."""
    form = BotForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = make_bot(creator=person, **form.cleaned_data)
        return done(request, go(request, "site_bot", made.username))
    found = one_page(request, Person.objects.bots())
    return show_form(request, "chat/site/bots.html", {"form": form, "bots": found})


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def bot(request: Request, person: Person, username: str) -> HttpResponse:
    """One of them, with its tokens; POST makes a token and shows it, this once."""
    shown = find(username)
    context = tokens.making(request, creator=person, person=shown)
    rooms = shown.rooms.visible_to(person).exclude(kind="direct")
    context |= {"shown": shown, "rooms": rooms}
    return show_form(request, "chat/site/bot.html", context)


@require_POST
@for_administrators
def switch(request: Request, person: Person, username: str) -> HttpResponse:
    """Off, with all its sockets, or on again with the tokens that it had."""
    is_on = request.POST.get("on") == "1"
    change_person(editor=person, person=find(username), role=Role.BOT, is_active=is_on)
    flash.success(request, _("It is switched on.") if is_on else _("It is switched off."))
    return done(request, go(request, "site_bot", username))


@require_POST
@for_administrators
def revoke(request: Request, person: Person, username: str, token_id: int) -> HttpResponse:
    revoke_token(person=person, token=tokens.find(find(username), token_id))
    flash.success(request, _("The token is revoked."))
    return done(request, go(request, "site_bot", username))
