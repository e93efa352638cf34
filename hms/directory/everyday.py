"""Specialties by the words that people use, with an icon of the sprite ``directory.svg``."""

from typing import NamedTuple

from hms.text import fold


class Everyday(NamedTuple):
    """What people call a specialty (nothing where its own name is what they say), and its icon."""

    words: str
    icon: str


EVERYDAY = {
    "cardiology": Everyday("Heart", "heart-pulse"),
    "dentistry": Everyday("Teeth", "smile"),
    "dermatology": Everyday("Skin", "hand"),
    "ear-nose-and-throat": Everyday("", "ear"),
    "endocrinology": Everyday("Hormones and diabetes", "droplets"),
    "gastroenterology": Everyday("Stomach and bowels", "utensils"),
    "general-practice": Everyday("Family doctor", "stethoscope"),
    "gynaecology": Everyday("Women’s health", "flower-2"),
    "internal-medicine": Everyday("General medicine", "stethoscope"),
    "nephrology": Everyday("Kidneys", "droplets"),
    "neurology": Everyday("Brain and nerves", "brain"),
    "oncology": Everyday("Cancer", "ribbon"),
    "ophthalmology": Everyday("Eyes", "eye"),
    "orthopaedics": Everyday("Bones and joints", "bone"),
    "paediatrics": Everyday("Children", "baby"),
    "physiotherapy": Everyday("Movement and muscles", "activity"),
    "psychiatry": Everyday("Mental health", "hand-heart"),
    "psychology": Everyday("Talking therapy", "message-circle"),
    "pulmonology": Everyday("Lungs and breathing", "wind"),
    "radiology": Everyday("X-rays and scans", "scan-line"),
    "rheumatology": Everyday("Arthritis", "bone"),
    "surgery": Everyday("Operations", "scissors"),
    "urology": Everyday("Bladder and kidneys", "droplets"),
}
EXAMPLES = {"dermatology": "rash", "general-practice": "fever", "orthopaedics": "knee pain", "psychiatry": "anxiety"}
"""Words to try the search with; none is an emergency."""

EMERGENCIES = (
    "heart attack", "chest pain", "stroke", "cannot breathe", "can't breathe", "unconscious", "severe bleeding",
    "overdose", "poisoning", "anaphylaxis", "suicide", "suicidal", "seizure",
)  # fmt: skip
"""Words of a search that may mean that somebody needs help at once."""

UNKNOWN = Everyday("", "stethoscope")


def everyday(slug: str) -> Everyday:
    """The words and the icon of the specialty with this slug."""
    return EVERYDAY.get(slug, UNKNOWN)


def with_everyday(slug: str, name: str) -> str:
    """``Heart · Cardiology``; the name alone where people say just that."""
    words = everyday(slug).words
    return f"{words} · {name}" if words else name


def is_emergency(query: str) -> bool:
    """Whether the words of a search may mean an emergency."""
    typed = f" {fold(query)} "
    return any(f" {fold(words)} " in typed for words in EMERGENCIES)
