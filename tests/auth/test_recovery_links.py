"""Links in mails: those that are forged, and those that prove an address."""

import re

import pytest

from hms import clock
from hms.auth import queries, services, tokens
from hms.auth.tokens import LASTS, LinkEnded, Purpose
from hms.db import transaction
from tests import make
from tests.auth.test_recovery import ENDED, path_in

pytestmark = pytest.mark.usefixtures("postbox")


class TestForgedLinks:
    def test_a_link_of_one_kind_is_none_of_the_other(self, client, asha):
        verify, reset = (tokens.make(purpose, asha.user) for purpose in (Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD))
        assert client.get(f"/reset-password/{verify}").page.heading == ENDED
        assert client.get(f"/verify-email/{reset}").page.heading == ENDED

    @pytest.mark.parametrize("kind", ["reset-password", "verify-email"])
    @pytest.mark.parametrize("token", ["x", "a.b", "e30.x", "%00", "[]", "é", "A" * 3000])
    def test_rubbish_has_ended(self, client, kind, token):
        assert client.get(f"/{kind}/{token}").status_code in (400, 404, 409)

    def test_every_changed_character_is_noticed(self, asha):
        token = tokens.make(Purpose.RESET_PASSWORD, asha.user)
        for place in range(len(token) - 1):  # the last one carries bits that mean nothing
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            with pytest.raises(LinkEnded):
                tokens.user_id_of(Purpose.RESET_PASSWORD, changed)

    def test_another_secret_key_ends_all_links(self, asha, app, monkeypatch):
        token = tokens.make(Purpose.RESET_PASSWORD, asha.user)
        monkeypatch.setitem(app.config, "SECRET_KEY", "u" * 32)
        with pytest.raises(LinkEnded):
            tokens.user_id_of(Purpose.RESET_PASSWORD, token)

    def test_a_link_holds_neither_the_password_nor_the_address(self, asha):
        token = tokens.make(Purpose.RESET_PASSWORD, asha.user)
        assert asha.user.password_hash not in token
        assert not re.search("asha", token, re.IGNORECASE)

    def test_the_link_of_an_account_that_is_gone_has_ended(self, session, asha):
        asha.user.id = clock_id = make.patient().user.id
        token = tokens.make(Purpose.RESET_PASSWORD, asha.user)
        session.rollback()
        assert queries.find_user(clock_id) is not None
        with pytest.raises(LinkEnded):
            services.check_reset(token)


class TestVerifying:
    @pytest.fixture
    def asha(self, session):
        """Asha, as she signed up where mail was off."""
        return make.patient("Asha Rao", email="asha@example.test", is_verified=False)

    @pytest.fixture
    def path(self, asha, postbox):
        """The path of the link in Asha's welcome."""
        return path_in(postbox.only())

    def press(self, browser, path):
        form = browser.get(path).page.find_form(path)
        return browser.post(path, data=form.values)

    def test_opening_changes_nothing_and_the_button_confirms(self, client, asha, path):
        client.get(path)
        client.head(path)
        assert asha.user.email_verified_at is None
        answer = self.press(client, path)
        assert client.get(answer.location).page.heading == "Your email is confirmed"
        assert asha.user.email_verified_at is not None

    def test_a_second_press_is_no_error_and_changes_nothing(self, client, asha, path, steady_clock):
        self.press(client, path)
        first = asha.user.email_verified_at
        steady_clock.advance(hours=1)
        assert self.press(client, path).status_code == 303
        assert asha.user.email_verified_at == first

    def test_the_link_works_for_a_week(self, client, path, steady_clock):
        steady_clock.advance(days=LASTS[Purpose.VERIFY_EMAIL].days, seconds=-60)
        assert client.get(path).status_code == 200
        steady_clock.advance(minutes=2)
        answer = client.get(path)
        assert (answer.status_code, answer.page.heading) == (409, ENDED)
        assert answer.page.link("Sign in") == "/login"

    def test_the_link_of_another_address_has_ended(self, client, asha, path):
        with transaction():
            asha.user.email = "asha.rao@example.test"
        assert client.get(path).page.heading == ENDED

    def test_somebody_who_is_signed_in_can_ask_for_another(self, signed_in, asha, path, postbox, steady_clock):
        steady_clock.advance(days=8)
        patient = signed_in(asha)
        assert patient.get(path).page.find_form("/verify-email/send") is not None
        answer = patient.submit("recovery.send_verification", on=path)
        assert "A new link is on its way to asha@example.test." in patient.get(answer.location).page.text
        letter = postbox.only()
        assert letter.type == "EMAIL_VERIFICATION"
        self.press(patient, path_in(letter))
        assert asha.user.email_verified_at is not None

    def test_the_home_page_asks_until_it_is_confirmed(self, signed_in, asha, bose, postbox):
        for who, endpoint in ((asha, "patient.home"), (bose, "doctor.today")):
            browser = signed_in(who)
            with transaction():
                who.user.email_verified_at = None
            assert "Confirm your email" in browser.page(endpoint).text
            with transaction():
                who.user.email_verified_at = clock.now()
            assert "Confirm your email" not in browser.page(endpoint).text

    def test_a_verification_that_is_no_longer_needed_is_not_mailed(self, client, asha, path, postbox):
        services.send_verification(asha.user)
        self.press(client, path)
        assert postbox.deliver() == []

    def test_nobody_else_can_have_a_link_sent(self, client, path):
        assert client.post("/verify-email/send", data={"csrf_token": client.csrf_token()}).status_code == 302
