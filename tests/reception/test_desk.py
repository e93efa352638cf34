"""Reception: finding a patient by whatever they say, and booking, moving, cancelling and receiving on their behalf."""

from datetime import timedelta

import pytest

from hms import clock
from hms.auth.models import Patient
from hms.db import db, transaction
from hms.reception import queries
from hms.scheduling.models import Appointment
from tests import make


@pytest.fixture
def desk(signed_in, rita):
    return signed_in(rita)


@pytest.fixture
def visit(asha, bose):
    return make.appointment(asha, doctor=bose)


def stored(visit):
    db.session.expire_all()
    return db.session.get(Appointment, visit.id)


def sent(page, view):
    """What the browser sends with the button of that page's form."""
    (form,) = [form for form in page.forms if form.method == "POST" and form.path.endswith(view)]
    return form.values


def test_a_patient_is_found_by_name_birthday_telephone_email_and_reference(session, visit, asha, chen, desk):
    with transaction():
        db.session.get(Patient, asha.id).date_of_birth = clock.today().replace(year=1986, month=3, day=2)
        db.session.get(Patient, asha.id).phone = "+442079460123"
    reference = f"{visit.reference[:4]}-{visit.reference[4:]}".lower()
    ways = ("ash", "RAO asha", "2/3/1986", "020 7946 0123", "460123", "ASHA@example.test", reference)
    found = {typed: [one.full_name for one in queries.find_patients(typed)] for typed in ways}
    assert found == {typed: ["Asha Rao"] for typed in ways}
    assert queries.find_patients("100%") == queries.find_patients("a_a") == []
    page = desk.page("reception.desk", q="asha")
    assert "1 patient for" in page.text
    assert page.has_link_to(desk.url("reception.patient", patient_id=asha.id))


def test_patients_of_the_same_name_and_birthday_are_hinted(session):
    twins = [make.patient("Sam Reed") for _ in range(2)] + [make.patient("Sam Reed")]
    with transaction():
        for one in twins[:2]:
            db.session.get(Patient, one.id).date_of_birth = clock.today().replace(year=1990)
    assert sorted(one.is_doubled for one in queries.find_patients("sam reed")) == [False, True, True]


def test_an_appointment_is_booked_beyond_notice_and_horizon_and_the_history_says_by_whom(desk, asha, bose, rita):
    slot = make.slot(bose, starts_at=clock.now() + timedelta(days=200))
    assert "Dr Anil Bose" in desk.page("reception.book", patient_id=asha.id, q="bose").text
    week = desk.page("reception.book", patient_id=asha.id, doctor=bose.id, day=slot.starts_at.date().isoformat())
    assert f"slot={slot.id}" in week.markup
    path = desk.url("reception.book", patient_id=asha.id, slot=slot.id)
    answer = desk.post(path, data=sent(desk.get(path).page, "/book") | {"reason": "Back pain"})
    page = desk.get(answer.location).page
    assert "Booked by Rita Novak" in page.text
    (made,) = db.session.scalars(db.select(Appointment))
    assert (made.patient_id, made.reason, made.changes[0].actor_id) == (asha.id, "Back pain", rita.id)


def test_a_slot_that_is_gone_shows_the_nearest(desk, asha, bose):
    taken, near = make.appointment(doctor=bose).slot, make.slot(bose)
    answer = desk.get(desk.url("reception.book", patient_id=asha.id, slot=taken.id))
    assert (answer.status_code, f"slot={near.id}" in answer.page.markup) == (409, True)


def test_moving_and_cancelling_are_on_behalf_of_the_patient(desk, visit, bose, rita):
    new = make.slot(bose)
    path = desk.url("reception.change", appointment_id=visit.id, slot=new.id)
    answer = desk.post(path, data=sent(desk.get(path).page, "/change"))
    assert "Appointment moved" in desk.get(answer.location).page.text
    desk.submit("reception.cancel", {"reason": ""}, appointment_id=visit.id, status=422)
    desk.submit("reception.cancel", {"reason": "Asked for by telephone"}, appointment_id=visit.id)
    one = stored(visit)
    assert (one.status, one.cancelled_by) == ("cancelled", "clinic")
    assert [change.actor_id for change in one.changes[1:]] == [rita.id, rita.id]


def test_the_day_shows_who_is_here_and_how_long_they_wait(signed_in, rita, asha, chen, bose, eze, freeze):
    start = clock.now() + timedelta(days=2)
    here = make.appointment(asha, doctor=bose, starts_at=start)
    make.appointment(chen, doctor=eze, starts_at=start)
    freeze(start - timedelta(minutes=20))
    desk = signed_in(rita)
    path, token = desk.url("reception.arrive", appointment_id=here.id), desk.csrf_token()
    assert desk.post(path, data={"csrf_token": token, "back": "desk"}).status_code == 303
    freeze(start - timedelta(minutes=8))
    page = desk.page("reception.desk")
    assert "1 waiting" in page.text
    assert "waiting 12 min" in page.text
    assert "Chen Wei" in page.text
    assert "Chen Wei" not in desk.page("reception.desk", doctor=bose.id).text


def test_an_arrival_before_its_day_is_refused_with_a_sentence(desk, visit):
    answer = desk.post(desk.url("reception.arrive", appointment_id=visit.id), data={"csrf_token": desk.csrf_token()})
    assert (answer.status_code, "before the day of the appointment" in answer.page.text) == (409, True)
