"""Laws of the templates: no script of ours, fragments that know no viewer, contracts."""

import re

import pytest
from django.conf import settings

TEMPLATES = settings.BASE_DIR / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
# What the hub sends to everybody of a kind. A page alone includes the other fragments.
PUSHED = [
    *sorted((TEMPLATES / "chat" / "fragments").glob("*.html")),
    *sorted((TEMPLATES / "chat" / "swaps").glob("*.html")),
]
CONTRACT = re.compile(r"\A\{#.*?#\}", re.DOTALL)


def identity(path):
    return path.relative_to(TEMPLATES).as_posix()


def markup(path):
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_template_holds_no_script(path):
    text = markup(path)

    assert "<script" not in text.lower()
    assert not re.search(r"\son[a-z]+\s*=", text, re.IGNORECASE), "an event handler"
    assert not re.search(r"(data-)?hx-on", text), "htmx's event handlers"
    assert "javascript:" not in text.lower()
    assert not re.search(r"hx-(vals|headers)=.\s*js:", text)
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_trigger_has_no_filter(path):
    # Without eval htmx takes every filter for true: the trigger would fire on each event.
    triggers = re.findall(r'hx-trigger="([^"]*)"', markup(path))

    assert [trigger for trigger in triggers if "[" in trigger] == []


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_template_holds_no_style_of_its_own(path):
    # A stream can't be changed but by rules that come later, under the nonce of its policy.
    is_rule = path.name in ("stream_rule.html", "stream_place.html")
    text = markup(path).replace('<style nonce="{{ nonce }}">', "", is_rule)

    assert "<style" not in text
    assert not re.search(r"\sstyle\s*=", text)


@pytest.mark.parametrize("path", PUSHED, ids=identity)
def test_a_fragment_knows_no_viewer(path):
    text = markup(path)

    for word in ("request", "user", "csrf_token", "perms"):
        assert not re.search(rf"\{{[{{%][^}}]*\b{word}\b", text), word


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_template_begins_with_its_contract(path):
    assert CONTRACT.match(path.read_text())


@pytest.mark.parametrize(
    "path", sorted((TEMPLATES / "chat" / "swaps").glob("*.html")), ids=identity
)
def test_a_swap_says_how_each_of_its_roots_is_swapped(path):
    text = re.sub(r"\{%.*?%\}", "", markup(path))
    depth, roots = 0, []
    for closing, name, rest in re.findall(r"<(/?)([a-z][a-z0-9]*)([^>]*)>", text):
        if closing:
            depth -= 1
            continue
        if depth == 0:
            roots.append((name, rest))
        depth += 0 if name in {"input", "br", "img"} or rest.endswith("/") else 1

    assert [root for root in roots if "hx-swap-oob=" not in root[1]] == []


def test_no_script_of_ours_is_served():
    assert list((settings.BASE_DIR / "static").rglob("*.js")) == []


def test_the_styles_ask_no_foreign_server_and_import_nothing():
    for path in (settings.BASE_DIR / "static").rglob("*.css"):
        text = path.read_text()
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", text), path
        assert "@import" not in text, path


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_template_writes_times_as_all_others_do(path):
    text = markup(path)

    assert not re.search(r"\|(date|time)\b", text), "chat.moments has one format"
