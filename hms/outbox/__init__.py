"""Messages to the outside world: queued in the transaction of the change that they report, delivered after it at least
once.

Nothing leaves the house from inside a transaction: a row here makes sure that it will. ``dedup_key`` makes one
message out of any number of attempts to write it. A kind of message (``email``) is delivered by the sender that
registers for it; while there is none, its messages wait.
"""

from flask import Flask

from hms.outbox.delivering import Message, deliver_due, register, send_again
from hms.outbox.enqueuing import Lookup, enqueue, enqueue_if_found
from hms.outbox.holding import database_restored, hold, notice_restore, release
from hms.outbox.lanes import deliver_next
from hms.outbox.models import Fault, MessageStatus, OutboxMessage, type_of
from hms.outbox.queries import Notified, Trouble, list_messages, list_troubles, notified, nth_latest, timeline
from hms.outbox.trouble import Dropped, MayHaveBeenSent, PermanentFailure, TemporaryFailure

__all__ = [
    "Dropped",
    "Fault",
    "Lookup",
    "MayHaveBeenSent",
    "Message",
    "MessageStatus",
    "Notified",
    "OutboxMessage",
    "PermanentFailure",
    "TemporaryFailure",
    "Trouble",
    "database_restored",
    "deliver_due",
    "deliver_next",
    "enqueue",
    "enqueue_if_found",
    "hold",
    "init_app",
    "list_messages",
    "list_troubles",
    "notice_restore",
    "notified",
    "nth_latest",
    "register",
    "release",
    "send_again",
    "timeline",
    "type_of",
]


def init_app(app: Flask) -> None:
    """Let the worker deliver and tidy up, and register ``flask outbox``."""
    from hms import worker
    from hms.outbox import holding, tidying
    from hms.outbox.cli import outbox
    from hms.outbox.healing import undo_marks_of_the_future

    worker.heal("whether the database was restored", holding.notice_restore)
    worker.every(holding.LOOK_SECONDS, "whether the database was restored", holding.notice_restore)
    worker.heal("marks of messages", undo_marks_of_the_future)
    worker.loop("outbox", deliver_next)
    worker.every(tidying.TIDY_SECONDS, "remove old messages", tidying.remove_old)
    app.cli.add_command(outbox)
