"""Requirements: what has to be so before a booking counts."""

import pytest
from sqlalchemy import select

from hms.db import db
from hms.scheduling import requirements, services
from hms.scheduling.models import Appointment
from hms.scheduling.refusals import NotOffering, NotYet
from tests import make


@pytest.fixture
def require(app, monkeypatch):
    """Add a check for this test alone."""
    monkeypatch.setitem(app.extensions, requirements.KEY, [*app.extensions[requirements.KEY]])
    return lambda check: requirements.add(app, check)


def test_what_is_not_met_books_nothing_and_the_same_page_books_once_it_is(session, require, asha, bose):
    is_paid, slot, key = False, make.slot(bose), make.new_key()

    def paid(asked, patient):
        assert (asked.doctor_id, asked.starts_at, patient.id) == (bose.id, slot.starts_at, asha.id)
        return None if is_paid else NotYet("Pay first.", next_page="/pay")

    require(paid)
    with pytest.raises(NotYet, match="Pay first") as refused:
        services.book(slot.id, patient=asha, idempotency_key=key)
    assert refused.value.next_page == "/pay"
    assert not db.session.scalars(select(Appointment)).all()
    is_paid = True
    assert services.book(slot.id, patient=asha, idempotency_key=key).slot_id == slot.id


def test_the_first_that_is_not_met_answers(session, require, asha):
    slot = make.slot(make.doctor(is_approved=False))
    require(lambda *_: NotYet("Pay first.", next_page="/pay"))
    with pytest.raises(NotOffering):
        services.book(slot.id, patient=asha, idempotency_key=make.new_key())


def test_a_booking_that_came_about_is_asked_nothing_more(session, require, asha, bose):
    slot, key = make.slot(bose), make.new_key()
    first = services.book(slot.id, patient=asha, idempotency_key=key)
    require(lambda *_: NotYet("Pay first.", next_page="/pay"))
    assert services.book(slot.id, patient=asha, idempotency_key=key).id == first.id
