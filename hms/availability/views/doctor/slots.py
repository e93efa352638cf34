"""Free times: adding one or a series, changing and removing them while nobody has booked them."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import queries, services, visits, words
from hms.availability.forms.offering import SeriesForm, SlotForm, usual_series
from hms.availability.models import BlockedBy, Slot, SlotStatus
from hms.availability.queries import offers
from hms.availability.reconcile import OwnSlot
from hms.availability.refusals import SlotNotFree
from hms.availability.views.doctor.blueprint import bp
from hms.availability.views.gone import gone_is_fine
from hms.errors import Conflict, Refusal, Unavailable
from hms.web import formats, query_params, render

WEEK = timedelta(days=7)


@bp.route("/slots", methods=["GET", "POST"])
def slots() -> ResponseReturnValue:
    """The free times of a week, and the forms that add some; posting adds a single one."""
    form = SlotForm(**_usual_time())
    if form.validate_on_submit():
        try:
            slot = services.open_slot(current_doctor, **form.interval(current_doctor), mode=form.mode.data)
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".slots", week=formats.isodate(slot.starts_at), opened=1, **_next(slot)), 303)
    return _page(form, SeriesForm(formdata=None, **usual_series(current_doctor)), status=form.status)


@bp.post("/slots/series")
def series() -> ResponseReturnValue:
    """Add visits back to back on some days of the week."""
    form = SeriesForm()
    if form.validate_on_submit():
        try:
            result = services.open_series(current_doctor, **form.series())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".slots", week=form.first_day.data, **_result_params(result)), 303)
    return _page(SlotForm(formdata=None, **_usual_time()), form, status=form.status)


@bp.route("/slots/<uuid:slot_id>", methods=["GET", "POST"])
def slot(slot_id: UUID) -> ResponseReturnValue:
    """One free time: move it, or take it back."""
    if request.method == "POST" and not queries.is_there(Slot, slot_id):
        return _typed_for_a_new_one()
    slot = queries.get_slot(slot_id, doctor=current_doctor)
    form = SlotForm(**_time_of(slot))
    if form.validate_on_submit():
        try:
            slot = services.change_slot(
                slot_id, doctor=current_doctor, **form.interval(current_doctor), mode=form.mode.data
            )
        except Refusal as refusal:
            form.reject(refusal)
        else:
            flash(f"The slot is now {formats.moment(slot.starts_at)} to {formats.time(slot.ends_at)}.", "ok")
            return redirect(url_for(".slots", week=formats.isodate(slot.starts_at)), 303)
    return _slot_page(slot_id, form, status=form.status)


def _typed_for_a_new_one() -> ResponseReturnValue:
    """What was typed to change a time that has been removed meanwhile, in the form that adds one."""
    form = SlotForm()
    form.reject(Conflict("This slot has been removed, so you can’t change it. You can add it as a new one."))
    return _page(form, SeriesForm(formdata=None, **usual_series(current_doctor)), status=form.status)


@bp.post("/slots/<uuid:slot_id>/delete")
def delete_slot(slot_id: UUID) -> ResponseReturnValue:
    """Take a free time back."""
    with gone_is_fine(Slot, slot_id, "This slot was already removed."):
        return _removed(queries.get_slot(slot_id, doctor=current_doctor))
    return redirect(url_for(".slots"), 303)


def _removed(slot: Slot) -> ResponseReturnValue:
    form, starts_at = SlotForm(formdata=None, **_time_of(slot)), slot.starts_at
    try:
        services.delete_slot(slot.id, doctor=current_doctor)
    except (SlotNotFree, Unavailable) as refusal:
        form.reject(refusal)
        return _slot_page(slot.id, form, status=form.status)
    flash(f"Removed: {formats.moment(starts_at)}.", "ok")
    return redirect(url_for(".slots", week=formats.isodate(starts_at)), 303)


@bp.post("/slots/<uuid:slot_id>/block")
def block_slot(slot_id: UUID) -> ResponseReturnValue:
    """Keep a free time from patients for now."""
    with gone_is_fine(Slot, slot_id, "This slot was already removed, so no one can book it."):
        slot = services.block_slot(slot_id, doctor=current_doctor)
        return _back_to_the_calendar(slot.starts_at, "Blocked")
    return redirect(url_for(".calendar"), 303)


@bp.post("/slots/<uuid:slot_id>/unblock")
def unblock_slot(slot_id: UUID) -> ResponseReturnValue:
    """Offer a blocked time again."""
    with gone_is_fine(Slot, slot_id, "This slot has been removed. You can add it as a new one."):
        starts_at = queries.get_slot(slot_id, doctor=current_doctor).starts_at
        slot = services.unblock_slot(slot_id, doctor=current_doctor)
        return _back_to_the_calendar(starts_at, _success_message(slot))
    return redirect(url_for(".slots"), 303)


def _success_message(slot: Slot | None) -> str:
    if slot is None:
        return "Unblocked and removed, because it’s no longer in your hours"
    if slot.blocked_by:
        return f"Unblocked, but patients can’t book it yet ({words.BLOCKED[BlockedBy(slot.blocked_by)].lower()})"
    return "Unblocked"


def _back_to_the_calendar(starts_at: datetime, done: str) -> ResponseReturnValue:
    flash(f"{done}: {formats.moment(starts_at)}.", "ok")
    return redirect(url_for(".calendar", week=formats.isodate(starts_at)), 303)


def _page(form: SlotForm, series_form: SeriesForm, *, status: int) -> ResponseReturnValue:
    monday = clock.monday_of(_day_in_address())
    free = [each for each in _starting(monday, monday + WEEK) if _is_free_to_come(each)]
    days = sorted({clock.to_clinic(item.starts_at).date() for item in free})
    return render(
        "doctor/slots.html",
        form=form,
        series=series_form,
        status=status,
        doctor=current_doctor,
        told=_parse_result(),
        title=formats.days(monday, monday + WEEK - timedelta(days=1)),
        days=[(day, [item for item in free if clock.to_clinic(item.starts_at).date() == day]) for day in days],
        previous=(monday - WEEK).isoformat() if monday > clock.today() else None,
        next=(monday + WEEK).isoformat(),
    )


def _starting(first_day: date, end_day: date) -> list[OwnSlot]:
    """The doctor's slots that start from ``first_day`` to before ``end_day``, in order."""
    starts_at, ends_at = clock.start_of_day(first_day), clock.start_of_day(end_day)
    return [
        each
        for each in offers.own_slots(current_doctor.id, since=starts_at, until=ends_at)
        if each.starts_at >= starts_at
    ]


