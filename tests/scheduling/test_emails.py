"""The mails about appointments: what they say, and that what no longer holds is never said."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from hms import clock, outbox
from hms.auth import services as auth
from hms.db import db, transaction
from hms.scheduling import emails, services
from tests import make

THURSDAY = date(2026, 11, 26)
STARTS_AT = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)


@pytest.fixture
def slot(bose, postbox):
    """Thursday 26 November, 09:40, in Room 4; the mails of signing up are out of the way."""
    with transaction():
        bose.room = "Room 4"
    made = make.slot(bose, day=THURSDAY, start=time(9, 40))
    postbox.deliver()
    return made


@pytest.fixture
def appointment(asha, slot, postbox):
    """Asha with Dr Bose, her reason a secret; no mail of it is sent yet."""
    postbox.deliver()
    return services.book(slot.id, patient=asha, reason="A secret cough", idempotency_key="a")


def types(letters):
    return sorted(letter.type for letter in letters)


def states(appointment):
    db.session.rollback()
    return {
        message.payload["type"]: (message.status, message.last_error) for message in outbox.timeline(appointment.id)
    }


def move(appointment, *, days):
    """What changing an appointment's time will do; there is no page for it yet."""
    with transaction():
        appointment.starts_at += timedelta(days=days)
        appointment.ends_at += timedelta(days=days)
        appointment.version += 1
        emails.moved(
            appointment,
            from_moment_text="Thursday 26 November 2026, 09:40",
            patient_user_id=appointment.patient.user_id,
            doctor_user_id=appointment.doctor.user_id,
        )


class TestBooking:
    def test_both_people_are_told_each_with_what_is_theirs(self, appointment, postbox):
        patient, doctor = sorted(postbox.deliver(), key=lambda letter: letter.type)
        assert (patient.type, doctor.type) == ("BOOKING_CONFIRMATION", "BOOKING_CONFIRMATION_DOCTOR")
        assert (patient.to, doctor.to) == ("asha@example.test", "bose@example.test")
        reference = f"{appointment.reference[:4]}-{appointment.reference[4:]}"
        for letter in (patient, doctor):
            assert "Thursday 26 November 2026, 09:40 to 10:00, UK time" in letter.text
            assert "Room 4, Northgate Hospital" in letter.text
            assert reference in letter.text
            assert "020 7946 0100" in letter.text
        assert patient.data["action_url"] == f"http://localhost/patient/appointments/{appointment.id}"
        assert doctor.data["action_url"] == f"http://localhost/doctor/appointments/{appointment.id}"
        assert "Dr Anil Bose" in patient.text
        assert "Asha Rao" in doctor.text

    def test_no_mail_tells_of_anybodys_health(self, appointment, asha, bose, postbox, steady_clock):
        steady_clock.set(STARTS_AT - timedelta(hours=24))
        letters = postbox.deliver()
        services.cancel_as_doctor(appointment.id, doctor=bose, reason="Your secret cough")
        for letter in letters + postbox.deliver():
            said = (letter.text + letter.body("html") + str(letter.mail)).casefold()
            assert not [word for word in ("cough", "cardiology") if word in said], letter.type
            other = bose if letter.to == asha.user.email else asha
            assert other.user.email not in said

    def test_the_patient_reads_how_to_cancel_and_until_when_and_of_nothing_that_cannot_be_done(
        self, appointment, postbox
    ):
        patient, doctor = sorted(postbox.deliver(), key=lambda letter: letter.type)
        assert patient.data["cancel_url"] == f"http://localhost/patient/appointments/{appointment.id}/cancel"
        assert patient.data["cancel_until"] == "Wednesday 25 November 2026, 09:40, UK time"
        assert "cancel_url" not in doctor.data
        assert "move" not in patient.text + patient.body("html").casefold().replace("remove", "")

    def test_inside_the_window_no_mail_promises_cancelling_online(self, asha, bose, postbox):
        slot = make.slot(bose, starts_at=clock.now() + timedelta(hours=3))
        postbox.deliver()
        services.book(slot.id, patient=asha, idempotency_key="a")
        (patient, _) = sorted(postbox.deliver(), key=lambda letter: letter.type)
        assert "cancel_url" not in patient.data
        assert "Call 020 7946 0100 as soon as you can" in patient.text

    def test_what_its_patient_cancelled_before_anything_was_sent_is_not_told_at_all(self, appointment, asha, postbox):
        services.cancel_as_patient(appointment.id, patient=asha)
        assert postbox.deliver() == []
        assert states(appointment)["BOOKING_CONFIRMATION"] == ("dropped", "The appointment was cancelled.")
        nothing_sent = ("dropped", "It was cancelled before anything was sent about it.")
        assert states(appointment)["BOOKING_CANCELLATION"] == nothing_sent
        assert states(appointment)["BOOKING_CANCELLATION_DOCTOR"] == nothing_sent

    def test_a_patient_whose_visit_the_doctor_cancelled_is_told_although_nothing_was_sent_before(
        self, appointment, bose, postbox
    ):
        services.cancel_as_doctor(appointment.id, doctor=bose, reason="Ill")
        assert types(postbox.deliver()) == ["BOOKING_CANCELLATION"]

    def test_whoever_was_told_of_a_visit_is_told_that_it_was_cancelled(self, appointment, asha, postbox):
        postbox.answers.append({"ok": False, "retryable": False, "error": "Refused (550).", "fault": "recipient"})
        (confirmed,) = postbox.deliver()
        services.cancel_as_patient(appointment.id, patient=asha)
        (cancelled,) = postbox.deliver()
        assert confirmed.to == cancelled.to
        assert cancelled.type.startswith("BOOKING_CANCELLATION")

    def test_a_cancellation_waits_for_the_confirmation_that_is_just_being_sent(
        self, appointment, asha, postbox, steady_clock
    ):
        underway = [outbox.delivering.take(["email"]) for _ in range(2)]
        services.cancel_as_patient(appointment.id, patient=asha)
        assert postbox.deliver() == []
        for message in underway:
            outbox.delivering._finish(message, "sent", None)
        steady_clock.advance(minutes=1)
        assert types(postbox.deliver()) == ["BOOKING_CANCELLATION", "BOOKING_CANCELLATION_DOCTOR"]

    def test_a_patient_who_books_and_cancels_in_turn_sends_the_doctor_no_mail(self, asha, slot, postbox):
        for number in range(20):
            made = services.book(slot.id, patient=asha, idempotency_key=str(number))
            services.cancel_as_patient(made.id, patient=asha)
        assert postbox.deliver() == []

    def test_a_confirmation_is_not_sent_once_the_visit_has_begun(self, appointment, postbox, steady_clock):
        steady_clock.set(STARTS_AT)
        assert postbox.deliver() == []
        assert states(appointment)["BOOKING_CONFIRMATION"] == ("dropped", "The time of the appointment has come.")

    def test_nobody_writes_to_a_closed_account(self, appointment, asha, postbox):
        make.closed(asha.user)
        assert types(postbox.deliver()) == ["BOOKING_CONFIRMATION_DOCTOR"]
        assert states(appointment)["BOOKING_CONFIRMATION"] == ("dropped", "The account is closed.")


