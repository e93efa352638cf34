"""Each way of failing: what the caller is told, what the log says, and that nothing goes out in the clear."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from email_lambda import handler
from tests.email_lambda import samples
from tests.email_lambda.mail_server import MailServer, greeting_port, hanging_up_port, silent_port

Call = Callable[[Any], Any]
EVENT = samples.event("BOOKING_CONFIRMATION")


def failure(answer: dict[str, Any], *, retryable: bool) -> str:
    assert set(answer) == {"ok", "retryable", "error", "fault"}
    assert answer["ok"] is False
    assert answer["retryable"] is retryable
    return str(answer["error"])


EVERY_STEP = ("MAIL", "RCPT", "DATA")
WHOSE_FAULT = [
    (EVERY_STEP, "451 4.7.1 <asha@patients.example> greylisted", "later"),
    (EVERY_STEP, "421 4.3.2 going down", "later"),
    (EVERY_STEP, "452 too much mail", "later"),
    (EVERY_STEP, "550 5.4.5 daily sending limit exceeded", "ours"),
    (EVERY_STEP, "530 5.7.0 sign in first", "ours"),
    (("MAIL",), "550 5.1.1 <asha@patients.example> does not exist", "ours"),
    (("RCPT", "DATA"), "550 5.1.1 <asha@patients.example> does not exist", "recipient"),
    (("RCPT", "DATA"), "552 5.2.2 mailbox full", "recipient"),
    (("RCPT",), "550 no such user here", "recipient"),
    (("DATA",), "554 5.6.0 no thanks", "message"),
    (("DATA",), "550 5.7.1 this looks like spam", "message"),
    (("MAIL", "DATA"), "552 5.3.4 too large", "message"),
    # Our own settings, as Postfix and others say so: a login that may not use MAIL_FROM, or one that was forgotten.
    (("MAIL", "RCPT"), "553 5.7.1 <asha@patients.example>: Sender address rejected: not owned by user mailer", "ours"),
    (("MAIL", "RCPT"), "553 5.7.1 <asha@patients.example>: Sender address rejected: not logged in", "ours"),
    (("MAIL", "RCPT"), "554 5.7.1 <asha@patients.example>: Relay access denied", "ours"),
    (("RCPT",), "550 relay not permitted", "ours"),
    (("RCPT",), "503 bad sequence: AUTH first", "ours"),
    (("MAIL", "RCPT"), "550 5.7.60 client may not send as this sender", "ours"),
    (("MAIL",), "501 5.1.7 bad sender address syntax", "ours"),
    (("RCPT",), "550 5.1.8 sender domain not found", "ours"),
    (("RCPT",), "550 5.1.0 <no-reply@clinic.example>: Sender address rejected: User unknown in local table", "ours"),
    (("RCPT", "DATA"), "554 5.7.1 Relay access denied", "ours"),
    (("RCPT",), "554 transaction failed", "ours"),
    (("RCPT",), "500 5.5.2 syntax error", "message"),
    (("DATA",), "550 sender verify failed", "ours"),
    (("DATA",), "554 5.2.252 SendAsDenied; mailer not allowed to send as no-reply", "ours"),
    (("DATA",), "550 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "ours"),
    (("DATA",), "554 Message rejected: not verified. The following identities failed the check in region EU", "ours"),
    (("DATA",), "554 Access denied: User is not authorized to perform `ses:SendRawEmail'", "ours"),
    (("DATA",), "554 Message rejected: Sending paused for this account", "ours"),
    (("DATA",), "550 5.7.26 this mail is unauthenticated (DMARC)", "ours"),
]


@pytest.mark.parametrize(("step", "reply", "fault"), [(step, *rest) for steps, *rest in WHOSE_FAULT for step in steps])
def test_a_refusal_says_whose_fault_it_is(
    step: str, reply: str, fault: str, call: Call, mail_server: MailServer, capsys: Any
) -> None:
    mail_server.answers[step] = reply
    answer = call(EVENT)
    sentence = failure(answer, retryable=fault in ("later", "ours"))
    assert answer["fault"] == fault
    assert reply[:3] in sentence
    assert mail_server.deliveries == []
    logged = capsys.readouterr().err
    assert "asha" not in sentence + logged
    assert logged.startswith("ERROR " if fault == "ours" else "WARNING ")


def test_after_a_refusal_the_same_message_can_be_sent(call: Call, mail_server: MailServer) -> None:
    mail_server.answers["RCPT"] = "451 later"
    failure(call(EVENT), retryable=True)
    mail_server.answers.clear()
    assert call(EVENT)["ok"]
    mail_server.only()


@pytest.mark.parametrize("reply", ["cut", "500 what?", "421 bye"])
def test_a_failing_quit_after_the_mail_was_accepted_is_success(reply: str, call: Call, mail_server: MailServer) -> None:
    mail_server.answers["QUIT"] = reply
    assert call(EVENT)["ok"]
    mail_server.only()


def test_a_wrong_password_is_our_fault_and_logged_as_an_error(
    call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "wrong donkey")
    answer = call(EVENT)
    assert failure(answer, retryable=True) == "The mail server refused our user name or password (535)."
    assert answer["fault"] == "ours"
    logged = capsys.readouterr().err
    assert logged.startswith("ERROR ")
    assert "donkey" not in logged
    assert mail_server.deliveries == []


def test_a_login_that_cannot_be_checked_now_is_not_a_wrong_password(
    call: Call, mail_server: MailServer, capsys: Any
) -> None:
    mail_server.answers["AUTH"] = "454 4.7.0 Temporary authentication failure"
    answer = call(EVENT)
    assert failure(answer, retryable=True) == "The mail server cannot check our login at present (454)."
    assert answer["fault"] == "server"
    assert capsys.readouterr().err.startswith("WARNING ")


def test_without_starttls_nothing_is_sent(call: Call, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    stripped = MailServer(tls=None)
    try:
        monkeypatch.setenv("SMTP_PORT", str(stripped.port))
        assert "does not offer STARTTLS" in failure(call(EVENT), retryable=True)
        assert stripped.deliveries == []
    finally:
        stripped.stop()
    assert capsys.readouterr().err.startswith("ERROR ")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_CAFILE", "")
    assert "could not be trusted" in failure(call(EVENT), retryable=True)
    assert mail_server.deliveries == []


def test_a_certificate_for_another_name_is_not_trusted(
    call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_HOST", "localhost")
    assert "could not be trusted" in failure(call(EVENT), retryable=True)
    assert mail_server.deliveries == []


def test_a_server_that_hangs_up_when_tls_begins_is_away_and_not_distrusted(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with hanging_up_port() as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        answer = call(EVENT)
    assert failure(answer, retryable=True) == "The mail server hung up when TLS began."
    assert answer["fault"] == "server"
    assert capsys.readouterr().err.startswith("WARNING ")


@pytest.mark.parametrize("reply", ["550 not you", "421 too many connections"])
def test_a_server_that_refuses_our_hello_takes_nobodys_mail(
    reply: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_STARTTLS", "0")
    monkeypatch.setenv("SMTP_USERNAME", "")
    with greeting_port(f"220 mail.test\r\n{reply}\r\n{reply}\r\n".encode()) as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        answer = call(EVENT)
    failure(answer, retryable=True)
    assert answer["fault"] == "server"


def test_a_banner_that_never_comes_ends_in_time(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_TIMEOUT_SECONDS", "0.3")
    with silent_port() as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        assert "could not be reached" in failure(call(EVENT), retryable=True)


@pytest.mark.parametrize(
    "greeting", [b"554 no service for you\r\n", b"421 busy\r\n", b"", b"SSH-2.0-x\r\n", b"x" * 9000]
)
def test_a_server_that_is_not_ready_is_worth_another_try(
    greeting: bytes, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with greeting_port(greeting) as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        failure(call(EVENT), retryable=True)


def test_a_closed_port_is_worth_another_try(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_port() as port:
        pass
    monkeypatch.setenv("SMTP_PORT", str(port))
    assert failure(call(EVENT), retryable=True) == "The mail server could not be reached (ConnectionRefusedError)."


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SMTP_HOST", ""),
        ("MAIL_FROM", ""),
        ("MAIL_FROM", "Clinic <no-reply@clinic.example>\r\nBcc: eve@evil.example"),
        ("MAIL_REPLY_TO", "nobody"),
        ("SMTP_PORT", "many"),
        ("SMTP_TIMEOUT_SECONDS", "-1"),
        ("SMTP_STARTTLS", "0"),  # with a user name: a password does not travel in the clear
        ("SMTP_PASSWORD", "pässword"),
    ],
)
def test_settings_that_cannot_work_are_named_and_logged_as_errors(
    variable: str, value: str, call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv(variable, value)
    assert variable in failure(call(EVENT), retryable=True)
    assert capsys.readouterr().err.startswith("ERROR ")
    assert mail_server.deliveries == []


def test_a_local_sink_needs_neither_tls_nor_login(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = MailServer(tls=None)
    try:
        monkeypatch.setenv("SMTP_PORT", str(sink.port))
        monkeypatch.setenv("SMTP_STARTTLS", "0")
        monkeypatch.setenv("SMTP_USERNAME", "")
        assert call(EVENT)["ok"]
        sink.only()
    finally:
        sink.stop()


def test_the_log_holds_the_type_and_the_message_id_and_nothing_about_the_person(
    call: Call, mail_server: MailServer, capsys: Any
) -> None:
    call(EVENT)
    call(samples.event("BOOKING_CONFIRMATION", recipient_name="Asha\nRao"))
    call({**EVENT, "type": "NEWS\nLETTER", "message_id": "a\nb"})
    out, err = capsys.readouterr()
    assert out == ""
    known = ", ".join(handler.messages.CONTRACTS)
    must_be = "data.recipient_name must be one line of text of at most 300 characters."
    assert err.splitlines() == [
        "INFO email_lambda BOOKING_CONFIRMATION BOOKING_CONFIRMATION:0192f0aa-1111:1 sent",
        f"WARNING email_lambda BOOKING_CONFIRMATION BOOKING_CONFIRMATION:0192f0aa-1111:1 not sent, for good: {must_be}",
        f"WARNING email_lambda - - not sent, for good: The message type is unknown; known are {known}.",
    ]


def test_a_fault_of_ours_is_an_answer_and_does_not_repeat_the_data(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def broken(*_: object) -> bytes:
        raise KeyError("Asha Rao")

    monkeypatch.setattr(handler, "compose", broken)
    assert failure(call(EVENT), retryable=True) == "The email function failed unexpectedly (KeyError)."
    logged = capsys.readouterr().err
    assert "KeyError" in logged
    assert "Asha" not in logged


def proxy(body: Any, **more: Any) -> dict[str, Any]:
    return {"httpMethod": "POST", "path": "/send-email", "body": body, "isBase64Encoded": False, **more}


def test_an_api_gateway_event_is_answered_with_a_status(call: Call, mail_server: MailServer) -> None:
    good = json.dumps(EVENT)
    assert call(proxy(good))["statusCode"] == 200
    assert call(proxy(base64.b64encode(good.encode()).decode(), isBase64Encoded=True))["statusCode"] == 200
    assert call(proxy(json.dumps({**EVENT, "type": "NEWSLETTER"})))["statusCode"] == 422
    for bad in ("", None, "{", "\ud800", "[" * 100_000, '{"a": NaN'):
        assert call(proxy(bad))["statusCode"] == 400
    assert call(proxy("not base64!", isBase64Encoded=True))["statusCode"] == 400
    assert call(proxy(good, httpMethod="GET"))["statusCode"] == 405
    mail_server.answers["RCPT"] = "451 later"
    response = call(proxy(good))
    assert response["statusCode"] == 503
    assert response["headers"]["Content-Type"] == "application/json"
    assert json.loads(response["body"])["retryable"] is True
    mail_server.answers["RCPT"] = "550 no"
    assert call(proxy(good))["statusCode"] == 422


@pytest.mark.parametrize("event", [None, [], "x", 7, {}, {"type": {}}, {"type": "SIGNUP_WELCOME", "data": "x"}])
def test_whatever_comes_there_is_an_answer(event: object, call: Call) -> None:
    assert failure(call(event), retryable=False).endswith(".")
