"""What is asked, again and again: so many requests of each kind, the same for every variant."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count, islice

from bench import product
from bench.ablation import switches as kinds
from bench.clinic import DOCTOR, uuid_of
from bench.stage import Site
from bench.visitors import Desk, book_path
from hms import clock

DAYS = 49  # of each doctor, where no page is asked for twice in a while
WRONG_PATIENT = 7  # so many patients on from the one whom a slot is meant for


class Requests:
    """Hands out requests; those that book take slots that are free, so they are asked for anew each time."""

    def __init__(self, site: Site):
        self._site, self._desk = site, Desk(product.SECRET_KEY)
        self._taken = range(site.clinic.bookable.start, site.clinic.bookable.start)
        self._unseen = self._days_of_doctors()

    def of(self, kind: str, number: int) -> list[bytes]:
        """So many requests."""
        desk, clinic = self._desk, self._site.clinic
        if kind == kinds.BOOKING:
            slots = self._site.ledger.take(number)
            self._site.ledger.pass_over(slots)
            return desk.bookings(slots, clinic)
        if kind == kinds.UNSEEN:
            return [desk.get(path) for path in islice(self._unseen, number)]
        if kind == kinds.REFUSED:  # slots that are taken from the beginning
            return [desk.book(slot, patient=(clinic.patient(slot) + WRONG_PATIENT) % 1000) for slot in range(number)]
        if kind == kinds.FORM:
            return [desk.get(book_path(clinic.contested[n]), patient=n) for n in range(number)]
        if kind in (kinds.PATIENT, kinds.VISITOR):
            who = range(number) if kind == kinds.PATIENT else [None] * number
            return [desk.get(f"/doctors/{uuid_of(DOCTOR, n)}", patient=one) for n, one in enumerate(who)]
        if kind == kinds.OWN:
            return [desk.get("/patient/appointments", patient=n) for n in range(number)]
        return [desk.get("/doctors" if kind == kinds.LIST else "/")] * number

    def _days_of_doctors(self) -> Iterator[str]:
        today, doctors = clock.now().date(), self._site.clinic.doctors
        for n in count():
            day = today + timedelta(days=n // doctors % DAYS)
            yield f"/doctors/{uuid_of(DOCTOR, n % doctors)}?day={day}"
