"""Addresses of the API. What they promise is in docs/api.md."""

from django.urls import path

from chat.api.application import api
from chat.api.document import openapi
from chat.api.reference import reference

urlpatterns = [
    path("v1/openapi.json", openapi, name="openapi"),
    path("v1/", api.urls),
    path("docs/", reference, name="api_docs"),
]
