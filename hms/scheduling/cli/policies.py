"""``flask policies``: the rules about booking, the clinic's and a doctor's own."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup

from hms.auth import queries as people
from hms.errors import Refusal
from hms.scheduling import policies as rules
from hms.scheduling import policywords, queries, services

policies = AppGroup("policies", help="Show and set the rules about booking.")


class Rule(click.ParamType):
    """A whole number, or ``none``: any number in the clinic's rules, as the clinic in a doctor's."""

    name = "NUMBER|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, if it is one of the two."""
        if value != "none" and not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
            self.fail(f"{value!r} is neither a whole number nor none.", param, ctx)
        return value


def _options(command: Callable) -> Callable:
    """An option for each rule."""
    for name in reversed(rules.NAMES):
        command = click.option(f"--{name.replace('_', '-')}", type=Rule(), help=policywords.LABELS[name] + ".")(command)
    return command


DOCTOR = click.option("--doctor", "email", help="The doctor's email address; without it, the clinic's rules.")


@policies.command("show")
@DOCTOR
def show_command(email: str | None) -> None:
    """Show the rules, and for a doctor which of them are their own."""
    doctor_id = _doctor_id(email) if email else None
    own, clinic = queries.find_policy(doctor_id) if doctor_id else None, queries.find_policy(None)
    for name, label in policywords.LABELS.items():
        usual = policywords.told(name, getattr(clinic, name) if clinic else rules.USUAL[name])
        value = getattr(own, name) if own else None
        click.echo(f"{label}: {usual if value is None else policywords.told(name, value, is_own=True) + ' (own rule)'}")


@policies.command("set")
@DOCTOR
@_options
def set_command(email: str | None, **texts: str | None) -> None:
    """Change some of the rules. What is booked already stays as it is."""
    values = {name: None if text == "none" else int(text) for name, text in texts.items() if text is not None}
    if not values:
        raise click.UsageError("Name at least one rule to change.")
    try:
        changes = _set(email, values)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from refusal
    for change in changes:
        click.echo(policywords.changed(change, is_own=bool(email)))
    if not changes:
        click.echo("Nothing was changed.")


def _set(email: str | None, values: dict[str, int | None]) -> list[services.RuleChange]:
    return services.set_doctor_policy(_doctor_id(email), **values) if email else services.set_clinic_policy(**values)


def _doctor_id(email: str) -> UUID:
    user = people.find_user_by_email(email)
    if user is None or user.doctor is None:
        raise click.ClickException(f"There is no doctor with the address {email}.")
    return user.doctor.id
