"""Where somebody may be sent after signing in. The hostile ones are what browsers have been seen to follow."""

import pytest
from flask import request

from hms.auth.redirects import page_behind, safe_next

GOOD = [
    "/",
    "/doctors",
    "/doctors?specialty=cardiology&q=",
    "/doctors/0192f0c1-0000-7000-8000-000000000000?day=2026-11-26",
    "/patient/slots/0192f0c1-0000-7000-8000-000000000000/book",
    "/doctors?q=%E5%90%8D%E5%89%8D",
    "/doctors?q=名前",
    "/doctors?next=//evil.test",
]

EVIL = [
    None,
    "",
    " ",
    "evil.test",
    "//evil.test",
    "///evil.test",
    "////evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "\\/evil.test",
    "/\\/evil.test",
    "https:evil.test",
    "https:/evil.test",
    "https://evil.test",
    "http:///evil.test",
    "http://localhost/doctors",
    "HTTPS://evil.test",
    "ftp://evil.test",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>",
    "\t//evil.test",
    "\n//evil.test",
    " //evil.test",
    "\x00//evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/\r\n/evil.test",
    "/%09/evil.test",
    "/%0a/evil.test",
    "/%2f/evil.test",
    "/%2f%2fevil.test",
    "/%5cevil.test",
    "%2f%2fevil.test",
    "/doctors\r\nSet-Cookie: a=b",
    "/doctors%0d%0aSet-Cookie:%20a=b",
    "/.//evil.test",
    "/..//evil.test",
    "/../evil",
    "/doctors//evil.test",
    "?next=/",
    "#//evil.test",
    "／／evil.test",  # full-width slashes
    "\u2028//evil.test",
    "/\u2028/evil.test",
    "/\x7f/evil",
    "/\ud800",
    "//[::1",
    "/" + "a" * 3000,
    "/login",
    "/login?next=/doctors",
    "/logout",
    "/signup/patient",
]


@pytest.mark.parametrize("target", GOOD)
def test_a_page_of_this_site_is_gone_on_to(target):
    assert safe_next(target) == target


@pytest.mark.parametrize("target", EVIL)
def test_nothing_else_is(target):
    assert safe_next(target) is None


@pytest.mark.parametrize("target", GOOD)
def test_signing_in_leads_on_to_a_page_of_this_site(target, asha, client):
    assert _sign_in(client, target).location.startswith(target.partition("?")[0])


@pytest.mark.parametrize("target", [target for target in EVIL if target and "\ud800" not in target])
def test_signing_in_leads_nowhere_else(target, asha, client):
    assert _sign_in(client, target).location == "/patient/"


def _sign_in(client, target):
    from tests import make

    token = client.page("auth.login").csrf_token
    data = {"csrf_token": token, "email": "asha@example.test", "password": make.PASSWORD, "next": target}
    answer = client.post("/login", data=data)
    assert answer.status_code == 303
    return answer


@pytest.mark.parametrize(
    ("method", "referrer", "expected"),
    [
        ("GET", None, "/patient/?a=b"),
        ("GET", "http://localhost/elsewhere", "/patient/?a=b"),
        ("POST", "http://localhost/patient/profile?x=1", "/patient/profile?x=1"),
        ("POST", None, None),
        ("POST", "http://evil.test/patient/profile", None),
        ("POST", "https://localhost/patient/profile", None),
        ("POST", "http://localhost//evil.test", None),
        ("POST", "http://[::1", None),
        ("POST", "nonsense", None),
    ],
)
def test_the_way_back_is_this_page_or_the_one_that_a_form_stood_on(app, method, referrer, expected):
    headers = {"Referer": referrer} if referrer else {}
    with app.test_request_context("/patient/?a=b", method=method, headers=headers):
        assert page_behind(request) == expected
