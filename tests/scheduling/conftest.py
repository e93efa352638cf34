"""What the tests of the patient's pages share: Asha's browser on her home page, a stranger's, and a free time."""

from datetime import date, time

import pytest

from tests import make


@pytest.fixture
def browser_of(signed_in):
    """``browser_of(asha)`` is Asha's browser, on her home page."""

    def browser_of(who):
        browser = signed_in(who)
        browser.page("patient.home")
        return browser

    return browser_of


@pytest.fixture
def patient(browser_of, asha):
    """Asha's browser."""
    return browser_of(asha)


@pytest.fixture
def stranger(browser_of, chen):
    """Chen's browser."""
    return browser_of(chen)


@pytest.fixture
def slot(bose):
    """Thursday 26 November, 09:40 with Dr Bose."""
    return make.slot(bose, day=date(2026, 11, 26), start=time(9, 40))


@pytest.fixture
def pending(session):
    """A doctor whose licence nobody has checked yet, with a free time."""
    doctor = make.doctor("Dr Penny Pending", is_approved=False)
    make.slot(doctor, day=date(2026, 11, 26))
    return doctor
