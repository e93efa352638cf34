"""Every page without style sheets and without JavaScript, as lynx and some readers show it."""

import pytest

from tests.authz import world as worlds
from tests.authz.test_role_matrix import meant, rules
from tests.pages import Page

RUN_TOGETHER = '<p><a href="/a">Home</a><a href="/b">Find</a></p>'


@pytest.fixture
def world(app, session, new_client, signed_in, steady_clock):
    """Everybody and everything."""
    return worlds.build(app, new_client, signed_in, steady_clock)


@pytest.mark.parametrize("principal", worlds.PRINCIPALS)
def test_on_no_page_of_anybody_do_neighbours_run_together(app, session, world, principal):
    """Reading a page checks it (``tests.pages``); all of them are read here, in one place."""
    browser, read = world.browsers[principal], set()
    for rule in rules(app):
        path = world.path(rule)
        if "GET" in rule.methods and meant(app, path, "GET") == rule:
            answer = browser.get(path)
            if answer.mimetype == "text/html" and answer.status_code not in (302, 303):
                assert answer.page.root is not None
                read.add(rule.endpoint)
    assert len(read) >= 10


@pytest.mark.parametrize(
    "markup",
    [
        RUN_TOGETHER,
        "<p><button>Remove<span>Remove Monday</span></button></p>",
        "<p><b>Mon</b><svg></svg><b>23</b></p>",
        "<p>Error:<span>Enter a day</span></p>",
    ],
)
def test_neighbours_that_run_together_are_found(markup):
    with pytest.raises(AssertionError, match="run together"):
        Page(markup, is_fragment=True)


@pytest.mark.parametrize(
    "markup",
    [
        RUN_TOGETHER.replace("</a><a", "</a> <a"),
        "<p>Call <a href='/a'>us</a>, please (<b>now</b>).</p>",
        "<ul><li>Mon</li><li>Tue</li></ul>",
        "<p>£<b>85</b></p>",
    ],
)
def test_neighbours_that_stand_apart_are_not_complained_about(markup):
    assert Page(markup, is_fragment=True)


@pytest.mark.parametrize("principal", ["patient", "doctor", "admin"])
def test_signing_out_is_a_form_of_its_own(world, principal):
    """A button that belongs to a form elsewhere (``form=…``) does nothing in lynx."""
    page = world.browsers[principal].get("/doctors").page

    form = page.find_form("/logout")
    assert [button.get("form") for button in form.element.iter("button")] == [None]
    assert page.all(".//button[@form]") == []
    assert world.browsers[principal].post("/logout", data=form.values).status_code == 303


@pytest.mark.parametrize(
    "markup",
    [
        "<p><a href='/a'><span>09:40 on Thursday</span> <span aria-hidden='true'>09:40</span></a></p>",
        "<p><b aria-hidden='true'><i>AR</i></b> Asha Rao</p>",
    ],
)
def test_words_that_stand_beside_their_like_are_found(markup):
    with pytest.raises(AssertionError, match="written twice"):
        Page(markup, is_fragment=True)


def test_what_the_style_sheet_writes_is_not_written_twice():
    assert Page("<p>Asha Rao <b aria-hidden='true' data-shown='AR'></b></p>", is_fragment=True).text == "Asha Rao"


def test_a_link_without_words_is_found():
    with pytest.raises(AssertionError, match="has no words"):
        Page("<p><a href='/next'><svg role='img' aria-label='Next week'></svg></a></p>", is_fragment=True)
