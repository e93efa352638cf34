"""Handing the log out, which is itself something to tell of."""

from hms import audit
from hms.activity import queries
from hms.audit import exporting
from hms.audit.queries import Wanted, list_events
from hms.db import transaction

MOST = 20_000
"""How many lines a file has at most; `flask audit export` hands out all."""


def export(wanted: Wanted, *, kind: str) -> str:
    """The wanted events as CSV, with the names of those who acted."""
    events = list_events(wanted, limit=MOST)
    with transaction():
        audit.record("audit-exported", how="page", count=len(events), kind=kind)
    return "".join(exporting.lines(events, names=queries.name(events).people))