def _day_in_address() -> date:
    return query_params.day("week") or clock.today()


def _is_free_to_come(slot: OwnSlot) -> bool:
    return slot.status == SlotStatus.FREE and slot.starts_at > clock.now()


def _slot_page(slot_id: UUID, form: SlotForm, *, status: int) -> ResponseReturnValue:
    """The slot as it is now, and who has booked it if somebody has."""
    slot = queries.get_slot(slot_id, doctor=current_doctor)
    return render(
        "doctor/slot.html",
        form=form,
        status=status,
        slot=slot,
        is_free=slot.status == SlotStatus.FREE,
        is_blocked=slot.blocked_by == BlockedBy.DOCTOR,
        why=words.BLOCKED[BlockedBy(slot.blocked_by)] if slot.blocked_by else "",
        booking=visits.provider().on_slot(slot_id),
        doctor=current_doctor,
    )


def _next(slot: Slot) -> dict[str, Any]:
    """The end of a time for the address of the page that offers to add the one after it, on the day it ends on."""
    end = clock.to_clinic(slot.ends_at)
    return {"on": end.date().isoformat(), "start": f"{end:%H:%M}", "fold": end.fold or None}


def _usual_time() -> dict[str, Any]:
    """What the form for one time holds at first: tomorrow, the day (and the time) asked for, or the time after the one
    just added."""
    day = query_params.day("day")
    if day and not query_params.is_given("start"):
        return _after_the_last_of(day)
    start = _time_or(query_params.word("start"), time(9)).replace(fold=int(query_params.word("fold") == "1"))
    if on := day or query_params.day("on"):
        return {"day": on, "start": start}
    is_after_another = query_params.is_given("start") and query_params.is_given("week")
    day = _day_in_address() if is_after_another else clock.today() + timedelta(days=1)
    return {"day": day, "start": start}


def _after_the_last_of(day: date) -> dict[str, Any]:
    """The day and the time at which the day's last time ends, which may be past midnight; nine o'clock without any."""
    ends = [each.ends_at for each in _starting(day, day + timedelta(days=1))]
    end = clock.to_clinic(max(ends)) if ends else None
    if end is None or end.date() > clock.LAST_DAY:
        return {"day": day, "start": time(9)}
    return {"day": end.date(), "start": end.time()}


def _time_or(text: str, usual: time) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        return usual


def _time_of(slot: Slot) -> dict[str, Any]:
    begin, end = clock.to_clinic(slot.starts_at), clock.to_clinic(slot.ends_at)
    return {"day": begin.date(), "start": begin.time(), "end": end.time(), "mode": slot.mode}


def _result_params(result: services.SeriesResult) -> dict[str, Any]:
    """What became of a series, for the address of the page that says so."""
    return {
        "opened": result.opened,
        "overlapping": result.overlapping or None,
        "past": result.past or None,
        "hidden": result.hidden or None,
        "skipped": [day.isoformat() for day, _ in result.skipped_days],
    }


def _parse_result() -> dict[str, Any] | None:
    if query_params.number("opened") is None:
        return None
    counts = {name: query_params.number(name) or 0 for name in ("opened", "hidden", "overlapping", "past")}
    return {**counts, "skipped": query_params.all_days("skipped")}
