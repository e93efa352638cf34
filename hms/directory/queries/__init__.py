"""What the directory reads. ``get_`` raises ``NotFound``, ``list_`` is a list."""

from hms.directory.queries.landing import Face, Field, Welcome, welcome
from hms.directory.queries.profile import (
    DoctorFacts,
    DoctorProfile,
    DoctorWithWeek,
    get_bookable_doctor,
    get_doctor_with_week,
)
from hms.directory.queries.search import PAGE as DOCTORS_ON_A_PAGE
from hms.directory.queries.search import (
    DoctorCard,
    DoctorPage,
    SpecialtyFacts,
    list_specialties_with_doctors,
    search_doctors,
)

__all__ = [
    "DOCTORS_ON_A_PAGE",
    "DoctorCard",
    "DoctorFacts",
    "DoctorPage",
    "DoctorProfile",
    "DoctorWithWeek",
    "Face",
    "Field",
    "SpecialtyFacts",
    "Welcome",
    "get_bookable_doctor",
    "get_doctor_with_week",
    "list_specialties_with_doctors",
    "search_doctors",
    "welcome",
]
