"""The real product, started as `make run` starts it, on data and a port of its own."""

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

PASSWORD = "demo-only-passphrase"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
KEY = re.compile(r'name="idempotency_key"[^>]*value="([^"]+)"')


@contextmanager
def running(**settings: str) -> Iterator[int]:
    """Serve HMS on a free port, which is given, from an empty folder that is removed afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="hms-bench-", ignore_cleanup_errors=True) as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HMS_")}
        environment |= {"HMS_MODE": "development", "HMS_DATA_DIR": folder, "HMS_PORT": str(port), "FLASK_APP": "wsgi"}
        command = [sys.executable, "-m", "flask", "serve"]
        process = subprocess.Popen(
            command, env=environment | settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            _wait_until_ready(process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("HMS is ready"):
            return
    raise SystemExit("HMS did not start.")


class Browser:
    """One person's browser: a connection that stays open, and its cookies."""

    def __init__(self, port: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> str:
        """The page at ``path``."""
        return self._send("GET", path)[1]

    def post(self, path: str, **fields: str) -> int:
        """Post a form; the answer's status."""
        return self._send("POST", path, urlencode(fields))[0]

    def sign_in(self, email: str) -> None:
        """Sign in as one of the demo clinic's people."""
        token = TOKEN.search(self.get("/login"))
        assert token
        status = self.post("/login", email=email, password=PASSWORD, csrf_token=token[1])
        assert status == 303, f"{email} cannot sign in: {status}"

    def _send(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read().decode()
