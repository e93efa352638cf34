"""``{% keep key %} … {% endkeep %}``: a part of a page that is drawn once, and shown again while its key is equal.

Nothing ever has to be thrown away because it went out of date: the key holds all that the part is made from, as it was
read for this very request. Whatever the part says must follow from the key, from the settings, and from the address
under which HMS is served. What belongs to one browser alone, such as a CSRF token, never stands in such a part.
"""

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from flask import Flask, request
from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

MEBIBYTE = 2**20
MAX_BYTES = 8 * MEBIBYTE
"""How much is kept where nothing else is said; what has not been shown for longest goes first."""


class Keep(Extension):
    """The tag, and what one application has drawn with it."""

    tags = {"keep"}  # noqa: RUF012  # as Jinja declares it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(fragments=FragmentCache())  # unless init_app gave it another one

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the tag; a part is known by where it stands and by its key."""
        line = next(parser.stream).lineno
        key, place = parser.parse_expression(), nodes.Const(f"{parser.name}:{line}")
        body = parser.parse_statements(("name:endkeep",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_draw", [place, key]), [], [], body).set_lineno(line)

    def _draw(self, place: str, key: object, caller: Callable[[], str]) -> str:
        if self.environment.auto_reload:  # somebody is working on the templates
            return caller()
        fragments: FragmentCache = self.environment.fragments  # type: ignore[attr-defined]  # see Environment.extend
        return fragments.get(repr((place, key, request.script_root)), caller)


class FragmentCache:
    """Texts by what they were made from, for any number of threads; at most so many bytes of them."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._texts: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()
        self._bytes, self.max_bytes = 0, max_bytes

    def get(self, key: str, make: Callable[[], str]) -> str:
        """The text that was made for this key before, or the one that is made now."""
        name = hashlib.blake2b(key.encode(), digest_size=16).digest()
        with self._lock:
            if name in self._texts:
                self._texts.move_to_end(name)
                return self._texts[name]
        text = make()
        with self._lock:
            if name not in self._texts:
                self._texts[name] = text
                self._bytes += sys.getsizeof(text)
            while self._bytes > self.max_bytes:
                self._bytes -= sys.getsizeof(self._texts.popitem(last=False)[1])
        return text


def init_app(app: Flask) -> None:
    """Give templates the tag, and room for what is drawn with it."""
    app.jinja_env.extend(fragments=FragmentCache(app.config["FRAGMENT_CACHE_MEBIBYTES"] * MEBIBYTE))
    app.jinja_env.add_extension(Keep)
