"""Removing from a page that is out of date what somebody has removed already: it is gone, which is what was wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import flash

from hms.availability import queries
from hms.availability.models import Closure, Schedule, Slot, TimeOff
from hms.errors import NotFound


@contextmanager
def gone_is_fine(kind: type[TimeOff | Schedule | Slot | Closure], row_id: UUID, message: str) -> Iterator[None]:
    """Where the thing is not there any more, say so and go on after the block; what is somebody else's is not found."""
    try:
        yield
    except NotFound:
        if queries.is_there(kind, row_id):
            raise
        flash(message, "")
