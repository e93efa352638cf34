"""A demonstration of calendar sync: ``make run GOOGLE=demo`` starts a stand-in for Google beside the portal.

It is the strict one that the tests use, started as a program of its own; nothing of ``hms`` imports it. Its pages and
ours say that it is a demonstration.
"""

import os
import sys
from pathlib import Path

import click
from flask import Flask

from hms.devtools.email_function import HOST, free_port
from hms.server.programs import Program

STAND_IN = "tests.standins.google"
FOLDER = Path(__file__).parents[2]
CLIENT_ID, CLIENT_SECRET = "stand-in.apps.googleusercontent.test", "stand-in-client-secret"  # as the stand-in knows us
ACCOUNTS = ("asha@gmail.example", "bose@gmail.example")


def wanted(app: Flask) -> bool:
    """Whether the demonstration was asked for; only in development, and never beside a real client."""
    return (
        os.environ.get("GOOGLE") == "demo"
        and app.config["MODE"] == "development"
        and not app.config["GOOGLE_CLIENT_ID"]
    )


def prepare(app: Flask) -> tuple[list[Program], dict[str, str], list[str]]:
    """The program to start, what to add to the environment so that HMS finds it, and what to say of it."""
    if not wanted(app):
        return [], {}, []
    if not (FOLDER / STAND_IN.replace(".", "/")).is_dir():
        raise click.ClickException("GOOGLE=demo needs the folder tests, which is part of the source.")
    url = f"http://{HOST}:{(port := free_port())}"
    command = [sys.executable, "-m", STAND_IN, "--port", str(port)]
    command += ["--redirect-uri", f"{app.config['PUBLIC_URL']}/calendar/callback"]
    command += ["--state", str(app.config["DATA_DIR"] / "google-demo")]
    command += [word for account in ACCOUNTS for word in ("--account", account)]
    greeting = [f"Google is a demonstration; what is in its calendars stands at {url}/board"]
    return [Program("Google demonstration", command)], _environment(url), greeting


def _environment(url: str) -> dict[str, str]:
    return {
        "HMS_GOOGLE_CLIENT_ID": CLIENT_ID,
        "HMS_GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
        "HMS_GOOGLE_AUTH_URL": f"{url}/o/oauth2/v2/auth",
        "HMS_GOOGLE_TOKEN_URL": f"{url}/token",
        "HMS_GOOGLE_REVOKE_URL": f"{url}/revoke",
        "HMS_GOOGLE_CALENDAR_URL": f"{url}/calendar/v3/",
    }
