"""Somebody with a browser, for trials: keeps cookies, follows the forms of HMS."""

import http.client
import re
from urllib.parse import urlencode

PASSWORD = "demo-only-passphrase"  # noqa: S105  # published: it opens nothing but demo accounts
HIDDEN = re.compile(r"<input[^>]*>")


class Visitor:
    """One person's browser."""

    def __init__(self, port: int, *, read_timeout_seconds: float = 30) -> None:
        self._port, self._read_timeout_seconds = port, read_timeout_seconds
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> tuple[int, str]:
        """Status and page at ``path``."""
        return self._send("GET", path)

    def post(self, path: str, page: str, **fields: str) -> tuple[int, str]:
        """Send the form that ``page`` has, filled in; status, and where it leads."""
        return self._send("POST", path, urlencode(hidden_fields(page) | fields))

    def sign_in(self, email: str) -> None:
        """Sign in as one of the demo clinic's people."""
        status, _ = self.post("/login", self.get("/login")[1], email=email, password=PASSWORD)
        if status != 303:
            raise AssertionError(f"{email} cannot sign in: {status}")

    def _send(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._read_timeout_seconds)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        return answer.status, answer.headers["Location"] or text


def hidden_fields(page: str) -> dict[str, str]:
    """What the page's form has filled in already."""
    inputs = [tag for tag in HIDDEN.findall(page) if 'type="hidden"' in tag]
    named = [(re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in inputs]
    return {name[1]: value[1] for name, value in named if name and value}
