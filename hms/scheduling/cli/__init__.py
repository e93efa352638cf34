"""Scheduling from the command line: ``flask slots``, ``flask closures`` and ``flask policies``."""

from hms.scheduling.cli.closures import closures
from hms.scheduling.cli.policies import policies
from hms.scheduling.cli.slots import slots

__all__ = ["closures", "policies", "slots"]
