"""What the menus say of the pages about what is offered."""

from flask import Flask

from hms import areas
from hms.areas import Badge
from hms.auth import queries

FREE_TIMES = ("new_hours", "edit_hours", "end_hours", "delete_hours", "unfit", "exceptions", "slots", "series")


def init_app(app: Flask) -> None:
    """Add the entries."""
    also = [f"doctor.{view}" for view in FREE_TIMES]
    areas.menu(app, "doctor", "Availability", "doctor.hours", icon="clock", order=30, also=also)
    areas.menu(
        app,
        "staff",
        "Doctors",
        "staff.doctors",
        icon="stethoscope",
        order=20,
        also=["staff.times"],
        badge=_doctors_who_wait,
    )
    also = ["staff.closure", "staff.new_closure"]
    areas.menu(app, "staff", "Closures", "staff.closures", icon="calendar-off", order=30, also=also)
    also = ["staff.clinic_policy", "staff.doctor_policy"]
    areas.menu(app, "staff", "Rules", "staff.policies", icon="sliders-horizontal", order=40, also=also)


def _doctors_who_wait() -> Badge | None:
    """Those whose licence somebody has to check."""
    waiting = queries.count_doctors_to_approve()
    return Badge(waiting, "waiting for approval") if waiting else None
