r"""Slack's text, `mrkdwn`, as our Markdown. Pure.

`*bold*`, `_italic_`, `~struck~`, code, `> quotes`, and everything between `<` and `>`: links,
people, rooms, groups. What whole groups are called stays as a word; whom words tell is not for a
text to say. What is no markup there but would be here is escaped. Markdown that there is none of
in Slack, `**bold**` and `[text](address)`, goes through: others who take these payloads take it.
"""

import re
from collections.abc import Iterable

# Taken out of the text while the rest is converted; clean() leaves none of its own.
_KEPT, _BOLD = "\0", "\1"
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FENCE = re.compile(r"```(.*?)```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_ANGLED = re.compile(r"<([^<>\n]+)>")
_PLACE = re.compile(rf"{_KEPT}([0-9]+){_KEPT}")
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_TILDE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])")
# One that begins a line and stands alone is a list's.
_LONE_STAR = re.compile(r"(?<!\*)\*(?!\*)(?!(?<=^\*) )", re.MULTILINE)
_DOUBLE_LINE = re.compile(r"__+")
_ESCAPING = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_MARKUP = re.compile(r"[\\`*\[\]<]|~~|(?<!\w)_|_(?!\w)")
# What would make a line a quote or a list's.
_LINE_START = re.compile(
    r"^([ \t]*)(>|[-+](?=[ \t]|$))|^([ \t]*[0-9]{1,9})([.)](?=[ \t]|$))", re.MULTILINE
)
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f]+", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"(bash|c|cpp|css|diff|go|html|ini|java|javascript|js|json|kotlin|php|python|py|ruby|rust|sh"
    r"|shell|sql|swift|toml|ts|typescript|xml|yaml|yml)\n"
)
_ITEM = re.compile(r"\s*(?:[-*+]|[0-9]{1,9}[.)]) ")
_REST_IS_QUOTED = re.compile(r"^>>>", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def clean(text: str) -> str:
    r"""The text with `\n` for each end of a line, and without what no message can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORABLE.sub("", _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", lines))


def mrkdwn(text: str) -> str:
    """The text as Markdown."""
    kept: list[str] = []

    def whole(shown: str) -> str:
        return _PLACE.sub(lambda found: kept[int(found[1])], shown)

    def keep(shown: str) -> str:
        kept.append(whole(shown))
        return f"{_KEPT}{len(kept) - 1}{_KEPT}"

    said = _FENCE.sub(lambda found: keep(_block(found[1])), clean(text))
    said = _CODE.sub(lambda found: keep(code(_decoded(found[1]))), said)
    said = _ANGLED.sub(lambda found: keep(_angled(found[1])), said)
    said = _styled(_decoded(_ESCAPING.sub(r"\\\\", said).replace("`", r"\`")))
    # Before what is kept is put back: the empty lines in code are its own.
    return whole(_EMPTY_LINES.sub("\n\n", _parted(said))).strip()


def literal(text: str) -> str:
    """The text so that it is read as it stands, without any markup."""
    escaped = _MARKUP.sub(r"\\\g<0>", _decoded(clean(text)))
    return _LINE_START.sub(r"\1\3\\\2\4", escaped)


def link(url: str, shown: str) -> str:
    """A link to an address that people may follow; `shown` is Markdown, and what else remains."""
    address = clean(_decoded(url)).strip()
    words = " ".join(shown.split())
    if not _ADDRESS.fullmatch(address):
        return " ".join(filter(None, [words, f"({literal(address)})" if address else ""]))
    if words in {"", address} and not re.search("[<>]", address):
        return f"<{address}>"
    words = words or literal(address)
    return f"[{words}]({_safe(address)})"


def bold(shown: str) -> str:
    return around(shown, "**")


def around(shown: str, mark: str) -> str:
    """The words between marks; the white space around them stays outside, or they mark nothing."""
    return "\n".join(_marked(line, mark) for line in shown.split("\n"))


def code(text: str) -> str:
    """A span of code, whatever is in it."""
    one_line = " ".join(text.split("\n"))
    fence = "`" * (_longest_run(one_line) + 1)
    pad = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{fence}{pad}{one_line}{pad}{fence}"


def fenced(text: str, language: str = "") -> str:
    """A block of code, on lines of its own."""
    body = clean(text).strip("\n")
    if not body.strip():
        return ""
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def quoted(shown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in shown.split("\n")) if shown else ""


def joined(parts: Iterable[str], between: str) -> str:
    """Those of the parts that say something; what stands behind a quote or a list is not in it."""
    said = ""
    for part in filter(str.strip, parts):
        is_behind = _ends(said.rpartition("\n")[2], part.partition("\n")[0])
        said += ("\n\n" if is_behind else between) + part if said else part
    return said


def _block(text: str) -> str:
    language = _LANGUAGE.match(text)
    name, body = (language[1], text[language.end() :]) if language else ("", text)
    return f"\n{fenced(_decoded(body), name)}\n"


def _angled(inside: str) -> str:
    """What stands between `<` and `>`."""
    what, label = (part.strip() for part in inside.partition("|")[::2])
    label = _decoded(label)
    match what[:1]:
        case "@":
            return f"@{label.removeprefix('@') or what[1:]}"
        case "#":
            return f"#{label.removeprefix('#') or what[1:]}"
        case "!":
            name = what[1:].partition("^")[0]
            return label if "^" in what and label else f"@{label.removeprefix('@') or name}"
    # What holds code is no address.
    if _KEPT not in what and re.match(r"[a-z][a-z0-9+.-]*:", what, re.IGNORECASE):
        return link(what, _styled(label.replace("[", r"\[").replace("]", r"\]")))
    return rf"\<{_decoded(inside)}>"


def _styled(text: str) -> str:
    said = _STAR.sub(rf"{_BOLD}\1{_BOLD}", text)
    said = _TILDE.sub(r"~~\1~~", said)
    said = _DOUBLE_LINE.sub(lambda found: r"\_" * len(found[0]), said)
    return _LONE_STAR.sub(r"\\*", said).replace(_BOLD, "**")


def _parted(text: str) -> str:
    """A line behind a quote or a list is not in it; behind `>>>` everything is in the quote."""
    before, *after = _REST_IS_QUOTED.split(text, maxsplit=1)
    lines = before.split("\n")
    said = [
        f"\n{line}" if _ends(last, line) else line
        for last, line in zip(["", *lines], lines, strict=False)
    ]
    return "\n".join(said) + "".join(quoted(rest.strip()) for rest in after)


def _ends(last: str, line: str) -> bool:
    """Whether Markdown would draw this line into what the one before it is of."""
    if not line.strip():
        return False
    if last.startswith(">"):
        return not line.startswith(">")
    is_item = _ITEM.match(line) is not None or line[0].isspace()
    return _ITEM.match(last) is not None and not is_item


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _safe(address: str) -> str:
    for character in "<>() \\":
        address = address.replace(character, f"%{ord(character):02X}")
    return address


def _marked(line: str, mark: str) -> str:
    words = line.strip()
    if not words:
        return line
    if words.startswith(mark) and words.endswith(mark):
        return line
    before, _words, after = line.partition(words)
    return f"{before}{mark}{words}{mark}{after}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
