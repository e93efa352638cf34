"""One measurement each: so many seconds of load, checked against the database; and several of them in turn."""

from collections.abc import Callable
from datetime import timedelta

from bench import anchor, mails, wrk
from bench.anchor import Anchor
from bench.clinic import DOCTOR, uuid_of
from bench.product import Hello, Product
from bench.stage import Site
from bench.visitors import Desk
from bench.wrk import Load
from hms import clock

CONNECTIONS = 16
MAX_A_SECOND = 1_500  # bookings that are prepared for each second
ANCHORS_A_SECOND = 2_500  # about as many as pgbench makes
PAGES = 200  # different addresses that a page is asked for under
DAYS = 7  # of each doctor, where no page is asked for twice in a while


class Untrue(Exception):
    """The database says something else than the answers did."""


def in_turn(rounds: int, acts: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each act measured, round by round; every other round runs backwards."""
    measured: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(rounds):
        for name in list(acts) if turn % 2 == 0 else list(acts)[::-1]:
            measured[name].append(acts[name]())
    return measured


def book(product: Product, *, connections: int = CONNECTIONS, seconds: int, backlog: int = 0) -> Load:
    """Book for so long, while a ``backlog`` of so many mails leaves.

    Raises :class:`Untrue` unless each booking that was answered is in the database, once, and mails wait to the end.
    """
    product.settle()
    mails.queue(product, backlog)
    slots = product.ledger.take(min(MAX_A_SECOND * seconds, len(product.clinic.bookable)))
    requests = product.desk.bookings(slots, product.clinic)
    load = wrk.spend(product.port, requests, connections=connections, seconds=seconds)
    booked, waiting = product.ledger.settle(slots), mails.waiting(product)
    if backlog and not waiting:
        raise Untrue(f"All {backlog:,} mails had left before the bookings were over.")
    if load.refused:
        raise wrk.Failed(f"{load.refused} of {load.requests} bookings were refused.")
    if not load.answered <= booked <= load.answered + connections:
        raise Untrue(f"{load.answered} bookings were answered, and {booked} are in the database.")
    product.settle()
    return load


def bare(site: Site, *, clients: int = CONNECTIONS, transactions: int) -> Anchor:
    """The anchor of bookings."""
    slots = site.ledger.take(min(transactions, len(site.clinic.bookable)))
    found = anchor.bookings(site.database, site.clinic, slots, clients=clients)
    site.ledger.settle(slots)
    return found


def hello(target: Hello, *, connections: int = CONNECTIONS, seconds: int) -> Load:
    """The anchor of pages."""
    return wrk.replay(target.port, [Desk("").get("/")], connections=connections, seconds=seconds)


def pages(product: Product, requests: list[bytes], *, connections: int = CONNECTIONS, seconds: int) -> Load:
    """Ask for these pages over and over."""
    product.settle()
    return wrk.replay(product.port, requests, connections=connections, seconds=seconds)


def directory(product: Product) -> list[bytes]:
    """The list of doctors, as a visitor asks for it."""
    return [product.desk.get("/doctors")]


def doctor_pages(product: Product, *, signed_in: bool) -> list[bytes]:
    """Many doctors' pages, as visitors or patients ask for them."""
    return [
        product.desk.get(f"/doctors/{uuid_of(DOCTOR, number)}", patient=number if signed_in else None)
        for number in range(min(PAGES, product.clinic.doctors))
    ]


def days_of_doctors(product: Product) -> list[bytes]:
    """A visitor's requests for so many days of doctors that none is still kept when it is asked for again."""
    days = [clock.now().date() + timedelta(days=number) for number in range(DAYS)]
    doctors = [uuid_of(DOCTOR, number) for number in range(product.clinic.doctors)]
    return [product.desk.get(f"/doctors/{doctor}?day={day}") for day in days for doctor in doctors]


def own_appointments(product: Product) -> list[bytes]:
    """Many patients' own appointments."""
    return [product.desk.get("/patient/appointments", patient=number) for number in range(PAGES)]
