"""The administrators' pages."""

from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from chat.actions import people as verbs
from chat.forms import InvitationForm, SiteForm
from chat.models import Invitation, Person, Room, Site
from chat.permissions import can_change_role
from chat.reset import reset_path
from chat.site_forms import PersonRoleForm
from chat.views.answers import Request, done, go, one_page, show_form
from chat.views.decorators import for_administrators


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def site(request: Request, person: Person) -> HttpResponse:
    form = SiteForm(request.POST or None, instance=Site.load())
    if request.method == "POST" and form.is_valid():
        verbs.change_site(editor=person, **form.cleaned_data)
        flash.success(request, _("Saved."))
        return done(request, go(request, "site"))
    return show_form(request, "chat/site/site.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def invitations(request: Request, person: Person) -> HttpResponse:
    """Join links: those that still work, each with its address; POST makes one."""
    form = InvitationForm(
        request.POST or None, rooms=Room.objects.open().visible_to(person).exclude(kind="direct")
    )
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        verbs.create_invitation(
            inviter=person,
            role=chosen["role"],
            uses=chosen["uses"],
            expires_at=chosen["expires_at"],
            rooms=list(chosen["rooms"]),
        )
        return done(request, go(request, "invitations"))
    usable = [
        (each, absolute(request, reverse("join_site", args=[each.code])))
        for each in Invitation.objects.usable().select_related("created_by")
    ]
    context = {"form": form, "invitations": usable}
    return render(
        request, "chat/site/invitations.html", context, status=422 if form.errors else 200
    )


@require_POST
@for_administrators
def revoke(request: Request, person: Person, invitation_id: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    verbs.revoke_invitation(revoker=person, invitation=invitation)
    return done(request, go(request, "invitations"))


@require_http_methods(["GET", "HEAD"])
@for_administrators
def people(request: Request, person: Person) -> HttpResponse:
    context = {"people": one_page(request, Person.objects.all())}
    return render(request, "chat/site/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def member(request: Request, person: Person, username: str) -> HttpResponse:
    """One person's role, and whether they may sign in."""
    shown = get_object_or_404(Person, username=username)
    if shown.is_bot:
        return redirect(go(request, "site_bot", username))
    form = PersonRoleForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        shown.refresh_from_db()
        verbs.change_person(editor=person, person=shown, **form.cleaned_data)
        flash.success(request, _("Saved."))
        return done(request, go(request, "site_people"))
    return _member(request, person, shown, form)


@require_POST
@for_administrators
def reset_link(request: Request, person: Person, username: str) -> HttpResponse:
    """A one-time link with which this person sets a new password. Shown once, stored nowhere."""
    shown = get_object_or_404(Person, username=username)
    verbs.check_may_reset(person, shown)
    link = absolute(request, reset_path(shown))
    return _member(request, person, shown, PersonRoleForm(instance=shown), link)


def _member(
    request: Request, person: Person, shown: Person, form: PersonRoleForm, link: str = ""
) -> HttpResponse:
    context = {
        "shown": shown,
        "form": form,
        "reset_link": link,
        "can_change": can_change_role(person, shown),
    }
    return show_form(request, "chat/site/person.html", context)


def absolute(request: Request, path: str) -> str:
    """A link to send to somebody: under SITE_URL, or the name that this browser came by."""
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)
