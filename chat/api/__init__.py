"""The JSON API under `/api/v1/`: a thin layer over the same forms, lookups and verbs as the pages.

A view finds, parses, calls one verb and answers. docs/api.md says what programs may rely on.
"""
