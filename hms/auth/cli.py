"""Accounts from the command line: ``flask users --help``."""

from uuid import UUID

import click

from hms.auth import passwords, queries, services
from hms.auth.models import DoctorChange, Role, User
from hms.cli import Group, read_line, say
from hms.web import paging
from hms.web.formats import moment

MAX_LISTED = 200

group = Group("users", help="Accounts: make staff, approve doctors, list, deactivate, reactivate.")

_password_from_input = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it."
)


@group.command("create-admin")
@click.argument("email")
@click.option("--name", required=True, help="The person's full name.")
@_password_from_input
def create_admin(email: str, name: str, password_stdin: bool) -> None:
    """Make an administrator."""
    _create(Role.ADMIN, email, name, _read_password(from_input=password_stdin))


@group.command("create-receptionist")
@click.argument("email")
@click.option("--name", required=True, help="The person's full name.")
@_password_from_input
def create_receptionist(email: str, name: str, password_stdin: bool) -> None:
    """Make a receptionist."""
    _create(Role.RECEPTIONIST, email, name, _read_password(from_input=password_stdin))


@group.command("approve-doctor")
@click.argument("email")
def approve_doctor(email: str) -> None:
    """Let patients find a doctor whose licence has been checked."""
    doctor = services.approve_doctor(email)
    say(f"Patients can now find {doctor.user.full_name}, {doctor.specialty.name}.")


@group.command("confirm-email")
@click.argument("email")
def confirm_email(email: str) -> None:
    """Confirm a person's email address that you've checked, for example at the desk."""
    user = services.confirm_email(email)
    say(f"{user.email} is confirmed.")


@group.command("list-changes")
def list_changes() -> None:
    """List doctors' new names and specialties waiting for approval: email, change, since when, id."""
    for change in queries.list_waiting_changes(limit=MAX_LISTED):
        say("\t".join((change.doctor.user.email, _what(change), moment(change.asked_at), str(change.id))))
    if (more := queries.count_waiting_changes() - MAX_LISTED) > 0:
        say(f"… and {more} more.")


_only_this_change = click.option("--change", type=click.UUID, help="Only if it hasn’t changed since (its id).")


@group.command("approve-changes")
@click.argument("email")
@_only_this_change
def approve_changes(email: str, change: UUID | None) -> None:
    """Approve a doctor's new name or specialty."""
    approved = services.approve_changes(email, change_id=change)
    doctor = approved.doctor
    say(f"Patients now read {doctor.user.full_name}, {doctor.specialty.name}.")


@group.command("reject-changes")
@click.argument("email")
@click.option("--reason", default="", help="The reason. The doctor can see this.")
@_only_this_change
def reject_changes(email: str, reason: str, change: UUID | None) -> None:
    """Reject a doctor’s new name or specialty and keep the old one."""
    doctor = services.reject_changes(email, reason=reason, change_id=change).doctor
    say(f"Patients still read {doctor.user.full_name}, {doctor.specialty.name}.")


def _what(change: DoctorChange) -> str:
    doctor, changed = change.doctor, []
    if change.full_name:
        changed.append(f"{doctor.user.full_name} → {change.full_name}")
    if change.specialty:
        changed.append(f"{doctor.specialty.name} → {change.specialty.name}")
    return ", ".join(changed)


@group.command("deactivate")
@click.argument("email")
@click.option("--cancel-visits", is_flag=True, help="Cancel all upcoming appointments and tell everyone.")
@click.option("--reason", default="", help="With --cancel-visits: what patients read on their appointment page.")
def deactivate(email: str, cancel_visits: bool, reason: str) -> None:
    """Close an account and sign it out everywhere. Refused while there are upcoming appointments."""
    try:
        if cancel_visits:
            user, cancelled = services.deactivate_and_cancel(email, reason=reason)
            say(f"Cancelled: {cancelled}.")
        else:
            user = services.deactivate(email)
    except services.StillNeeded as refusal:
        _list_obligations(refusal)
        raise
    say(f"{user.email} can’t sign in any more, and has been signed out everywhere.")


def _list_obligations(refusal: services.StillNeeded) -> None:
    for obligation in refusal.first:
        say(obligation.line)
    if (more := refusal.count - len(refusal.first)) > 0:
        say(f"… and {more} more.")


@group.command("reactivate")
@click.argument("email")
def reactivate(email: str) -> None:
    """Reopen a closed account, with the same password."""
    user = services.reactivate(email)
    say(f"{user.email} can sign in again.")


@group.command("reset-factor")
@click.argument("email")
def reset_factor(email: str) -> None:
    """Turn sign-in with a code off for someone who has lost the app and the recovery codes. They’re told by email."""
    user = services.reset_factor(email)
    say(f"{user.email} signs in with the password alone until a new app is set up, and has been told.")


@group.command("list")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Only this role.")
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page of the list.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=MAX_LISTED, help="How many on a page; 200 if not said."
)
def list_users(role: str | None, page: int, limit: int) -> None:
    """List the accounts, a page at a time: email, role, name, state."""
    total = queries.count_users(role=role)
    page = paging.clamped(page, total=total, size=limit)
    for user in queries.list_users(role=role, limit=limit, offset=(page - 1) * limit):
        say("\t".join((user.email, user.role, user.full_name, _state(user))))
    if (more := total - page * limit) > 0:
        say(f"… and {more} more of {total}: --page {page + 1}")


def _create(role: Role, email: str, name: str, password: str) -> None:
    user = services.create_staff(email=email, full_name=name, role=role, password=password)
    say(f"Made the {role} {user.full_name}, who signs in as {user.email}.")


def _read_password(*, from_input: bool) -> str:
    if from_input:
        return read_line(longest=passwords.LONGEST)
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _state(user: User) -> str:
    if not user.is_active:
        return "deactivated"
    return "waiting for approval" if user.doctor and not user.doctor.is_approved else "active"
