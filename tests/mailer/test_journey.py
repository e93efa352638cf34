"""From signing up to cancelling, through every real part: browser, outbox, boto3, Amazon's runtime, STARTTLS, login."""

import re
from datetime import UTC, date, datetime, time
from email import policy
from email.parser import BytesParser

import pytest
from icalendar import Calendar

from email_lambda.handler import process
from hms import outbox
from hms.auth import queries
from hms.db import db
from hms.mailer import sending
from hms.outbox import OutboxMessage
from tests import make
from tests.email_lambda.mail_server import silent_port

LINK = re.compile(r"http://localhost(/\S+)")


@pytest.fixture
def chain(lambda_at, local_function, mail_server):
    """The whole chain, with nothing in it yet."""
    lambda_at(local_function.url)
    return mail_server


def deliver(mail_server):
    """Let the worker do its work, and answer the mails that arrived, by recipient."""
    mail_server.deliveries.clear()
    outbox.deliver_due()
    arrived = {delivery.recipients[0]: _read(delivery.raw) for delivery in mail_server.deliveries}
    assert len(arrived) == len(mail_server.deliveries)
    return arrived


def _read(raw):
    return BytesParser(policy=policy.default).parsebytes(raw)


def the_link(mail, *, to):
    """The path of the link in the plain text that leads to a page of that kind."""
    return next(path for path in LINK.findall(mail.get_body(("plain",)).get_content()) if path.startswith(to))


def calendars(mail):
    """The calendar file as the mail carries it: once as an alternative, once as a file."""
    parts = [part for part in mail.walk() if part.get_content_type() in ("text/calendar", "application/ics")]
    return [part.get_content_type() for part in parts], [
        Calendar.from_ical(part.get_payload(decode=True)) for part in parts
    ]


def test_signing_up_booking_and_cancelling(chain, client, bose):
    outbox.deliver_due()
    slot = make.slot(bose, day=date(2026, 11, 26), start=time(9, 40))

    # The address is proved by the code in the first mail; there is no account before.
    client.submit("auth.signup_email", {"email": "asha@example.test"})
    code = deliver(chain)["asha@example.test"]["Subject"].split()[0]
    assert queries.find_user_by_email("asha@example.test") is None
    client.submit("auth.signup_code", {"code": code})
    form = {"full_name": "Asha Rao", "phone": "020 7946 0999", "password": make.PASSWORD}
    client.submit("auth.signup_patient", form)
    assert queries.find_user_by_email("asha@example.test").email_verified_at is not None
    assert deliver(chain)["asha@example.test"]["Subject"] == "Welcome to Northgate Hospital"

    # Booking: two mails, each with an invitation that a calendar understands.
    answer = client.submit("patient.book", slot_id=slot.id)
    assert "A confirmation is on its way to asha@example.test" in client.get(answer.location).page.text
    confirmed = deliver(chain)
    assert set(confirmed) == {"asha@example.test", "bose@example.test"}
    for mail in confirmed.values():
        kinds, files = calendars(mail)
        assert kinds == ["text/calendar", "application/ics"]
        assert {file["METHOD"] for file in files} == {"REQUEST"}
        assert files[0].walk("VEVENT")[0].start == datetime(2026, 11, 26, 9, 40, tzinfo=UTC)

    # Cancelling by the link in the mail: again a page first.
    path = the_link(confirmed["asha@example.test"], to="/patient/appointments/")
    assert client.get(path).status_code == 200
    client.submit("patient.cancel", appointment_id=path.split("/")[3])
    cancelled = deliver(chain)
    assert set(cancelled) == {"asha@example.test", "bose@example.test"}
    for to, mail in cancelled.items():
        (before, *_), (after, *_) = (calendars(one)[1] for one in (confirmed[to], mail))
        assert after["METHOD"] == "CANCEL"
        old, new = (file.walk("VEVENT")[0] for file in (before, after))
        assert (new["UID"], new["SEQUENCE"]) == (old["UID"], old["SEQUENCE"] + 1)
        assert new["ATTENDEE"] == f"mailto:{to}"
    assert deliver(chain) == {}


