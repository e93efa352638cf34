"""The memory of sent messages: one mail for one message id, whatever calls arrive, and none lost."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from email_lambda import deadline, store
from email_lambda.answers import TryLater
from tests.email_lambda import samples
from tests.email_lambda.mail_server import MailServer
from tests.waiting import wait_until

Call = Callable[[Any], Any]
EVENT = samples.event("BOOKING_CONFIRMATION", message_id="once:1")


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> store.SqliteStore:
    """The SQLite memory, switched on for the handler. (After ``call``, which switches every memory off.)"""
    path = str(tmp_path / "sent.sqlite")
    monkeypatch.setenv("EMAIL_DEDUP_SQLITE", path)
    return store.SqliteStore(path)


def test_the_memory_is_off_unless_asked_for(call: Call, mail_server: MailServer) -> None:
    assert store.configured() is None
    assert call(EVENT)["ok"]
    assert call(EVENT)["ok"]
    assert len(mail_server.deliveries) == 2


def test_the_same_message_is_sent_once_and_answered_with_success_again(
    call: Call, mail_server: MailServer, memory: store.SqliteStore, capsys: Any
) -> None:
    assert call(EVENT) == call(EVENT) == {"ok": True, "retryable": False, "error": None, "fault": None}
    mail_server.only()
    assert "was sent before" in capsys.readouterr().err
    assert call({**EVENT, "message_id": "once:2"})["ok"]
    assert len(mail_server.deliveries) == 2


def test_two_calls_at_once_send_one_mail(call: Call, mail_server: MailServer, memory: store.SqliteStore) -> None:
    mail_server.pauses["DATA"] = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(call, EVENT) for _ in range(8)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 7, what="all but one are answered")
        done = [answer for answer in answers if answer.done()]
        mail_server.pauses["DATA"].set()
    assert all(answer.result()["retryable"] for answer in done)
    assert sum(answer.result()["ok"] for answer in answers) == 1
    mail_server.only()
    assert call(EVENT)["ok"]
    mail_server.only()


def test_a_mail_that_was_refused_can_be_tried_again_at_once(
    call: Call, mail_server: MailServer, memory: store.SqliteStore
) -> None:
    for reply in ("451 later", "550 no"):
        mail_server.answers["RCPT"] = reply
        assert not call(EVENT)["ok"]
    mail_server.answers.clear()
    assert call(EVENT)["ok"]
    mail_server.only()


def test_a_claim_of_a_function_that_died_ends_by_itself(
    memory: store.SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memory.claim("a", owner="dead")
    with pytest.raises(store.Busy):
        memory.claim("a", owner="next")
    later = time.time() + store.CLAIM_SECONDS + 1
    monkeypatch.setattr(store.time, "time", lambda: later)
    assert memory.claim("a", owner="next")


def test_only_the_owner_gives_a_claim_up(memory: store.SqliteStore) -> None:
    assert memory.claim("a", owner="one")
    memory.release("a", owner="another")
    with pytest.raises(store.Busy):
        memory.claim("a", owner="another")
    memory.finish("a", owner="one")
    memory.release("a", owner="one")
    assert not memory.claim("a", owner="another")


def test_a_claim_outlives_the_functions_time_limit() -> None:
    assert store.CLAIM_SECONDS > deadline.TIME_LIMIT_SECONDS


def test_a_memory_out_of_reach_holds_the_mail_back(
    call: Call, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMAIL_DEDUP_SQLITE", str(tmp_path / "missing" / "sent.sqlite"))
    assert call(EVENT)["error"] == "The memory of sent messages could not be reached."
    assert mail_server.deliveries == []


def test_a_memory_that_fails_after_the_mail_went_out_does_not_ask_for_another(
    call: Call, mail_server: MailServer, memory: store.SqliteStore, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TryLater("The memory of sent messages could not be reached.")

    monkeypatch.setattr(store.SqliteStore, "finish", fail)
    assert call(EVENT)["ok"]
    assert "ERROR email_lambda the memory of sent messages failed for once:1" in capsys.readouterr().err
    mail_server.only()


class Table:
    """DynamoStore over a stubbed client, which checks every request against Amazon's own description of the API."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
        self.client = boto3.client("dynamodb", **keys)
        self.stub = Stubber(self.client)
        self.store = store.DynamoStore(self.client, "hms-email-sent")

    def refuse(self, operation: str, item: dict[str, Any] | None = None) -> None:
        more = {} if item is None else {"Item": item}
        self.stub.add_client_error(operation, "ConditionalCheckFailedException", modeled_fields=more)


@pytest.fixture
def table() -> Any:
    table = Table()
    with table.stub:
        yield table
        table.stub.assert_no_pending_responses()
    table.client.close()


def test_dynamodb_decides_with_a_conditional_put(table: Table) -> None:
    expected = {
        "TableName": "hms-email-sent",
        "Item": ANY,
        "ConditionExpression": "attribute_not_exists(message_id) OR (#state = :sending AND expires_at < :now)",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": ANY,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    table.stub.add_response("put_item", {}, expected)
    assert table.store.claim("a", owner="one")


def test_dynamodb_knows_sent_from_being_sent(table: Table) -> None:
    table.refuse("put_item", {"state": {"S": "sent"}})
    assert not table.store.claim("a", owner="one")
    for item in ({"state": {"S": "sending"}}, None):
        table.refuse("put_item", item)
        with pytest.raises(store.Busy):
            table.store.claim("a", owner="one")


def test_dynamodb_marks_and_gives_up(table: Table) -> None:
    table.stub.add_response("put_item", {}, {"TableName": "hms-email-sent", "Item": ANY})
    table.store.finish("a", owner="one")
    table.stub.add_response("delete_item", {})
    table.store.release("a", owner="one")
    table.refuse("delete_item")
    table.store.release("a", owner="another")


def test_dynamodb_out_of_reach_is_worth_another_try(table: Table) -> None:
    table.stub.add_client_error("put_item", "ProvisionedThroughputExceededException")
    with pytest.raises(TryLater):
        table.store.claim("a", owner="one")


def test_the_table_is_used_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_DEDUP_TABLE", "hms-email-sent")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    configured = store.configured()
    assert isinstance(configured, store.DynamoStore)
    assert store.configured() is configured
    store._dynamo.cache_clear()
