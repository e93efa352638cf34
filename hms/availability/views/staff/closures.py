"""The clinic's closures: days on which nobody is seen."""

from datetime import date
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms.availability import queries, services, visits
from hms.availability.booking_rules import counted
from hms.availability.forms.staff import ClosureForm
from hms.availability.models import Closure
from hms.availability.queries.offers import closed_interval
from hms.availability.refusals import PreviewOutdated
from hms.availability.views.gone import gone_is_fine
from hms.availability.views.staff.blueprint import bp
from hms.errors import Refusal
from hms.web import formats, paging, render


@bp.get("/closures", access="staff")
def closures() -> ResponseReturnValue:
    """The closures that are not over."""
    found = paging.page_of(queries.list_closures(), paging.parse_page())
    return render("staff/closures.html", found=found, closures=found.items, days=days)


@bp.get("/closures/<uuid:closure_id>", access="staff")
def closure(closure_id: UUID) -> ResponseReturnValue:
    """One closure, and who is booked on its days all the same."""
    found = queries.get_closure(closure_id)
    who, interval = visits.provider(), closed_interval(found.first_day, found.last_day)
    total, size = who.booked_in(interval).number, visits.ON_A_PAGE
    number = paging.clamped(paging.parse_page(), total=total, size=size)
    booked = paging.Page(who.list_booked(interval, page=number), number, total, size)
    return render("staff/closure.html", closure=found, when=days(found.first_day, found.last_day), found=booked)


@bp.route("/closures/new", methods=["GET", "POST"])
def new_closure() -> ResponseReturnValue:
    """Close the clinic, after a look at what that hides and who is booked."""
    form = ClosureForm()
    if not form.validate_on_submit() or request.form.get("do") == "edit":
        return render("staff/new_closure.html", form=form)
    try:
        if request.form.get("do") != "save":
            return _check(form, *_days_of(form))
        first_day, last_day = _days_of(form)
        name, seen = form.name.data or "", request.form.get("preview_token")
        done = services.add_closure(first_day=first_day, last_day=last_day, name=name, preview_token=seen)
    except PreviewOutdated as outdated:
        return _check(form, *_days_of(form), outdated)
    except Refusal as refusal:
        form.reject(refusal)
        return render("staff/new_closure.html", form=form)
    hidden = counted(done.hidden_free, "free slot")
    flash(f"The clinic is closed {days(first_day, last_day)}. Patients can no longer book {hidden}.", "ok")
    return redirect(url_for(".closure", closure_id=done.closure.id), 303)


@bp.post("/closures/<uuid:closure_id>/remove")
def remove_closure(closure_id: UUID) -> ResponseReturnValue:
    """Open the clinic again."""
    with gone_is_fine(Closure, closure_id, "This closure was already removed."):
        gone = services.remove_closure(closure_id)
        flash(f"{gone.name} removed. Slots from weekly hours will be back in a few minutes.", "ok")
    return redirect(url_for(".closures"), 303)


def _days_of(form: ClosureForm) -> tuple[date, date]:
    first_day = form.first_day.data
    assert first_day is not None  # noqa: S101  # it is required
    return first_day, form.last_day.data or first_day


def _check(
    form: ClosureForm, first_day: date, last_day: date, outdated: PreviewOutdated | None = None
) -> ResponseReturnValue:
    """What saving would do. Who was told once that others are booked by now saves whoever books meanwhile: a clinic
    that is booked every second must be able to close.
    """
    preview = services.preview_closure(first_day, last_day)
    return render(
        "staff/new_closure.html",
        form=form,
        status=outdated.status if outdated else None,
        outdated=outdated,
        when=days(first_day, last_day),
        preview=preview,
        preview_token="" if outdated else preview.token,
    )


def days(first_day: date, last_day: date) -> str:
    """``on Friday 25 December 2026``, ``from … to …``."""
    if first_day == last_day:
        return f"on {formats.day(first_day)}"
    return f"from {formats.day(first_day)} to {formats.day(last_day)}"
