"""The pages: who looked at my data, and everything that happened."""

from datetime import date
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hms import areas, audit, clock
from hms.activity import presenters, queries, services
from hms.audit import queries as log_of
from hms.audit.models import AuditEvent
from hms.audit.queries import Wanted
from hms.auth.guards import current_patient
from hms.web import paging, query_params, render

patients = areas.blueprint("patient", "activity", __name__)
administrators = areas.blueprint("admin", "activity_log", __name__)
PAGE = paging.PAGE_SIZE
LONGEST_SEARCH = 100


@patients.get("/who-looked")
def looked() -> ResponseReturnValue:
    """Who at the hospital opened or changed something of the patient's, the latest first."""
    wanted = Wanted(patient_id=current_patient.id, not_by=current_user.id)
    events, older = _some(wanted)
    named = queries.name(events)
    days = [(day, presenters.looks(some, named)) for day, some in presenters.by_day(events)]
    return render("activity/looked.html", days=days, older=older, is_first=_before() is None)


@administrators.get("/activity")
def log() -> ResponseReturnValue:
    """Everything that happened, the latest first, of a person, a kind or some days."""
    wanted, chosen = _wanted()
    events, older = _some(wanted)
    named = queries.name(events)
    for patient_id in named.patients:
        audit.viewed(patient_id, ("patient", patient_id))
    days = [(day, [presenters.line(one, named) for one in some]) for day, some in presenters.by_day(events)]
    return render(
        "activity_log/log.html",
        days=days,
        older=older,
        is_first=_before() is None,
        chosen=chosen,
        kinds=[(key, words) for key, (words, _) in presenters.KINDS.items()],
    )


@administrators.get("/activity.csv")
def export() -> ResponseReturnValue:
    """What the page shows, all of it up to 20,000 lines, as CSV."""
    wanted, chosen = _wanted()
    response = Response(services.export(wanted, kind=chosen["kind"]), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="activity-{clock.today().isoformat()}.csv"'
    return response


def _some(wanted: Wanted) -> tuple[list[AuditEvent], int | None]:
    """A page of events, and where the next one begins."""
    found = list(log_of.list_events(wanted, limit=PAGE + 1, before=_before()))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def _before() -> int | None:
    written = request.args.get("before", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 18 else None


def _wanted() -> tuple[Wanted, dict[str, str]]:
    """What the address asks for, and the same as the form shows it."""
    typed, kind = query_params.text("q", longest=LONGEST_SEARCH), query_params.word("kind")
    since, until = _day("from"), _day("to")
    kind = kind if kind in presenters.KINDS else ""
    wanted = Wanted(
        about=_meant(typed) if typed else None,
        actions=presenters.KINDS[kind][1] if kind else frozenset(),
        since=clock.start_of_day(since) if since else None,
        until=clock.day_bounds(until)[1] if until else None,
    )
    chosen = {"q": typed, "kind": kind, "from": _written(since), "to": _written(until)}
    return wanted, chosen


def _meant(typed: str) -> frozenset[UUID]:
    try:
        return frozenset({UUID(typed)})
    except ValueError:
        return queries.people_named(typed)


def _day(name: str) -> date | None:
    return query_params.parse_day(query_params.text(name, longest=30))


def _written(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""
