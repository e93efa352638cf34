"""The mail was handed over, and its acceptance is not heard of: a case of its own."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_lambda import deadline
from email_lambda.handler import handle
from tests.email_lambda import samples
from tests.email_lambda.mail_server import MailServer

Call = Callable[[Any], Any]
EVENT = samples.event("BOOKING_CONFIRMATION")
MAY_HAVE = "It may have been sent"


class Context:
    """What Lambda says of an invocation: how long it may still take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def slow_server(call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that keeps the mail and answers only once the test lets it; each other step may take 5 seconds."""
    mail_server.pauses["ACCEPTED"] = threading.Event()
    yield mail_server
    mail_server.pauses["ACCEPTED"].set()


def test_the_answer_to_the_data_is_waited_for_longer_than_for_any_other_step(
    slow_server: MailServer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_TIMEOUT_SECONDS", "1")
    threading.Timer(2.5, slow_server.pauses["ACCEPTED"].set).start()
    assert call(EVENT)["ok"]
    slow_server.only()


def test_an_answer_that_does_not_come_while_the_function_lives_says_that_the_mail_may_have_been_sent(
    slow_server: MailServer, capsys: Any
) -> None:
    answer = handle(EVENT, Context(deadline.ANSWER_SECONDS + 2))
    assert (answer["ok"], answer["retryable"], answer["fault"]) == (False, True, "unsure")
    assert answer["error"].startswith(MAY_HAVE)
    assert "may have been sent" in capsys.readouterr().err


@pytest.mark.parametrize("reply", ["cut", "what?", "250" + "x" * 9000])
def test_an_answer_that_is_none_says_so_too(reply: str, call: Call, mail_server: MailServer) -> None:
    mail_server.answers["ACCEPTED"] = reply
    answer = call(EVENT)
    assert (answer["fault"], answer["error"][: len(MAY_HAVE)]) == ("unsure", MAY_HAVE)


@pytest.mark.parametrize("reply", ["cut", "slow"])
def test_with_a_memory_it_is_never_sent_again(
    reply: str, call: Call, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_DEDUP_SQLITE", str(tmp_path / "sent.sqlite"))
    if reply == "slow":
        mail_server.pauses["ACCEPTED"] = threading.Event()
    else:
        mail_server.answers["ACCEPTED"] = reply
    answers = [handle(EVENT, Context(deadline.ANSWER_SECONDS + 2)) for _ in range(4)]
    if reply == "slow":
        mail_server.pauses["ACCEPTED"].set()

    assert {(answer["ok"], answer["retryable"], answer["fault"]) for answer in answers} == {(False, False, "unsure")}
    assert len(mail_server.deliveries) == 1


def test_a_refusal_after_the_data_gives_the_claim_up(
    call: Call, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_DEDUP_SQLITE", str(tmp_path / "sent.sqlite"))
    mail_server.answers["DATA"] = "451 try again"
    assert call(EVENT)["fault"] == "later"
    mail_server.answers.clear()
    assert call(EVENT)["ok"]
    mail_server.only()


def test_a_fault_of_ours_in_the_middle_keeps_the_claim(
    call: Call, mail_server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setenv("EMAIL_DEDUP_SQLITE", str(tmp_path / "sent.sqlite"))
    with monkeypatch.context() as patch:
        patch.setattr("email_lambda.handler.send", broken)
        assert "KeyError" in call(EVENT)["error"]
    assert "Another call is sending" in call(EVENT)["error"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_connection_that_breaks_before_the_data_is_only_tried_again(
    step: str, call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server, f"handle_{step}", hang_up)
    answer = call(EVENT)
    assert (answer["fault"], answer["retryable"]) == ("later", True)
    assert "broke before the mail was accepted" in answer["error"]


async def hang_up(server: Any, *_: object) -> str:
    server.transport.abort()
    return "250 OK"


def test_lines_that_begin_with_a_dot_arrive_as_they_are() -> None:
    from email_lambda.delivery import _quoted

    assert _quoted(b".a\n..b\r\nc.\r\n.\r\nd") == b"..a\r\n...b\r\nc.\r\n..\r\nd\r\n"


TAGGED = {**EVENT, "return_tag": "abc234"}


class TestTheEnvelopesSender:
    def test_it_carries_the_tag_and_the_header_does_not(self, call: Call, mail_server: MailServer) -> None:
        assert call(TAGGED)["ok"]
        delivery = mail_server.only()
        assert delivery.sender == "no-reply+abc234@clinic.example"
        assert "abc234" not in delivery.mail["From"]

    @pytest.mark.parametrize("after_data", [False, True])
    def test_a_server_that_takes_the_plain_sender_only_gets_that(
        self, after_data: bool, call: Call, mail_server: MailServer
    ) -> None:
        mail_server.only_sender = "no-reply@clinic.example"
        mail_server.judges_sender_after_data = after_data
        assert call(TAGGED)["ok"]
        assert mail_server.only().sender == "no-reply@clinic.example"

    def test_it_can_be_switched_off(self, call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAIL_FROM_TAGS", "0")
        assert call(TAGGED)["ok"]
        assert mail_server.only().sender == "no-reply@clinic.example"

    def test_a_tag_that_would_make_the_address_too_long_is_left_out(
        self, call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAIL_FROM", f"{'n' * 60}@clinic.example")
        assert call(TAGGED)["ok"]
        assert mail_server.only().sender == f"{'n' * 60}@clinic.example"

    @pytest.mark.parametrize("tag", ["A", "a+b", "a@evil.example", "a\r\n", "x" * 51, 7, None])
    def test_a_tag_of_another_form_is_refused(self, tag: object, call: Call, mail_server: MailServer) -> None:
        answer = call({**EVENT, "return_tag": tag})
        assert "return_tag" in answer["error"]
        assert mail_server.deliveries == []
