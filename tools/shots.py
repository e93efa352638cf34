"""Take the pictures of the README: `.venv/bin/python -m tools.shots` from the project's root.

It starts the product as `make run` does, on an empty folder, and writes docs/shots/*.png with at most 256 colours. The
pictures show the week after the one in which they are taken, so that only their dates differ from day to day.
"""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PASSWORD = "demo-only-passphrase"  # noqa: S105  # of the made-up clinic
FOLDER = Path(__file__).parents[1] / "docs" / "shots"
WIDE = {"width": 1200, "height": 760}
PHONE = {"width": 390, "height": 844}
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def take_all() -> None:
    """Write every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running() as port, sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        _of_the_patient(browser, f"http://127.0.0.1:{port}")
        _of_the_doctor(browser, f"http://127.0.0.1:{port}")
        browser.close()


@contextmanager
def running() -> Iterator[int]:
    """Serve HMS on a free port, which is given, from an empty folder that is removed afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="hms-shots-", ignore_cleanup_errors=True) as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HMS_")}
        environment |= {"HMS_MODE": "development", "HMS_DATA_DIR": folder, "HMS_PORT": str(port), "FLASK_APP": "wsgi"}
        command = [sys.executable, "-m", "flask", "serve"]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            if not any(line.startswith("HMS is ready") for line in process.stdout or ()):
                raise SystemExit("HMS did not start.")
            yield port
        finally:
            process.terminate()
            process.wait()


def _of_the_patient(browser: Browser, url: str) -> None:
    page = _signed_in(browser, url, "asha@demo.test", WIDE)
    page.goto("/doctors")
    _take(page, "directory")
    page.get_by_role("link", name="Dr Anil Bose", exact=True).click()
    page.get_by_role("link", name="Next week").click()
    page.wait_for_url("**?day=*")
    page.locator("a.day").nth(2).click()
    page.locator("a.day[aria-current=date]").wait_for()
    _take(page, "doctor")
    page.locator("#times a.time").nth(3).click()
    page.get_by_label("Reason for your visit").fill("Palpitations when I climb stairs")
    page.get_by_role("button", name="Book this appointment").click()
    page.get_by_role("heading", name="Booked").wait_for()
    _take(page, "booked")
    _of_the_mail(page)
    phone = _signed_in(browser, url, "asha@demo.test", PHONE, color_scheme="dark")
    phone.goto("/patient/")
    _take(phone, "phone")


def _of_the_mail(page: Page) -> None:
    """The worker sends within seconds; the mailbox does not reload by itself."""
    booked = page.get_by_role("link", name=re.compile("^(Booked|Confirmed|Your appointment)", re.IGNORECASE))
    for _ in range(60):
        page.goto("/dev/mailbox")
        if booked.count():
            break
        page.wait_for_timeout(500)
    _take(page, "mailbox")
    booked.first.click()
    page.frame_locator("iframe").locator("body").wait_for()
    _take(page, "mail")


def _of_the_doctor(browser: Browser, url: str) -> None:
    page = _signed_in(browser, url, "bose@demo.test", {"width": 1360, "height": 900})
    page.goto("/doctor/calendar")
    page.get_by_role("link", name="Next week").click()
    page.wait_for_url("**?week=*")
    _take(page, "calendar")


def _signed_in(browser: Browser, url: str, email: str, viewport: Any, **form: Any) -> Page:
    page = browser.new_page(base_url=url, viewport=viewport, reduced_motion="reduce", locale="en-GB", **form)
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)
    return page


def _take(page: Page, name: str) -> None:
    """A picture of what the window shows, without a focus ring or a caret, small enough for a README."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.evaluate("document.fonts.ready.then(() => true)")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    path = FOLDER / f"{name}.png"
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name:14} {picture.width} x {picture.height}, {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    take_all()
