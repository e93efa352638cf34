"""Lists in pages: a page that does not exist shows the last one, in every list alike."""

import pytest

from hms.scheduling import queries
from hms.web import paging
from tests import make


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("1", 1),
        ("7", 7),
        ("0", 1),
        ("000", 1),
        ("007", 7),
        ("-1", 1),
        ("x", 1),
        ("1.5", 1),
        ("²", 1),
        ("٣", 1),
    ],
)
def test_what_is_no_number_asks_for_the_first_page(app, text, number):
    with app.test_request_context(query_string={"page": text}):
        assert paging.parse_page() == number


@pytest.mark.parametrize("digits", [7, 19, 500, 60_000])
def test_a_number_of_any_length_is_a_number(app, digits):
    with app.test_request_context(query_string={"page": "9" * digits}):
        assert paging.parse_page() == paging.HIGHEST


@pytest.mark.parametrize(
    ("asked", "total", "shown", "items"),
    [(1, 0, 1, []), (9, 0, 1, []), (1, 3, 1, [0, 1]), (2, 3, 2, [2]), (3, 3, 2, [2]), (99, 4, 2, [2, 3])],
)
def test_the_page_after_the_last_is_the_last(asked, total, shown, items):
    def load(number):
        found = list(range(total))[(number - 1) * 2 : number * 2]
        return found, total if found else 0

    page = paging.load_page(load, asked, size=2)
    assert (page.number, page.items, page.total) == (shown, items, total)
    assert paging.clamped(asked, total=total, size=2) == shown


LISTS = {
    "patient": ("/patient/appointments", "/patient/appointments?tab=past"),
    "doctor": ("/doctor/appointments", "/doctor/appointments?past=1"),
    "staff": ("/staff/doctors",),
    "stranger": ("/doctors",),
}


@pytest.fixture
def readers(client, signed_in, asha, bose, rita):
    return {"patient": signed_in(asha), "doctor": signed_in(bose), "staff": signed_in(rita), "stranger": client}


@pytest.mark.parametrize("page", ["0", "2", "999", "9" * 30, "-3", "x", "%00", "1e3"])
def test_every_list_shows_what_there_is_whichever_page_is_asked_for(readers, asha, bose, page):
    make.appointment(asha, doctor=bose)
    make.appointment(asha, doctor=bose, status="cancelled")
    for who, paths in LISTS.items():
        for path in paths:
            answer = readers[who].get(f"{path}{'&' if '?' in path else '?'}page={page}")
            if page == "%00":
                assert answer.status_code == 400
                continue
            assert answer.status_code == 200
            assert ("Asha Rao" if who == "doctor" else "Dr Anil Bose") in answer.page.text
            assert "No appointments coming up" not in answer.text
            assert "No past appointments" not in answer.text
            assert "no doctors yet" not in answer.text


def test_the_last_page_of_a_longer_list_is_shown_and_leads_back(readers, monkeypatch, asha, bose):
    monkeypatch.setattr(queries.appointments, "PAGE", 2)
    monkeypatch.setattr(queries, "APPOINTMENTS_ON_A_PAGE", 2)
    queries.appointments._listed.cache_clear()
    for _ in range(5):
        make.appointment(asha, doctor=bose)
    page = readers["patient"].get("/patient/appointments?page=999").page
    queries.appointments._listed.cache_clear()
    assert "Page 3 of 3" in page.text
    assert page.has_link_to("/patient/appointments?page=2")
    assert not page.has_link_to("/patient/appointments?page=4")
