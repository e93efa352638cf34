"""What must hold of the stored rows at any time, asked in plain SQL that shares nothing with the application."""

from sqlalchemy import text
from sqlalchemy.engine import Connection

_OVERLAP = """
    SELECT id FROM (
        SELECT id, starts_at, max(ends_at) OVER (
            PARTITION BY {who} ORDER BY starts_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_until FROM {table} {alive}
    ) times WHERE starts_at < taken_until
"""
_ALIVE = "WHERE status <> 'cancelled'"
_LEGAL = """
    ('pending', 'booked'), ('pending', 'cancelled'),
    ('booked', 'arrived'), ('booked', 'fulfilled'), ('booked', 'noshow'), ('booked', 'cancelled'),
    ('arrived', 'fulfilled'), ('arrived', 'cancelled'), ('arrived', 'booked'),
    ('fulfilled', 'booked'), ('fulfilled', 'arrived'), ('noshow', 'booked'), ('noshow', 'arrived')
"""

MUST_FIND_NOTHING = {
    "two slots of a doctor overlap": _OVERLAP.format(table="slots", who="doctor_id", alive=""),
    "two visits of a doctor overlap": _OVERLAP.format(table="appointments", who="doctor_id", alive=_ALIVE),
    "two visits of a patient overlap": _OVERLAP.format(table="appointments", who="patient_id", alive=_ALIVE),
    "a slot holds two visits": """
        SELECT slot_id, count(*) FROM appointments WHERE status <> 'cancelled' GROUP BY slot_id HAVING count(*) > 1
    """,
    "a visit holds no busy slot of its doctor and time": """
        SELECT a.id FROM appointments a LEFT JOIN slots s ON s.id = a.slot_id
        WHERE a.status <> 'cancelled' AND (
            s.status IS DISTINCT FROM 'busy' OR s.doctor_id <> a.doctor_id
            OR s.starts_at <> a.starts_at OR s.ends_at <> a.ends_at
        )
    """,
    "a slot is busy for nobody": """
        SELECT s.id FROM slots s WHERE s.status = 'busy'
        AND NOT EXISTS (SELECT 1 FROM appointments a WHERE a.slot_id = s.id AND a.status <> 'cancelled')
    """,
    "a history has no beginning, or two": """
        SELECT a.id FROM appointments a
        LEFT JOIN appointment_changes c ON c.appointment_id = a.id AND c.from_status IS NULL
        GROUP BY a.id HAVING count(c.id) <> 1
    """,
    "a history starts with something else than a booking": """
        SELECT id FROM appointment_changes WHERE from_status IS NULL AND to_status NOT IN ('booked', 'pending')
    """,
    "a history makes a move that is not allowed": f"""
        SELECT id FROM appointment_changes
        WHERE from_status IS NOT NULL AND moved_to_at IS NULL AND (from_status, to_status) NOT IN ({_LEGAL})
    """,
    "a change of time changes the status too, or is half of one": """
        SELECT id FROM appointment_changes
        WHERE (moved_from_at IS NULL) <> (moved_to_at IS NULL)
        OR (moved_to_at IS NOT NULL AND (from_status, to_status) <> ('booked', 'booked'))
    """,
    "a history of times has a hole, or ends elsewhere": """
        SELECT id FROM (
            SELECT c.id, a.starts_at, c.moved_to_at,
                lead(c.moved_from_at) OVER (PARTITION BY c.appointment_id ORDER BY c.changed_at, c.id) AS next_from
            FROM appointment_changes c JOIN appointments a ON a.id = c.appointment_id WHERE c.moved_to_at IS NOT NULL
        ) times WHERE moved_to_at <> coalesce(next_from, starts_at)
    """,
    "a history has a hole": """
        SELECT id FROM (
            SELECT id, from_status, lag(to_status) OVER (PARTITION BY appointment_id ORDER BY changed_at, id) AS before
            FROM appointment_changes
        ) steps WHERE from_status IS DISTINCT FROM before
    """,
    "a history ends elsewhere than the appointment stands": """
        SELECT a.id FROM appointments a WHERE a.status <> (
            SELECT c.to_status FROM appointment_changes c
            WHERE c.appointment_id = a.id ORDER BY c.changed_at DESC, c.id DESC LIMIT 1
        )
    """,
    "one key of a patient made two appointments": """
        SELECT patient_id, idempotency_key FROM appointments
        GROUP BY patient_id, idempotency_key HAVING count(*) > 1
    """,
    "two appointments have one reference": """
        SELECT reference FROM appointments GROUP BY reference HAVING count(*) > 1
    """,
    "a message was promised twice": """
        SELECT payload FROM outbox_messages GROUP BY kind, payload HAVING count(*) > 1
    """,
}

EACH_IS_TOLD = """
    WITH events AS (
        SELECT appointment_id,
            row_number() OVER (PARTITION BY appointment_id ORDER BY changed_at, id) AS version,
            CASE WHEN moved_to_at IS NOT NULL THEN 'CHANGE'
                WHEN to_status = 'cancelled' THEN 'CANCELLATION' ELSE 'CONFIRMATION' END AS kind
        FROM appointment_changes
        WHERE from_status IS NULL OR moved_to_at IS NOT NULL OR to_status = 'cancelled'
    ), mails AS (
        SELECT payload ->> 'about' AS about, (payload ->> 'version')::int AS version, payload ->> 'type' AS type,
            payload ->> 'to' AS recipient
        FROM outbox_messages WHERE kind = 'email' AND payload ->> 'type' LIKE 'BOOKING_%'
    ), counted AS (
        SELECT coalesce(e.appointment_id::text, m.about) AS about, coalesce(e.version, m.version) AS version, e.kind,
            count(*) FILTER (WHERE m.type = 'BOOKING_' || e.kind AND m.recipient = p.user_id::text) AS patients,
            count(*) FILTER (WHERE m.type = 'BOOKING_' || e.kind || '_DOCTOR') AS doctors,
            count(*) FILTER (WHERE m.type LIKE '%_DOCTOR') AS all_doctors
        FROM events e
        FULL JOIN mails m ON m.about = e.appointment_id::text AND m.version = e.version
        LEFT JOIN appointments a ON a.id = e.appointment_id LEFT JOIN patients p ON p.id = a.patient_id
        GROUP BY 1, 2, 3
    )
    SELECT * FROM counted
    WHERE patients <> 1 OR NOT (
        (doctors = 1 AND all_doctors = 1)  -- or it went from one doctor to another: both are told
        OR (kind = 'CHANGE' AND doctors = 0 AND all_doctors = 2)
    )
"""


def broken(connection: Connection, *, with_mails: bool = True) -> dict[str, list]:
    """The invariants that do not hold, each with some of the rows that break it; empty when all is well.

    ``with_mails=False`` leaves out that both people were promised each mail exactly once (demo data promises none).
    """
    questions = MUST_FIND_NOTHING | ({"a mail was not promised exactly once": EACH_IS_TOLD} if with_mails else {})
    found = {name: connection.execute(text(f"{sql} LIMIT 5")).all() for name, sql in questions.items()}
    return {name: rows for name, rows in found.items() if rows}
