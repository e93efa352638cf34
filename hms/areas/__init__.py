"""Areas: where pages are, who may see them, and the menus that lead to them.

A capability makes a blueprint for its pages in an area, and gets the area's address and its guard. The pages let in
only those whom the area's strictest access names, unless the blueprint, or a single route, says another::

    bp = areas.blueprint("staff", "payments", __name__)  # under /staff, for administrators


    @bp.get("/payments", access="staff")  # for receptionists as well
    def payments(): ...

Its ``init_app`` adds entries to the menus of areas, so that no base template knows a capability. Who has which access
is the business of ``hms.auth``, which hands down its guard.
"""

from flask import Flask

from hms.areas.blueprints import AreaBlueprint as blueprint  # noqa: N813  # areas.blueprint("patient", "payments", …)
from hms.areas.menus import area_menu, home, home_of, may_open, menu, own_home
from hms.areas.registry import AREAS, FOOTER, KEY, PUBLIC, Badge, Registry, access_of, guard_with, open_to_all

__all__ = [
    "AREAS",
    "FOOTER",
    "PUBLIC",
    "Badge",
    "access_of",
    "blueprint",
    "guard_with",
    "home",
    "home_of",
    "init_app",
    "menu",
    "open_to_all",
]


def init_app(app: Flask) -> None:
    """Know the areas, and let templates draw their menus with ``area_menu("patient")``."""
    app.extensions[KEY] = Registry()
    open_to_all(app, "static")
    app.add_template_global(area_menu)
    app.add_template_global(may_open)
    app.add_template_global(own_home)
