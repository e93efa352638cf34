"""All doctors, and for each of them and any day the answer to *why is there no time?*"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from flask.typing import ResponseReturnValue

from hms import clock, wall_text
from hms.availability import booking_rules, queries, schedule_text
from hms.availability.queries import Explained, FreeTime
from hms.availability.queries import doctors as all_doctors
from hms.availability.views.staff.blueprint import bp
from hms.labels import MODES
from hms.web import formats, paging, query_params, render

LONGEST_NAME = 120
DAY = timedelta(days=1)


class Line(NamedTuple):
    """A stretch of a day: when, whether patients can book it, and why not."""

    when: str
    is_offered: bool
    text: str
    kind: str


@bp.get("/doctors", access="staff")
def doctors() -> ResponseReturnValue:
    """Every doctor, those who wait for approval first."""
    name = query_params.text("q", longest=LONGEST_NAME)
    load = lambda number: all_doctors.list_doctors(name=name, page=number)  # noqa: E731
    return render(
        "staff/doctors.html", found=paging.load_page(load, paging.parse_page(), size=all_doctors.PAGE), name=name
    )


@bp.get("/doctors/<uuid:doctor_id>/times", access="staff")
def times(doctor_id: UUID) -> ResponseReturnValue:
    """What patients are offered on one day of a doctor, and why they are offered nothing else."""
    doctor, typed = all_doctors.get_doctor(doctor_id), query_params.text("day", longest=wall_text.LONGEST + 1)
    asked = query_params.parse_day(typed)
    day = asked or clock.today()
    rules = booking_rules.of(doctor_id)
    free = all_doctors.list_bookable(doctor, day, rules=rules)
    return render(
        "staff/times.html",
        doctor=doctor,
        rules=rules,
        day=day,
        typed="" if asked else typed.strip(),
        previous=day - DAY if day > clock.FIRST_DAY else None,
        next=day + DAY if day < clock.LAST_DAY else None,
        offered=len(free),
        lines=_lines(free, queries.explain_day(doctor_id, day)),
        clock_changes=schedule_text.clock_changes(day, day, zone=clock.clinic_zone()),
    )


def _lines(free: list[FreeTime], hidden: list[Explained]) -> list[Line]:
    """The day from its first minute to its last."""
    stretches: list[FreeTime | Explained] = sorted([*free, *hidden], key=lambda each: (each.starts_at, each.ends_at))
    return [_line(each) for each in stretches]


def _when(stretch: FreeTime | Explained) -> str:
    start, end = formats.time(stretch.starts_at), formats.time(stretch.ends_at)
    if stretch.starts_at == stretch.ends_at:
        return start
    return "All day" if start == end else f"{start} to {end}"


def _line(stretch: FreeTime | Explained) -> Line:
    when = _when(stretch)
    if isinstance(stretch, FreeTime):
        return Line(when, True, MODES[stretch.mode], "free")
    return Line(when, False, stretch.words, stretch.reason)
