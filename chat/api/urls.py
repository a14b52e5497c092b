"""Addresses of the API. What they promise is in docs/api.md."""

from django.urls import path

from chat.api.application import api

urlpatterns = [
    path("v1/", api.urls),
]
