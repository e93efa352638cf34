"""A doctor's own details, as patients read them."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms import areas
from hms.auth import queries, services
from hms.auth.forms import DoctorProfileForm
from hms.auth.guards import current_doctor
from hms.auth.models import User
from hms.auth.photos import LARGEST_BYTES
from hms.auth.queries import Account
from hms.errors import NotFound, Refusal
from hms.web import query_params, render

LARGEST_REQUEST_BYTES = LARGEST_BYTES + 2 * 1024 * 1024  # so that a photo a little too large gets a sentence of its own

bp = areas.blueprint("doctor", "doctor_profile", __name__)


def waits_for_approval(user: User | Account) -> str:
    """The panel that tells a doctor why no patient comes yet."""
    if user.doctor is None or user.doctor.is_approved:
        return ""
    return render_template("doctor_profile/_waits_for_approval.html")


@bp.url_value_preprocessor
def _allow_a_photo(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let requests to this blueprint be larger. It is said this early because the CSRF check reads the form."""
    request.max_content_length = LARGEST_REQUEST_BYTES


@bp.route("/profile", methods=["GET", "POST"])
def edit() -> ResponseReturnValue:
    """See and change one's details."""
    waiting = queries.find_waiting_change(current_doctor.id)
    form = DoctorProfileForm.of(current_doctor, waiting)
    if form.validate_on_submit():
        try:
            services.update_doctor(current_doctor, **form.details())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".edit", saved=1), 303)
    return render(
        "doctor_profile/edit.html",
        form=form,
        doctor=current_doctor,
        waiting=waiting,
        may_have_photo=services.may_have_photo(current_doctor),
        is_saved=query_params.is_given("saved"),
    )


@bp.post("/profile/withdraw-changes")
def withdraw_changes() -> ResponseReturnValue:
    """Take back the name and specialty that wait for approval."""
    services.withdraw_changes(current_doctor)
    flash("Changes withdrawn. Patients still see your old details.")
    return redirect(url_for(".edit"), 303)


@bp.get("/profile/photo")
def photo() -> ResponseReturnValue:
    """One's own photo, which patients may not see yet."""
    found = queries.find_photo(current_doctor.id)
    if found is None:
        raise NotFound
    return Response(found.jpeg, mimetype="image/jpeg")
