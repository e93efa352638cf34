"""The rules about booking: the clinic's, and those doctors have for themselves."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from hms.availability import booking_rules as rules
from hms.availability import queries, rule_words, services
from hms.availability.forms.staff import RulesForm, as_stored
from hms.availability.models import StoredRules
from hms.availability.queries import doctors
from hms.availability.services import RuleChange
from hms.availability.views.staff.blueprint import bp
from hms.errors import Refusal
from hms.web import paging, render


class Own(NamedTuple):
    """A doctor with rules of their own, and those that differ, in words."""

    doctor_id: UUID
    name: str
    rules: list[str]


@bp.get("/policies", access="staff")
def policies() -> ResponseReturnValue:
    """The clinic's rules, and the doctors who have rules of their own."""
    own = [Own(row.doctor_id, row.full_name, _own_words(row.rules)) for row in queries.list_own_rules()]
    return render(
        "staff/policies.html",
        rules=_in_words(_clinic()),
        own=paging.page_of(own, paging.parse_page()),
    )


@bp.route("/policies/clinic", methods=["GET", "POST"])
def clinic_policy() -> ResponseReturnValue:
    """Change the clinic's rules."""
    form = RulesForm(data=_clinic())
    if form.validate_on_submit() and _saved(form, lambda: services.set_clinic_rules(**form.rules()), is_own=False):
        return redirect(url_for(".policies"), 303)
    return render("staff/clinic_policy.html", form=form)


@bp.route("/doctors/<uuid:doctor_id>/policy", methods=["GET", "POST"])
def doctor_policy(doctor_id: UUID) -> ResponseReturnValue:
    """Change a doctor's own rules; an empty one is as the clinic's."""
    doctor = doctors.get_doctor(doctor_id)
    form = RulesForm(data=as_stored(queries.find_rules(doctor_id)))
    save = lambda: services.set_doctor_rules(doctor_id, **form.rules())  # noqa: E731
    if form.validate_on_submit() and _saved(form, save, is_own=True):
        return redirect(url_for(".policies"), 303)
    return render("staff/doctor_policy.html", form=form, doctor=doctor, clinic_rules=_in_words(_clinic()))


def _saved(form: RulesForm, save: Callable[[], list[RuleChange]], *, is_own: bool) -> bool:
    """Whether it is saved; then it is told what is another rule now."""
    try:
        changes = save()
    except Refusal as refusal:
        form.reject(refusal)
        return False
    for change in changes:
        flash(rule_words.changed(change, is_own=is_own), "ok")
    if not changes:
        flash("Nothing changed.", "")
    return True


def _clinic() -> dict[str, int | None]:
    stored = queries.find_rules(None)
    return as_stored(stored) if stored else dict(rules.USUAL)


def _in_words(values: dict[str, int | None]) -> dict[str, tuple[str, str]]:
    """Each rule's name and value, by the name that it has in the form."""
    return {name: (label, rule_words.value_text(name, values[name])) for name, label in rule_words.LABELS.items()}


def _own_words(rules: StoredRules) -> list[str]:
    own = {name: value for name, value in as_stored(rules).items() if value is not None}
    return [
        f"{rule_words.LABELS[name]}: {rule_words.value_text(name, value, is_own=True)}" for name, value in own.items()
    ]
