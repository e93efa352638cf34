"""An HTML page as a test reads it, and the faults that no page may have."""

import hashlib
import re
from functools import cached_property
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
from markupsafe import Markup, escape

NEEDS_A_LABEL = ("input", "select", "textarea")
NEEDS_NONE = {"hidden", "submit", "button", "image", "reset"}
INLINE = {
    "a",
    "abbr",
    "b",
    "bdi",
    "button",
    "cite",
    "code",
    "em",
    "i",
    "kbd",
    "label",
    "q",
    "s",
    "small",
    "span",
    "strong",
}
INLINE |= {"sub", "sup", "time", "u", "var", "wbr"}
UNREAD = {"script", "style", "template", "svg", "title"}
JOINS = tuple("(/“‘'\"-–#@+£$€’\u00a0\u202f")
"""Signs after which a word may follow in the next element without a blank."""

WRITTEN = re.compile(r'(?<= value=")[^"]*(?=")|(?<=\?)[^"<>\s]+(?=")|(?<=>)[^<>]*(?=</textarea>)')
"""What stands in a field, and what follows the question mark in an address."""
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{16}\b")
"""Of something that is stored, or of a request."""
CSRF_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_without_fault: set[bytes] = set()


class Page:
    """An HTML document; making one fails for markup that is not valid, labelled and free of inline code.

    It is parsed when something of it is asked for, and when no page of the same shape was found to be without fault.
    """

    def __init__(self, markup: str, *, url: str = "/", is_fragment: bool = False) -> None:
        self.markup, self.url, self._is_fragment = markup, url, is_fragment
        shape = _shape(markup, is_fragment=is_fragment)
        if shape not in _without_fault:
            faults = list(_faults(self) if is_fragment else [*_faults(self), *_faults_of_a_whole(self)])
            assert not faults, f"{url}: " + "; ".join(faults)
            _without_fault.add(shape)

    @cached_property
    def root(self) -> Element:
        """The root of the parsed document. Raises :class:`html5lib.html5parser.ParseError` for what is not valid."""
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        return parser.parseFragment(self.markup) if self._is_fragment else parser.parse(self.markup)

    @cached_property
    def text(self) -> str:
        """All words that the page shows, with single spaces between them."""
        return words(self.root)

    @property
    def title(self) -> str:
        """The words in the browser's tab."""
        return words(self.root.find(".//title"))

    @property
    def heading(self) -> str:
        """The words of the one ``h1``."""
        return words(self.root.find(".//h1"))

    @property
    def links(self) -> list[str]:
        """Where the page's links lead, in order."""
        return [link.get("href", "") for link in self.root.iter("a") if link.get("href")]

    def all(self, path: str) -> list[Element]:
        """The elements at an ElementTree path such as ``.//li[@class='x']``."""
        return self.root.findall(path)

    def texts(self, path: str) -> list[str]:
        """The words of each element at that path."""
        return [words(element) for element in self.all(path)]

    def link(self, said: str) -> str:
        """Where the first link leads that says ``said``; the test fails without one."""
        found = [link.get("href", "") for link in self.root.iter("a") if said in words(link)]
        assert found, f"no link says {said!r} on {self.url}"
        return found[0]

    def has_link_to(self, path: str) -> bool:
        """Whether a link leads to ``path``."""
        return path in self.links

    @property
    def forms(self) -> list["Form"]:
        """The page's forms, in order."""
        return [Form(element, self.url) for element in self.root.iter("form")]

    def find_form(self, path: str) -> "Form | None":
        """The form that is posted to ``path``, if there is one."""
        return next((form for form in self.forms if form.method == "POST" and form.path == path), None)

    @property
    def csrf_token(self) -> str | None:
        """The CSRF token of the first form that carries one."""
        found = CSRF_TOKEN.search(self.markup)
        return found[1] if found else None


