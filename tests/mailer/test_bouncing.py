"""Mail that comes back is handed in: the message and the address say so, until the owner proves the address."""

import json
import re
from datetime import date, time

import pytest

from hms import mailer, outbox
from hms.auth import services as auth
from hms.auth import tokens
from hms.auth.tokens import Purpose
from hms.db import db, transaction
from hms.mailer import bouncing, reports, sending, tags
from tests import make

CAME_BACK = "The recipient's mail server sent it back (5.1.1)."

REPORT = """\
Return-Path: <>
To: {to}
From: MAILER-DAEMON@mail.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; somebody@elsewhere.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: message/rfc822

Subject: Your appointment

Hello
--b--
"""


@pytest.fixture
def bounces_to(postbox, asha, bose, monkeypatch):
    """Where bounces of the confirmation to Asha go; it was sent."""
    events = []
    accept = sending.invoke
    monkeypatch.setattr(sending, "invoke", lambda event: events.append(event) or accept(event))
    make.appointment(asha, slot=make.slot(bose, day=date(2026, 11, 26), start=time(9, 40)))
    postbox.deliver()
    (tag,) = [event["return_tag"] for event in events if event["type"] == "BOOKING_CONFIRMATION"]
    return f"no-reply+{tag}@clinic.example"


@pytest.fixture
def hand_in(app):
    """``hand_in(text)`` answers what ``flask outbox bounce`` says; it never fails."""

    def hand_in(report):
        result = app.test_cli_runner().invoke(args=["outbox", "bounce"], input=report)
        assert result.exit_code == 0, result.output
        return result.output

    return hand_in


def report(to, *, action="failed", status="5.1.1"):
    return REPORT.format(to=to, action=action, status=status)


def notification(source, *, kind="Permanent", inside_sns=False):
    recipients = [{"emailAddress": "asha@example.test", "action": "failed", "status": "5.1.1"}]
    notice = {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bouncedRecipients": recipients},
        "mail": {"source": source, "destination": ["asha@example.test"]},
    }
    return json.dumps({"Type": "Notification", "Message": json.dumps(notice)} if inside_sns else notice)


def fault_of(message_type):
    db.session.expire_all()
    (message,) = [one for one in outbox.list_messages(limit=100) if one.payload["type"] == message_type]
    return message.status, message.fault, message.last_error


@pytest.mark.parametrize("form", ["report", "ses", "sns"])
def test_a_bounce_marks_the_message_and_the_address(bounces_to, hand_in, form):
    given = {
        "report": report(bounces_to),
        "ses": notification(bounces_to),
        "sns": notification(bounces_to, inside_sns=True),
    }
    assert "Its address is marked as unreachable: asha@example.test" in hand_in(given[form])
    assert mailer.find_unreachable("Asha@example.test").reason == CAME_BACK
    assert fault_of("BOOKING_CONFIRMATION") == ("sent", "bounced", CAME_BACK)
    hand_in(given[form])
    assert len(bouncing.list_unreachable()) == 1


def test_capitals_that_a_server_made_of_the_tag_do_no_harm(bounces_to, hand_in):
    assert "marked as unreachable" in hand_in(report(bounces_to.upper()))


def test_reception_the_doctor_and_the_patient_see_it(bounces_to, hand_in, signed_in, rita, bose, asha):
    hand_in(report(bounces_to))
    overview = signed_in(rita).page("staff.overview").text
    assert "Emails to these addresses come back" in overview
    assert "asha@example.test" in overview
    (message,) = [one for one in outbox.list_messages(limit=50) if one.payload["type"] == "BOOKING_CONFIRMATION"]
    page = signed_in(bose).page("doctor.appointment", appointment_id=message.subject_id)
    assert f"Confirmation to the patient Came back {CAME_BACK}" in page.text
    assert "Our emails aren’t reaching you" in signed_in(asha).page("patient.home").text


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("relayed", "2.0.0")])
def test_what_may_still_arrive_changes_nothing(bounces_to, hand_in, action, status):
    assert "may still arrive" in hand_in(report(bounces_to, action=action, status=status))
    assert bouncing.list_unreachable() == []


