"""The landing page made ready: specialties as tiles, doctors with their next free slot."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from flask import url_for

from hms import clock
from hms.directory.everyday import EXAMPLES, everyday, with_everyday
from hms.directory.queries import Face, Field, Welcome
from hms.scheduling.presenters import photo_address
from hms.scheduling.slot_links import Time, time_link
from hms.web import formats

SOONEST = 3
FACES = 8
MOST_EXAMPLES = 3


class Tile(NamedTuple):
    """A specialty to choose; ``soon`` is when its soonest doctor is free, empty when none is."""

    words: str
    name: str
    icon: str
    href: str
    soon: str


class Portrait(NamedTuple):
    """A doctor to choose; ``day`` and ``time`` are those of the next free slot, which ``time`` leads to."""

    name: str
    href: str
    specialty: str
    languages: str
    photo: str | None
    day: str
    time: Time | None


class Front(NamedTuple):
    """The landing page: what is soonest, all specialties, some doctors, and words to try the search with."""

    soonest: list[Portrait]
    tiles: list[Tile]
    portraits: list[Portrait]
    doctors: int
    examples: list[tuple[str, str]]


def front(found: Welcome) -> Front:
    """The page: the soonest doctor of each of three specialties, and other doctors, one of each specialty first."""
    one_each = _one_of_each_specialty(found.faces)
    soonest = [face for face in one_each if face.free][:SOONEST]
    others = [face for face in one_each if face not in soonest]
    others += [face for face in found.faces if face not in one_each]
    shown = [*[face for face in others if face.free], *soonest][:FACES]
    return Front(
        soonest=[portrait(face) for face in soonest],
        tiles=[tile(field) for field in found.fields],
        portraits=[portrait(face) for face in shown],
        doctors=found.doctors,
        examples=_examples(found.fields),
    )


def tile(field: Field) -> Tile:
    """A specialty by the words that people use."""
    words, icon = everyday(field.slug)
    return Tile(
        words=words or field.name,
        name=field.name if words else "",
        icon=icon,
        href=url_for("directory.doctors", specialty=field.slug),
        soon=soon_in_short(field.soonest) if field.soonest else "",
    )


def portrait(face: Face) -> Portrait:
    """A doctor with the next free slot."""
    return Portrait(
        name=face.full_name,
        href=url_for("directory.doctor", doctor_id=face.doctor_id),
        specialty=with_everyday(face.specialty_slug, face.specialty),
        languages=face.languages,
        photo=photo_address(face.doctor_id, face.photo_version),
        day=day_in_short(face.free.starts_at) if face.free else "",
        time=time_link(face.free, face.full_name) if face.free else None,
    )


def soon_in_short(moment: datetime) -> str:
    """``Today 15:20``, ``Tomorrow 09:00``, ``Thu 13:00``, from a week away on ``Tue 1 Dec 08:30``."""
    return f"{day_in_short(moment)} {formats.time(moment)}"


def day_in_short(moment: datetime) -> str:
    """``Today``, ``Tomorrow``, ``Thu``, ``Tue 1 Dec``."""
    day = clock.to_clinic(moment).date()
    away = (day - clock.today()).days
    near = {0: "Today", 1: "Tomorrow"}.get(away)
    return near or (formats.short_day(day)[:3] if away < 7 else formats.short_day(day))


def _one_of_each_specialty(faces: Sequence[Face]) -> list[Face]:
    """The soonest of each specialty."""
    first: dict[str, Face] = {}
    for face in faces:
        first.setdefault(face.specialty_slug, face)
    return list(first.values())


def _examples(fields: Sequence[Field]) -> list[tuple[str, str]]:
    """Words that find somebody here, with the address of what they find."""
    words = [EXAMPLES[field.slug] for field in fields if field.slug in EXAMPLES][:MOST_EXAMPLES]
    return [(word, f"{url_for('directory.doctors')}?{urlencode({'q': word})}") for word in words]
