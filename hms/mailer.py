"""The one door through which mail leaves: a row in the outbox, of kind ``email``.

The row says which mail, about what, to whom. What the mail says is gathered when it is sent, so that nobody is told
of something that has changed since.
"""

from uuid import UUID

from hms import outbox


def send(message_type: str, *, about: UUID, to: UUID, version: int = 1) -> None:
    """Promise the user ``to`` one mail with the current transaction.

    ``message_type`` names a message of the email function's contract; type, ``about``, ``to`` and ``version``
    together name this mail once and for all: promising it again changes nothing.
    """
    outbox.enqueue(
        "email",
        {"type": message_type, "about": str(about), "to": str(to), "version": version},
        dedup_key=f"{message_type}:{about}:{to}:{version}",
        subject_id=about,
    )
