"""The email function of a development machine, beside the portal, where no function on AWS is named.

Two programs: a mail server that keeps everything for ``/dev/mailbox``, and the function itself behind Lambda's Invoke
API; ``EMAIL=serverless`` runs the latter under the real serverless-offline, ``EMAIL=off`` runs neither.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
from flask import Flask

from hms.server.programs import Program

HOST = "127.0.0.1"
FUNCTION = "hms-email-dev-send-email"  # the name under which both local functions answer
FUNCTION_PORT, HTTP_PORT = 3002, 3000
"""Where serverless-offline listens by itself, for Lambda's API and for curl, unless somebody else does."""

FOLDER = Path(__file__).parents[2] / "email_lambda"


def wanted(app: Flask) -> str:
    """``local``, ``serverless`` or ``off``; only in development, and only where no function is named."""
    if app.config["MODE"] != "development" or app.config["EMAIL_FUNCTION"]:
        return "off"
    choice = os.environ.get("EMAIL", "local")
    return choice if choice in ("serverless", "off") else "local"  # EMAIL may also hold somebody's address


def prepare(app: Flask) -> tuple[list[Program], dict[str, str]]:
    """The programs to start, and what to add to the environment so that everybody finds everybody."""
    how = wanted(app)
    if how == "off":
        return [], {}
    smtp_port = free_port()
    function_port = usual_or_free(FUNCTION_PORT)
    sink = [sys.executable, "-m", "hms.devtools.mailbox.sink", str(app.config["MAILBOX_DIR"]), str(smtp_port)]
    function = _serverless(function_port) if how == "serverless" else _local(function_port)
    environment = {
        "HMS_EMAIL_FUNCTION": FUNCTION,
        "AWS_ENDPOINT_URL_LAMBDA": f"http://{HOST}:{function_port}",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "SMTP_HOST": HOST,
        "SMTP_PORT": str(smtp_port),
        "SMTP_STARTTLS": "0",
        "MAIL_FROM": "no-reply@clinic.example",
    }
    return [Program("mailbox", sink), function], environment


def _local(port: int) -> Program:
    return Program("email function", [sys.executable, "-m", "email_lambda.local", "--port", str(port)])


def _serverless(port: int) -> Program:
    """The function under serverless-offline; installs it first, from the lock, if that was not done yet."""
    npm = shutil.which("npm")
    if npm is None:
        raise click.ClickException("EMAIL=serverless needs Node.js and npm; without them, leave EMAIL out.")
    if not (FOLDER / "node_modules").is_dir():
        click.echo("Installing serverless-offline ...")
        install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(install, cwd=FOLDER, check=True)  # noqa: S603  # our own lock
    ports = ["--httpPort", str(usual_or_free(HTTP_PORT)), "--lambdaPort", str(port)]
    return Program("email function", [npm, "--prefix", str(FOLDER), "start", "--silent", "--", *ports])


def usual_or_free(port: int) -> int:
    """The port, or one that nobody uses where somebody uses this one already, which is said."""
    if is_free(port):
        return port
    other = free_port()
    click.echo(f"Port {port} is in use by another program: the email function listens on {other} instead.")
    return other


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