class Form:
    """A form of a page, with the values that a browser would send if nobody touched it."""

    def __init__(self, element: Element, url: str) -> None:
        self.element = element
        self.method = element.get("method", "get").upper()
        self.path = urlsplit(urljoin(url, element.get("action") or url)).path

    @cached_property
    def fields(self) -> list[Element]:
        """The controls that have a name."""
        return [e for e in self.element.iter() if e.tag in NEEDS_A_LABEL and e.get("name")]

    @property
    def names(self) -> set[str]:
        """The names that can be sent with this form."""
        return {field.get("name", "") for field in self.fields}

    @property
    def values(self) -> dict[str, str | list[str]]:
        """What would be sent: filled fields, ticked boxes, chosen options."""
        values: dict[str, str | list[str]] = {}
        for field in self.fields:
            for value in _sent(field):
                name = field.get("name", "")
                before = values.get(name)
                values[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
        return values


def _sent(field: Element) -> list[str]:
    if field.tag == "textarea":
        return ["".join(field.itertext()).removeprefix("\n")]
    if field.tag == "select":
        options = list(field.iter("option"))
        chosen = [o for o in options if o.get("selected") is not None] or options[:1]
        return [option.get("value", words(option)) for option in chosen]
    if field.get("type") in {"submit", "button", "image", "reset", "file"}:
        return []
    if field.get("type") in {"checkbox", "radio"}:
        return [field.get("value", "on")] if field.get("checked") is not None else []
    return [field.get("value", "")]


def words(element: Element | None) -> str:
    """The text of an element and all in it, with single spaces; nothing of scripts, styles and templates."""
    return " ".join(" ".join(_pieces(element)).split()) if element is not None else ""


def _pieces(element: Element) -> list[str]:
    if not isinstance(element.tag, str) or element.tag in {"script", "style", "template"}:
        return []
    pieces = [element.text or ""]
    for child in element:
        pieces += [*_pieces(child), child.tail or ""]
    return pieces


def _shape(markup: str, *, is_fragment: bool) -> bytes:
    """The same for pages that differ only in what is properly written in fields and addresses, and in their ids.

    The first id counts as the first in each, so that one which is there twice is so in both.
    """
    numbers: dict[str, str] = {}
    without_values = WRITTEN.sub(lambda value: "" if _is_properly_written(value[0]) else value[0], markup)
    shape = ID.sub(lambda one: numbers.setdefault(one[0], f"id {len(numbers)}"), without_values)
    return hashlib.sha256(f"{is_fragment} {shape}".encode("utf-8", "surrogatepass")).digest()


def _is_properly_written(value: str) -> bool:
    """Whether a value can be in a page and do nothing to it: printable, and escaped as templates do it."""
    meant = Markup(value).unescape()
    return meant.replace("\n", "").isprintable() and str(escape(meant)) == value


def _faults(page: Page):
    elements = [e for e in page.root.iter() if isinstance(e.tag, str)]
    ids = [e.get("id") for e in elements if e.get("id")]
    yield from (f"id {twice!r} is there twice" for twice in {i for i in ids if ids.count(i) > 1})
    yield from _missing_targets(elements, set(ids))
    yield from _inline_code(elements)
    yield from _run_together(page)
    yield from _written_twice(elements)
    yield from _wordless(elements)
    yield from _half_typed(elements)
    yield from _nameless(page, elements)


def _faults_of_a_whole(page: Page):
    if not page.root.get("lang"):
        yield "html has no lang"
    if not page.title:
        yield "there is no title"
    if (count := len(page.all(".//h1"))) != 1:
        yield f"there are {count} h1"
    if (count := len(page.all(".//main"))) != 1:
        yield f"there are {count} main"


def _run_together(page: Page):
    """Words of neighbours that a browser without style sheets (lynx, some readers) shows as one."""
    before = ""
    for piece in _as_without_styles(page.root):
        if before.strip() and before[-1] == before[-1].strip() and not before.endswith(JOINS) and piece[:1].isalnum():
            yield f"without styles {before[-30:]!r} and {piece[:30]!r} run together"
        before = piece or before


def _written_twice(elements: list[Element]):
    """Text that screen readers skip says again what stands beside it; without style sheets everybody reads both."""
    for element in elements:
        if element.get("aria-hidden") == "true" and element.tag not in {"button", "svg"} and words(element):
            yield f"without styles {words(element)!r} is written twice"


def _wordless(elements: list[Element]):
    """A link or button whose name is not text is not there without style sheets, or cannot be told from others."""
    for element in elements:
        is_seen = element.get("aria-hidden") != "true" and not list(element.iter("img"))
        if element.tag in ("a", "button") and is_seen and not words(element):
            yield f"without styles the {element.tag} to {element.get('href', '')!r} has no words"


def _as_without_styles(element: Element):
    """The text of a page piece by piece; a line break stands where an element begins or ends a line."""
    tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "svg"  # a comment is not read either
    if tag in UNREAD:
        return
    edge = "" if tag in INLINE else "\n"
    yield from (edge, element.text or "")
    for child in element:
        yield from _as_without_styles(child)
        yield child.tail or ""
    yield edge


def _missing_targets(elements: list[Element], ids: set[str | None]):
    for element in elements:
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form"):
            for target in element.get(attribute, "").split():
                if target not in ids:
                    yield f"{attribute} names {target!r}, which is not there"
        href = element.get("href", "")
        if element.tag == "a" and re.fullmatch(r"#.+", href) and href[1:] not in ids:
            yield f"a link leads to {href!r}, which is not there"


def _inline_code(elements: list[Element]):
    for element in elements:
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            yield f"inline {element.tag}"
        for name, value in element.items():
            if str(name) == "style" or str(name).startswith("on"):
                yield f"inline {name} on {element.tag}"
            if str(name) in {"href", "src", "action", "formaction"} and value.strip().lower().startswith("javascript:"):
                yield f"javascript: in {name} of {element.tag}"


def _half_typed(elements: list[Element]):
    """A browser's own fields for these send nothing while what stands in them is half typed, as if it were left out."""
    own = {"date", "datetime-local", "month", "number", "time", "week"}
    yield from (f"the field {e.get('name')!r} is one for a {e.get('type')}" for e in elements if e.get("type") in own)


def _nameless(page: Page, elements: list[Element]):
    labelled = {label.get("for") for label in page.root.iter("label")}
    wrapped = {control for label in page.root.iter("label") for control in label.iter()}
    for element in elements:
        named = element.get("aria-label") or element.get("aria-labelledby")
        if element.tag in NEEDS_A_LABEL and element.get("type") not in NEEDS_NONE:
            if not (named or element.get("id") in labelled or element in wrapped):
                yield f"{element.tag} {element.get('name')!r} has no label"
        elif element.tag == "img" and element.get("alt") is None:
            yield f"img {element.get('src')!r} has no alt"
        elif element.tag in {"button", "a"} and not (named or words(element) or _has_alt(element)):
            yield f"a {element.tag} says nothing"


def _has_alt(element: Element) -> bool:
    """Whether a picture inside says what the whole is."""
    return any(inner.get("alt") or (inner.get("role") == "img" and inner.get("aria-label")) for inner in element.iter())
