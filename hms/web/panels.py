"""Named places on pages where a capability shows something of its own.

The patient's appointment page offers "Add to calendar" without knowing the calendar package: that package registers a
function at the place ``appointment`` in its ``init_app``, and the template says ``{{ panels("appointment", x) }}``.
"""

from collections import defaultdict
from collections.abc import Callable

from flask import Flask
from markupsafe import Markup

Panel = Callable[..., str]


def register(app: Flask, place: str, panel: Panel) -> None:
    """Show what ``panel(subject)`` returns (safe HTML, or nothing) at ``place``, after those that are there already."""
    app.extensions.setdefault("hms.panels", defaultdict(list))[place].append(panel)


def init_app(app: Flask) -> None:
    """Give templates ``panels(place, subject)``."""
    registered = app.extensions.setdefault("hms.panels", defaultdict(list))

    @app.template_global()
    def panels(place: str, *subject: object) -> Markup:
        return Markup("").join(Markup(panel(*subject)) for panel in registered[place])  # noqa: S704  # panels render templates
