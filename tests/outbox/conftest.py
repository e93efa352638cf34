"""Messages of a kind that only these tests know."""

from uuid import UUID

import pytest

from hms import outbox
from hms.db import db, transaction
from hms.outbox import OutboxMessage


class Sender:
    """Notes what it is given; ``answers`` maps a dedup key to what is raised instead, or done."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.attempts: list[int] = []
        self.answers: dict[str, Exception | object] = {}

    def __call__(self, message: outbox.Message) -> None:
        self.attempts.append(message.attempt)
        answer = self.answers.get(message.dedup_key)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer(message)
        self.sent.append(message.dedup_key)


@pytest.fixture
def sender(app, monkeypatch) -> Sender:
    """The only sender there is, of the kind ``note``."""
    sender = Sender()
    monkeypatch.setitem(app.extensions, "hms.senders", {"note": sender})
    return sender


def queue(*keys: str, kind: str = "note", subject_id: UUID | None = None, payload: dict | None = None, **more) -> None:
    """Store a message for each key."""
    with transaction():
        for key in keys:
            outbox.enqueue(kind, {"type": "NOTE", **(payload or {})}, dedup_key=key, subject_id=subject_id, **more)


def stored(key: str) -> OutboxMessage:
    """The message as it stands in the database."""
    db.session.rollback()
    statement = db.select(OutboxMessage).filter_by(dedup_key=key).execution_options(populate_existing=True)
    return db.session.scalars(statement).one()
