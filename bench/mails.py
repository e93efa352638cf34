"""A backlog of mails: confirmations of the appointments that the clinic has from the beginning, each several times."""

import time

from bench.product import Product

SECONDS_FOR_EACH = 0.5  # after so long for each mail on average, the worker counts as stuck

QUEUE = """
    INSERT INTO outbox_messages (id, kind, dedup_key, payload, subject_id, due_at, created_at)
    SELECT gen_random_uuid(), 'email', concat_ws(':', 'BOOKING_CONFIRMATION', appointment.id, turn),
           jsonb_build_object('type', 'BOOKING_CONFIRMATION', 'about', appointment.id, 'to', patients.user_id,
                              'version', appointment.version),
           appointment.id, now(), now()
    FROM generate_series(1, %(most)s) AS turn,
         (SELECT * FROM appointments WHERE starts_at > now() ORDER BY id LIMIT 2000) AS appointment
         JOIN patients ON patients.id = appointment.patient_id
    ORDER BY turn
    LIMIT %(most)s
    """
WAITING = "SELECT count(*) FROM outbox_messages WHERE status IN ('pending', 'sending')"
SENT = """
    SELECT count(*), extract(epoch FROM max(finished_at) - min(finished_at))::float
    FROM outbox_messages WHERE status = 'sent'
    """


class Stuck(Exception):
    """Mails did not leave."""


def queue(product: Product, count: int) -> None:
    """Have so many mails wait to be sent."""
    with product.database.connected() as link, link.cursor() as cursor:
        cursor.execute(QUEUE, {"most": count})


def waiting(product: Product) -> int:
    """How many messages have not left yet."""
    with product.database.connected() as link, link.cursor() as cursor:
        cursor.execute(WAITING)
        return int((cursor.fetchone() or (0,))[0])


def drain(product: Product, count: int) -> float:
    """How many mails a second leave, from the first to the last of so many. Raises :class:`Stuck` unless all do."""
    product.settle()
    queue(product, count)
    give_up_at = time.monotonic() + count * SECONDS_FOR_EACH
    while waiting(product) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    with product.database.connected() as link, link.cursor() as cursor:
        cursor.execute(SENT)
        sent, seconds = cursor.fetchone() or (0, 0.0)
    if sent != count:
        raise Stuck(f"Of {count} mails, {sent} were sent.")
    return float((sent - 1) / seconds)
