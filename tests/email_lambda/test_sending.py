"""Each way of failing: what the caller is told, what the log says, and that nothing goes out in the clear."""

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from email_lambda import handler
from tests.email_lambda import samples
from tests.email_lambda.mail_server import MailServer, greeting_port, silent_port

Call = Callable[[Any], Any]
EVENT = samples.event("BOOKING_CONFIRMATION")


def failure(answer: dict[str, Any], *, retryable: bool) -> str:
    assert set(answer) == {"ok", "retryable", "error"}
    assert answer["ok"] is False
    assert answer["retryable"] is retryable
    return str(answer["error"])


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "retryable", "codes"),
    [
        ("451 4.7.1 <asha@patients.example> greylisted", True, "(451 4.7.1)"),
        ("421 4.3.2 going down", True, "(421 4.3.2)"),
        ("452 too much mail", True, "(452)"),
        ("550 5.1.1 <asha@patients.example> does not exist", False, "(550 5.1.1)"),
        ("552 5.2.2 mailbox full", False, "(552 5.2.2)"),
        ("550 5.4.5 daily sending limit exceeded", True, "(550 5.4.5)"),
        ("530 5.7.0 sign in first", True, "(530 5.7.0)"),
    ],
)
def test_a_refusal_is_final_only_when_the_message_is_at_fault(
    step: str, reply: str, retryable: bool, codes: str, call: Call, mail_server: MailServer, capsys: Any
) -> None:
    mail_server.answers[step] = reply
    sentence = failure(call(EVENT), retryable=retryable)
    assert codes in sentence
    assert mail_server.deliveries == []
    assert "asha" not in sentence + capsys.readouterr().err


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
    assert failure(call(EVENT), retryable=True) == "The mail server refused our user name or password (535)."
    logged = capsys.readouterr().err
    assert logged.startswith("ERROR ")
    assert "donkey" not in logged
    assert mail_server.deliveries == []


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


def test_a_banner_that_never_comes_ends_in_time(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_TIMEOUT_SECONDS", "0.3")
    with silent_port() as port:
        monkeypatch.setenv("SMTP_PORT", str(port))
        started = time.monotonic()
        assert "could not be reached" in failure(call(EVENT), retryable=True)
        assert time.monotonic() - started < 2


def test_a_server_that_stalls_after_the_data_ends_in_time(
    call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_TIMEOUT_SECONDS", "0.5")
    mail_server.pauses["DATA"] = threading.Event()
    mail_server.answers["DATA"] = "451 too late"
    assert "broke before the mail was accepted" in failure(call(EVENT), retryable=True)
    mail_server.pauses["DATA"].set()


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
