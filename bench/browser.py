"""What a browser fetches over the network for a page: Chromium, through the nginx of deploy/nginx.conf, over HTTPS."""

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from bench.product import Product
from bench.visitors import HOST, sign_in
from deploy.cluster import Missing, end, find, free_port, listens, nginx_conf, until

SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
PATIENT = 7  # whoever has appointments


@contextmanager
def behind_nginx(product: Product) -> Iterator[tuple[int, Path]]:
    """The port on which nginx serves the product over HTTPS, and its certificate. Raises :class:`Missing`."""
    program, openssl = find("nginx"), find("openssl")
    if not program or not openssl:
        raise Missing("nginx or openssl is missing: apt-get install nginx-light openssl")
    with tempfile.TemporaryDirectory(prefix="hms-bench-nginx-") as name:
        folder, port = Path(name), free_port()
        key, certificate = folder / "hms.key", folder / "hms.pem"
        subprocess.run([*CERTIFICATE, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        conf = nginx_conf(folder, port=port, upstream=[product.port], certificate=(certificate, key))
        (folder / "nginx.conf").write_text(conf)
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        as_ourselves = ["-g", "user root;"] if os.geteuid() == 0 else []
        nginx = subprocess.Popen([*command, *as_ourselves], stderr=subprocess.DEVNULL)
        try:
            until(lambda: listens(port), what="nginx listens", seconds=20)
            yield port, certificate
        finally:
            end(nginx)


@contextmanager
def chromium(port: int, certificate: Path) -> Iterator[Browser]:
    """Chromium, for which the product's host is nginx and its certificate is good. Raises :class:`Missing`.

    Of a host whose certificate is bad it keeps nothing, even where it is told to pass over that.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        raise Missing("Chromium is missing: apt-get install chromium, or say where it is with CHROMIUM=/path.")
    switches = (
        f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{port}",
        f"--ignore-certificate-errors-spki-list={_key_of(certificate)}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*SWITCHES, *switches])
        yield browser
        browser.close()


def _key_of(certificate: Path) -> str:
    """The fingerprint of a certificate's key, as Chromium wants it."""
    key = load_pem_x509_certificate(certificate.read_bytes()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def visits(browser: Browser, path: str, *, signed_in: bool) -> tuple[float, float]:
    """How many kilobytes a first visit of a page takes, and one after it, with what the browser has kept by then."""
    context = browser.new_context()
    if signed_in:
        secret = sign_in(PATIENT).secret
        context.add_cookies([{"name": "__Host-hms", "value": secret, "url": f"https://{HOST}/", "secure": True}])
    first, second = _visit(context, path), _visit(context, path)
    context.close()
    return first, second


def _visit(context: BrowserContext, path: str) -> float:
    """The kilobytes (1,000 bytes) that one visit takes, heads of the answers included."""
    page = context.new_page()
    taken: list[float] = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: taken.append(_bytes_of(event)))
    answer = page.goto(f"https://{HOST}{path}", wait_until="networkidle")
    if answer is None or answer.status != 200 or not page.url.endswith(path):
        raise RuntimeError(f"{path} answered {answer and answer.status}, at {page.url}")
    page.close()
    return sum(taken) / 1000


def _bytes_of(event: dict[str, Any]) -> float:
    return float(event["encodedDataLength"])
