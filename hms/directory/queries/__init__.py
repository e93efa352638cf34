"""What the directory reads. ``get_`` raises ``NotFound``, ``list_`` is a list."""

from hms.directory.queries.facets import MOST_DOCTORS as MOST_TO_COUNT
from hms.directory.queries.facets import Choices, SpecialtyFacts, count_kinds, list_choices
from hms.directory.queries.filters import PARTS, WITHIN, Filters
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
    search_doctors,
)

__all__ = [
    "DOCTORS_ON_A_PAGE",
    "MOST_TO_COUNT",
    "PARTS",
    "WITHIN",
    "Choices",
    "DoctorCard",
    "DoctorFacts",
    "DoctorPage",
    "DoctorProfile",
    "DoctorWithWeek",
    "Face",
    "Field",
    "Filters",
    "SpecialtyFacts",
    "Welcome",
    "count_kinds",
    "get_bookable_doctor",
    "get_doctor_with_week",
    "list_choices",
    "search_doctors",
    "welcome",
]
