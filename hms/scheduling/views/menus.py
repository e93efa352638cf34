"""What the menus say of the pages about appointments, and where the areas of signed-in people begin."""

from flask import Flask

from hms import areas


def init_app(app: Flask) -> None:
    """Add the entries."""
    _patients(app)
    _doctors(app)
    areas.home(app, "staff", "staff.overview")
    areas.menu(app, "staff", "Overview", "staff.overview", icon="layout-dashboard", order=10)
    areas.menu(app, "public", "Your workspace", "staff.overview", icon="arrow-left", order=10)


def _patients(app: Flask) -> None:
    areas.home(app, "patient", "patient.home")
    areas.menu(app, "patient", "Home", "patient.home", icon="house", order=10)
    also = ["patient.appointment", "patient.cancel", "patient.change", "patient.changed"]
    areas.menu(app, "patient", "Appointments", "patient.appointments", icon="calendar-days", order=30, also=also)


def _doctors(app: Flask) -> None:
    areas.home(app, "doctor", "doctor.today")
    areas.menu(app, "public", "Your workspace", "doctor.today", icon="arrow-left", order=10)
    areas.menu(app, "doctor", "Today", "doctor.today", icon="list-checks", order=10)
    also = ["doctor.copy_day", "doctor.slot", "doctor.delete_slot", "doctor.day_sheet"]
    areas.menu(app, "doctor", "Calendar", "doctor.calendar", icon="calendar-days", order=20, also=also)
    also = ["doctor.appointment", "doctor.cancel", "doctor.change", "doctor.changed"]
    areas.menu(app, "doctor", "Appointments", "doctor.appointments", icon="users", order=40, also=also)
