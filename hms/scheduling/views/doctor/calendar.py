"""The doctor's calendar: a week, a day, or the week as a list."""

from datetime import date, timedelta

from flask import url_for
from flask.typing import ResponseReturnValue

from hms import clock, wall_text
from hms.auth.guards import current_doctor
from hms.availability import queries as offered
from hms.forms import EXAMPLE_DAY
from hms.scheduling import calendar_folds, calendar_grid, month_grid, queries
from hms.scheduling.models import AppointmentStatus
from hms.scheduling.queries import AgendaItem
from hms.scheduling.views.doctor.blueprint import bp
from hms.web import formats, query_params, render

VIEWS = ("week", "day", "list")
LONGEST_DAY = 40
NO_DAY = f"Enter a date, like {wall_text.day_written(EXAMPLE_DAY)}."
SETTLED = (AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW)


@bp.get("/calendar")
def calendar() -> ResponseReturnValue:
    """What the doctor offers and has booked on the day that was typed (``date``) or named (``week``), or in its week;
    else today's."""
    view, typed = _view(), query_params.text("date", longest=LONGEST_DAY)
    found = query_params.parse_day(typed) if typed else query_params.day("week")
    chosen = found or clock.today()
    length = timedelta(days=1 if view == "day" else 7)
    first = chosen if view == "day" else clock.monday_of(chosen)
    items = agenda_of(first, first + length)
    blocks = blocks_of(first, first + length)
    days = [first] if view == "day" else calendar_grid.week_days(first, items, blocks)
    grid = calendar_grid.lay_out(items, days=days, link=link_to, blocks=blocks)
    return render(
        "doctor/calendar.html",
        view=view,
        chosen=first if view == "day" else chosen,
        typed=typed,
        problem=NO_DAY if typed and not found else "",
        month=month_grid.lay_out(chosen, shown=days, link=lambda day: _address(view, day)),
        folds=calendar_folds.folds_of(grid),
        views=[(name.capitalize(), _address(name, _first_of(name, chosen)), name == view, None) for name in VIEWS],
        title=formats.days(days[0], days[-1]),
        subtitle=_subtitle(view, first),
        previous=_address(view, first - length),
        this=_address(view, None),
        next=_address(view, first + length),
        grid=grid,
        counts=calendar_grid.count(items),
        next_patient=_next_patient(items) if first <= clock.today() < first + length else [],
        clock_changes=calendar_grid.clock_changes(first, first + length - timedelta(days=1)),
    )


@bp.get("/calendar/sheet")
def day_sheet() -> ResponseReturnValue:
    """The patients of a day on one sheet of paper; today's unless ``day`` names another."""
    day = query_params.day("day") or clock.today()
    visits = [item for item in agenda_of(day, day + timedelta(days=1)) if item.appointment_id]
    return render(
        "doctor/day_sheet.html",
        day=day,
        visits=[(item, _age(item), item.appointment_status in SETTLED) for item in visits],
        previous=url_for(".day_sheet", day=day - timedelta(days=1)),
        next=url_for(".day_sheet", day=day + timedelta(days=1)),
    )


def _age(item: AgendaItem) -> int | None:
    on = clock.to_clinic(item.starts_at).date()
    return clock.age_in_years(item.born_on, on=on) if item.born_on else None


def agenda_of(first_day: date, end_day: date) -> list[AgendaItem]:
    """The doctor's times from ``first_day`` to before ``end_day``, by one statement."""
    starts_at, ends_at = clock.start_of_day(first_day), clock.start_of_day(end_day)
    return queries.agenda(current_doctor, starts_at=starts_at, ends_at=ends_at)


def blocks_of(first_day: date, end_day: date) -> list[calendar_grid.Block]:
    """The doctor's time off and the clinic's closures that touch ``first_day`` to before ``end_day``, past ones too."""
    starts_at, ends_at = clock.start_of_day(first_day), clock.start_of_day(end_day)
    away = [
        calendar_grid.Block(one.starts_at, one.ends_at, one.reason or "Time off")
        for one in offered.time_off_between(current_doctor, starts_at=starts_at, ends_at=ends_at)
    ]
    closed = [
        calendar_grid.Block(clock.start_of_day(one.first_day), clock.day_bounds(one.last_day)[1], one.name)
        for one in offered.closures_between(first_day, end_day)
    ]
    return [*closed, *away]


def link_to(item: AgendaItem) -> str | None:
    """A booked time leads to its appointment, a free or blocked one to the page that changes or removes it."""
    if item.appointment_id:
        return url_for("doctor.appointment", appointment_id=item.appointment_id)
    return url_for("doctor.slot", slot_id=item.slot_id) if calendar_grid.kind_of(item) in ("free", "block") else None


def _subtitle(view: str, first: date) -> str:
    zone = formats.zone_name(clock.start_of_day(first))
    return f"Times in {zone}" if view == "day" else f"Week {first.isocalendar().week}, times in {zone}"


def _next_patient(items: list[AgendaItem]) -> list[tuple[str, str, str]]:
    """The number that says when the next patient comes."""
    visit = calendar_grid.next_visit(items)
    return [("Next patient", formats.time(visit.starts_at), calendar_grid.until(visit.starts_at))] if visit else []


def _view() -> str:
    view = query_params.word("view")
    return view if view in VIEWS else VIEWS[0]


def _first_of(view: str, chosen: date) -> date:
    """The day to show in another view: today if the week on show holds it and a day is wanted."""
    if view == "day" and _view() != "day" and clock.monday_of(chosen) == clock.monday_of(clock.today()):
        return clock.today()
    return chosen


def _address(view: str, day: date | None) -> str:
    return url_for("doctor.calendar", week=day.isoformat() if day else None, view=None if view == VIEWS[0] else view)
