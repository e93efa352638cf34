"""The example for nginx, run by the real nginx: how much it takes, and what its logs keep to themselves."""

import gzip
import http.client
import os
import re
import subprocess
import threading
from collections import Counter
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from deploy.cluster import DEPLOY, find, free_port, listens, nginx_conf, until
from hms.auth.views.doctor_profile import LARGEST_REQUEST_BYTES
from hms.config import LARGEST_FORM
from tests.waiting import GENEROUS_SECONDS

PAGE = b"<p>The same again.</p>" * 500
SECRET = "s3cr3t-0f-s0meb0dy"  # of this test
MEGABYTE = 1024 * 1024


class Upstream(BaseHTTPRequestHandler):
    """Stands for HMS: takes everything, and answers with a page, or with a file in the encoding that is asked for."""

    asked: ClassVar[Counter[tuple[str, str]]] = Counter()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = self.headers.get("Accept-Encoding", "")
        self.asked[self.path, encoding] += 1
        is_file = self.path.startswith("/static/")
        body = f"as {encoding}".encode() if is_file else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/css" if is_file else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=315360000, public, immutable" if is_file else "no-store")
        self.send_header("Vary", "Accept-Encoding" if is_file else "Cookie")
        if is_file and encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

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
        yield partial(ask, port), folder
    finally:
        nginx.terminate()
        nginx.wait(20)
        errors.close()
        upstream.shutdown()
        upstream.server_close()


def ask(port: int, method: str, path: str, size: int = 0) -> int:
    return answer(port, method, path, size).status


def answer(port: int, method: str, path: str, size: int = 0, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GENEROUS_SECONDS)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, b"x" * size, {"Content-Length": str(size), **named})
        found = connection.getresponse()
        found.body = found.read()
        return found
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


def test_a_page_is_compressed_for_whoever_takes_that(site):
    get = partial(answer, site[0].args[0], "GET", "/doctors")
    compressed = get(Accept_Encoding="gzip, deflate, br")
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.body) == PAGE
    assert len(compressed.body) < len(PAGE) / 20
    assert {"Cookie", "Accept-Encoding"} <= set(compressed.headers.get_all("Vary"))
    assert get().body == PAGE


def test_a_file_comes_compressed_from_hms_and_is_asked_for_once_in_each_encoding(site):
    get = partial(answer, site[0].args[0], "GET", "/static/portal.0123456789ab.css")
    for accepted, best in {
        "gzip, deflate, br, zstd": "br",
        "br": "br",
        "gzip, deflate": "gzip",
        "GZIP;q=1.0": "gzip",
        "": "",
        "identity": "",
        "brotli": "",
    }.items():
        found = get(Accept_Encoding=accepted)
        assert (found.body.decode(), found.headers.get("Content-Encoding", "")) == (f"as {best}", best)
        assert "immutable" in found.headers["Cache-Control"]
    asked = {encoding: times for (path, encoding), times in Upstream.asked.items() if path.startswith("/static/")}
    assert asked == {"br": 1, "gzip": 1, "": 1}


def test_every_address_of_hms_with_a_secret_in_it_is_known_to_the_example(app):
    conf = (DEPLOY / "nginx.conf").read_text()
    for rule in app.url_map.iter_rules():
        if "token" in rule.arguments:
            assert re.search(rf"[(|]{re.escape(str(rule).strip('/').split('/<')[0])}[|)]", conf), rule
