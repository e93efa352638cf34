"""What the words that are being typed may mean: specialties, and doctors."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import url_for

from hms.directory.everyday import everyday, is_emergency
from hms.directory.queries import DoctorCard
from hms.directory.slot_picker.front import soon_in_short
from hms.scheduling.presenters import photo_address
from hms.text import fold

MOST = 3


class Suggestion(NamedTuple):
    """Where to go on: words, what is said beside them, and when somebody is free; an icon or a photo, or neither."""

    words: str
    beside: str
    href: str
    soon: str
    icon: str = ""
    photo: str | None = None


class Suggestions(NamedTuple):
    """At most three specialties, and at most three doctors."""

    specialties: list[Suggestion]
    doctors: list[Suggestion]
    is_emergency: bool

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.specialties) + len(self.doctors)


def suggestions(cards: Sequence[DoctorCard], *, name: str) -> Suggestions:
    """Doctors who are called like that; where nobody is, the specialties of those that the words find."""
    called = [card for card in cards if _is_called(card, name)]
    fields = {card.specialty_slug: card for card in reversed(cards) if card not in called}
    soonest = [card for card in cards if fields.get(card.specialty_slug) is card]
    return Suggestions(
        specialties=[_specialty(card) for card in soonest[:MOST]],
        doctors=[_doctor(card) for card in (called or cards)[:MOST]],
        is_emergency=is_emergency(name),
    )


def _is_called(card: DoctorCard, name: str) -> bool:
    parts = fold(card.full_name).split()
    return all(any(part.startswith(word) for part in parts) for word in fold(name).split())


def _specialty(card: DoctorCard) -> Suggestion:
    words, icon = everyday(card.specialty_slug)
    href = url_for("directory.doctors", specialty=card.specialty_slug)
    return Suggestion(words or card.specialty, card.specialty if words else "", href, _soon(card), icon)


def _doctor(card: DoctorCard) -> Suggestion:
    return Suggestion(
        card.full_name,
        everyday(card.specialty_slug).words or card.specialty,
        url_for("directory.doctor", doctor_id=card.doctor_id),
        _soon(card),
        photo=photo_address(card.doctor_id, card.photo_version),
    )


def _soon(card: DoctorCard) -> str:
    return soon_in_short(card.times[0].starts_at) if card.times else ""