def test_a_server_that_was_away_until_the_mail_was_given_up_is_a_bounce(bounces_to, hand_in):
    assert "marked as unreachable" in hand_in(report(bounces_to, status="4.4.1"))


def test_a_bounce_of_ses_that_may_pass_changes_nothing(bounces_to, hand_in):
    assert "may still arrive" in hand_in(notification(bounces_to, kind="Transient"))
    assert bouncing.list_unreachable() == []


def test_nobody_can_make_a_tag_for_another_address(bounces_to, hand_in, asha, chen):
    (tag,) = tags.tags_in(bounces_to)
    forged = tag[:-6] + ("aaaaaa" if tag[-6:] != "aaaaaa" else "bbbbbb")
    assert "names no email of ours" in hand_in(report(bounces_to.replace(tag, forged)))
    assert "names no email of ours" in hand_in(report("no-reply@clinic.example"))
    assert bouncing.list_unreachable() == []


def test_an_address_that_was_changed_since_is_not_marked(bounces_to, hand_in, asha):
    with transaction():
        asha.user.email = "asha.new@example.test"
    assert "the address has been changed since" in hand_in(report(bounces_to))
    assert bouncing.list_unreachable() == []


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Hello, I am on holiday until Monday.",
        "{",
        "[1, 2]",
        "{}",
        '{"notificationType": "Complaint"}',
        '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": 7}}',
        '{"Message": "{"}',
        "{" * 5000,
        '{"a":' * 50_000,
        "\x00\xff",
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)),
        "Content-Type: message/delivery-status\n\n" + "Action\n" * 1000,
    ],
)
def test_what_is_no_report_is_a_sentence_and_changes_nothing(session, hand_in, given):
    assert hand_in(given).endswith("Nothing was changed.\n")
    assert bouncing.list_unreachable() == []


def test_only_the_first_megabyte_counts_and_the_rest_is_read_away(bounces_to, hand_in, monkeypatch):
    seen = []
    monkeypatch.setattr(reports, "read", lambda raw: seen.append(len(raw)) or pytest.fail("read"))
    monkeypatch.setattr(bouncing, "take_report", lambda raw: f"{len(raw)} bytes")
    assert hand_in(report(bounces_to) + "x" * 5_000_000) == f"{reports.MAX_BYTES} bytes\n"


class TestTheEndOfAMark:
    @pytest.fixture(autouse=True)
    def marked(self, asha, session):
        mailer.bouncing.mark("asha@example.test", CAME_BACK)

    def test_it_ends_when_the_address_is_verified(self, asha):
        auth.verify_email(tokens.make(Purpose.VERIFY_EMAIL, asha.user))
        assert mailer.find_unreachable("asha@example.test") is None

    def test_it_ends_with_a_new_password_set_by_a_link(self, asha):
        auth.reset_password(tokens.make(Purpose.RESET_PASSWORD, asha.user), "a new and quite long pass phrase")
        assert mailer.find_unreachable("asha@example.test") is None

    def test_it_ends_by_a_command(self, app):
        run = app.test_cli_runner()
        assert re.search(r"asha@example.test\s+2026-11-23", run.invoke(args=["outbox", "unreachable"]).output)
        assert run.invoke(args=["outbox", "reachable", "Asha@example.test"]).exit_code == 0
        assert run.invoke(args=["outbox", "reachable", "asha@example.test"]).exit_code == 1
        assert bouncing.list_unreachable() == []


def test_an_address_that_our_own_mail_server_refuses_is_marked_too(postbox, asha, signed_in, rita):
    refusal = "The mail server refused the recipient (550 5.1.1)."
    postbox.answers.append({"ok": False, "retryable": False, "error": refusal, "fault": "recipient"})
    postbox.deliver()
    assert mailer.find_unreachable("asha@example.test").reason == refusal
