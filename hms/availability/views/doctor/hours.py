"""Weekly hours: the doctor's schedules, and the form that changes one, with a look at what that does before saving."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms import clock
from hms.auth.guards import current_doctor
from hms.availability import booking_rules, queries, schedule_text, services
from hms.availability.booking_rules import counted
from hms.availability.forms.hours import HoursForm, usual_values, values_after, values_of
from hms.availability.forms.rows import changed, day_of, place_after
from hms.availability.models import Schedule
from hms.availability.plan import ScheduleDraft
from hms.availability.queries import offers
from hms.availability.queries.offers import Offer
from hms.availability.reach import MAX_BEFORE_APPROVAL
from hms.availability.refusals import PreviewOutdated
from hms.availability.services import Preview
from hms.availability.views.doctor.blueprint import bp
from hms.availability.views.doctor.out_of_hours import out_of_hours_by
from hms.errors import Conflict, Refusal
from hms.web import render

DAY, COUNTED = timedelta(days=1), timedelta(weeks=4)
MAX_LISTED = 200
LEAD = "Your current hours end the day before these start."
SETTLED = ("check", "save")  # what the form is sent for when its rows are as they should be


@bp.get("/hours")
def hours() -> ResponseReturnValue:
    """The hours that hold now, or come next, opened for a change; a form for the first ones without any."""
    offer = _offer()
    chosen = next((one for one in offer.schedules if not schedule_text.line(one).is_over), None)
    values = values_of(chosen) if chosen else usual_values(current_doctor)
    return _page(HoursForm(formdata=None, **values), chosen.schedule_id if chosen else None, offer)


@bp.route("/hours/new", methods=["GET", "POST"])
def new_hours() -> ResponseReturnValue:
    """Hours that follow those that there are."""
    if request.method == "POST":
        return _answer(None)
    offer = _offer()
    values = values_after(offer.schedules[-1]) if offer.schedules else usual_values(current_doctor)
    return _page(HoursForm(formdata=None, **values), None, offer)


@bp.route("/hours/<uuid:schedule_id>", methods=["GET", "POST"])
def edit_hours(schedule_id: UUID) -> ResponseReturnValue:
    """Change hours that there are."""
    if request.method == "POST" and not queries.is_there(Schedule, schedule_id):
        return _typed_for_new_ones()
    schedule = queries.get_schedule(schedule_id, doctor=current_doctor)
    if request.method == "POST":
        return _answer(schedule_id)
    return _page(HoursForm(formdata=None, **values_of(offers.draft_of(schedule))), schedule_id, _offer())


def _typed_for_new_ones() -> ResponseReturnValue:
    """What was typed to change hours that have been deleted meanwhile, in the form that adds some."""
    form = HoursForm(formdata=changed(request.form, "check", visit_minutes=current_doctor.visit_minutes))
    form.reject(Conflict("These hours have been deleted. You can add what you entered as new hours."))
    return _page(form, None, _offer())


def _answer(schedule_id: UUID | None) -> ResponseReturnValue:
    """What was sent: with other rows, looked at, or saved."""
    act = request.form.get("do", "check")
    form = HoursForm(formdata=changed(request.form, act, visit_minutes=current_doctor.visit_minutes))
    if act not in SETTLED or not form.validate():
        return _page(form, schedule_id, _offer(), act=act)
    draft = form.draft(schedule_id)
    try:
        if act == "check":
            return _check(form, draft, services.preview_schedule(current_doctor, draft))
        done = services.save_schedule(current_doctor, draft, preview_token=request.form.get("preview_token"))
    except PreviewOutdated as outdated:
        return _check(form, draft, services.preview_schedule(current_doctor, draft), outdated)
    except Refusal as refusal:
        form.reject(refusal)
        return _page(form, schedule_id, _offer())
    flash(success_message(done), "ok")
    return redirect(url_for(".hours"), 303)


def success_message(done: Preview) -> str:
    """What saving did: ``Saved. 882 slots added, 4 removed.``"""
    parts = [f"{counted(len(done.added), 'slot')} added"] if done.added else []
    if done.removed:
        parts.append(f"{counted(len(done.removed), 'slot') if not parts else len(done.removed)} removed")
    left_out = f" {len(done.skipped)} left out because you already have a slot then." if done.skipped else ""
    return f"Saved. {', '.join(parts) or 'No slots changed'}.{left_out}"


def _offer() -> Offer:
    return offers.load_offer(current_doctor.id, since=clock.now())


def _page(form: HoursForm, schedule_id: UUID | None, offer: Offer, *, act: str = "") -> ResponseReturnValue:
    day = day_of(act)
    return render(
        "doctor/hours.html",
        form=form,
        place=place_after(act, rows=len(form[day]) if day else 0),
        open_day=day,
        problems=form.problems if form.errors else [],
        schedules=[schedule_text.line(one) for one in offer.schedules],
        schedule_id=schedule_id,
        title=_title(schedule_id, is_first=not offer.schedules),
        lead="" if schedule_id or not offer.schedules else LEAD,
        action=_address(schedule_id),
        gap=offer.gap_minutes,
        zone=schedule_text.zone_title(form.zone),
        makes=_makes(form, offer),
        notes=_zone_sentences(form.zone),
        out_of_hours=len(queries.out_of_hours(current_doctor.id, offer)),
    )


def _title(schedule_id: UUID | None, *, is_first: bool) -> str:
    if schedule_id:
        return "Change these hours"
    return "Your weekly hours" if is_first else "Future hours"


def _makes(form: HoursForm, offer: Offer) -> str:
    """``This makes 62 times in the next 4 weeks.``; nothing while the form cannot be read."""
    if not form.is_readable:
        return ""
    draft = form.draft()
    first = max(draft.valid_from, clock.today())
    if first > clock.LAST_DAY - COUNTED:
        return ""
    number = len(offer._replace(schedules=[draft]).plan(first, first + COUNTED - DAY).slots)
    when = "in the next 4 weeks" if first == clock.today() else f"in the 4 weeks from {schedule_text.day_words(first)}"
    return f"This makes {number:,} slot{'' if number == 1 else 's'} {when}."


def _check(
    form: HoursForm, draft: ScheduleDraft, preview: Preview, outdated: PreviewOutdated | None = None
) -> ResponseReturnValue:
    lists: list[tuple[str, Sequence[schedule_text.HasStart]]]
    lists = [("Slots added", preview.added), ("Slots removed", preview.removed), ("Slots left out", preview.skipped)]
    return render(
        "doctor/_hours_check.html",
        form=form,
        status=outdated.status if outdated else None,
        outdated=outdated,
        preview_token=preview.token,
        action=_address(draft.schedule_id),
        period=schedule_text.period(draft.valid_from, draft.valid_until),
        week=schedule_text.week(draft.hours),
        zone=schedule_text.zone_title(draft.timezone),
        sentences=[*_ending(draft), *_before_approval(), *_zone_sentences(draft.timezone)],
        counts={name: len(getattr(preview, name)) for name in ("added", "removed", "skipped")} | {"kept": preview.kept},
        out_of_hours=out_of_hours_by(preview),
        clock_changes=_clock_changes(draft),
        lists=[
            (_count(title, len(times)), schedule_text.by_day(times[:MAX_LISTED])) for title, times in lists if times
        ],
    )


def _count(title: str, number: int) -> str:
    return f"{title}: {number:,}" + (f" (the first {MAX_LISTED} are shown)" if number > MAX_LISTED else "")


def _ending(draft: ScheduleDraft) -> list[str]:
    """That hours until further notice end when these begin."""
    for one in queries.list_schedules(current_doctor):
        if one.id != draft.schedule_id and one.valid_until is None and one.valid_from < draft.valid_from:
            last = draft.valid_from - DAY
            return [
                f"Your hours from {schedule_text.day_words(one.valid_from)} end on {schedule_text.day_words(last)}."
            ]
    return []


def _before_approval() -> list[str]:
    if current_doctor.is_approved:
        return []
    return [f"Until your account is approved, you can have up to {MAX_BEFORE_APPROVAL} slots."]


def _zone_sentences(timezone: str | None) -> list[str]:
    if not schedule_text.zone_note(timezone):
        return []
    zone, clinic = schedule_text.zone_title(timezone), schedule_text.zone_title(None)
    return [f"These hours are {zone}. Your calendar and patients see them in {clinic}."]


def _clock_changes(draft: ScheduleDraft) -> list[str]:
    """Of the zone of the hours and of the clinic's, as far ahead as times are made."""
    first, horizon = max(draft.valid_from, clock.today()), booking_rules.of(current_doctor.id).horizon_days
    last = min(draft.valid_until or date.max, clock.today() + horizon * DAY, clock.LAST_DAY)
    names = sorted({clock.clinic_zone().key, draft.timezone or clock.clinic_zone().key})
    return [text for name in names for text in schedule_text.clock_changes(first, last, zone=clock.zone_named(name))]


def _address(schedule_id: UUID | None) -> str:
    return url_for(".edit_hours", schedule_id=schedule_id) if schedule_id else url_for(".new_hours")
