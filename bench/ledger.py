"""Which slots of a database are still free to be booked, so that no measurement meets what another one took."""

from uuid import UUID

from bench.clinic import SLOT, Clinic, number_of, uuid_of
from bench.database import Database
from bench.load import LOADED_AT

IN_FLIGHT = 64  # bookings that may still be on their way when a measurement ends

FREE_AGAIN = """
    BEGIN;
    -- Whoever books, or notes what Google has, at this moment is waited for.
    LOCK TABLE calendar_events, appointments IN EXCLUSIVE MODE;
    DELETE FROM outbox_messages;
    DELETE FROM calendar_events USING appointments
        WHERE appointments.id = appointment_id AND created_at > %(loaded_at)s;
    DELETE FROM appointment_changes USING appointments
        WHERE appointments.id = appointment_id AND created_at > %(loaded_at)s;
    UPDATE slots SET status = 'free' FROM appointments WHERE slots.id = slot_id AND created_at > %(loaded_at)s;
    DELETE FROM appointments WHERE created_at > %(loaded_at)s;
    COMMIT;
    """
TIDY = "VACUUM (ANALYZE) slots, appointments, appointment_changes, calendar_events, outbox_messages"


class Full(Exception):
    """A measurement wants more slots than the clinic has."""


class Ledger:
    """Gives slots out, one run of numbers after the other, and frees them all when they are used up."""

    def __init__(self, database: Database, clinic: Clinic):
        self._database = database
        self._clinic = clinic
        self._next = clinic.bookable.start

    def take(self, count: int) -> range:
        """So many free slots in a row. Raises :class:`Full`."""
        everything = self._clinic.bookable
        if count > len(everything):
            raise Full(f"{count:,} bookings are wanted, and a clinic of this size has only {len(everything):,} times.")
        if self._next + count > everything.stop:
            self.free_everything()
        return range(self._next, self._next + count)

    def settle_down(self) -> None:
        """Make it quiet: nothing waits to leave, and everybody who is signed in was here just now."""
        with self._database.connected() as link, link.cursor() as cursor:
            cursor.execute("DELETE FROM outbox_messages")
            cursor.execute("UPDATE sessions SET last_seen_at = now()")

    def pass_over(self, taken: range) -> None:
        """Do not give these out again before all are freed."""
        self._next = taken.stop

    def settle(self, taken: range) -> int:
        """How many of these slots were booked; those behind the last one are given out again."""
        booked = (
            "SELECT count(*), (array_agg(slot_id ORDER BY slot_id DESC))[1]::text FROM appointments "
            "WHERE slot_id >= %s::uuid AND slot_id < %s::uuid"
        )
        ends = (str(uuid_of(SLOT, taken.start)), str(uuid_of(SLOT, taken.stop)))
        with self._database.connected() as link, link.cursor() as cursor:
            cursor.execute(booked, ends)
            count, last = cursor.fetchone() or (0, None)
        if last:
            self._next = number_of(UUID(last)) + 1 + IN_FLIGHT
        return int(count)

    def free_everything(self) -> None:
        """Undo all bookings but those from the beginning."""
        with self._database.connected() as link, link.cursor() as cursor:
            cursor.execute(FREE_AGAIN, {"loaded_at": LOADED_AT})
            cursor.execute(TIDY)
        self._next = self._clinic.bookable.start
