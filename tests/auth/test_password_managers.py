"""Password managers keep a password under a name: every form that asks for one says whose it is."""

import re
from pathlib import Path

import pytest

from hms.auth import tokens
from hms.auth.tokens import Purpose

TEMPLATES = Path(__file__).parents[2] / "hms" / "templates"


def account_of(page):
    """The value by which the form that asks for a password names the account, or the type of the field for it."""
    [form] = [form for form in page.all(".//form") if form.findall(".//input[@type='password']")]
    [named] = form.findall(".//input[@autocomplete='username']")
    return named.get("value") or named.get("type")


@pytest.mark.parametrize("path", ["/login", "/signup/doctor"])
def test_who_is_not_signed_in_types_the_name(client, path):
    assert account_of(client.get(path).page) == "email"


def test_a_password_that_is_changed_is_kept_under_the_accounts_email(asha, signed_in):
    page = signed_in(asha).page("recovery.renew")
    assert account_of(page) == "asha@example.test"
    [named] = page.all(".//input[@autocomplete='username']")
    assert named.get("hidden") is not None
    assert named.get("readonly") is not None


def test_a_password_that_is_reset_by_a_link_is_kept_under_the_accounts_email(asha, client, app):
    with app.test_request_context():
        token = tokens.make(Purpose.RESET_PASSWORD, asha.user)
    assert account_of(client.get(f"/reset-password/{token}").page) == "asha@example.test"


def test_no_template_asks_for_a_password_of_nobody():
    """A new password stands beside a field for the email, beside the present one, or says whose it is itself."""
    asked = re.compile(r"\{\{ password\((.*)\) \}\}")
    nobodys = []
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        calls = asked.findall(text)
        names = "form.email" in text or any("username=" in call or "new=True" not in call for call in calls)
        if calls and not names:
            nobodys.append(path.name)
    assert nobodys == []
