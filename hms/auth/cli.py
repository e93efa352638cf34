"""Accounts from the command line: ``flask users --help``."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup

from hms.auth import queries, services
from hms.auth.models import Role, User
from hms.errors import Refusal

group = AppGroup("users", help="Accounts: make staff, approve doctors, list, deactivate.")


def _refusals_as_sentences(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except Refusal as refusal:
            raise click.ClickException(refusal.message) from refusal

    return run


_password_from_input = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it."
)


@group.command("create-admin")
@click.argument("email")
@click.option("--name", required=True, help="The person's full name.")
@_password_from_input
@_refusals_as_sentences
def create_admin(email: str, name: str, password_stdin: bool) -> None:
    """Make an administrator."""
    _create(Role.ADMIN, email, name, _read_password(from_input=password_stdin))


@group.command("create-receptionist")
@click.argument("email")
@click.option("--name", required=True, help="The person's full name.")
@_password_from_input
@_refusals_as_sentences
def create_receptionist(email: str, name: str, password_stdin: bool) -> None:
    """Make a receptionist."""
    _create(Role.RECEPTIONIST, email, name, _read_password(from_input=password_stdin))


@group.command("approve-doctor")
@click.argument("email")
@_refusals_as_sentences
def approve_doctor(email: str) -> None:
    """Let patients find a doctor whose licence has been checked."""
    doctor = services.approve_doctor(email)
    click.echo(f"Patients can now find {_printable(doctor.user.full_name)}, {_printable(doctor.specialty.name)}.")


@group.command("deactivate")
@click.argument("email")
@_refusals_as_sentences
def deactivate(email: str) -> None:
    """Close an account and sign it out everywhere. Its appointments stay."""
    user = services.deactivate(email)
    click.echo(f"{_printable(user.email)} can no longer sign in, and has been signed out everywhere.")


@group.command("list")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Only this role.")
def list_users(role: str | None) -> None:
    """List the accounts: email, role, name, state."""
    for user in queries.list_users(role=role):
        click.echo("\t".join(_printable(part) for part in (user.email, user.role, user.full_name, _state(user))))


def _create(role: Role, email: str, name: str, password: str) -> None:
    user = services.create_staff(email=email, full_name=name, role=role, password=password)
    click.echo(f"Made the {role} {_printable(user.full_name)}, who signs in as {_printable(user.email)}.")


def _read_password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _state(user: User) -> str:
    if not user.is_active:
        return "deactivated"
    return "waits for approval" if user.doctor and not user.doctor.is_approved else "active"


def _printable(text: str) -> str:
    """The text without what a terminal would take for a command, or print over something else."""
    return "".join(character if character.isprintable() else "?" for character in text)
