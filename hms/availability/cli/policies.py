"""``flask policies``: the rules about booking, the clinic's and a doctor's own."""

import re
from collections.abc import Callable
from typing import Any

import click

from hms.availability import booking_rules as rules
from hms.availability import queries, rule_words, services
from hms.availability.cli.words import doctor_named
from hms.cli import Group, say

policies = Group("policies", help="Show and set the rules about booking.")


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
        command = click.option(f"--{name.replace('_', '-')}", type=Rule(), help=rule_words.LABELS[name] + ".")(command)
    return command


DOCTOR = click.option("--doctor", "email", help="The doctor's email address; without it, the clinic's rules.")


@policies.command("show")
@DOCTOR
def show_command(email: str | None) -> None:
    """Show the rules, and for a doctor which of them are their own."""
    doctor_id = doctor_named(email).id if email is not None else None
    own, clinic = queries.find_rules(doctor_id) if doctor_id else None, queries.find_rules(None)
    for name, label in rule_words.LABELS.items():
        usual = rule_words.value_text(name, getattr(clinic, name) if clinic else rules.USUAL[name])
        value = getattr(own, name) if own else None
        say(f"{label}: {usual if value is None else rule_words.value_text(name, value, is_own=True) + ' (own rule)'}")


@policies.command("set")
@DOCTOR
@_options
def set_command(email: str | None, **texts: str | None) -> None:
    """Change some of the rules. Existing appointments don't change."""
    values = {name: None if text == "none" else int(text) for name, text in texts.items() if text is not None}
    if not values:
        raise click.UsageError("Name at least one rule to change.")
    changes = _set(email, values)
    for change in changes:
        say(rule_words.changed(change, is_own=email is not None))
    if not changes:
        say("Nothing was changed.")


def _set(email: str | None, values: dict[str, int | None]) -> list[services.RuleChange]:
    return (
        services.set_clinic_rules(**values)
        if email is None
        else services.set_doctor_rules(doctor_named(email).id, **values)
    )
