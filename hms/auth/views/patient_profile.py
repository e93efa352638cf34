"""A patient's own details."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from hms import areas
from hms.auth import queries, services
from hms.auth.forms import PatientProfileForm
from hms.auth.guards import current_patient
from hms.errors import Refusal
from hms.web import query_params, render

bp = areas.blueprint("patient", "patient_profile", __name__)


@bp.route("/profile", methods=["GET", "POST"])
def edit() -> ResponseReturnValue:
    """See and change one's details."""
    patient = queries.get_patient(current_patient.id)
    form = PatientProfileForm.of(patient)
    if form.validate_on_submit():
        try:
            services.update_patient(patient, **form.details())
        except Refusal as refusal:
            form.reject(refusal)
        else:
            return redirect(url_for(".edit", saved=1), 303)
    return render("patient_profile/edit.html", form=form, is_saved=query_params.is_given("saved"))
