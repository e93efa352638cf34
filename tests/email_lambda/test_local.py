"""The function behind its local endpoints: boto3 over HTTP, curl's endpoint, and no process left behind."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from email_lambda.local.__main__ import NAME
from email_lambda.local.wire import BODY_LIMIT
from tests.email_lambda import samples
from tests.email_lambda.conftest import LocalFunction
from tests.email_lambda.mail_server import MailServer, silent_port
from tests.waiting import GENEROUS_SECONDS, wait_until

Client = Callable[[str], Any]


def invoke(client: Any, event: Any, *, name: str = NAME) -> Any:
    response = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    with response["Payload"] as payload:
        return json.loads(payload.read()), response.get("FunctionError")


def post(function: LocalFunction, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    url = urlsplit(function.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=GENEROUS_SECONDS)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def test_boto3_sends_a_mail_through_the_real_runtime(
    local_function: LocalFunction, lambda_client: Client, mail_server: MailServer
) -> None:
    answer, error = invoke(lambda_client(local_function.url), samples.full_event("BOOKING_CONFIRMATION"))
    assert (answer, error) == ({"ok": True, "retryable": False, "error": None, "fault": None}, None)
    assert mail_server.only().recipients == ["asha@patients.example"]


def test_the_function_is_found_by_its_name_and_by_its_arn_only(
    local_function: LocalFunction, lambda_client: Client
) -> None:
    client = lambda_client(local_function.url)
    for name in (NAME, f"{NAME}:$LATEST", f"arn:aws:lambda:eu-west-1:000000000000:function:{NAME}"):
        assert invoke(client, {}, name=name)[0]["error"].startswith("The event lacks")
    with pytest.raises(ClientError) as caught:
        invoke(client, {}, name="another-function")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_an_event_invocation_is_sent_and_not_waited_for(
    local_function: LocalFunction, lambda_client: Client, mail_server: MailServer
) -> None:
    payload = json.dumps(samples.event("STATUS_UPDATE")).encode()
    client = lambda_client(local_function.url)
    response = client.invoke(FunctionName=NAME, InvocationType="Event", Payload=payload)
    assert response["StatusCode"] == 202
    wait_until(lambda: mail_server.deliveries, what="it is sent")
    assert client.invoke(FunctionName=NAME, InvocationType="DryRun")["StatusCode"] == 204


def test_what_is_not_json_is_refused_at_the_door(local_function: LocalFunction, lambda_client: Client) -> None:
    client = lambda_client(local_function.url)
    for payload in (b"{", b"[" * 100_000):
        with pytest.raises(ClientError) as caught:
            client.invoke(FunctionName=NAME, Payload=payload)
        assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_the_http_door_sends_and_refuses_with_a_sentence(
    local_function: LocalFunction, mail_server: MailServer
) -> None:
    path = "/dev/send-email"
    assert post(local_function, path, json.dumps(samples.event("PASSWORD_RESET")).encode())[0] == 200
    mail_server.only()
    status, answer = post(local_function, path, json.dumps({**samples.event("PASSWORD_RESET"), "type": "X"}).encode())
    assert (status, answer["ok"]) == (422, False)
    assert post(local_function, path, b"{")[1]["error"] == "The body must be JSON."
    assert post(local_function, path, b"\xff")[0] == 400
    mail_server.answers["RCPT"] = "451 later"
    assert post(local_function, path, json.dumps(samples.event("PASSWORD_RESET")).encode())[0] == 503


@pytest.mark.parametrize("path", ["/", "/dev/send-email/", "/2015-03-31/functions/", "/2018-06-01/runtime/init/error"])
def test_there_are_no_other_endpoints(path: str, local_function: LocalFunction) -> None:
    assert post(local_function, path, b"{}")[0] == 404


def test_nothing_can_be_read(local_function: LocalFunction) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(local_function.url + "/dev/send-email", timeout=GENEROUS_SECONDS)
    with caught.value as response:
        assert response.status == 405


def test_a_web_page_cannot_use_the_endpoints(local_function: LocalFunction, mail_server: MailServer) -> None:
    good = json.dumps(samples.event("PASSWORD_RESET")).encode()
    assert post(local_function, "/dev/send-email", good, Origin="https://evil.example")[0] == 403
    assert post(local_function, "/dev/send-email", good, Host="evil.example")[0] == 403
    assert mail_server.deliveries == []


def test_bodies_are_bounded(local_function: LocalFunction) -> None:
    big = f"POST /dev/send-email HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n"
    assert raw(local_function, big.encode()).startswith(b"HTTP/1.1 413 ")
    chunked = b"POST /dev/send-email HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(local_function, chunked + b"ffffffff\r\n").startswith(b"HTTP/1.1 413 ")
    for bad in (b"-1\r\n", b"zz\r\n"):
        assert raw(local_function, chunked + bad)[9:12] in {b"400", b"413"}
    for length in ("-1", "x", "٣"):
        odd = f"POST /dev/send-email HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        assert raw(local_function, odd.encode()).startswith(b"HTTP/1.1 400 ")


def raw(function: LocalFunction, request: bytes) -> bytes:
    """Send bytes and return what comes back until the server hangs up."""
    url = urlsplit(function.url)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=GENEROUS_SECONDS) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_only_the_loopback_interface_is_listened_on(local_function: LocalFunction) -> None:
    port = urlsplit(local_function.url).port
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    listening = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    assert listening == {"0100007F"}


def test_calls_at_the_same_time_are_handled_at_the_same_time_and_sent_once(
    mail_environment: dict[str, str], mail_server: MailServer, lambda_client: Client, tmp_path: Path
) -> None:
    memory = {"EMAIL_DEDUP_SQLITE": str(tmp_path / "sent.sqlite")}
    function = LocalFunction("--concurrency", "4", environment={**mail_environment, **memory})
    client = lambda_client(function.url)
    try:
        with ThreadPoolExecutor(8) as pool:
            events = [samples.event("STATUS_UPDATE", message_id=f"id:{number % 2}") for number in range(16)]
            answers = list(pool.map(lambda event: invoke(client, event)[0], events))
        assert all(answer["ok"] or answer["retryable"] for answer in answers)
        assert invoke(client, events[0])[0]["ok"]
        assert invoke(client, events[1])[0]["ok"]
    finally:
        function.stop()
    assert sorted(delivery.mail["Message-ID"] for delivery in mail_server.deliveries) == [
        "<id+0@clinic.example>",
        "<id+1@clinic.example>",
    ]


def test_a_function_that_runs_out_of_time_is_an_error_and_the_next_call_works(
    mail_environment: dict[str, str], mail_server: MailServer, lambda_client: Client, tmp_path: Path
) -> None:
    path = str(tmp_path / "sent.sqlite")
    function = LocalFunction("--timeout", "2", environment={**mail_environment, "EMAIL_DEDUP_SQLITE": path})
    client = lambda_client(function.url)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")  # it waits for this longer than it may run
            for _ in range(2):
                answer, error = invoke(client, samples.event("STATUS_UPDATE"))
                assert error == "Unhandled"
                assert answer["errorType"] == "Sandbox.Timedout"
    finally:
        function.stop()


def test_a_silent_mail_server_becomes_an_answer_before_the_functions_time_is_over(
    mail_environment: dict[str, str], lambda_client: Client
) -> None:
    with silent_port() as port:
        silent = {"SMTP_PORT": str(port), "SMTP_TIMEOUT_SECONDS": "60"}
        function = LocalFunction("--timeout", "5", environment={**mail_environment, **silent})
        try:
            answer, error = invoke(lambda_client(function.url), samples.event("STATUS_UPDATE"))
        finally:
            function.stop()
    assert error is None
    assert (answer["fault"], answer["retryable"]) == ("server", True)


def test_it_stops_on_sigterm_with_its_child_and_without_a_word(mail_environment: dict[str, str]) -> None:
    function = LocalFunction(environment=mail_environment)
    children = children_of(function.process.pid)
    assert children
    assert function.stop() == ""
    assert function.process.returncode == 0
    assert not any(map(is_running, children))


def test_its_child_dies_when_it_is_killed(mail_environment: dict[str, str]) -> None:
    function = LocalFunction(environment=mail_environment)
    children = children_of(function.process.pid)
    assert children
    function.process.send_signal(signal.SIGKILL)
    function.process.communicate(timeout=GENEROUS_SECONDS)
    wait_until(lambda: not any(map(is_running, children)), what="they are gone")


def test_a_child_that_is_killed_is_replaced(
    mail_environment: dict[str, str], mail_server: MailServer, lambda_client: Client
) -> None:
    function = LocalFunction(environment=mail_environment)
    try:
        for child in children_of(function.process.pid):
            os.kill(child, signal.SIGKILL)
        client = lambda_client(function.url)
        answers = [invoke(client, samples.event("STATUS_UPDATE")) for _ in range(2)]
    finally:
        function.stop()
    # The first call may meet the dying child: then it is an error that the caller sees, as on AWS.
    assert answers[0][1] in {None, "Unhandled"}
    assert answers[1] == ({"ok": True, "retryable": False, "error": None, "fault": None}, None)


def children_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
