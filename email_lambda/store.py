"""Which messages have been sent already, so that a repeated call does not send a second mail.

SMTP cannot say "only once", so this memory does. It is off unless one variable is set:

* ``EMAIL_DEDUP_TABLE``: a DynamoDB table (key ``message_id``, TTL attribute ``expires_at``), for AWS;
* ``EMAIL_DEDUP_SQLITE``: a file, for tests and a function that runs on one machine.

A message is claimed before it is sent and marked as sent afterwards. The claim is given up only where nothing can have
been sent. A mail whose acceptance was not heard of is marked as ``unsure``, and is not sent again. A claim of which
nothing more is heard ends by itself after CLAIM_SECONDS, well after the function's own time limit, so that a function
that died in between does not hold its message for ever. What remains possible is one duplicate when the function itself
dies after the mail server's 250 and before the mark.
"""

import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any, Protocol

from email_lambda.answers import Failure, MayHaveBeenSent, TryLater

CLAIM_SECONDS = 120
REMEMBER_SECONDS = 30 * 24 * 3600

log = logging.getLogger("email_lambda")


class Busy(TryLater):
    """Another call is sending this message at this moment."""


class Store(Protocol):
    """The memory of message ids. Every method may raise TryLater when the memory cannot be reached."""

    def claim(self, message_id: str, *, owner: str) -> bool:
        """Return True if the owner may send the message, False if it was sent before. Raise Busy if another may."""

    def finish(self, message_id: str, *, owner: str) -> None:
        """Remember that the message was sent."""

    def doubt(self, message_id: str, *, owner: str) -> None:
        """Remember that the message may have been sent."""

    def release(self, message_id: str, *, owner: str) -> None:
        """Give the owner's own claim up, so that the message can be tried again at once."""


def once(message_id: str, send: Callable[[], None]) -> bool:
    """Call ``send`` unless the message was sent before. Return whether it was called; what it raises is passed on.

    With a memory, a message that may have been sent is not sent again: :class:`MayHaveBeenSent` says so then.
    """
    store = configured()
    if store is None:
        send()
        return True
    owner = uuid.uuid4().hex
    if not store.claim(message_id, owner=owner):
        return False
    try:
        send()
    except MayHaveBeenSent as doubt:
        _quietly(store.doubt, message_id, owner)
        raise MayHaveBeenSent(str(doubt), retryable=False) from doubt
    except Failure:  # it says that nothing was sent; after any other exception, that is not known
        _quietly(store.release, message_id, owner)
        raise
    # The mail is out: a memory that fails now must not turn the answer into "try again".
    _quietly(store.finish, message_id, owner)
    return True


def _quietly(act: Callable[..., None], message_id: str, owner: str) -> None:
    try:
        act(message_id, owner=owner)
    except TryLater as problem:
        log.error("the memory of sent messages failed for %s: %s", message_id, problem)


def configured() -> Store | None:
    """Return the store that the environment asks for, or None."""
    if table := os.environ.get("EMAIL_DEDUP_TABLE"):
        return _dynamo(table)
    if path := os.environ.get("EMAIL_DEDUP_SQLITE"):
        return SqliteStore(path)
    return None


@cache
def _dynamo(table: str) -> "DynamoStore":
    # Imported here because the function is quicker to start without it, and AWS's runtime already has it.
    import boto3
    from botocore.config import Config

    timeouts = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 2})
    return DynamoStore(boto3.client("dynamodb", config=timeouts), table)


class SqliteStore:
    """The memory in one SQLite file, safe for several processes on one machine."""

    _TABLE = """CREATE TABLE IF NOT EXISTS sent_messages (
        message_id TEXT PRIMARY KEY, state TEXT NOT NULL, owner TEXT NOT NULL, expires_at REAL NOT NULL)"""

    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(self._TABLE)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as problem:
            raise TryLater("The memory of sent messages could not be reached.") from problem

    def claim(self, message_id: str, *, owner: str) -> bool:
        """See Store."""
        now = time.time()
        with self._transaction() as connection:
            connection.execute("DELETE FROM sent_messages WHERE expires_at < ?", (now,))
            row = connection.execute("SELECT state FROM sent_messages WHERE message_id = ?", (message_id,)).fetchone()
            if row is None:
                values = (message_id, "sending", owner, now + CLAIM_SECONDS)
                connection.execute("INSERT INTO sent_messages VALUES (?, ?, ?, ?)", values)
        return _verdict(None if row is None else row[0])

    def finish(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        self._remember(message_id, "sent", owner)

    def doubt(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        self._remember(message_id, "unsure", owner)

    def _remember(self, message_id: str, state: str, owner: str) -> None:
        with self._transaction() as connection:
            values = (message_id, state, owner, time.time() + REMEMBER_SECONDS)
            connection.execute("INSERT OR REPLACE INTO sent_messages VALUES (?, ?, ?, ?)", values)

    def release(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        with self._transaction() as connection:
            mine = "DELETE FROM sent_messages WHERE message_id = ? AND owner = ? AND state = 'sending'"
            connection.execute(mine, (message_id, owner))


class DynamoStore:
    """The memory in a DynamoDB table. A conditional put decides who sends."""

    _FREE = "attribute_not_exists(message_id) OR (#state = :sending AND expires_at < :now)"
    _MINE = "#owner = :owner AND #state = :sending"

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def claim(self, message_id: str, *, owner: str) -> bool:
        """See Store."""
        now = int(time.time())
        refused = self._call(
            "put_item",
            Item=_item(message_id, "sending", owner, now + CLAIM_SECONDS),
            ConditionExpression=self._FREE,
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":sending": {"S": "sending"}, ":now": {"N": str(now)}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return _verdict(None if refused is None else refused.get("state", {}).get("S", "sending"))

    def finish(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        self._call("put_item", Item=_item(message_id, "sent", owner, int(time.time()) + REMEMBER_SECONDS))

    def doubt(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        self._call("put_item", Item=_item(message_id, "unsure", owner, int(time.time()) + REMEMBER_SECONDS))

    def release(self, message_id: str, *, owner: str) -> None:
        """See Store."""
        self._call(
            "delete_item",
            Key={"message_id": {"S": message_id}},
            ConditionExpression=self._MINE,
            ExpressionAttributeNames={"#owner": "owner", "#state": "state"},
            ExpressionAttributeValues={":owner": {"S": owner}, ":sending": {"S": "sending"}},
        )

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """Return None when the table did it, and the item that stood in the way when the condition did not hold."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(TableName=self._table, **parameters)
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return dict(problem.response.get("Item") or {})
            raise TryLater("The memory of sent messages could not be reached.") from problem
        except BotoCoreError as problem:
            raise TryLater("The memory of sent messages could not be reached.") from problem
        return None


def _item(message_id: str, state: str, owner: str, expires_at: int) -> dict[str, dict[str, str]]:
    texts = {"message_id": message_id, "state": state, "owner": owner}
    return {**{name: {"S": text} for name, text in texts.items()}, "expires_at": {"N": str(expires_at)}}


def _verdict(state: str | None) -> bool:
    """Return what a claim answers, from the state that it found (None: there was nothing, the claim stands)."""
    if state == "sending":
        raise Busy("Another call is sending this message at this moment.")
    if state == "unsure":
        raise MayHaveBeenSent(
            "It may have been sent before: the mail server had all of it, and did not answer.", retryable=False
        )
    return state is None
