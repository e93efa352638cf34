"""How the tests read pages: one that differs from a checked page only in its values is not parsed, any other is."""

import pytest
from html5lib.html5parser import ParseError
from markupsafe import escape

from tests.pages import Page

FIRST, SECOND = "01a222cd-132a-757a-9cf6-1cab1eab2d1a", "01a222cd-1342-7453-b708-3d49f95d9eb5"


def markup(value="Bose", *, query="q=a", ids=(FIRST, SECOND), said="Hello"):
    """A page with all that may differ; the value is written as it is given."""
    marked = "".join(f'<p id="{each}">{said}</p>' for each in ids)
    return (
        f'<!doctype html><html lang="en-GB"><title>T</title><main><h1>H</h1>{marked}'
        f'<p><a href="/doctors?{query}">Find</a></p>'
        f'<p><label for="n">Name</label> <input id="n" name="n" value="{value}"></p>'
        f'<label for="t">Why</label><textarea id="t" name="t">{value}</textarea></main></html>'
    )


def is_parsed(page: Page) -> bool:
    """Whether anybody has wanted its root."""
    return "root" in vars(page)


@pytest.fixture(autouse=True)
def seen():
    """A page of this shape has been found to be without fault."""
    assert Page(markup()).heading == "H"


@pytest.mark.parametrize(
    "page",
    [
        markup(),
        markup(escape("<script>'\"&")),
        markup("名前\n"),
        markup(query="q=b&amp;page=2"),
        markup(ids=(SECOND, FIRST)),
    ],
)
def test_a_page_with_other_values_is_not_parsed_until_it_is_asked(page):
    page = Page(page)
    assert not is_parsed(page)
    assert page.heading == "H"


@pytest.mark.parametrize("page", [markup(said="Good bye"), markup("<script>alert(1)</script>")])
def test_a_page_that_says_something_else_or_holds_an_unescaped_value_is_parsed(page):
    assert is_parsed(Page(page))


@pytest.mark.parametrize(
    "page",
    [
        markup('"><p id="n">'),
        markup("&nosuch;"),
        markup("a\x07b"),
        markup("a\ufffeb"),
        markup(ids=(FIRST, FIRST)),
        markup(query="q=&nosuch;"),
    ],
)
def test_a_value_that_breaks_the_page_is_noticed(page):
    with pytest.raises((ParseError, AssertionError)):
        Page(page)