class TestTheInvitation:
    def test_a_booking_invites_the_mails_reader_alone(self, appointment, postbox):
        for letter in postbox.deliver():
            event = letter.event
            assert (letter.data["ics_method"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
            assert event["UID"] == f"{appointment.id}@localhost"
            attendee = event["ATTENDEE"]
            assert attendee == f"mailto:{letter.to}"
            assert dict(attendee.params) == {
                "CN": letter.data["recipient_name"],
                "PARTSTAT": "ACCEPTED",
                "RSVP": "FALSE",
            }
            assert event["ORGANIZER"] == "mailto:noreply@localhost"

    def test_a_change_and_a_cancellation_are_about_the_same_event_each_a_step_further(self, appointment, asha, postbox):
        postbox.deliver()
        move(appointment, days=1)
        changed = postbox.deliver()
        services.cancel_as_patient(appointment.id, patient=asha)
        withdrawn = postbox.deliver()

        assert types(changed) == ["BOOKING_CHANGE", "BOOKING_CHANGE_DOCTOR"]
        assert types(withdrawn) == ["BOOKING_CANCELLATION", "BOOKING_CANCELLATION_DOCTOR"]
        for letter in changed:
            assert (letter.data["ics_method"], letter.event["SEQUENCE"]) == ("REQUEST", 1)
            assert letter.event.start == STARTS_AT + timedelta(days=1)
            assert "Thursday 26 November 2026, 09:40" in letter.text
        for letter in withdrawn:
            assert (letter.data["ics_method"], letter.event["SEQUENCE"]) == ("CANCEL", 2)
            assert letter.event["STATUS"] == "CANCELLED"
            assert letter.event["ATTENDEE"] == f"mailto:{letter.to}"
        assert len({letter.event["UID"] for letter in changed + withdrawn}) == 1

    def test_a_confirmation_that_a_change_has_overtaken_is_dropped(self, appointment, postbox):
        move(appointment, days=1)
        assert types(postbox.deliver()) == ["BOOKING_CHANGE", "BOOKING_CHANGE_DOCTOR"]
        assert states(appointment)["BOOKING_CONFIRMATION"][0] == "dropped"


class TestCancelling:
    @pytest.mark.parametrize("by", ["patient", "doctor"])
    def test_both_people_are_told_who_cancelled(self, appointment, asha, bose, postbox, by):
        postbox.deliver()
        if by == "patient":
            services.cancel_as_patient(appointment.id, patient=asha)
        else:
            services.cancel_as_doctor(appointment.id, doctor=bose, reason="Called away")
        letters = postbox.deliver()

        assert types(letters) == ["BOOKING_CANCELLATION", "BOOKING_CANCELLATION_DOCTOR"]
        assert {letter.data["cancelled_by"] for letter in letters} == {by}
        assert not [letter for letter in letters if "Called away" in letter.text]

    def test_the_patient_is_led_to_the_doctors_times_and_to_the_appointment(self, appointment, asha, bose, postbox):
        postbox.deliver()
        services.cancel_as_patient(appointment.id, patient=asha)
        letter = min(postbox.deliver(), key=lambda letter: letter.type)
        assert letter.data["action_url"] == f"http://localhost/doctors/{bose.id}"
        assert letter.data["details_url"] == f"http://localhost/patient/appointments/{appointment.id}"

    def test_a_doctor_who_offers_nothing_any_more_is_not_linked_to(self, appointment, asha, bose, postbox):
        postbox.deliver()
        services.cancel_as_patient(appointment.id, patient=asha)
        auth.deactivate(bose.user.email)
        assert postbox.only().data["action_url"] == "http://localhost/doctors"

    def test_a_cancellation_of_what_is_over_is_no_news(self, appointment, asha, postbox, steady_clock):
        services.cancel_as_patient(appointment.id, patient=asha)
        steady_clock.set(STARTS_AT + timedelta(minutes=20))
        assert postbox.deliver() == []
        assert states(appointment)["BOOKING_CANCELLATION"] == ("dropped", "The time of the appointment has passed.")


class TestStatus:
    @pytest.fixture
    def seen(self, appointment, bose, postbox, steady_clock):
        """The visit is over, and marked as one that the patient missed."""
        postbox.deliver()
        steady_clock.set(STARTS_AT + timedelta(minutes=30))
        postbox.deliver()
        return services.mark_noshow(appointment.id, doctor=bose)

    def test_the_patient_is_told_ten_minutes_later(self, seen, postbox, steady_clock):
        assert postbox.deliver() == []
        steady_clock.advance(minutes=10)
        letter = postbox.only()
        assert (letter.type, letter.to, letter.data["status"]) == (
            "STATUS_UPDATE",
            "asha@example.test",
            "Did not attend",
        )

    def test_a_mark_that_is_taken_back_within_ten_minutes_is_told_to_nobody(self, seen, bose, postbox, steady_clock):
        steady_clock.advance(minutes=5)
        services.undo(seen.id, doctor=bose)
        steady_clock.advance(minutes=10)
        assert postbox.deliver() == []
        assert states(seen)["STATUS_UPDATE"] == ("dropped", "The mark was taken back.")

    def test_a_mark_that_is_set_again_is_told_once_ten_minutes_after_the_last(self, seen, bose, postbox, steady_clock):
        steady_clock.advance(minutes=4)
        services.undo(seen.id, doctor=bose)
        steady_clock.advance(minutes=4)
        services.mark_noshow(seen.id, doctor=bose)
        steady_clock.advance(minutes=4)
        assert postbox.deliver() == []
        steady_clock.advance(minutes=7)
        assert postbox.only().data["status"] == "Did not attend"
        steady_clock.advance(hours=1)
        assert postbox.deliver() == []

    def test_a_mark_set_again_long_after_it_was_dropped_is_still_told(self, seen, bose, postbox, steady_clock):
        services.undo(seen.id, doctor=bose)
        steady_clock.advance(hours=1)
        assert postbox.deliver() == []
        services.mark_noshow(seen.id, doctor=bose)
        steady_clock.advance(minutes=10)
        assert postbox.only().data["status"] == "Did not attend"

    def test_arriving_is_told_to_nobody_and_completing_is(self, appointment, bose, postbox, steady_clock):
        steady_clock.set(STARTS_AT)
        postbox.deliver()
        services.mark_arrived(appointment.id, doctor=bose)
        services.mark_fulfilled(appointment.id, doctor=bose)
        steady_clock.advance(minutes=11)
        assert postbox.only().data["status"] == "Completed"

    def test_after_two_days_it_is_no_news(self, seen, postbox, steady_clock):
        steady_clock.advance(days=2)
        assert postbox.deliver() == []
        assert states(seen)["STATUS_UPDATE"] == ("dropped", "It’s too late to send this.")
