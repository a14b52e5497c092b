"""A page's elements, and what htmx and its WebSocket extension do to them, as far as we use it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "area", "base", "col"}


@dataclass(eq=False)
class Element:
    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Element)]

    @property
    def text(self):
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def walk(self):
        for child in self.elements:
            yield child
            yield from child.walk()

    def find(self, key):
        return next((each for each in self.walk() if each.attributes.get("id") == key), None)

    def find_tag(self, tag):
        return next((each for each in self.walk() if each.tag == tag), None)

    def values(self):
        """What a form would send of the fields in here."""
        inputs = (each.attributes for each in self.walk() if each.tag == "input")
        return {each["name"]: each.get("value", "") for each in inputs if "name" in each}

    def parent_of(self, element):
        parents = [self, *self.walk()]
        return next(each for each in parents if any(child is element for child in each.children))

    def place_of(self, element):
        """Its parent's children, and where among them it stands."""
        children = self.parent_of(element).children
        return children, next(at for at, child in enumerate(children) if child is element)


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element()
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        tags = [element.tag for element in self.open]
        if tag in tags:
            del self.open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(html):
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.root


def swap_frame(document, html):
    """What the WebSocket extension does with a frame: each element in it is an out-of-band swap."""
    for element in parse(html).elements:
        _swap(document, element)


def swap_answer(document, html, target):
    """What htmx does with an answer whose target takes it `afterbegin`."""
    answer = parse(html)
    for element in answer.elements:
        if "hx-swap-oob" in element.attributes:
            _swap(document, element)
    rest = [each for each in answer.elements if "hx-swap-oob" not in each.attributes]
    place = document.find(target)
    place.children[:0] = rest


def _swap(document, element):
    how = element.attributes.pop("hx-swap-oob", "true")
    style, _, selector = how.partition(":")
    key = selector.removeprefix("#") if selector else element.attributes.get("id")
    target = document.find(key) or next((e for e in document.walk() if e.tag == key), None)
    if target is None:  # an error event, and nothing else
        return
    if style == "beforeend":
        target.children += element.children
    elif style == "innerHTML":
        target.children = element.children
    else:
        siblings, at = document.place_of(target)
        siblings[at : at + 1] = [] if style == "delete" else [element]
