"""Changing one's password, and forms over HTTPS that send no Referer."""

import re
from itertools import pairwise

from hms.auth import services
from tests import make

NEW = "a quite different sentence"


def change(client, *, status=303, **fields):
    fields = {"current": make.PASSWORD, "password": NEW, **fields}
    return client.submit("recovery.renew", fields, status=status)


def test_a_new_password_signs_out_every_other_browser_and_keeps_this_one(asha, sign_in, new_client):
    here, elsewhere = sign_in(new_client(), asha), sign_in(new_client(), asha)
    old_cookie = here.get_cookie("hms").value

    change(here)

    assert here.get("/patient/").status_code == 200
    assert here.get_cookie("hms").value != old_cookie
    assert elsewhere.get("/patient/").status_code == 302
    assert services.authenticate(asha.user.email, NEW).id == asha.user_id


def test_who_does_not_know_the_present_password_changes_nothing(asha, sign_in, new_client):
    here = sign_in(new_client(), asha)
    answer = change(here, status=422, current="something else entirely")
    assert "That’s not your current password." in answer.text
    assert services.authenticate(asha.user.email, make.PASSWORD).id == asha.user_id


def test_a_password_that_is_easy_to_guess_is_refused(asha, sign_in, new_client):
    change(sign_in(new_client(), asha), status=422, password="short")
    assert services.authenticate(asha.user.email, make.PASSWORD).id == asha.user_id


def test_a_form_on_a_page_that_sends_no_referer_works_over_https(client):
    page = client.get("/forgot-password", base_url="https://localhost")
    assert page.headers["Referrer-Policy"] == "no-referrer"

    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login", base_url="https://localhost").text)
    fields = {"csrf_token": token[1], "email": "a@example.test", "password": "not the one"}

    assert client.post("/login", data=fields, base_url="https://localhost").status_code == 422  # read, and judged


def test_who_changes_it_again_and_again_gets_mails_with_growing_pauses_and_misses_none(
    session, asha, postbox, steady_clock
):
    passwords = [make.PASSWORD, *(f"{NEW} number {number}" for number in range(4))]
    for current, password in pairwise(passwords):
        services.change_password(asha.user, current=current, password=password)
        session.refresh(asha.user)
    assert [letter.type for letter in postbox.deliver()].count("PASSWORD_CHANGED") == 1
    steady_clock.advance(minutes=1)
    assert [letter.type for letter in postbox.deliver()] == ["PASSWORD_CHANGED"]
    steady_clock.advance(days=1)
    assert postbox.deliver() == []
