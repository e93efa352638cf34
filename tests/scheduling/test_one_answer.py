"""A page is told one thing for good, whichever it was: a refusal is remembered as a booking is."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select

from hms.availability import services as availability
from hms.db import db
from hms.scheduling import refusals, services
from hms.scheduling.models import Appointment, RefusedBooking
from hms.scheduling.refusals import (
    AlreadyBooked,
    BeyondHorizon,
    KeyReused,
    ModeChanged,
    MoveNotAllowed,
    NoLongerOffered,
    NotOffering,
    NotYet,
    SlotTaken,
    TooLateToCancel,
    TooManyBookings,
    TooOften,
    TooSoon,
)
from hms.scheduling.services import claiming
from tests import make
from tests.booking_page import offer_as
from tests.race.crowd import at_once

KEY = "the-key-of-one-page"
MONDAY, THURSDAY = date(2026, 11, 23), date(2026, 12, 3)


def book(slot, patient, key=KEY, **others):
    return services.book(slot.id, patient=patient, idempotency_key=key, **others)


def bookings(patient) -> int:
    return db.session.scalar(select(func.count()).where(Appointment.patient_id == patient.id))


def test_a_page_that_was_told_taken_does_not_book_when_the_time_is_free_again(session, asha, chen, bose):
    slot = make.slot(bose, day=THURSDAY)
    theirs = book(slot, chen)
    with pytest.raises(SlotTaken):
        book(slot, asha)
    services.cancel_as_patient(theirs.id, patient=chen)
    for _ in range(2):
        with pytest.raises(SlotTaken):
            book(slot, asha)
    assert bookings(asha) == 0
    assert book(slot, asha, "the-key-of-a-page-opened-later").status == "booked"


def test_what_was_told_first_is_told_again_in_the_same_words(session, asha, bose):
    slot = make.slot(bose, day=THURSDAY)
    availability.block_slot(slot.id, doctor=bose)
    with pytest.raises(NoLongerOffered) as first:
        book(slot, asha)
    availability.unblock_slot(slot.id, doctor=bose)
    with pytest.raises(NoLongerOffered) as again:
        book(slot, asha)
    assert again.value.message == first.value.message


def test_a_second_visit_at_that_time_and_a_doctor_who_left_are_answers_too(session, asha, bose, eze):
    visit = make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(eze, starts_at=visit.starts_at)
    with pytest.raises(AlreadyBooked):
        book(slot, asha)
    services.cancel_as_patient(visit.id, patient=asha)
    with pytest.raises(AlreadyBooked):
        book(slot, asha)
    assert NotOffering in services.booking.REMEMBERED_REFUSALS


def test_one_page_told_taken_may_still_book_another_time_with_the_same_key(session, asha, chen, bose):
    slot, other = make.slot(bose, day=THURSDAY), make.slot(bose)
    book(slot, chen)
    with pytest.raises(SlotTaken):
        book(slot, asha)
    assert book(other, asha).status == "booked"
    with pytest.raises(KeyReused):
        book(make.slot(bose), asha)


def test_what_the_patient_mends_meanwhile_is_booked_by_another_page_only(session, asha, bose):
    availability.set_clinic_rules(most_future_bookings=1)
    held = make.appointment(asha, doctor=bose, day=THURSDAY)
    slot = make.slot(bose, day=THURSDAY, start=(held.ends_at + timedelta(hours=1)).time())
    with pytest.raises(TooManyBookings) as first:
        book(slot, asha)
    services.cancel_as_patient(held.id, patient=asha)
    with pytest.raises(TooManyBookings) as again:
        book(slot, asha)
    assert again.value.message == first.value.message
    with pytest.raises(ModeChanged):
        book(slot, asha, "the-key-of-a-second-page", mode="online")
    with pytest.raises(ModeChanged):
        book(slot, asha, "the-key-of-a-second-page")
    assert book(slot, asha, "the-key-of-a-third-page").status == "booked"


def test_bookings_within_an_hour_are_refused_to_a_page_for_good(app, session, steady_clock, monkeypatch, asha, bose):
    monkeypatch.setitem(app.config, "CHANGES_PER_HOUR", 1)
    make.appointment(asha, doctor=bose)
    slot = make.slot(bose, day=THURSDAY)
    with pytest.raises(TooOften):
        book(slot, asha)
    steady_clock.advance(minutes=61)
    with pytest.raises(TooOften):
        book(slot, asha)
    assert book(slot, asha, "the-key-of-a-second-page").status == "booked"


@pytest.mark.parametrize(("day", "refusal", "days"), [(date(2027, 2, 1), BeyondHorizon, 30), (MONDAY, TooSoon, -1)])
def test_what_the_clock_mends_is_booked_by_another_page_only(session, steady_clock, asha, bose, day, refusal, days):
    slot = make.slot(bose, day=day, start=time(8, 30))
    with pytest.raises(refusal):
        book(slot, asha)
    steady_clock.advance(days=days)
    with pytest.raises(refusal):
        book(slot, asha)
    assert book(slot, asha, "the-key-of-a-second-page").status == "booked"


def test_every_refusal_of_a_booking_is_an_answer_but_those_that_cannot_become_one():
    """A refusal that is new to the house is one too, or is named here."""
    of_others = (KeyReused, TooLateToCancel, MoveNotAllowed, NotYet)  # the page goes on once NotYet is met
    of_others += (refusals.TooLateToChange, refusals.ChangedOften, refusals.SameTime, refusals.StalePage)
    ours = {kind for kind in vars(refusals).values() if isinstance(kind, type) and kind.__module__ == refusals.__name__}
    assert ours - {*of_others} == set(services.booking.REMEMBERED_REFUSALS)


def test_a_booking_remains_the_answer_after_it_was_cancelled_and_its_time_taken(session, asha, chen, bose):
    slot = make.slot(bose, day=THURSDAY)
    first = book(slot, asha)
    services.cancel_as_patient(first.id, patient=asha)
    assert book(slot, asha).id == first.id
    book(slot, chen)
    assert book(slot, asha).id == first.id


def test_answers_are_forgotten_after_two_days(session, steady_clock, asha, chen, bose):
    slot = make.slot(bose, day=THURSDAY)
    book(slot, chen)
    with pytest.raises(SlotTaken):
        book(slot, asha)
    steady_clock.advance(days=1)
    assert services.forget_refusals() == 0
    steady_clock.advance(days=1, minutes=1)
    assert services.forget_refusals() == 1


def test_nobody_fills_the_table_with_refusals(session, monkeypatch, asha, chen, bose):
    limit = claiming.MAX_REMEMBERED
    slot = make.slot(bose, day=THURSDAY)
    book(slot, chen)
    for number in range(limit + 5):
        with pytest.raises(SlotTaken):
            book(slot, asha, f"the-key-of-page-{number:04}")
    assert session.scalar(select(func.count()).select_from(RefusedBooking)) == limit


def test_the_page_that_is_sent_again_reads_the_same(signed_in, asha, chen, bose):
    slot = make.slot(bose, day=THURSDAY)
    browser = signed_in(asha)
    path = browser.url("patient.book", slot_id=slot.id)
    form = browser.get(path).page.find_form(path)
    theirs = book(slot, chen)
    assert browser.post(path, data=form.values).status_code == 409
    services.cancel_as_patient(theirs.id, patient=chen)
    again = browser.post(path, data=form.values)
    assert again.status_code == 409
    assert "Nothing was booked for you" in again.page.text
    assert browser.get(path).status_code == 200  # opened anew, the time can be booked


@pytest.fixture
def at_a_limit(signed_in, asha, bose):
    """Asha's browser, the values of a page that she opened before there was a limit, and the visit that is too many."""
    held, slot = make.appointment(asha, doctor=bose), make.slot(bose, day=THURSDAY)
    browser = signed_in(asha)
    path = browser.url("patient.book", slot_id=slot.id)
    values = browser.get(path).page.find_form(path).values
    availability.set_clinic_rules(most_future_bookings=1)
    return lambda **sent: browser.post(path, data=values | sent), held


