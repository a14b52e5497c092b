"""Message text: what is accepted, and its Markdown as safe HTML. Pure.

The rule: what was typed can be read, and can't act. Whatever isn't taken for Markdown stays on
the page as it was typed: HTML, images, entities, addresses
that don't start with http, https or mailto. Headings and rules aren't Markdown here: `# todo`
and `***` are meant literally in a chat, and the page's outline belongs to the page. An address
becomes a link by itself only with its scheme: `manage.py` and `user.name` look like hosts.

Who and what a name stands for (`@ada`, `#kitchen`) is looked up before, by whoever calls: see
chat.mentions. A name that stands for nothing stays as it was typed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any

import nh3
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from chat import emojis, naming
from chat.characters import has_surrogate, has_visible
from chat.colours import CLASSES, Colours

# Raised whenever the same text gives other HTML than before; stored with each message.
VERSION = 2
MAX_BODY_CHARACTERS = 10_000
MAX_HTML_BYTES = 32 * 1024

# Deeper quotes and lists than this are shown as they were typed.
_MAX_NESTING = 20
# Each start of a link may be read to the end of the text, so their number is what makes ten
# thousand characters slow: `[` × 10,000 took 0.2 s, `://[` 0.8 s. Beyond it there are no links.
_MAX_LINK_STARTS = 150
_LINK_START = re.compile(r"\[|://|mailto:", re.IGNORECASE)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z0-9+#-]{1,24}")
_LANGUAGE_CLASS = re.compile(r"language-[a-z0-9+#-]{1,24}")
_ROOM = re.compile(r"/rooms/[-\w]{1,64}/", re.ASCII)
_WHOM = re.compile(r"[0-9]{1,19}|room|here")
_ELEMENTS = "a blockquote br code em li ol p pre s span strong ul"
_LIST_START = re.compile(r"[0-9]{1,9}")

# What is known of a text while it is rendered.
Environment = MutableMapping[str, Any]


class InvalidBody(ValueError):
    """Text that can't be a message. `sentence` says why, in the reader's language."""

    def __init__(self, sentence: Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Named:
    """What names stand for: usernames, `room` and `here` for the mark of whom they tell, which
    is a person's key or the word itself; and the slugs of rooms that may be linked to."""

    people: Mapping[str, str] = field(default_factory=dict)
    rooms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's shown form: balanced HTML of at most `MAX_HTML_BYTES` in UTF-8.

    `names` are the usernames that its prose mentions, whether anybody has them or not.
    """

    html: SafeString
    names: frozenset[str] = frozenset()


def clean_body(text: str) -> str:
    r"""The text as it is stored: newlines are `\n`, no white space around it.

    Raises InvalidBody for what can't be stored or shown: control characters, halves of surrogate
    pairs, nothing visible, more than `MAX_BODY_CHARACTERS`. Also for the rare text under that
    limit which not even its plain form fits into `MAX_HTML_BYTES`, such as 8,200 emoji or
    6,600 ampersands: nothing of it may be cut, and a larger message might not fit the socket.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if has_surrogate(lines) or _CONTROL.search(lines):
        raise InvalidBody(_("This text contains characters that can’t be stored. Remove them."))
    body = lines.strip()
    if not has_visible(body):
        raise InvalidBody(_("Write something first."))
    if len(body) > MAX_BODY_CHARACTERS or not _fits(_plain(body)):
        raise InvalidBody(_("This is too long for one message. Send it in parts."))
    return body


def render(text: str, named: Named | None = None) -> Rendered:
    """A text of `clean_body` as HTML for the inside of `<div class="body">`.

    What doesn't fit comes without colours; what still doesn't, is nested too deeply, or would
    leave nothing to see (a lone `>`) comes as it was typed, in `<pre class="plain">`.
    Raises InvalidBody when not even that fits, which `clean_body` rules out.
    """
    names: set[str] = set()
    environment = {"named": named or Named(), "names": names}
    shown = [(html, names) for html in _as_markdown(text, environment)]
    for html, found in (*shown, (_plain(text), set[str]())):
        if _fits(html):
            # The only place where a message's HTML is declared safe: it has come out of
            # nh3's allowlist, or it is one <pre> around escaped text.
            return Rendered(mark_safe(html), frozenset(found))  # noqa: S308
    raise InvalidBody(_("This is too long for one message. Send it in parts."))


def words_of(html: str) -> str:
    """What `render` has made of a text, in one line without any markup. No HTML: to be escaped."""
    return " ".join(unescape(_TAG.sub("", html)).split())


def _as_markdown(text: str, environment: dict[str, Any]) -> list[str]:
    """The text's Markdown, coloured and uncoloured, or nothing when it is better shown plain."""
    parser = _PARSER if _count_link_starts(text) <= _MAX_LINK_STARTS else _PARSER_WITHOUT_LINKS
    tokens = parser.parse(text, environment)
    # The parser drops what is nested deeper than its limit: such a text is shown as typed.
    if any(token.level >= _MAX_NESTING - 1 for token in tokens):
        return []
    uncoloured = _clean(parser.renderer.render(tokens, parser.options, {}))
    if not has_visible(unescape(_TAG.sub("", uncoloured))):
        return []
    if not any(token.type == "fence" for token in tokens):
        return [uncoloured]
    return [
        _clean(parser.renderer.render(tokens, parser.options, {"colours": Colours()})),
        uncoloured,
    ]


def _count_link_starts(text: str) -> int:
    return sum(1 for _match in _LINK_START.finditer(text))


