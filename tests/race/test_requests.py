"""The same races through the whole application: browsers, sessions, forms and pages, each request in a thread."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from hms.db import db
from hms.scheduling.models import Appointment
from tests import make
from tests.fixtures.web import Answer, Client

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("all_invariants_hold")]

CROWD = 8


def signed_in(app: Flask, email: str) -> Client:
    """A browser, signed in."""
    browser = Client(app, Answer)
    browser.submit("auth.login", {"email": email, "password": make.PASSWORD}, on="/login")
    return browser


def filled_in(browser: Client, path: str) -> dict:
    """What the page at ``path`` would send."""
    form = browser.get(path).page.find_form(path)
    assert form is not None
    return form.values


def stored() -> int:
    """How many appointments there are."""
    return db.session.scalar(select(func.count()).select_from(Appointment))


def test_of_many_browsers_one_gets_the_time_and_all_others_a_page_that_helps(committing, together):
    slot = make.slot()
    make.slot(slot.doctor)
    path, emails = f"/patient/slots/{slot.id}/book", [make.patient().user.email for _ in range(CROWD)]
    db.session.remove()
    browsers = [signed_in(committing, email) for email in emails]
    pages = [filled_in(browser, path) for browser in browsers]
    filled = zip(browsers, [page | {"reason": "My words"} for page in pages], strict=True)
    answers = together([lambda b=b, d=d: b.post(path, data=d) for b, d in filled])
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * (CROWD - 1)
    for answer in (answer for answer in answers if answer.status_code == 409):
        page = answer.page
        assert "Nothing was booked for you" in page.text
        assert "My words" in answer.text
        assert any("/book" in form.path for form in page.forms) or any("/book" in link for link in page.links)
    assert stored() == 1


def test_one_form_sent_twice_at_once_leads_to_one_confirmation(committing, together):
    slot, patient = make.slot(), make.patient()
    path, email = f"/patient/slots/{slot.id}/book", patient.user.email
    db.session.remove()
    browser = signed_in(committing, email)
    data, cookies = filled_in(browser, path), browser._cookies

    def send():
        tab = Client(committing, Answer)
        tab._cookies = dict(cookies)
        return tab.post(path, data=data)

    answers = together([send] * 6)
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert stored() == 1
    assert together([send])[0].location == answers[0].location  # and once more, later


@pytest.mark.parametrize("attempt", range(4))
def test_a_doctor_removes_the_time_that_a_patient_is_booking(committing, together, attempt):
    slot, patient = make.slot(), make.patient()
    book_path, delete_path = f"/patient/slots/{slot.id}/book", f"/doctor/slots/{slot.id}/delete"
    emails = patient.user.email, slot.doctor.user.email
    db.session.remove()
    asha, bose = (signed_in(committing, email) for email in emails)
    page, token = filled_in(asha, book_path), bose.csrf_token()
    booked, deleted = together(
        [
            lambda: asha.post(book_path, data=page).status_code,
            lambda: bose.post(delete_path, data={"csrf_token": token}).status_code,
        ]
    )
    assert (booked, deleted) in {(303, 409), (404, 303)}
