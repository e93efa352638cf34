"""Closing an account: refused while others count on it, ended with everybody told, and opened again."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from hms import clock
from hms.auth import services
from hms.auth.models import Role, User
from hms.auth.services import LastAdministrator, StillNeeded, closing
from hms.db import db, transaction
from hms.errors import Invalid
from hms.prepared import Prepared
from hms.scheduling import services as scheduling
from hms.scheduling.models import Appointment, AppointmentStatus
from hms.scheduling.refusals import AccountClosed, NotOffering
from hms.scheduling.services import booking, claiming
from tests import make
from tests.race.crowd import at_once
from tests.waiting import GENEROUS_SECONDS

REASON = "Dr Bose has left the clinic."


@pytest.fixture
def users(app, session):
    """``users("list")`` runs the command and answers its result."""

    def users(*arguments):
        session.commit()
        result = app.test_cli_runner().invoke(args=["users", *arguments])
        session.expire_all()
        return result

    return users


def statuses():
    return {one.status for one in db.session.scalars(select(Appointment).execution_options(populate_existing=True))}


@pytest.mark.parametrize("whose", ["doctor", "patient"])
def test_an_account_with_appointments_to_come_is_not_closed_and_they_are_listed(asha, bose, users, whose):
    for _ in range(23):
        booked = make.appointment(asha, doctor=bose)
    email, other = (bose.user.email, "Asha Rao") if whose == "doctor" else (asha.user.email, "Dr Anil Bose")
    result = users("deactivate", email)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert sum(f", {other}, " in line for line in lines) == closing.MAX_LISTED
    assert "… and 3 more." in lines
    assert "has 23 appointments coming up" in lines[-1]
    assert "--cancel-visits --reason" in lines[-1]
    assert db.session.get(User, bose.user_id).is_active
    assert db.session.get(User, asha.user_id).is_active
    assert db.session.get(Appointment, booked.id).status == "booked"


def test_appointments_that_are_over_or_cancelled_keep_nobody(asha, bose):
    for status in ("cancelled", "fulfilled", "noshow"):
        make.appointment(asha, doctor=bose, status=status)
    with make.at(clock.now() + timedelta(days=30)):
        services.deactivate(bose.user.email)
        assert not services.deactivate(asha.user.email).is_active


def test_all_appointments_are_cancelled_and_everybody_is_told(asha, chen, bose, users, postbox):
    for patient in (asha, chen):
        make.appointment(patient, doctor=bose)
    postbox.deliver()
    result = users("deactivate", "BOSE@example.test", "--cancel-visits", "--reason", REASON)
    assert result.exit_code == 0, result.output
    assert "Cancelled: 2." in result.output
    assert statuses() == {"cancelled"}
    letters = postbox.deliver()
    assert {(letter.to, letter.type) for letter in letters} == {
        (asha.user.email, "BOOKING_CANCELLATION"),
        (chen.user.email, "BOOKING_CANCELLATION"),
    }, "the closed account gets no mail"
    assert all(letter.data["cancelled_by"] == "clinic" for letter in letters)


def test_the_history_says_that_the_clinic_cancelled_and_why(asha, bose, signed_in):
    booked = make.appointment(asha, doctor=bose)
    services.deactivate_and_cancel(bose.user_id, reason=REASON)
    page = signed_in(asha).page("patient.appointment", appointment_id=booked.id).text
    assert REASON in page
    assert "the clinic" in page


@pytest.mark.parametrize("is_verified", [True, False])
def test_a_closed_patient_whose_visits_the_clinic_cancels_is_told_where_the_address_is_theirs(
    asha, bose, postbox, is_verified
):
    with transaction():
        asha.user.email_verified_at = clock.now() if is_verified else None
    make.appointment(asha, doctor=bose)
    postbox.deliver()
    services.deactivate_and_cancel(asha.user_id, reason="The account was closed.")
    told = {letter.to for letter in postbox.deliver()}
    assert told == {bose.user.email, asha.user.email} if is_verified else {bose.user.email}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_cancelling_needs_a_reason(asha, bose, users, reason):
    make.appointment(asha, doctor=bose)
    with pytest.raises(Invalid):
        services.deactivate_and_cancel(bose.user_id, reason=reason)
    assert users("deactivate", bose.user.email, "--cancel-visits").exit_code == 1
    assert statuses() == {"booked"}
    assert db.session.get(User, bose.user_id).is_active


def test_nothing_is_cancelled_while_a_patient_is_in_the_room(asha, bose, users):
    slot = make.slot(bose)
    make.appointment(asha, slot=slot, status="arrived")
    with make.at(slot.starts_at):
        result = users("deactivate", bose.user.email, "--cancel-visits", "--reason", REASON)
        assert result.exit_code == 1
        assert "is here now" in result.output
        assert "taking place now" in result.output
    assert statuses() == {"arrived"}
    assert db.session.get(User, bose.user_id).is_active


def test_what_was_interrupted_is_finished_by_asking_again(asha, bose, monkeypatch):
    for _ in range(3):
        make.appointment(asha, doctor=bose)
    cancel, done = scheduling.cancel_as_clinic, []

    def interrupted(appointment_id, *, reason):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(cancel(appointment_id, reason=reason))

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("hms.scheduling.services.leaving.cancel_as_clinic", interrupted)
        services.deactivate_and_cancel(bose.user_id, reason=REASON)
    assert not db.session.get(User, bose.user_id, populate_existing=True).is_active
    assert statuses() == {"booked", "cancelled"}
    _, cancelled = services.deactivate_and_cancel(bose.user_id, reason=REASON)
    assert cancelled == 2
    assert statuses() == {"cancelled"}


def test_more_than_a_batch_is_cancelled_one_transaction_each(asha, bose, monkeypatch):
    monkeypatch.setattr("hms.scheduling.services.leaving.BATCH", 2)
    for _ in range(5):
        make.appointment(asha, doctor=bose)
    assert services.deactivate_and_cancel(bose.user_id, reason=REASON)[1] == 5


def test_patients_of_a_closed_doctor_are_not_reminded_and_can_still_cancel(asha, bose, postbox, signed_in):
    booked = make.appointment(asha, doctor=bose, day=clock.today() + timedelta(days=5))
    postbox.deliver()
    with transaction():
        bose.user.deactivated_at = clock.now()
    page = signed_in(asha).page("patient.appointment", appointment_id=booked.id)
    assert "Dr Anil Bose" in page.text
    with make.at(booked.starts_at - timedelta(hours=23)):
        assert postbox.deliver() == []
    scheduling.cancel_as_patient(booked.id, patient=asha)
    assert db.session.get(Appointment, booked.id).status == AppointmentStatus.CANCELLED


def test_a_closed_account_is_opened_again_with_its_password(asha, users):
    services.deactivate(asha.user_id)
    for _ in range(2):
        result = users("reactivate", "ASHA@example.test")
        assert (result.exit_code, result.output) == (0, "asha@example.test can sign in again.\n")
    assert services.authenticate("asha@example.test", make.PASSWORD)
    assert users("reactivate", "nobody@example.test").exit_code == 1


def test_the_last_administrator_stays(dana, users):
    result = users("deactivate", dana.email)
    assert result.exit_code == 1
    assert "flask users create-admin" in result.output
    with pytest.raises(LastAdministrator):
        services.deactivate_and_cancel(dana.id, reason=REASON)
    other = make.staff(role=Role.ADMIN)
    services.deactivate(dana.email)
    with pytest.raises(LastAdministrator):
        services.deactivate(other.email)
    assert not services.deactivate(dana.email).is_active, "once closed, closing again changes nothing"


@pytest.mark.race
def test_of_all_administrators_closed_at_once_one_stays(committing):
    ids = [make.staff(role=Role.ADMIN).id for _ in range(5)]
    db.session.remove()
    outcomes = at_once(committing, [lambda each=each: services.deactivate(each) for each in ids])
    assert outcomes.kinds == {"User": 4, "LastAdministrator": 1}


class Pause:
    """Has a function wait, once it has read what it reads, until the other one stands at the lock (or has passed)."""

    def __init__(self):
        self.reached = threading.Event()

    def __call__(self, original):
        def paused(*about):
            answer = original(*about)
            self.reached.set()
            threading.Event().wait(0.3)  # however short: the outcome is the same, only less hard-won
            return answer

        return paused


@pytest.fixture
def contest(committing, monkeypatch):
    """A doctor is closed and booked at once; the one named ``first`` has read before the other begins."""

    def contest(first, whose="doctor"):
        doctor, patient = make.doctor(), make.patient()
        slot_id, user_id = make.slot(doctor).id, (doctor if whose == "doctor" else patient).user_id
        db.session.remove()
        pause = Pause()
        module, name = (closing, "_count") if first == "close" else (booking, "_why_not_at_all")
        monkeypatch.setattr(module, name, pause(getattr(module, name)))

        def close():
            return first == "close" or pause.reached.wait(GENEROUS_SECONDS), services.deactivate(user_id)

        def book():
            waited = first == "book" or pause.reached.wait(GENEROUS_SECONDS)
            return waited, scheduling.book(slot_id, patient=patient, idempotency_key=make.new_key())

        return [type(each[1] if isinstance(each, tuple) else each) for each in at_once(committing, [close, book])]

    return contest


@pytest.mark.race
@pytest.mark.parametrize(("whose", "refusal"), [("doctor", NotOffering), ("patient", AccountClosed)])
def test_who_books_while_an_account_is_closed_is_refused(contest, whose, refusal):
    assert contest("close", whose) == [User, refusal]


@pytest.mark.race
@pytest.mark.parametrize("whose", ["doctor", "patient"])
def test_who_closes_an_account_while_it_is_booked_is_refused(contest, whose):
    assert contest("book", whose) == [StillNeeded, Appointment]


@pytest.mark.race
def test_without_holding_the_doctors_account_both_would_pass(contest, monkeypatch):
    unheld = claiming._lock_if_free()
    unheld._statement_hints = ()
    monkeypatch.setattr(booking, "LOCK_IF_FREE", Prepared(unheld))
    assert contest("book") == [User, Appointment]
