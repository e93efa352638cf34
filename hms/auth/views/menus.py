"""What the menus say of accounts."""

from flask import Flask

from hms import areas
from hms.auth.guards import is_nobody

SIGN_UP = ("email", "code", "account", "patient", "doctor")


def init_app(app: Flask) -> None:
    """Add the entries."""
    steps = [f"auth.signup_{step}" for step in SIGN_UP]
    areas.menu(app, "public", "Sign in", "auth.login", icon="log-in", order=90, shown=is_nobody)
    areas.menu(app, "public", "Create account", "auth.signup", icon="user-plus", order=91, also=steps, shown=is_nobody)
    areas.menu(app, "patient", "Your details", "patient_profile.edit", icon="user-round", order=50)
    areas.menu(app, "doctor", "Profile", "doctor_profile.edit", icon="user-round", order=50)
    areas.menu(app, "account", "Your details", "patient_profile.edit", icon="user-round", order=10)
    areas.menu(app, "account", "Profile", "doctor_profile.edit", icon="user-round", order=10)
    areas.menu(
        app,
        "account",
        "Sign-in and security",
        "security.overview",
        icon="shield-check",
        order=50,
        also=["recovery.renew"],
    )
    areas.menu(app, "account", "Sign out", "auth.logout", icon="log-out", order=90, posts=True)
