"""Who looked at whose data: noted while a page is made, and written by one statement when it is done.

A page that could not be noted is not shown: what fails here fails the request.
"""

from uuid import UUID

from flask import Flask, Response, g, has_request_context, request

from hms import areas
from hms.audit import actors
from hms.audit.recording import row, write
from hms.db import transaction

NOTED = "audit_views"
MOST = 500
"""Of how many patients one page may tell; no page of HMS shows as many."""

Seen = tuple[UUID, str, UUID]
"""The patient, and what was looked at: its kind and its id."""


def init_app(app: Flask) -> None:
    """Write at the end of each request what was looked at, and who was refused."""
    app.after_request(_write)


def viewed(patient_id: UUID, subject: tuple[str, UUID]) -> None:
    """Note that this request shows data of a patient: ``subject`` is what, such as ``("appointment", id)``.

    It is written once, however often it is noted. Pages of patients about themselves do not note it; outside of a
    request nothing is noted.
    """
    if has_request_context():
        noted: dict[Seen, None] = g.setdefault(NOTED, {})
        noted[(patient_id, *subject)] = None


def _write(response: Response) -> Response:
    noted: dict[Seen, None] = g.pop(NOTED, {})
    rows = [*_views(noted, response), *_denied(response)]
    if rows:
        with transaction():
            write(rows)
    return response


def is_shown(status: int) -> bool:
    """Whether an answer with this status shows what was read for it: a form with a refusal does, too."""
    return status < 300 or (400 <= status < 500 and status not in (403, 404))


def _views(noted: dict[Seen, None], response: Response) -> list[dict[str, object]]:
    if not noted or not is_shown(response.status_code):
        return []
    source = actors.current()
    return [
        row("viewed", source, subject_kind=kind, subject_id=subject_id, patient_id=patient_id, details={})
        for patient_id, kind, subject_id in list(noted)[:MOST]
    ]


def _denied(response: Response) -> list[dict[str, object]]:
    """A page of another role, or something that is not there for whoever asked: guessed ids leave a trace, too."""
    if response.status_code not in (403, 404) or not request.endpoint:
        return []
    if areas.access_of(request.endpoint) == areas.PUBLIC or actors.find_person() is None:
        return []
    kind, subject_id = _asked_for()
    details = {"status": response.status_code, "method": request.method}
    return [row("access-denied", actors.current(), subject_kind=kind, subject_id=subject_id, details=details)]


def _asked_for() -> tuple[str | None, UUID | None]:
    """The object that the address names: ``appointment_id`` is an appointment."""
    named = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, UUID)}
    if not named:
        return "page", None
    name, value = next(iter(named.items()))
    return name.removesuffix("_id").replace("_", "-")[:20], value
