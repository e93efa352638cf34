"""The same function through npm: serverless-offline's two endpoints, and the archive that AWS would run."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.email_lambda import samples
from tests.email_lambda.conftest import ROOT
from tests.email_lambda.mail_server import MailServer
from tests.waiting import GENEROUS_SECONDS, wait_until

pytestmark = pytest.mark.node
SOURCE = ROOT / "email_lambda"
NAME = "hms-email-dev-send-email"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with what package-lock.json names installed."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("npm is missing, and in CI this test has to run")
        pytest.skip("npm is not installed")
    copy = tmp_path_factory.mktemp("npm") / "email_lambda"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("node_modules", ".build", ".serverless", "__pycache__"))
    npm(copy, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    return copy


def npm(project: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["npm", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=GENEROUS_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def environment(**more: str) -> dict[str, str]:
    """Return the environment in which `python3` is the Python of these tests, which has the function's libraries."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "VIRTUAL_ENV": sys.prefix, "PATH": path, **more}


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def endpoints(project: Path, mail_environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """serverless-offline as `npm start` runs it: the addresses of its HTTP endpoint and of its Lambda endpoint."""
    http_port, lambda_port = free_ports(2)
    command = ["npm", "start", "--", "--httpPort", str(http_port), "--lambdaPort", str(lambda_port)]
    log = project.parent / "serverless.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=project,
            env=environment(**mail_environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            wait_for_ready(process, log)
            yield f"http://127.0.0.1:{http_port}", f"http://127.0.0.1:{lambda_port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(GENEROUS_SECONDS)


def wait_for_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    wait_until(lambda: process.poll() is not None or "Server ready" in log.read_text(), what="the server is ready")
    assert process.poll() is None, log.read_text()


def test_boto3_reaches_the_function_through_serverless_offline(
    endpoints: tuple[str, str], mail_server: MailServer, lambda_client: Callable[[str], Any]
) -> None:
    payload = json.dumps(samples.event("BOOKING_CONFIRMATION")).encode()
    response = lambda_client(endpoints[1]).invoke(FunctionName=NAME, Payload=payload)
    with response["Payload"] as answer:
        assert json.loads(answer.read()) == {"ok": True, "retryable": False, "error": None, "fault": None}
    assert "FunctionError" not in response
    mail_server.only()


def test_the_http_endpoint_of_serverless_offline_sends(endpoints: tuple[str, str], mail_server: MailServer) -> None:
    request = urllib.request.Request(
        endpoints[0] + "/dev/send-email",
        json.dumps(samples.event("SIGNUP_WELCOME")).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=GENEROUS_SECONDS) as response:
        assert (response.status, json.load(response)["ok"]) == (200, True)
    mail_server.only()


def test_the_archive_for_aws_runs_by_itself_and_has_no_http_door(project: Path, tmp_path: Path) -> None:
    npm(project, "run", "package")
    with zipfile.ZipFile(project / ".build" / "email-function.zip") as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert not [name for name in names if name.startswith(("email_lambda/local", "email_lambda/build", "."))]
    # -I -S: nothing but the archive and the standard library, as on AWS.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from email_lambda.handler import handle; import jinja2;"
        f"assert jinja2.__file__.startswith({str(tmp_path)!r}); print(handle({{}}, None)['error'])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        timeout=GENEROUS_SECONDS,
        check=True,
    )
    assert done.stdout == "The event lacks type, to, data, message_id.\n"
    template = (project / ".serverless" / "cloudformation-template-update-stack.json").read_text()
    assert "email_lambda/handler.handle" in template
    assert "ApiGateway" not in template


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/serverless"]["version"] == "4.3.1"
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_libraries_of_the_archive_are_those_that_were_tested() -> None:
    versions = re.compile(r"^(?:jinja2|markupsafe)==\S+", re.MULTILINE)
    ours = versions.findall((SOURCE / "requirements.txt").read_text())
    assert len(ours) == 2
    assert sorted(ours) == sorted(versions.findall((ROOT / "requirements.txt").read_text()))
