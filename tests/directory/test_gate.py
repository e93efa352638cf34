"""A visitor who has picked a slot and must sign in first: what they picked, and two ways on as equals."""

from datetime import date, time

from hms.availability import services
from tests import make
from tests.booking_page import open_times

THURSDAY = date(2026, 11, 26)


def test_a_visitor_sees_what_they_picked_and_two_ways_on(client, bose):
    slot = make.slot(bose, day=THURSDAY)
    booking = f"/patient/slots/{slot.id}/book"
    page = client.get(booking, follow_redirects=True).page
    assert "To book, create an account or sign in" in page.text
    assert "You’re booking 09:00 with Dr Anil Bose" in page.text
    assert "Not booked yet" in page.text
    (create,) = [link.get("href") for link in page.all(".//main//a") if "Create account" in "".join(link.itertext())]
    assert create == f"/signup/patient?next={booking}"
    assert "doctor account" not in page.text
    assert page.link("Change") == f"/doctors/{bose.id}?day=2026-11-26"
    assert "You’re booking 09:00" in client.get(create, follow_redirects=True).page.text


def test_a_slot_that_went_meanwhile_leaves_the_nearest_three(client, bose, asha):
    times = open_times(bose, THURSDAY, time(8), time(9), time(10), time(11), time(15))
    make.appointment(asha, slot=times[1])
    page = client.get(f"/login?next=/patient/slots/{times[1].id}/book").page
    assert "09:00 has been booked by someone else" in page.text
    offered = [link for link in page.links if link.startswith("/patient/slots/")]
    assert offered == [f"/patient/slots/{times[n].id}/book" for n in (0, 2, 3)]


def test_signing_in_for_anything_else_stays_as_it_is(client, bose):
    slot = make.slot(bose, day=THURSDAY)
    services.block_slot(slot.id, doctor=bose)
    for target in ("", "?next=/patient/appointments", "?next=/patient/slots/nonsense/book", "?next=//elsewhere"):
        page = client.get(f"/login{target}").page
        assert page.heading == "Sign in"
        assert "No account yet? Create an account" in page.text
    assert "no longer available" in client.get(f"/login?next=/patient/slots/{slot.id}/book").page.text.casefold()
