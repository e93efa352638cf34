"""Before a sign-in ends a page asks when, which is no activity, and whoever is there stays signed in."""


def seconds(browser):
    return browser.get("/session/ends").json["seconds"]


def test_asking_when_it_ends_does_not_put_it_off(signed_in, asha, steady_clock):
    browser = signed_in(asha)
    steady_clock.advance(minutes=20)
    assert seconds(browser) == seconds(browser) == 600
    steady_clock.advance(minutes=11)
    assert seconds(browser) == 0


def test_staying_signed_in_puts_it_off_until_it_is_too_late(signed_in, asha, steady_clock):
    browser = signed_in(asha)
    token = browser.csrf_token()
    steady_clock.advance(minutes=29)
    assert browser.post("/session/stay", data={"csrf_token": token}).json["seconds"] == 1800
    steady_clock.advance(minutes=29)
    assert seconds(browser) == 60
    steady_clock.advance(minutes=2)
    assert browser.post("/session/stay", data={"csrf_token": token}).status_code == 400
    assert seconds(browser) == 0


def test_a_session_ends_after_its_hours_however_often_one_stays(app, signed_in, asha, steady_clock):
    app.config["SESSION_HOURS"] = 1
    browser = signed_in(asha)
    token = browser.csrf_token()
    for _ in range(2):
        steady_clock.advance(minutes=25)
        left = browser.post("/session/stay", data={"csrf_token": token}).json["seconds"]
    assert left == 600


def test_a_stranger_has_no_session_and_no_warning(client):
    assert seconds(client) == 0
    assert "session-ending" not in client.get("/").text
