"""A browser, clinics that are served for it, and windows of several sizes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from hms import clock
from hms.auth import passwords
from hms.devtools import demo
from tests.browser.sites import Account, Site, served
from tests.browser.windows import PHONE, WIDE, Form, Hand, Keyboard, OpenWindow, Window
from tests.fixtures.time import TestClock
from tests.waiting import GENEROUS_SECONDS

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where Chromium is; without one the tests are skipped, but never in CI."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path:
        return path
    told = "The browser tests need Chromium: install it (apt install chromium), or say where it is with CHROMIUM=/path."
    if os.environ.get("CI"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests; every window has cookies of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def steady_world() -> Iterator[None]:
    """While windows are open it is the Monday of all tests, for the servers' threads too, and passwords are cheap."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", TestClock().now)
        patch.setattr(passwords, "_hasher", cheap)
        yield


@pytest.fixture(scope="package")
def site(migrated_database, new_app, steady_world) -> Iterator[Site]:
    """The demo clinic, served; it promises mail that nobody sends."""
    with served(lambda url: new_app(migrated_database(), PUBLIC_URL=url, EMAIL_FUNCTION="hms-email-test")) as site:
        with site.app.app_context():
            demo.load()
        yield site


@pytest.fixture(scope="package")
def empty_site(migrated_database, new_app, steady_world, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A clinic without anybody, served for development: with style guide and mailbox, and without mail."""
    folder: Path = tmp_path_factory.mktemp("empty")
    with served(
        lambda url: new_app(migrated_database(), PUBLIC_URL=url, MODE="development", PORT=_port(url), DATA_DIR=folder)
    ) as site:
        yield site


@pytest.fixture(scope="package")
def broken_site(server, new_app, steady_world) -> Iterator[Site]:
    """A clinic whose database is away."""
    nowhere = server.set(host="127.0.0.1", port=9, query={})
    with served(lambda url: new_app(nowhere, PUBLIC_URL=url)) as site:
        yield site


def _port(url: str) -> str:
    return url.rpartition(":")[2]


class Contexts:
    """Browsers with cookies of their own. One that is given back is used again: what it has loaded saves time."""

    def __init__(self, browser: Browser):
        self._browser = browser
        self._free: dict[bool, list[BrowserContext]] = {True: [], False: []}

    def take(self, *, javascript: bool) -> BrowserContext:
        """A context without cookies, which nobody else uses meanwhile."""
        if self._free[javascript]:
            return self._free[javascript].pop()
        context = self._browser.new_context(
            java_script_enabled=javascript, reduced_motion="reduce", locale="en-GB", timezone_id="Europe/London"
        )
        context.set_default_timeout(GENEROUS_SECONDS * 1000)
        expect.set_options(timeout=GENEROUS_SECONDS * 1000)  # it has a timeout of its own, of five seconds
        return context

    def give_back(self, context: BrowserContext, *, javascript: bool) -> None:
        """Close its pages and forget who was signed in."""
        for page in context.pages:
            page.close()
        context.clear_cookies()
        self._free[javascript].append(context)


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Contexts:
    """The browsers that windows are opened in."""
    return Contexts(browser)


@pytest.fixture
def open_window(contexts: Contexts, site: Site) -> Iterator[OpenWindow]:
    """``open_window(asha, PHONE)`` is a new browser of the demo clinic, on a phone, with Asha signed in.

    Nobody is signed in without an account, and every page is looked at on both kinds of screen when none is named.
    There is no script with ``javascript=False``; ``by_keyboard=True`` presses and types without a pointer. All windows
    are closed after the test, which fails if any page broke the policy, asked another host or had a script fail.
    """
    windows: list[Window] = []

    def open_window(
        account: Account | None = None,
        *forms: Form,
        at: Site = site,
        javascript: bool = True,
        by_keyboard: bool = False,
    ) -> Window:
        context = contexts.take(javascript=javascript)
        if account:
            context.add_cookies([{"name": "hms", "value": account.cookie, "url": at.url}])
        hand = Keyboard() if by_keyboard else Hand()
        windows.append(
            Window(context.new_page(), *(forms or (WIDE, PHONE)), url=at.url, hand=hand, javascript=javascript)
        )
        return windows[-1]

    yield open_window
    for window in windows:
        contexts.give_back(window.page.context, javascript=window.javascript)
    faults = [fault for window in windows for fault in window.faults]
    assert not faults, "\n".join(faults)
