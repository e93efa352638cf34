"""Invoking the function through boto3, and every way in which that fails."""

import json
import socket

import pytest

from hms import outbox
from hms.db import db
from hms.mailer import sending
from tests import make
from tests.email_lambda.mail_server import silent_port
from tests.mailer.lambda_server import Answer


@pytest.fixture(autouse=True)
def asha(lambda_at, session):
    """Her welcome is the one mail that is due."""
    return make.patient("Asha Rao", email="asha@example.test")


def state():
    db.session.rollback()
    (message,) = outbox.list_messages()
    db.session.refresh(message)
    return message


def assert_it_is_tried_again(steady_clock, said):
    """Nothing is lost: the error is kept for staff, and the next try comes by itself."""
    outbox.deliver_due()
    message = state()
    assert (message.status, message.attempts) == ("pending", 1)
    assert said in message.last_error
    assert message.due_at > message.created_at
    steady_clock.set(message.due_at)


def test_the_function_gets_type_address_data_and_message_id(lambda_server, asha):
    outbox.deliver_due()
    (event,) = lambda_server.events
    assert set(event) == {"type", "to", "data", "message_id", "return_tag"}
    assert (event["type"], event["to"]) == ("SIGNUP_WELCOME", "asha@example.test")
    assert event["message_id"] == state().dedup_key
    assert None not in event["data"].values()
    assert state().status == "sent"


def test_no_one_else_repeats_a_call_and_none_waits_for_ever(lambda_server):
    outbox.deliver_due()
    config = sending._client().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (3, 105)


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TooManyRequestsException"), (500, "ServiceException"), (503, "ServiceUnavailable"), (403, "AccessDenied")],
)
def test_a_call_that_amazon_refuses_is_tried_again(lambda_server, steady_clock, status, code):
    lambda_server.answers.append(Answer(status, json.dumps({"__type": code, "message": "No."}).encode()))
    assert_it_is_tried_again(steady_clock, "The email function can’t be reached")
    outbox.deliver_due()
    assert state().status == "sent"
    assert len(lambda_server.events) == 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(403, b'{"__type": "AccessDeniedException", "message": "No."}'), "ours"),
        (Answer(404, b'{"__type": "ResourceNotFoundException", "message": "No."}'), "ours"),
        (Answer(429, b'{"__type": "TooManyRequestsException", "message": "No."}'), "server"),
        (Answer(503, b"{}"), "server"),
        (Answer(200, b"{}", function_error="Unhandled"), "unsure"),
        (Answer(cut=0), "unsure"),
        (Answer(cut=10), "unsure"),
        (Answer(200, b'{"ok": false, "retryable": true, "error": "x", "fault": "ours"}'), "ours"),
        (Answer(200, b'{"ok": false, "retryable": true, "error": "x"}'), "later"),  # a function of the version before
    ],
)
def test_whose_fault_it_is_is_kept(lambda_server, answer, fault):
    lambda_server.answers.append(answer)
    outbox.deliver_due()
    assert (state().status, state().fault) == ("pending", fault)


def test_a_mail_that_may_have_been_sent_and_is_not_sent_again_says_so(lambda_server):
    body = b'{"ok": false, "retryable": false, "error": "It may have been sent.", "fault": "unsure"}'
    lambda_server.answers.append(Answer(200, body))
    outbox.deliver_due()
    assert (state().status, state().fault, state().last_error) == ("sent", "unsure", "It may have been sent.")


def test_a_function_of_the_version_before_gets_the_mail_without_a_tag(lambda_server):
    refusal = b'{"ok": false, "retryable": false, "error": "The event has keys that nobody asked for: return_tag."}'
    lambda_server.answers.append(Answer(200, refusal))
    outbox.deliver_due()
    assert [("return_tag" in event) for event in lambda_server.events] == [True, False]
    assert state().status == "sent"


def test_an_hour_of_refusals_costs_a_handful_of_calls_and_then_everything_leaves(lambda_server, steady_clock):
    lambda_server.answers += [Answer(503, b"{}")] * 5
    for _ in range(3600 // 10):
        outbox.deliver_due()
        steady_clock.advance(seconds=10)
    assert len(lambda_server.events) <= 6
    steady_clock.advance(hours=3)
    outbox.deliver_due()
    assert state().status == "sent"


def test_200_with_a_function_error_is_a_failure(lambda_server, steady_clock):
    body = json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 20.00 seconds"}).encode()
    lambda_server.answers.append(Answer(200, body, function_error="Unhandled"))
    assert_it_is_tried_again(steady_clock, "Task timed out after 20.00 seconds")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"sent", b"\xff\xfe", b'"ok"'])
def test_an_answer_in_another_form_is_a_failure(lambda_server, steady_clock, body):
    lambda_server.answers.append(Answer(200, body))
    assert_it_is_tried_again(steady_clock, "answered in another form")


@pytest.mark.parametrize("cut", [0, 10])
def test_an_answer_that_is_cut_off_is_tried_again_under_the_same_message_id(lambda_server, steady_clock, cut):
    lambda_server.answers.append(Answer(cut=cut))
    assert_it_is_tried_again(steady_clock, "The email function")
    outbox.deliver_due()
    first, second = lambda_server.events
    assert first["message_id"] == second["message_id"]


def test_a_function_that_nobody_serves_is_tried_again(lambda_at, steady_clock):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        lambda_at(f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert_it_is_tried_again(steady_clock, "Could not connect to the endpoint")


def test_a_function_that_never_answers_is_given_up(lambda_at, steady_clock, monkeypatch):
    monkeypatch.setattr(sending, "READ_SECONDS", 0.2)
    with silent_port() as port:
        lambda_at(f"http://127.0.0.1:{port}")
        assert_it_is_tried_again(steady_clock, "Read timeout")


def test_a_certificate_that_nobody_trusts_is_tried_again(lambda_at, mail_server, certificate, steady_clock):
    lambda_at(f"https://127.0.0.1:{mail_server.port}")  # it speaks, but not TLS
    assert_it_is_tried_again(steady_clock, "SSL validation failed")


def test_keys_that_are_missing_are_tried_again_and_said(lambda_server, steady_clock, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert_it_is_tried_again(steady_clock, "Unable to locate credentials")
