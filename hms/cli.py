"""The edge of the command line: arguments are cleaned as a form's fields are, a no is a sentence, and what is printed
can harm no terminal.

Every command of HMS stands in a :class:`Group`, or is a :class:`Command`.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError

from hms import text
from hms.errors import Invalid, Refusal

LONGEST_ARGUMENT = 2000
NOTES = "hms.command_notes"
AWAY = "The database doesn't answer. Nothing was changed. Try again in a few seconds."


class _Edge(click.Command):
    """What a command and a group of commands have in common."""

    def make_context(self, info_name: str | None, args: list[str], *others: Any, **more: Any) -> click.Context:
        """Clean the arguments before anything reads them."""
        return super().make_context(info_name, [_cleaned(argument) for argument in args], *others, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal ends it with its sentence, and exit code 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            raise click.ClickException(text.printable(refusal.message)) from refusal
        except OperationalError as error:
            raise click.ClickException(AWAY) from error


class Command(_Edge):
    """A command that stands alone."""


class Group(_Edge, AppGroup):
    """A group of commands, each of which runs inside the application, and is noted by whoever asks for that
    (:func:`note_with`) before it does anything.
    """

    is_noted = True

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:  # type: ignore[override]  # as AppGroup's
        """A command of the group; one that does without the application is not noted, nor are those of a group
        whose ``is_noted`` is false."""
        register = super().command(*args, **kwargs)
        is_inside = kwargs.get("with_appcontext", True)
        return lambda function: register(_noted(function) if is_inside and self.is_noted else function)


def note_with(app: Flask, note: Callable[[], object]) -> None:
    """Call ``note()`` before each command of a group, inside the application."""
    app.extensions.setdefault(NOTES, []).append(note)


def _noted(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        for note in current_app.extensions.get(NOTES, ()):
            note()
        return function(*args, **kwargs)

    return noted


def say(line: str) -> None:
    """Print a line; what a terminal would take for a command becomes ``?``, and so does what it has no letter for."""
    line = "\t".join(map(text.printable, line.split("\t")))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(line.encode(encoding, "replace").decode(encoding))


def read_line(*, longest: int) -> str:
    """The first line of standard input, as it stands there. Raises :class:`hms.errors.Invalid` for what is no text."""
    line = sys.stdin.buffer.readline(4 * longest + 2)
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Invalid("Standard input holds something that isn’t text in UTF-8.") from error


def _cleaned(argument: str) -> str:
    try:
        return text.clean_line(argument, longest=LONGEST_ARGUMENT)
    except Refusal as refusal:
        raise click.UsageError(f"{_shown(argument)}: {refusal.message}") from refusal


def _shown(argument: str) -> str:
    """As much of an argument as tells which one it was."""
    return repr(text.printable(argument[:40]) + ("…" if len(argument) > 40 else ""))