def _clean(html: str) -> str:
    return _CLEANER.clean(html).strip()


def _plain(text: str) -> str:
    # Only these two characters can begin markup in text; quotes needn't grow to five bytes.
    shown = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<pre class="plain">{shown}</pre>'


def _fits(html: str) -> bool:
    return len(html.encode()) <= MAX_HTML_BYTES


def _render_fence(token: Token, environment: Environment) -> str:
    code, info = token.content, token.info.strip()
    language = info.lower()
    if not _LANGUAGE.fullmatch(language):
        # Somebody went on writing behind the three backticks: that is a line of code, too.
        lines = f"{info}\n{code}" if info else code
        return f"<pre><code>{escape(lines)}</code></pre>\n"
    colours: Colours | None = environment.get("colours")
    shown = (colours and colours.paint(code, language)) or escape(code)
    return f'<pre><code class="language-{language}">{shown}</code></pre>\n'


def _name_names(state: StateCore) -> None:
    """Parts the text of each paragraph at its names; that of links and code is not prose."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        parts, depth = list[Token](), 0
        for token in block.children:
            depth += (token.type == "link_open") - (token.type == "link_close")
            is_prose = token.type == "text" and not depth
            parts += _parted(token, state.env) if is_prose else [token]
        block.children = parts


def _parted(token: Token, environment: Environment) -> Iterator[Token]:
    named: Named = environment["named"]
    text, end = token.content, 0
    for name in naming.find(text):
        if name.sign == "@":
            environment["names"].add(name.text)
        shown = _shown_name(name, named)
        if shown is not None:
            yield _text(text[end : name.start], token.level)
            yield shown
            shown.level, end = token.level, name.end
    yield _text(text[end:], token.level)


def _shown_name(name: naming.Name, named: Named) -> Token | None:
    if name.sign == "@" and name.text in named.people:
        return Token("mention", "", 0, content=name.text, info=named.people[name.text])
    if name.sign == "#" and name.text in named.rooms:
        return Token("room_link", "", 0, content=name.text)
    emoji = emojis.named(name.text) if name.sign == ":" else None
    return None if emoji is None else Token("text", "", 0, content=emoji)


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _render_mention(token: Token, _environment: Environment) -> str:
    whom, name = escape(token.info), escape(token.content)
    return f'<span class="mention" data-person="{whom}">@{name}</span>'


def _render_room_link(token: Token, _environment: Environment) -> str:
    slug = escape(token.content)
    return f'<a class="room-link" href="/rooms/{slug}/">#{slug}</a>'


def _allowed_value(element: str, attribute: str, value: str) -> str | None:
    """The attribute's value where it follows its one known pattern, else None: dropped."""
    match element, attribute:
        case "a", "href":
            allowed = _ADDRESS.match(value) is not None or _ROOM.fullmatch(value) is not None
        case "a", "class":
            allowed = value == "room-link"
        case "span", "data-person":
            allowed = _WHOM.fullmatch(value) is not None
        case "code", "class":
            allowed = _LANGUAGE_CLASS.fullmatch(value) is not None
        case "span", "class":
            allowed = value in CLASSES or value == "mention"
        case "ol", "start":
            allowed = _LIST_START.fullmatch(value) is not None
        case "a", "rel":
            allowed = True
        case _:
            allowed = False
    return value if allowed else None


def _rule(show: Callable[[Token, Environment], str]) -> Callable[..., str]:
    """What shows one token, as markdown-it calls it: with all of a text, and more."""

    def rule(
        _renderer: RendererHTML,
        tokens: Sequence[Token],
        index: int,
        _options: Any,
        environment: Environment,
    ) -> str:
        return show(tokens[index], environment)

    return rule


def _make_parser(*, links: bool) -> MarkdownIt:
    options = {"html": False, "linkify": links, "breaks": True, "maxNesting": _MAX_NESTING}
    parser = MarkdownIt("commonmark", options)
    parser.enable("strikethrough")
    # Each of these would hide or rename what was typed, or build what a chat has no place for.
    parser.disable(
        ["code", "entity", "heading", "hr", "html_block", "html_inline", "image", "lheading"]
    )
    parser.disable("reference")
    if links:
        parser.enable("linkify")
        assert parser.linkify is not None
        parser.linkify.set({"fuzzy_link": False}).add("//", None).add("ftp:", None)
    else:
        parser.disable(["autolink", "link"])
    # A link that is refused here stays as it was typed, brackets and all.
    parser.validateLink = lambda url: _ADDRESS.match(url) is not None  # type: ignore[method-assign]
    # Shown as typed: decoded punycode would show a look-alike of a known host.
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    # Behind what makes links, and before an escaped `\@` is joined with the name behind it.
    parser.core.ruler.before("text_join", "names", _name_names)
    parser.add_render_rule("fence", _rule(_render_fence))
    parser.add_render_rule("mention", _rule(_render_mention))
    parser.add_render_rule("room_link", _rule(_render_room_link))
    return parser


_CLEANER = nh3.Cleaner(
    tags=set(_ELEMENTS.split()),
    attributes={
        "a": {"class", "href"},
        "code": {"class"},
        "span": {"class", "data-person"},
        "ol": {"start"},
    },
    attribute_filter=_allowed_value,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)
_PARSER = _make_parser(links=True)
_PARSER_WITHOUT_LINKS = _make_parser(links=False)
# Tables are made at the first address, and whoever else comes meanwhile finds them half filled.
render("https://example.org/%20 <https://example.org/%20>")
