"""What one setting is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hms.config.values import text

PREFIX = "HMS_"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting. ``default`` holds in production; ``development`` stands in where HMS runs for trying out."""

    name: str
    help: str
    parse: Callable[[str], Any] = text
    default: str | None = None
    development: str | None = None
    required: bool = False

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return PREFIX + self.name
