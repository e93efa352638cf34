"""Proving an address as people do: email, code from the mail, next page."""


def code_in(letter) -> str:
    """The six digits of a mail."""
    assert letter.type == "SIGN_UP_CODE"
    return letter.data["code"]


def ask(browser, postbox, email, *, kind="patient", **values):
    """Ask for a code on the first page. The mail."""
    path = browser.url("auth.signup_email", kind=kind, **values)
    answer = browser.submit("auth.signup_email", {"email": email}, on=path)
    assert answer.location.startswith("/signup/code"), answer.location
    browser.get(answer.location)
    return postbox.only()


def prove(browser, postbox, email, *, kind="patient", **values):
    """Ask for a code and enter it. The answer to that."""
    letter = ask(browser, postbox, email, kind=kind, **values)
    return browser.submit("auth.signup_code", {"code": code_in(letter)})
