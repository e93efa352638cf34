"""The statements of a booking: lock and check, then write, and what is remembered of a page that was refused.

They are prepared, and their answers are plain rows: this is the path that everybody takes at the same moment. Whether
the patient is elsewhere at that time is left to the constraint, which knows of bookings made this very moment, too.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from hms.auth.models import Doctor, Patient, User
from hms.availability import booking_rules
from hms.availability.models import Slot, SlotStatus
from hms.prepared import Prepared
from hms.scheduling import queries
from hms.scheduling.models import Appointment, AppointmentChange, AppointmentStatus, RefusedBooking

MAX_REMEMBERED = 200
"""How many refusals are kept of one patient; whoever sends more pages than that within two days is no person."""


STAYS = "FOR KEY SHARE OF users, account"
"""Both people's accounts are held as well, after the slot: closing one waits for who is booking, and who books later
reads that it is closed. (SQLAlchemy knows one such clause for a statement, so that this one is written out.)"""


def _lock_if_free() -> Select:
    """The slot, locked and read anew, with what the checks need; no row, and no waiting in line, once it is taken.

    The patient's row is locked after it: of one patient's bookings, each counts those before.
    """
    account = aliased(User, name="account")
    statement = (
        select(
            Slot.doctor_id,
            Slot.starts_at,
            Slot.ends_at,
            Slot.status,
            Slot.mode,
            Doctor.user_id.label("doctor_user_id"),
            Doctor.is_bookable.label("is_bookable"),
            Doctor.fee_minor,
            Doctor.fee_currency,
            account.deactivated_at.label("closed_at"),
            account.email_verified_at.is_not(None).label("is_verified"),
            *booking_rules.COLUMNS,
        )
        .join(Doctor, Slot.doctor_id == Doctor.id)
        .join(User, Doctor.user_id == User.id)
        .join(Patient, Patient.id == bindparam("patient_id"))
        .join(account, Patient.user_id == account.id)
        .where(Slot.id == bindparam("slot_id"), Slot.status == SlotStatus.FREE)
        .with_for_update(of=[Slot, Patient], key_share=True)
        .with_statement_hint(STAYS)
    )
    return booking_rules.joined(statement, doctor_id=Slot.doctor_id)


def _write_all() -> Select:
    """The appointment, its slot's status and the first line of its history; what was not given to it is the answer.

    No row when a constraint or a limit is against it, or when the page was refused before.
    """
    columns = Appointment.__table__.columns
    made = ("status", "cancellation_reason", "version", "cancelled_by")
    given = [column for column in columns if column.name not in made]
    source = select(
        *(cast(new(column.name), column.type).label(column.name) for column in given),
        literal(str(AppointmentStatus.BOOKED), String).label("status"),
    ).where(_is_within_limits(), not_(_was_refused()))
    booked = (
        insert(Appointment)
        .from_select([column.name for column in given] + ["status"], source, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(*columns)
        .cte("booked")
    )
    taken = update(Slot).where(Slot.id == booked.c.slot_id).values(status=SlotStatus.BUSY).cte("taken")
    line = {
        "id": bindparam("history_id", type_=Uuid),
        "appointment_id": booked.c.id,
        "actor_id": bindparam("actor_id", type_=Uuid),
        "to_status": booked.c.status,
        "changed_at": booked.c.created_at,
    }
    history = insert(AppointmentChange).from_select(list(line), select(*line.values())).cte("history")
    return select(*(booked.c[name] for name in made)).add_cte(taken, history)


def new(column: str) -> Any:
    """What a run brings for this column of the appointment."""
    return bindparam(f"new_{column}", type_=Appointment.__table__.columns[column].type)


def _is_within_limits() -> ColumnElement[bool]:
    """Nothing is counted where no limit is set; else all is counted once."""
    limits = {name: bindparam(f"most_{name}", type_=Integer) for name in ("coming", "with_doctor", "lately")}
    numbers = queries.standing(new("patient_id"), doctor_id=new("doctor_id"), now=new("created_at")).subquery()
    within = and_(*(or_(most.is_(None), numbers.c[name] < most) for name, most in limits.items()))
    return or_(not_(bindparam("counts", type_=Boolean)), select(within).scalar_subquery())


def _was_refused() -> ColumnElement[bool]:
    return exists().where(
        RefusedBooking.patient_id == new("patient_id"),
        RefusedBooking.idempotency_key == new("idempotency_key"),
        RefusedBooking.slot_id == new("slot_id"),
    )


def _remember() -> Any:
    """Keep what the page is told; the answer is what it was told first."""
    columns = {column.name: column.type for column in RefusedBooking.__table__.columns}
    given = {name: cast(bindparam(name, type_=kind), kind) for name, kind in columns.items()}
    some = select(literal(1)).where(RefusedBooking.patient_id == given["patient_id"]).limit(MAX_REMEMBERED)
    many = select(func.count() >= MAX_REMEMBERED).select_from(some.subquery()).scalar_subquery()
    statement = insert(RefusedBooking).from_select(list(given), select(*given.values()).where(not_(many)))
    return statement.on_conflict_do_update(
        index_elements=["patient_id", "idempotency_key", "slot_id"], set_={"code": RefusedBooking.code}
    ).returning(RefusedBooking.code, RefusedBooking.message)


LOCK_IF_FREE = Prepared(_lock_if_free())
WRITE = Prepared(_write_all())
REMEMBER = Prepared(_remember())
