"""Two at once: real commits on several connections."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from hms.auth import services
from hms.auth.models import Patient, User
from hms.db import db
from hms.outbox import OutboxMessage
from tests import make
from tests.waiting import GENEROUS_SECONDS

pytestmark = pytest.mark.race

SIGN_UPS = 8


def test_of_simultaneous_sign_ups_with_one_email_one_wins(committing):
    barrier = Barrier(SIGN_UPS)

    def sign_up(number):
        email = "asha@example.test" if number % 2 else "ASHA@Example.Test"
        with committing.app_context():
            barrier.wait(timeout=GENEROUS_SECONDS)
            try:
                services.sign_up_patient(full_name="Asha", email=email, phone="020 7946 0999", password=make.PASSWORD)
            except services.EmailTaken:
                return "refused"
            return "made"

    with ThreadPoolExecutor(SIGN_UPS) as pool:
        results = list(pool.map(sign_up, range(SIGN_UPS)))
    assert sorted(results) == ["made", *["refused"] * (SIGN_UPS - 1)]
    for model in (User, Patient, OutboxMessage):
        assert db.session.scalar(select(func.count()).select_from(model)) == 1
