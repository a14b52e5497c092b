"""A site that the benchmarks measure is the same whatever shell they are started in."""

import re
from pathlib import Path

from django.conf import settings

from bench import site


def test_every_limit_is_off():
    limits = {name for name in dir(settings) if name.startswith("LIMIT_")}

    variables = site.environment(Path("data"))

    assert {name for name, value in variables.items() if value == "off"} == limits


def test_nothing_of_the_shell_but_where_programs_are_reaches_what_is_measured(monkeypatch):
    for name in ("SITE_URL", "EMAIL_URL", "NODE_OPTIONS", "WEB_CONCURRENCY", "PYTHONDEVMODE"):
        monkeypatch.setenv(name, "foreign")
    monkeypatch.setenv("PATH", "/opt/bin")

    variables = site.environment(Path("data"), "postgres://localhost/site")

    assert "foreign" not in variables.values()
    assert variables["PATH"] == "/opt/bin"
    assert variables["DATABASE_URL"] == "postgres://localhost/site"
    assert variables["DATA_DIR"] == "data"


def test_make_keeps_every_setting_of_the_shell_from_the_benchmarks():
    makefile = (settings.BASE_DIR / "Makefile").read_text()
    kept_out = re.search(r"^SITE_SETTINGS := ((?:.*\\\n)*.*)", makefile, re.MULTILINE)
    source = (settings.BASE_DIR / "project" / "settings.py").read_text()
    asked_for = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)

    assert kept_out is not None
    assert set(asked_for) - {"DATA_DIR"} <= set(kept_out[1].replace("\\", " ").split())
    assert "@$(OWN_ENV) $(PY) -m bench $(SCENARIO)" in makefile
    assert "@$(OWN_ENV) $(PY) -m bench --check $(SCENARIO)" in makefile
