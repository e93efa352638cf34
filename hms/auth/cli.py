"""Accounts from the command line: ``flask users --help``."""

import click

from hms.auth import passwords, queries, services
from hms.auth.models import Role, User
from hms.cli import Group, read_line, say

group = Group("users", help="Accounts: make staff, approve doctors, list, deactivate.")

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
    """Take an address as the person's own, because you have checked it, for example at the desk."""
    user = services.confirm_email(email)
    say(f"{user.email} is confirmed.")


@group.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Close an account and sign it out everywhere. Its appointments stay."""
    user = services.deactivate(email)
    say(f"{user.email} can no longer sign in, and has been signed out everywhere.")


@group.command("list")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Only this role.")
def list_users(role: str | None) -> None:
    """List the accounts: email, role, name, state."""
    for user in queries.list_users(role=role):
        say("\t".join((user.email, user.role, user.full_name, _state(user))))


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
    return "waits for approval" if user.doctor and not user.doctor.is_approved else "active"
