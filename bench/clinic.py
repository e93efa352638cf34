"""The clinic that is measured, as arithmetic: who offers and books what, so that nothing has to be looked up.

Slot ``k`` is time ``k // doctors`` of doctor ``k % doctors``. A doctor has ten times a week, all on one day, so that
the doctor's page shows the same whatever the number of slots: the first seven weeks lie ahead, all others behind. Each
slot has a patient of its own, who has no other at that moment: all of them can be booked, in any order.
"""

from dataclasses import dataclass
from uuid import UUID

TIMES_A_WEEK = 10
WEEKS_AHEAD = 7  # within the 60 days that patients see
UPCOMING = 2  # appointments that each patient has from the beginning
DAYS_A_WEEK = 5  # doctor d works on weekday d % 5

SLOT, DOCTOR, PATIENT, DOCTOR_USER, PATIENT_USER, APPOINTMENT, CHANGE = (
    f"00000000-0000-7000-{kind}-" for kind in ("a000", "a001", "a002", "a003", "a004", "a005", "a006")
)
"""What the ids of each kind begin with; the row's number follows in twelve hexadecimal digits."""


def uuid_of(kind: str, number: int) -> UUID:
    """The id of a row."""
    return UUID(f"{kind}{number:012x}")


def number_of(row_id: UUID) -> int:
    """The number of the row with this id."""
    return int(row_id.hex[-12:], 16)


@dataclass(frozen=True)
class Clinic:
    """So many slots, doctors and patients."""

    slots: int
    doctors: int = 1_000
    patients: int = 1_000

    def __post_init__(self) -> None:
        if self.doctors > self.patients or self.slots % (self.doctors * TIMES_A_WEEK):
            raise ValueError("There must be whole weeks of slots, and at least as many patients as doctors.")

    @property
    def times_ahead(self) -> int:
        """How many times of each doctor lie in the future."""
        return min(self.slots // self.doctors, WEEKS_AHEAD * TIMES_A_WEEK)

    @property
    def bookable(self) -> range:
        """The slots that are there to be booked one after the other."""
        return range(UPCOMING * self.doctors, (self.times_ahead - 1) * self.doctors)

    @property
    def contested(self) -> range:
        """The slots that are there for many to want at once: each doctor's last."""
        return range((self.times_ahead - 1) * self.doctors, self.times_ahead * self.doctors)

    def patient(self, slot: int) -> int:
        """The patient for whom the slot is meant."""
        return (slot % self.doctors + slot // self.doctors) % self.patients
