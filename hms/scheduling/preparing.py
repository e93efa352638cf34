"""How a patient gets ready for a visit, and what they bring."""

from typing import NamedTuple

from hms.availability.models import Mode


class Preparation(NamedTuple):
    """Two lists for the page of an appointment, each under its title."""

    prepare: tuple[str, ...]
    bring_title: str
    bring: tuple[str, ...]


IN_PERSON = Preparation(
    (
        "Plan to arrive 10 minutes early.",
        "Take your usual medicines, unless we’ve told you not to.",
        "If you need an interpreter, step-free access or other support, call us before your visit.",
    ),
    "What to bring",
    (
        "Photo ID",
        "Your medicines, or a list with doses",
        "Letters, results or scans you’d like the doctor to see",
        "Glasses or hearing aids, if you use them",
    ),
)

ONLINE = Preparation(
    (
        "Find a quiet place where no one can overhear you.",
        "Check your camera, sound and internet connection a few minutes early.",
        "Keep your phone nearby in case we need to call you.",
    ),
    "What to have ready",
    ("Your medicines, or a list with doses", "Notes of your symptoms, and your questions for the doctor"),
)


def for_visit(mode: str) -> Preparation:
    """What fits how the visit takes place."""
    return ONLINE if mode == Mode.ONLINE else IN_PERSON
