"""The pages on which another time is chosen, confirmed and told."""

from datetime import timedelta

import pytest

from hms.availability import services as availability
from hms.db import db
from hms.scheduling import services
from hms.scheduling.models import Appointment
from tests import make


@pytest.fixture
def visit(asha, bose):
    return make.appointment(asha, doctor=bose)


@pytest.fixture
def new(visit, bose):
    return make.slot(bose, starts_at=visit.starts_at + timedelta(days=1))


def stored(visit):
    db.session.expire_all()
    return db.session.get(Appointment, visit.id)


def sent(page):
    """What the browser sends with the page's button."""
    (form,) = [form for form in page.forms if form.method == "POST" and form.path.endswith("/change")]
    return form.values


def posted(browser, path, data, status):
    """The page that answers, with this status."""
    answer = browser.post(path, data=data)
    assert answer.status_code == status
    return answer.page if status != 303 else None


def test_a_patient_chooses_looks_at_both_times_and_moves(patient, visit, new, eze):
    other = make.slot(eze)
    assert "Change time" in patient.page("patient.appointment", appointment_id=visit.id).text
    page = patient.page("patient.change", appointment_id=visit.id, day=new.starts_at.date().isoformat())
    assert "Booked now 09:00 with" in page.text
    assert f"slot={new.id}" in page.markup
    assert f"slot={other.id}" in page.markup  # other doctors of the specialty
    confirm = patient.page("patient.change", appointment_id=visit.id, slot=new.id)
    assert "Move your appointment?" in confirm.text
    assert stored(visit).version == 1  # looking changes nothing
    path = patient.url("patient.change", appointment_id=visit.id, slot=new.id)
    answer = patient.post(path, data=sent(confirm))
    done = patient.get(answer.location).page
    assert "Appointment moved Thursday 26 November 2026, 09:00" in done.text
    assert "Was Wednesday 25 November 2026, 09:00" in done.text
    assert (
        "Moved from Wed 25 Nov, 09:00 to Thu 26 Nov, 09:00"
        in patient.page("patient.appointment", appointment_id=visit.id).text
    )


def test_who_loses_the_race_still_has_the_old_time_and_sees_the_nearest_three(patient, visit, new, bose):
    path = patient.url("patient.change", appointment_id=visit.id, slot=new.id)
    form = sent(patient.get(path).page)
    near = [make.slot(bose, starts_at=new.starts_at + timedelta(minutes=20 * n)) for n in range(1, 5)]
    make.appointment(slot=new)
    page = posted(patient, path, form, 409)
    assert "Someone else has just booked Thu 26 Nov, 09:00" in page.text
    assert "you still have Wednesday 25 November, 09:00" in page.text
    assert [f"slot={one.id}" in page.markup for one in near] == [True, True, True, False]
    assert stored(visit).version == 1


def test_a_stale_page_is_told_and_shows_the_appointment_as_it_is(patient, asha, visit, new, bose):
    path = patient.url("patient.change", appointment_id=visit.id, slot=new.id)
    form = sent(patient.get(path).page)
    meanwhile = services.NewTime(make.slot(bose).id, 1, make.new_key())
    services.move_as_patient(visit.id, meanwhile, patient=asha)
    page = posted(patient, path, form, 409)
    assert "Nothing was changed by you" in page.text
    posted(patient, path, sent(page), 303)  # what the page shows now can be done


def test_inside_the_window_a_sentence_and_the_telephone_number_stand_instead(patient, visit, new):
    availability.set_clinic_rules(change_window_minutes=4000)
    page = patient.page("patient.change", appointment_id=visit.id, status=409)
    assert "so you can’t change its time online" in page.text
    assert "020 7946 0100" in page.text
    assert "Change time" not in patient.page("patient.appointment", appointment_id=visit.id).text


def test_a_doctor_moves_among_own_times_and_nobody_else_does(visit, new, bose, eze, chen, signed_in):
    availability.set_clinic_rules(change_window_minutes=43_200, most_changes=0)
    doctor, foreign = signed_in(bose), make.slot(eze)
    doctor.page("doctor.change", appointment_id=visit.id)
    doctor.page("doctor.change", appointment_id=visit.id, slot=foreign.id, status=404)
    path = doctor.url("doctor.change", appointment_id=visit.id, slot=new.id)
    answer = doctor.post(path, data=sent(doctor.get(path).page))
    assert "The time before is free for someone else." in doctor.get(answer.location).page.text
    signed_in(eze).page("doctor.change", appointment_id=visit.id, status=404)
    for view in ("change", "changed"):
        signed_in(chen).page(f"patient.{view}", appointment_id=visit.id, status=404)