def test_every_mail_has_html_and_text_and_says_which_machine_wrote_it(chain, asha):
    mail = deliver(chain)["asha@example.test"]
    assert [mail.get_body((kind,)).get_content_type() for kind in ("plain", "html")] == ["text/plain", "text/html"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Northgate Hospital" in str(mail["From"])


class TestAMailServerThatSaysNo:
    """What it says decides whether the mail is tried again."""

    @pytest.mark.parametrize(
        ("step", "answer", "state"),
        [
            ("RCPT", "451 4.7.1 Greylisted, try again later", "pending"),
            ("RCPT", "550 5.1.1 No such user", "dead"),
            ("MAIL", "452 4.3.1 Out of space", "pending"),
            ("DATA", "554 5.6.0 We do not like it", "dead"),
            ("DATA", "421 4.3.2 Shutting down", "pending"),
        ],
    )
    def test_4xx_is_tried_again_and_5xx_is_final(self, chain, asha, step, answer, state):
        chain.answers[step] = answer
        assert deliver(chain) == {}
        message = self.message()
        assert (message.status, answer[:3] in message.last_error) == (state, True)
        assert "asha" not in message.last_error

    def test_what_was_greylisted_arrives_with_the_second_try(self, chain, asha, steady_clock):
        chain.answers["RCPT"] = "451 4.7.1 Greylisted"
        deliver(chain)
        chain.answers.clear()
        steady_clock.advance(minutes=1)
        assert set(deliver(chain)) == {"asha@example.test"}
        assert self.message().status == "sent"

    def test_a_connection_that_breaks_after_the_mail_was_taken_is_no_failure(self, chain, asha):
        chain.answers["QUIT"] = "cut"
        assert set(deliver(chain)) == {"asha@example.test"}
        assert self.message().status == "sent"

    def message(self):
        db.session.rollback()
        (message,) = db.session.scalars(db.select(OutboxMessage).execution_options(populate_existing=True))
        return message


class TestAMailServerThatIsWrong:
    """The function runs in this process, so that its settings can be changed."""

    @pytest.fixture
    def smtp(self, mail_environment, mail_server, monkeypatch):
        for name, value in mail_environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sending, "invoke", process)
        return monkeypatch

    def state(self):
        outbox.deliver_due()
        (message,) = outbox.list_messages()
        return message.status, message.last_error

    def test_a_banner_that_never_comes(self, smtp, email_is_on, asha):
        smtp.setenv("SMTP_TIMEOUT_SECONDS", "0.2")
        with silent_port() as port:
            smtp.setenv("SMTP_PORT", str(port))
            status, error = self.state()
        assert (status, "could not be reached" in error) == ("pending", True)

    def test_a_password_that_is_refused(self, smtp, email_is_on, asha):
        smtp.setenv("SMTP_PASSWORD", "wrong")
        assert self.state() == ("pending", "The mail server refused our user name or password (535).")

    def test_a_certificate_that_nobody_trusts_gets_neither_password_nor_mail(
        self, smtp, email_is_on, asha, mail_server
    ):
        smtp.delenv("SMTP_CAFILE")
        status, error = self.state()
        assert (status, "certificate could not be trusted" in error) == ("pending", True)
        assert mail_server.deliveries == []

    def test_a_server_that_is_down(self, smtp, email_is_on, asha):
        smtp.setenv("SMTP_PORT", "1")
        assert self.state()[0] == "pending"


def test_an_answer_that_is_lost_after_the_mail_left_brings_no_second_mail(
    mail_environment, mail_server, email_is_on, asha, steady_clock, monkeypatch, tmp_path
):
    for name, value in {**mail_environment, "EMAIL_DEDUP_SQLITE": str(tmp_path / "sent.sqlite")}.items():
        monkeypatch.setenv(name, value)

    def lose(event):
        assert process(event)["ok"]
        raise outbox.TemporaryFailure("The answer was lost.")

    monkeypatch.setattr(sending, "invoke", lose)
    outbox.deliver_due()
    monkeypatch.setattr(sending, "invoke", process)
    steady_clock.advance(minutes=1)
    outbox.deliver_due()

    (message,) = outbox.list_messages()
    assert (message.status, message.attempts) == ("sent", 2)
    assert mail_server.only().recipients == ["asha@example.test"]
