"""Parts of pages that are drawn once, and shown again only while everything they say is the same."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import render_template_string

from hms.availability import services
from hms.db import transaction
from hms.web.fragment_cache import FragmentCache
from tests import make

PART = "{% keep key %}{{ draw() }}{% endkeep %}"


class Pen:
    """Counts how often something is drawn."""

    def __init__(self):
        self.drawn = 0

    def __call__(self):
        self.drawn += 1
        return f"<{self.drawn}>"


@pytest.fixture
def request_context(app):
    with app.test_request_context("/"):
        yield


@pytest.fixture
def unkept(app, monkeypatch):
    """A block in which everything is drawn anew, as while somebody works on the templates."""

    @contextmanager
    def unkept():
        with monkeypatch.context() as patch:
            patch.setattr(app.jinja_env, "auto_reload", True)
            yield

    return unkept


def test_a_part_is_drawn_once_for_each_key(request_context):
    pen = Pen()
    drawn = [render_template_string(PART, key=("drawn once", number), draw=pen) for number in (1, 2, 1, 2, 1)]
    assert drawn == ["&lt;1&gt;", "&lt;2&gt;", "&lt;1&gt;", "&lt;2&gt;", "&lt;1&gt;"]


def test_keys_are_told_apart_by_type_and_order(request_context):
    pen, keys = Pen(), [1, "1", (1,), ("1",), (1, 2), (2, 1), None, "None", True]
    assert len({render_template_string(PART, key=("types", key), draw=pen) for key in keys}) == len(keys)


def test_two_places_with_one_key_are_two_parts(request_context):
    pen = Pen()
    two = "{% keep 'places' %}{{ draw() }}{% endkeep %}\n{% keep 'places' %}{{ draw() }}{% endkeep %}"
    assert render_template_string(two, draw=pen) == "&lt;1&gt;\n&lt;2&gt;"


def test_a_part_belongs_to_the_address_under_which_it_is_served(app):
    pen = Pen()
    for root in ("/a", "/b", "/a"):
        with app.test_request_context("/", base_url=f"http://localhost{root}"):
            render_template_string(PART, key="address", draw=pen)
    assert pen.drawn == 2


def test_a_part_that_fails_is_not_kept(request_context):
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        render_template_string(PART, key="fails", draw=broken)
    assert render_template_string(PART, key="fails", draw=Pen()) == "&lt;1&gt;"


def test_what_was_not_shown_for_longest_goes_first():
    kept, text = FragmentCache(max_bytes=3500), "x" * 1000  # room for three
    for key in ("a", "b", "c"):
        kept.get(key, lambda: text)
    kept.get("a", pytest.fail)
    kept.get("d", lambda: text)
    for key in ("a", "c", "d"):
        kept.get(key, pytest.fail)
    pen = Pen()
    kept.get("b", pen)
    assert pen.drawn == 1


def test_a_part_that_is_larger_than_all_the_room_is_drawn_each_time():
    kept, pen = FragmentCache(max_bytes=10), Pen()
    assert [kept.get("a", pen), kept.get("a", pen)] == ["<1>", "<2>"]


def test_how_much_is_kept_is_set(new_app, app, server):
    """A thousand doctors' weeks fit the room that there is by default, at 11 kB each; and more if there is more."""
    assert app.jinja_env.fragments.max_bytes == 16 * 2**20 > 1000 * 11_000
    larger = new_app(server, FRAGMENT_CACHE_MEBIBYTES="3")
    assert larger.jinja_env.fragments.max_bytes == 3 * 2**20


def test_many_threads_get_what_is_theirs():
    kept = FragmentCache(max_bytes=2000)

    def ask(number):
        return kept.get(str(number % 40), lambda: f"text {number % 40}") == f"text {number % 40}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(4000)))


def test_pages_that_are_kept_say_what_pages_drawn_anew_say(signed_in, client, asha, chen, bose, eze, freeze, unkept):
    """After each change of anything that these pages show, for a visitor and for a patient."""
    now = freeze()
    patient = signed_in(asha)
    slots = [make.slot(bose) for _ in range(3)] + [make.slot(eze)]
    paths = ["/", "/doctors", "/doctors?specialty=cardiology"]
    paths += [client.url("directory.doctor", doctor_id=doctor.id) for doctor in (bose, eze)]

    def shown(browser):
        return [_without_tokens(browser.get(path).page) for path in paths]

    def check():
        for browser in (client, patient):
            kept = [shown(browser), shown(browser)]
            with unkept():
                assert kept == [shown(browser)] * 2
        return kept[0]

    changes = {
        "nothing yet": lambda: None,
        "a booking": lambda: make.appointment(chen, slot=slots[0]),
        "a new time": lambda: make.slot(bose),
        "a blocked time": lambda: services.block_slot(slots[1].id, doctor=bose),
        "another name": lambda: _rename(bose, "Dr <Anil> Böse"),
        "the doctor's rules": lambda: services.set_doctor_rules(bose.id, cancellation_hours=1, horizon_days=30),
        "the clinic's rules": lambda: services.set_clinic_rules(minimum_notice_minutes=5),
        "an hour later": lambda: freeze(now + timedelta(hours=1)),
        "another day": lambda: freeze(now + timedelta(hours=12)),
        "the patient's own name": lambda: _rename(asha, "Asha & Co"),
        "another doctor": lambda: make.slot(make.doctor()),
    }
    pages = []
    for change in changes.values():
        change()
        pages.append(check())
    assert len({tuple(page) for page in pages}) > len(changes) / 2  # the changes do show


def _without_tokens(page):
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page.markup)


def _rename(person, name):
    with transaction():
        person.user.full_name = name
