"""The example for nginx, run by the real nginx: how much it takes, and what its logs keep to themselves."""

import http.client
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy.cluster import DEPLOY, find, free_port, listens, nginx_conf, until
from hms.auth.views.doctor_profile import LARGEST_REQUEST_BYTES
from hms.config import LARGEST_FORM

SECRET = "s3cr3t-0f-s0meb0dy"  # of this test
MEGABYTE = 1024 * 1024


class Upstream(BaseHTTPRequestHandler):
    """Stands for HMS: takes everything."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """nginx before a server that takes everything: how to ask it, and its folder."""
    program = find("nginx")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is missing", pytrace=False)
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    (folder / "nginx.conf").write_text(nginx_conf(folder, port=port, upstream=[upstream.server_port]))
    errors = (folder / "errors.log").open("wb")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "user root;"]
    nginx = subprocess.Popen(command if os.geteuid() == 0 else command[:-2], stderr=errors)
    try:
        until(lambda: listens(port), what="nginx listens")
        yield lambda method, path, size=0: ask(port, method, path, size), folder
    finally:
        nginx.terminate()
        nginx.wait(20)
        errors.close()
        upstream.shutdown()
        upstream.server_close()


def ask(port: int, method: str, path: str, size: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, b"x" * size, {"Content-Length": str(size)})
        return connection.getresponse().status
    finally:
        connection.close()


def test_each_address_takes_as_much_as_hms_does(site):
    ask, _ = site
    assert ask("POST", "/patient/profile", LARGEST_FORM) == 200
    assert ask("POST", "/patient/profile", LARGEST_FORM + 1) == 413
    assert ask("POST", "/doctor/profile", LARGEST_REQUEST_BYTES) == 200
    assert ask("POST", "/doctor/profile", LARGEST_REQUEST_BYTES + 1) == 413


SECRET_PATHS = [
    f"/reset-password/{SECRET}",
    f"/verify-email/{SECRET}",
    f"/calendar/feed/{SECRET}.ics",
    f"/reminders/off/{SECRET}",
    f"/calendar/callback?code={SECRET}&state=x",
    f"/login?next=/reset-password/{SECRET}",
    f"/doctors?q={SECRET}",
]


def test_no_log_holds_the_secret_of_a_link_or_what_somebody_looked_for(site):
    ask, folder = site
    for path in SECRET_PATHS:
        assert ask("GET", path) == 200
    ask("POST", f"/reset-password/{SECRET}", MEGABYTE)  # too large, which the error log tells of
    log = folder / "access.log"
    until(lambda: log.read_text().count("\n") >= len(SECRET_PATHS) + 1, what="everything is logged")
    assert SECRET not in log.read_text()
    assert SECRET not in (folder / "errors.log").read_text()
    assert '"GET /reset-password/..." 200' in log.read_text()
    assert '"GET /doctors" 200' in log.read_text()


def test_every_address_of_hms_with_a_secret_in_it_is_known_to_the_example(app):
    conf = (DEPLOY / "nginx.conf").read_text()
    for rule in app.url_map.iter_rules():
        if "token" in rule.arguments:
            assert re.search(rf"[(|]{re.escape(str(rule).strip('/').split('/<')[0])}[|)]", conf), rule
