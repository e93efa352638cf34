"""The audit log says who did what to whose, in the transaction of that, and nothing that it must not say."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from hms import audit
from hms.audit import actors
from hms.audit.models import AuditEvent, UnsealedEvent
from hms.db import db, transaction
from hms.errors import Refusal
from tests import make


def events(action: str | None = None) -> list[AuditEvent]:
    """The events so far, or those of one action, the oldest first."""
    of_action = [AuditEvent.action == action] if action else []
    found = select(AuditEvent).where(*of_action).order_by(AuditEvent.id)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def test_events_of_a_transaction_are_stored_with_it_and_wait_to_be_sealed(session, asha):
    before = len(events())
    with transaction():
        audit.record("exported", subject=("patient", asha.id), patient_id=asha.id, format="csv", count=3)
        audit.record("command")
    exported, command = events()[before:]
    assert (exported.action, exported.subject_kind, exported.subject_id) == ("exported", "patient", asha.id)
    assert (exported.patient_id, exported.details) == (asha.id, {"format": "csv", "count": 3})
    assert (command.actor_kind, command.patient_id, command.details) == ("system", None, {})
    waiting = session.scalars(select(UnsealedEvent.event_id)).all()
    assert {exported.id, command.id} <= set(waiting)


def test_what_is_undone_was_never_recorded(session):
    before = len(events())
    with pytest.raises(Refusal), transaction():
        audit.record("command")
        raise Refusal
    assert len(events()) == before


def test_what_cannot_be_recorded_is_not_done(session, asha, monkeypatch):
    """If the log cannot be written, nothing else of the transaction is stored either."""

    def fail(_rows: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("hms.audit.recording.write", fail)
    with pytest.raises(OSError, match="no room"), transaction():
        db.session.get(type(asha), asha.id).phone = "020 7946 0111"
        audit.record("profile-changed", patient_id=asha.id)
    session.expire_all()
    assert asha.phone != "020 7946 0111"


def test_outside_of_a_transaction_nothing_can_be_recorded(session):
    with pytest.raises(RuntimeError):
        audit.record("command")


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "made-up"},
        {"action": "viewed", "subject": ("diagnosis", None)},
        {"action": "viewed", "reason": "chest"},
        {"action": "viewed", "why": "A sentence of a patient"},
        {"action": "viewed", "why": "x" * 81},
        {"action": "viewed", "count": 1.5},
    ],
)
def test_the_log_says_nothing_that_is_not_on_its_lists(session, wrong):
    with pytest.raises(ValueError, match=r"audit log|no text"), transaction():
        audit.record(**wrong)


def test_the_database_refuses_to_change_remove_and_empty_the_log(session):
    with transaction():
        audit.record("command")
    for statement in ("UPDATE audit_events SET action = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"):
        step = session.connection().begin_nested()
        with pytest.raises(ProgrammingError, match="append-only"):
            session.connection().execute(text(statement))
        step.rollback()


def test_an_address_is_kept_as_the_network_it_belongs_to():
    assert actors.prefix_of("203.0.113.77") == "203.0.113.0/24"
    assert actors.prefix_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert actors.prefix_of("unknown") is None is actors.prefix_of(None)


def test_a_refused_page_and_a_guessed_id_leave_one_line_each(session, signed_in, bose, eze, asha):
    foreign, browser = make.appointment(asha, doctor=eze), signed_in(bose)
    before = len(events())
    browser.page("staff.overview", status=403)
    answer = browser.get(f"/doctor/appointments/{foreign.id}")
    role, guess = events()[before:]
    assert (role.action, role.subject_kind, role.details["status"]) == ("access-denied", "page", 403)
    assert (guess.action, guess.subject_kind, guess.subject_id) == ("access-denied", "appointment", foreign.id)
    assert (guess.actor_id, guess.actor_role, guess.endpoint) == (bose.user_id, "doctor", "doctor.appointment")
    assert (guess.request_id, guess.address_prefix) == (answer.headers["X-Request-ID"], "127.0.0.0/24")
    assert guess.details == {"status": 404, "method": "GET"}


def test_whoever_looks_at_a_patient_leaves_one_line_for_each_page(session, signed_in, bose, asha):
    visit = make.appointment(asha, doctor=bose)
    browser = signed_in(bose)
    before = len(events("viewed"))
    answer = browser.get(f"/doctor/appointments/{visit.id}")
    browser.page("doctor.appointments")
    signed_in(asha).page("patient.appointment", appointment_id=visit.id)  # one's own data
    one, listed = events("viewed")[before:]
    assert (one.actor_id, one.patient_id, one.subject_id) == (bose.user_id, asha.id, visit.id)
    assert (one.endpoint, one.request_id) == ("doctor.appointment", answer.headers["X-Request-ID"])
    assert (listed.endpoint, listed.patient_id) == ("doctor.appointments", asha.id)


def test_a_page_that_cannot_be_noted_is_not_shown(app, session, signed_in, bose, asha, monkeypatch):
    visit = make.appointment(asha, doctor=bose)
    browser = signed_in(bose)

    def fail(_rows: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("hms.audit.reading.write", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = browser.get(f"/doctor/appointments/{visit.id}")
    assert answer.status_code == 500
    assert "Asha" not in answer.text


def test_signing_in_and_out_leaves_lines_and_what_was_typed_does_not(session, client, sign_in, asha):
    wrong = {"email": asha.user.email, "password": "not-the-password"}
    client.submit("auth.login", wrong, on="/login", status=422)
    client.submit("auth.login", wrong | {"email": "secret@example.test"}, on="/login", status=422)
    sign_in(client, asha)
    client.post("/logout", data={"csrf_token": client.csrf_token()})
    failed, unknown = events("sign-in-failed")
    assert (failed.actor_kind, failed.subject_id, unknown.subject_id) == ("visitor", asha.user_id, None)
    (signed_in,), (signed_out,) = events("sign-in"), events("sign-out")
    assert {signed_in.actor_id, signed_out.actor_id} == {asha.user_id}
    lines = str([vars(event) for event in events()])
    assert "secret@" not in lines
    assert asha.user.email not in lines


def test_every_change_of_an_appointment_leaves_a_line_for_its_patient(session, bose, asha):
    visit = make.appointment(asha, doctor=bose, status="fulfilled")
    make.appointment(asha, doctor=bose, status="cancelled")
    told = [(event.action, event.details.get("after")) for event in events() if event.patient_id == asha.id]
    marks = [("appointment-marked", "arrived"), ("appointment-marked", "fulfilled")]
    assert told == [
        ("appointment-booked", None),
        *marks,
        ("appointment-booked", None),
        ("appointment-cancelled", "cancelled"),
    ]
    assert visit.status == "fulfilled"


def test_a_command_is_noted_with_whoever_the_system_says_typed_it(session, app, bose):
    app.test_cli_runner().invoke(args=["users", "deactivate", bose.user.email])
    ran, closed = events("command")[-1], events("account-deactivated")[-1]
    assert {(event.actor_kind, event.os_user) for event in (ran, closed)} == {("cli", actors.os_user())}
    assert ran.endpoint == "users deactivate"
    assert closed.subject_id == bose.user_id
