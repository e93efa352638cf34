"""One condition says whether a doctor can be booked, to Python and to the database alike."""

import pytest
from sqlalchemy import select

from hms import clock
from hms.auth.models import Doctor
from hms.db import db, transaction
from tests import make


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("is_approved", [False, True])
def test_a_doctor_is_bookable_once_approved_and_while_the_account_is_open(session, is_approved, is_closed):
    doctor = make.doctor(is_approved=is_approved)
    if is_closed:
        with transaction():
            doctor.user.deactivated_at = clock.now()
    expected = (is_approved and not is_closed, not is_approved and not is_closed)
    assert (doctor.is_bookable, doctor.is_waiting) == expected
    asked = select(Doctor.is_bookable, Doctor.is_waiting).join(Doctor.user).where(Doctor.id == doctor.id)
    assert db.session.execute(asked).one() == expected