def sent_from(page) -> dict[str, str]:
    """What the page sends when its button is pressed."""
    return next(form.values for form in page.forms if "idempotency_key" in form.names)


def test_who_cancels_elsewhere_and_presses_again_on_the_page_that_refused_gets_the_time(at_a_limit, asha):
    send, held = at_a_limit
    refused = send(reason="A cough")
    assert refused.status_code == 409
    services.cancel_as_patient(held.id, patient=asha)

    shown = sent_from(refused.page)
    assert shown["reason"] == "A cough"
    assert send(**shown).status_code == 303
    assert bookings(asha) == 2


def test_the_refused_page_sent_once_more_is_refused_and_leads_on(at_a_limit, asha):
    send, held = at_a_limit
    send()
    services.cancel_as_patient(held.id, patient=asha)

    again = send()
    assert again.status_code == 409
    assert send(**sent_from(again.page)).status_code == 303


def test_a_kind_of_visit_that_changed_is_shown_with_a_key_that_can_book(signed_in, asha, bose):
    slot = make.slot(bose, day=THURSDAY)
    browser = signed_in(asha)
    path = browser.url("patient.book", slot_id=slot.id)
    form = browser.get(path).page.find_form(path)
    offer_as(slot, "online")

    refused = browser.post(path, data=form.values)
    assert refused.status_code == 409
    assert browser.post(path, data=refused.page.find_form(path).values).status_code == 303


@pytest.mark.race
@pytest.mark.parametrize("attempt", range(5))
def test_twins_of_one_page_are_told_the_same_while_the_time_becomes_free(committing, attempt):
    """However bookings of one page and a cancellation meet: all of its requests are told the same."""
    doctor, asha, chen = make.doctor(), make.patient(), make.patient()
    slot = make.slot(doctor, day=THURSDAY)
    theirs = book(slot, chen)
    slot_id, visit_id = slot.id, theirs.id
    db.session.expunge_all()

    def twin():
        return services.book(slot_id, patient=asha, idempotency_key=KEY)

    def cancel():
        services.cancel_as_patient(visit_id, patient=chen)

    outcomes = at_once(committing, [twin, twin, twin, cancel, twin, twin, twin])
    told = outcomes.kinds
    assert told.pop("NoneType") == 1
    assert told in ({"Appointment": 6}, {"SlotTaken": 6}), told
    later = at_once(committing, [twin, twin]).kinds
    assert later.keys() == told.keys()


@pytest.mark.race
@pytest.mark.parametrize("attempt", range(5))
def test_twins_of_one_page_are_told_the_same_while_a_limit_ends(committing, attempt):
    """However bookings of one page and a cancellation of the patient's own meet: all are told the same."""
    availability.set_clinic_rules(most_future_bookings=1)
    doctor, asha = make.doctor(), make.patient()
    held, slot = make.appointment(asha, doctor=doctor), make.slot(doctor, day=THURSDAY)
    slot_id, visit_id = slot.id, held.id
    db.session.expunge_all()

    def twin():
        return services.book(slot_id, patient=asha, idempotency_key=KEY)

    def cancel():
        services.cancel_as_patient(visit_id, patient=asha)

    told = at_once(committing, [twin, twin, twin, cancel, twin, twin, twin]).kinds
    assert told.pop("NoneType") == 1
    assert told in ({"Appointment": 6}, {"TooManyBookings": 6}), told
    assert at_once(committing, [twin, twin]).kinds.keys() == told.keys()
