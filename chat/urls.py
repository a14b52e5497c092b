"""Addresses of the pages. What they promise is in the README and in docs/."""

from django.urls import path, re_path

from chat.views import accounts, live, messages, people, rooms, site, system

urlpatterns = [
    path("", rooms.home, name="home"),
    path("setup/<str:key>/", accounts.setup, name="setup"),
    path("join/<str:code>/", accounts.join, name="join_site"),
    path("login/", accounts.sign_in, name="account_login"),
    path("logout/", accounts.sign_out, name="account_logout"),
    path("password/", accounts.change_password, name="account_change_password"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        accounts.set_password,
        name="account_reset_password_from_key",
    ),
    path(
        "password/new/",
        accounts.password_is_set,
        name="account_reset_password_from_key_done",
    ),
    path("rooms/", rooms.rooms, name="rooms"),
    path("rooms/<slug:slug>/", rooms.room, name="room"),
    path("rooms/<slug:slug>/messages/", messages.room_messages, name="messages"),
    path("rooms/<slug:slug>/live/", live.live, name="live"),
    path("rooms/<slug:slug>/socket/", rooms.socket, name="room_socket"),
    path("rooms/<slug:slug>/join/", rooms.join, name="room_join"),
    path("rooms/<slug:slug>/leave/", rooms.leave, name="room_leave"),
    path("rooms/<slug:slug>/settings/", rooms.settings, name="room_settings"),
    path("rooms/<slug:slug>/members/", rooms.members, name="room_members"),
    path("rooms/<slug:slug>/members/<str:username>/remove/", rooms.remove, name="room_remove"),
    path("messages/<int:message_id>/", messages.permalink, name="permalink"),
    path("composer/lines/", messages.lines, name="lines"),
    path("socket/", rooms.socket, name="socket"),
    path("direct/new/", people.direct_new, name="direct_new"),
    path("direct/<str:username>/", people.direct, name="direct"),
    path("people/", people.people, name="people"),
    path("people/<str:username>/", people.profile, name="person"),
    path("settings/", people.preferences, name="preferences"),
    path("site/", site.site, name="site"),
    path("site/invitations/", site.invitations, name="invitations"),
    path("site/invitations/<int:invitation_id>/revoke/", site.revoke, name="invitation_revoke"),
    path("site/people/", site.people, name="site_people"),
    path("site/people/<str:username>/", site.member, name="site_person"),
    path("site/people/<str:username>/reset/", site.reset_link, name="site_reset"),
    path("me.css", system.me_css, name="me_css"),
    path("csp-report", system.csp_report, name="csp_report"),
    path("healthz", system.healthz, name="healthz"),
    path("readyz", system.readyz, name="readyz"),
]
