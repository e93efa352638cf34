"""A browser's window that looks closely at every page: is it accessible, within our policy, and of the right width?"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Request, Response, expect

from tests.browser import axe

FORBIDDEN_ANSWER = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
NARROWEST = 320
REFERENCE = re.compile(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}")


class Form(NamedTuple):
    """A kind of screen."""

    width: int
    height: int
    scheme: Any

    @property
    def size(self) -> Any:
        """As Playwright wants it."""
        return {"width": self.width, "height": self.height}


WIDE = Form(1280, 900, "light")
PHONE = Form(390, 844, "dark")


class Window:
    """One tab. ``page`` is Playwright's; :meth:`look` is what a test calls on every page it comes to.

    It has the first of its forms; every page is looked at in each of them.
    A status of 400 or more is a fault unless the test has allowed it with :meth:`allow`.
    """

    def __init__(self, page: Page, *forms: Form, url: str, hand: "Hand", javascript: bool) -> None:
        self.page, self.forms, self.url, self.hand, self.javascript = page, forms, url, hand, javascript
        self.faults: list[str] = []
        self.allowed: set[int] = set()
        self.status = 0
        page.set_viewport_size(forms[0].size)
        page.emulate_media(color_scheme=forms[0].scheme)
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def open(self, path: str) -> None:
        """Go to a path of the site."""
        self.page.goto(self.url + path)

    def allow(self, *statuses: int) -> None:
        """From now on, these statuses are what the test wants."""
        self.allowed.update(statuses)

    def look(self, heading: str | re.Pattern[str], *, is_error: bool = False) -> None:
        """Wait for the page whose ``h1`` says ``heading``, and fail if there is any fault in it."""
        expect(self.page.get_by_role("heading", level=1).first).to_have_text(heading)
        at = f"{self.path} ({heading})"
        title = self.page.title()
        assert title.startswith("Error: ") == is_error, f"{at}: the title is {title!r}"
        faults = [*self.faults, *(fault for form in self.forms for fault in self._faults_in(form))]
        assert not faults, f"{at}:\n  " + "\n  ".join(faults)

    def press(self, role: Any, name: str | re.Pattern[str], *, inside: Locator | None = None) -> None:
        """Press the one link or button that has this accessible name."""
        self.hand.press((inside or self.page).get_by_role(role, name=name, exact=True))

    def write(self, label: str, text: str, *, inside: Locator | None = None) -> None:
        """Fill in the field with this label."""
        self.hand.write((inside or self.page).get_by_label(label, exact=True), text)

    def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page's main part says this."""
        expect(self.page.get_by_role("main")).to_contain_text(text)

    @property
    def path(self) -> str:
        """Where the window is."""
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @property
    def focused(self) -> str:
        """The ``id`` of the element that has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))

    def _faults_in(self, form: Form) -> Iterator[str]:
        """What is wrong with the page on such a screen; a phone can also be a very narrow one."""
        for width in (NARROWEST, form.width) if form is PHONE else (form.width,):
            self.page.set_viewport_size({**form.size, "width": width})
            needed = self.page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                yield f"it scrolls sideways: {needed} px at a width of {width} px"
        if self.javascript:  # axe needs timers, which there are none of otherwise; the markup is the same
            if len(self.forms) > 1:
                self.page.emulate_media(color_scheme=form.scheme)
            yield from axe.violations(self.page)

    def _said(self, kind: str, text: str) -> None:
        status = FORBIDDEN_ANSWER.match(text)
        if kind in ("error", "warning") and not (status and int(status[1]) in self.allowed):
            self.faults.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.faults.append(f"asked another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.status = response.status
        if response.status >= 400 and response.status not in self.allowed:
            self.faults.append(f"{response.url} answered {response.status}")


class Hand:
    """How somebody acts on a page: by pointing."""

    def press(self, what: Locator) -> None:
        """Follow a link, press a button."""
        what.click()

    def write(self, where: Locator, text: str) -> None:
        """Put a text into a field."""
        where.fill(text)


class Keyboard(Hand):
    """Somebody who uses no pointer: everything must be reached by Tab, and be seen to be reached."""

    LONGEST_WAY = 120

    def press(self, what: Locator) -> None:
        """Go there and press Enter."""
        self._go_to(what)
        what.page.keyboard.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        """Go there, replace what is there and type."""
        self._go_to(where)
        where.page.keyboard.press("ControlOrMeta+a")
        where.page.keyboard.type(text)

    def _go_to(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(self.LONGEST_WAY):
            if what.evaluate("(element) => element === document.activeElement"):
                shown = what.evaluate("(element) => getComputedStyle(element).outlineStyle")
                assert shown != "none", f"nobody sees that {what} has the focus"
                return
            what.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {what}")


OpenWindow = Callable[..., Window]
