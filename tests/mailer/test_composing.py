"""What a queued request becomes: a mail that the function's contract accepts, or a reason why there is none."""

from uuid import uuid4

import pytest

from email_lambda.messages import CONTRACTS
from hms import mailer, outbox
from hms.auth import services as auth
from hms.db import db, transaction
from hms.outbox import OutboxMessage
from tests import make
from tests.mailer.people import ODD_NAMES, everything, states


def promised(message_type, *, about=None, to=None, **extra):
    """Queue a mail, whether that makes sense or not."""
    with transaction():
        mailer.send(message_type, about=about or uuid4(), to=to or uuid4(), extra=extra)


def state_of(message_type):
    db.session.rollback()
    statement = db.select(OutboxMessage).where(OutboxMessage.payload["type"].astext == message_type)
    message = db.session.scalars(statement.execution_options(populate_existing=True)).one()
    return message.status, message.last_error


def test_no_type_of_the_contract_is_without_a_composer_and_none_is_unknown_to_it(app):
    assert set(app.extensions["hms.composers"]) == set(CONTRACTS)


def test_every_type_of_mail_is_made_and_accepted_by_the_contract(postbox, steady_clock):
    letters = everything(postbox, steady_clock)

    assert {letter.type for letter in letters} == set(CONTRACTS)
    assert "dead" not in {state for state, _ in states()}
    for letter in letters:
        assert "Northgate Hospital" in letter.text, letter.type
        assert "020 7946 0100" in letter.text, letter.type
        assert "None" not in letter.text, letter.type


@pytest.mark.parametrize("name", ODD_NAMES)
def test_whatever_a_person_is_called_every_mail_leaves_and_has_no_header_of_theirs(postbox, steady_clock, name):
    letters = everything(postbox, steady_clock, name=name)

    assert {letter.type for letter in letters} == set(CONTRACTS)
    for letter in letters:
        headers = {header.casefold() for header in letter.mail}
        assert not headers & {"bcc", "cc"}
        assert letter.mail["To"].addresses[0].addr_spec == letter.to
        assert len(letter.mail["To"].addresses) == 1
        assert "<script>alert" not in letter.body("html")
        assert "\u202e" not in letter.text


def test_names_arrive_as_they_are_written(postbox):
    make.patient("محمد عبد الله 🦄", email="m@example.test")
    letter = postbox.only()
    assert "محمد عبد الله 🦄" in letter.text
    assert letter.mail["To"].addresses[0].display_name == "محمد عبد الله 🦄"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("asha@bücher.example", "asha@xn--bcher-kva.example"),
        ("asha@faß.example", "asha@xn--fa-hia.example"),
        ("o'brien+clinic@example.test", "o'brien+clinic@example.test"),
    ],
)
def test_every_address_that_an_account_can_have_can_be_written_to(postbox, address, wire):
    make.patient(email=address)
    assert postbox.only().to == wire


def test_an_address_that_few_servers_can_reach_is_given_up_where_staff_see_it(postbox, asha):
    with transaction():  # sign-up refuses it, but another way in may not
        asha.user.email = "renée@example.test"
    assert postbox.deliver() == []
    assert states() == {("dead", "The part of the address before the @ is not one that we can send to.")}


def test_who_signs_up_unproved_is_welcomed_with_a_link_and_until_when_it_works(postbox, freeze, session):
    freeze()
    make.patient(email="asha@example.test", is_verified=False)
    letter = postbox.only()
    assert (letter.type, letter.to) == ("SIGNUP_WELCOME", "asha@example.test")
    assert letter.data["action_url"].startswith("http://localhost/verify-email/")
    assert "You can use the link until Monday 30 November 2026, 08:00, UK time." in letter.text


def test_a_doctor_reads_of_the_approval_first_awaited_then_given(postbox, session):
    doctor = make.doctor(is_approved=False)
    assert "once we’ve approved your account" in postbox.only().text
    auth.approve_doctor(doctor.user.email)
    auth.approve_doctor(doctor.user.email)
    letter = postbox.only()
    assert (letter.type, letter.data["action_url"]) == ("DOCTOR_APPROVED", "http://localhost/doctor/")


def test_the_message_id_is_the_dedup_key_so_that_a_repetition_is_recognised(postbox, asha):
    letter = postbox.only()
    assert letter.message_id == f"SIGNUP_WELCOME:{asha.user_id}:{asha.user_id}:1"
    assert str(asha.user_id) in letter.mail["Message-ID"]


class TestPoison:
    def test_a_type_that_nobody_knows_is_dead_and_holds_up_nothing(self, postbox, asha):
        promised("HOROSCOPE", to=asha.user_id)
        assert [letter.type for letter in postbox.deliver()] == ["SIGNUP_WELCOME"]
        assert state_of("HOROSCOPE") == ("dead", "This version doesn’t know emails of type HOROSCOPE.")

    @pytest.mark.parametrize(
        "payload",
        [[], "x", {}, {"type": "SIGNUP_WELCOME"}, {"type": "SIGNUP_WELCOME", "about": "x", "to": "y", "version": 1}],
    )
    def test_a_payload_that_cannot_be_read_is_dead_and_holds_up_nothing(self, postbox, asha, payload):
        with transaction():
            outbox.enqueue("email", payload, dedup_key="broken")
        assert [letter.type for letter in postbox.deliver()] == ["SIGNUP_WELCOME"]
        assert ("dead", "The message was stored in a form that can’t be read.") in states()

    @pytest.mark.parametrize("message_type", sorted(CONTRACTS))
    def test_what_it_is_about_is_gone(self, postbox, message_type):
        promised(message_type)
        assert postbox.deliver() == []
        assert state_of(message_type) == ("dropped", "What it would have told of is no longer there.")

    def test_a_composer_that_fails_is_tried_for_three_days_and_then_dead(self, postbox, asha, steady_clock, caplog):
        postbox.deliver()
        promised("PASSWORD_RESET", to=asha.user_id)  # without the moment at which it was asked for
        for _ in range(26):
            postbox.deliver()
            steady_clock.advance(hours=3)
        assert state_of("PASSWORD_RESET") == ("dead", "HMS itself failed (KeyError).")

    def test_a_mail_about_an_appointment_goes_to_its_two_people_only(self, postbox, bose, chen):
        made = make.appointment(doctor=bose)
        promised("BOOKING_CHANGE", about=made.id, to=chen.user_id, old_when="before")
        postbox.deliver()
        assert state_of("BOOKING_CHANGE") == (
            "dead",
            "The message is for someone who has no part in the appointment.",
        )


class TestTheAnswer:
    def test_no_for_good_is_final(self, postbox, asha):
        postbox.answers.append(
            {"ok": False, "retryable": False, "error": "The mail server refused the recipient (550)."}
        )
        postbox.deliver()
        assert state_of("SIGNUP_WELCOME") == ("dead", "The mail server refused the recipient (550).")

    @pytest.mark.parametrize("answer", [{"ok": False, "retryable": True, "error": "Later."}, {"ok": False}, {}])
    def test_any_other_no_is_tried_again(self, postbox, asha, steady_clock, answer):
        postbox.answers.append(answer)
        assert postbox.deliver() == []
        assert state_of("SIGNUP_WELCOME")[0] == "pending"
        steady_clock.advance(minutes=1)
        assert postbox.only().type == "SIGNUP_WELCOME"
