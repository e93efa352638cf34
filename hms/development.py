"""The factory's only way to :mod:`hms.devtools`, which holds what production never imports.

Its modules are imported by name, here and nowhere else, when something asks for them. So neither the web server nor the
worker of a hospital loads them, and neither needs the packages of the extra ``dev``. An import statement anywhere else
breaks a contract of import-linter.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import click
from flask import Flask

COMMANDS = {
    "demo": ("hms.devtools.demo", "demo", "A made-up clinic for trying HMS out."),
    "race-drill": ("hms.devtools.drill", "race_drill", "Let many patients book one time at once; exactly one may."),
}
"""Where the commands of hms.devtools are, and what ``flask --help`` says of them."""


def start_database(data_dir: Path) -> str:
    """The address of the embedded PostgreSQL, started if need be. Raises :class:`hms.config.BadSettings`."""
    address: str = _plug().start_database(data_dir)
    return address


def init_app(app: Flask) -> None:
    """Register the commands of hms.devtools in every mode, and its pages outside of production."""
    for name, (module, attribute, summary) in COMMANDS.items():
        app.cli.add_command(CommandByName(name, module=module, attribute=attribute, short_help=summary))
    if app.config["MODE"] != "production":
        _plug().init_app(app)


class CommandByName(click.Command):
    """Stands for a command whose module is imported when the command is called."""

    def __init__(self, name: str, *, module: str, attribute: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._module, self._attribute = module, attribute

    @property
    def command(self) -> click.Command:
        """The command itself."""
        command: click.Command = getattr(import_module(self._module), self._attribute)
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """A context of the command itself, which click then invokes."""
        return self.command.make_context(*arguments, **options)


def _plug() -> Any:
    return import_module("hms.devtools.plug")
