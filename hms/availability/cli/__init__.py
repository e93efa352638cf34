"""Scheduling from the command line: ``flask slots``, ``flask closures`` and ``flask policies``."""

from hms.availability.cli.closures import closures
from hms.availability.cli.policies import policies
from hms.availability.cli.slots import slots

__all__ = ["closures", "policies", "slots"]
