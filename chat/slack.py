"""Slack's payloads for incoming webhooks as our Markdown. Pure.

Shown is what people read: text, attachments and blocks. Left out is what only decorates, and what
would need an answer: colours, icons, footers, inputs. Whatever is missing, null, unknown or of a
wrong type says nothing; no payload fails. Slack's markup and fields as in docs.slack.dev,
"Formatting message text", "Block Kit" and "Secondary message attachments".
"""

from collections.abc import Iterable
from typing import Any

from chat import slack_text
from chat.slack_text import bold, code, fenced, link, literal, mrkdwn

# More than Slack takes in one message.
_MAX_PARTS = 100
_STYLES = (("strike", "~~"), ("italic", "_"), ("bold", "**"))


def to_markdown(payload: dict[str, Any]) -> str:
    """What a person reads of it; empty when it says nothing.

    Blocks stand in the place of the text, which then is for notifications only.
    """
    text = _said(payload.get("text"))
    is_marked_up = payload.get("mrkdwn") is not False
    said = _blocks(payload) or (mrkdwn(text) if is_marked_up else literal(text))
    return _apart([said, *map(_attachment, _items(payload, "attachments"))])


def _attachment(attachment: dict[str, Any]) -> str:
    title = literal(_said(attachment.get("title"))).strip()
    title_link = _said(attachment.get("title_link"))
    said = _blocks(attachment) or _lines(
        [
            link(
                _said(attachment.get("author_link")), literal(_said(attachment.get("author_name")))
            ),
            bold(link(title_link, title)) if title else "",
            mrkdwn(_said(attachment.get("text"))),
            *map(_field, _items(attachment, "fields")),
            _links(attachment, "actions"),
            _image(attachment.get("image_url"), ""),
        ]
    )
    whole = _lines([mrkdwn(_said(attachment.get("pretext"))), said])
    return whole or mrkdwn(_said(attachment.get("fallback")))


def _field(field: dict[str, Any]) -> str:
    title = literal(_said(field.get("title"))).strip().removesuffix(":")
    value = mrkdwn(_said(field.get("value")))
    if not title or not value:
        return bold(title) or value
    return f"{bold(title)}\n{value}" if "\n" in value else f"{bold(f'{title}:')} {value}"


# --- Blocks ----------------------------------------------------------------------------------


def _blocks(holder: dict[str, Any]) -> str:
    return _apart(map(_block, _items(holder, "blocks")))


def _block(block: dict[str, Any]) -> str:
    match block.get("type"):
        case "header":
            return bold(_text(block.get("text")))
        case "section":
            fields = [_text(each) for each in _list(block, "fields")]
            return _lines([_text(block.get("text")), *fields, _linked(block.get("accessory"))])
        case "context":
            elements = _list(block, "elements")
            return " ".join(filter(None, map(_context, elements)))
        case "image":
            title = block.get("title")
            alt = _text(title) or literal(_said(block.get("alt_text")))
            return _image(block.get("image_url"), alt)
        case "actions":
            return _links(block, "elements")
        case "markdown":
            return slack_text.clean(_said(block.get("text")))
        case "rich_text":
            return _lines(map(_rich, _items(block, "elements")))
    return ""


def _text(value: Any) -> str:
    """A text object, or what some senders put in the place of one."""
    if isinstance(value, dict):
        said = _said(value.get("text"))
        return literal(said) if value.get("type") == "plain_text" else mrkdwn(said)
    return mrkdwn(_said(value))


def _context(element: Any) -> str:
    if isinstance(element, dict) and element.get("type") == "image":
        return literal(_said(element.get("alt_text")))
    return _text(element)


def _links(holder: dict[str, Any], name: str) -> str:
    return " · ".join(filter(None, map(_linked, _list(holder, name))))


def _linked(button: Any) -> str:
    """A button that leads somewhere; one that would have to be answered is left out."""
    if not isinstance(button, dict) or not (url := _said(button.get("url"))):
        return ""
    return link(url, _text(button.get("text")))


def _image(url: Any, alt: str) -> str:
    return link(_said(url), alt)


# --- Rich text -------------------------------------------------------------------------------


def _rich(element: dict[str, Any]) -> str:
    match element.get("type"):
        case "rich_text_section":
            return _inline(element)
        case "rich_text_preformatted":
            return fenced("".join(_plain(each) for each in _items(element, "elements")))
        case "rich_text_quote":
            return slack_text.quoted(_inline(element))
        case "rich_text_list":
            indent = element.get("indent")
            depth = indent if isinstance(indent, int) and 0 <= indent <= 8 else 0
            is_ordered = element.get("style") == "ordered"
            return "\n".join(
                f"{'    ' * depth}{f'{number}.' if is_ordered else '-'} {_inline(each)}"
                for number, each in enumerate(_items(element, "elements"), 1)
            )
    return ""


def _inline(section: dict[str, Any]) -> str:
    return "".join(map(_piece, _items(section, "elements"))).strip()


def _piece(piece: dict[str, Any]) -> str:
    style = piece.get("style")
    styles = style if isinstance(style, dict) else {}
    said = _plain(piece)
    if piece.get("type") == "link":
        shown = link(_said(piece.get("url")), literal(_said(piece.get("text"))))
    elif styles.get("code") is True and said.strip():
        shown = code(said)
    elif piece.get("type") == "text":
        shown = literal(said)
    else:
        return said
    for name, mark in _STYLES:
        if styles.get(name) is True:
            shown = slack_text.around(shown, mark)
    return shown


def _plain(piece: dict[str, Any]) -> str:
    match piece.get("type"):
        case "text":
            return slack_text.clean(_said(piece.get("text")))
        case "link":
            return slack_text.clean(_said(piece.get("text")) or _said(piece.get("url")))
        case "emoji":
            return _marked(":", piece.get("name"), ":")
        case "user":
            return _marked("@", piece.get("user_id"))
        case "usergroup":
            return _marked("@", piece.get("usergroup_id"))
        case "channel":
            return _marked("#", piece.get("channel_id"))
        case "broadcast":
            return _marked("@", piece.get("range"))
        case "date":
            return slack_text.clean(_said(piece.get("fallback")))
    return ""


def _marked(before: str, name: Any, after: str = "") -> str:
    said = slack_text.clean(_said(name)).strip()
    return f"{before}{said}{after}" if said else ""


# --- What may be of any type -----------------------------------------------------------------


def _said(value: Any) -> str:
    """A text; a number is one, too."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _list(holder: dict[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found[:_MAX_PARTS] if isinstance(found, list) else []


def _items(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in _list(holder, name) if isinstance(each, dict)]


def _lines(parts: Iterable[str]) -> str:
    return slack_text.joined(parts, "\n")


def _apart(parts: Iterable[str]) -> str:
    return slack_text.joined(parts, "\n\n")
