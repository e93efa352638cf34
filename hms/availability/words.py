"""What pages call the codes of slots."""

from hms.availability.models import BlockedBy, Mode

BLOCKED = {
    BlockedBy.DOCTOR: "Blocked",
    BlockedBy.TIME_OFF: "Time off",
    BlockedBy.CLOSURE: "Clinic closed",
    BlockedBy.CALENDAR: "Busy elsewhere",
}
"""Why a slot is kept from patients, for its doctor."""


def parse_mode(text: str) -> Mode | None:
    """The kind of visit that an address names, if it names one."""
    return {"in-person": Mode.IN_PERSON, "online": Mode.ONLINE}.get(text)
