"""What a visitor picked before they had to sign in: shown where they sign in or create an account."""

from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app, render_template, request
from werkzeug.exceptions import HTTPException

from hms import labels
from hms.availability import booking_rules, words
from hms.availability import queries as offered
from hms.availability.models import Mode, Slot
from hms.scheduling import appointment_rules, presenters, slot_links

BOOKING = "patient.book"
NEAREST = 3


def picked(target: str | None) -> str:
    """The panel of the slot that the page ``target`` books: what it is, or that it is gone, with the nearest three."""
    slot = _slot_of(target)
    if slot is None:
        return ""
    rules = booking_rules.of(slot.doctor_id)
    refusal = appointment_rules.why_not_book(slot, rules)
    near = offered.nearest_free(slot, rules=rules, count=NEAREST * 2) if refusal else []
    free = slot_links.nearest(near, to=slot, excluding=[], count=NEAREST)
    mode = _mode(target, slot)
    return render_template(
        "directory/_picked.html",
        slot=slot,
        details=presenters.details(slot),
        where=presenters.where(slot.doctor) if mode == Mode.IN_PERSON else labels.MODES[Mode.ONLINE],
        refusal=refusal,
        times=slot_links.times_instead(free, of=slot, mode=mode),
    )


def _slot_of(target: str | None) -> Slot | None:
    """The slot whose booking page this is, if patients can find its doctor."""
    adapter = current_app.create_url_adapter(request)
    if not target or adapter is None:
        return None
    try:
        endpoint, values = adapter.match(urlsplit(target).path, method="GET")
    except HTTPException:
        return None
    slot = offered.find_slot(UUID(str(values["slot_id"]))) if endpoint == BOOKING else None
    return slot if slot and slot.doctor.is_bookable else None


def _mode(target: str | None, slot: Slot) -> Mode:
    """The kind of visit that was picked; in person where nothing was said of a slot for both."""
    query = dict(pair.partition("=")[::2] for pair in urlsplit(target or "").query.split("&"))
    asked = words.parse_mode(query.get("visit", ""))
    return (asked or Mode.IN_PERSON) if slot.mode == Mode.BOTH else Mode(slot.mode)
