"""The made-up people of the demo clinic."""

from typing import NamedTuple

FULL = ((9, 0, 12, 0), (13, 30, 16, 30))
MORNINGS = ((8, 30, 12, 30),)
AFTERNOONS = ((13, 0, 17, 0),)
EVENINGS = ((15, 0, 19, 0),)
NEVER: tuple[tuple[int, int, int, int], ...] = ()

EVERY_DAY = frozenset(range(5))
MON_WED_FRI = frozenset({0, 2, 4})
TUE_THU = frozenset({1, 3})


class Person(NamedTuple):
    """A doctor of the demo clinic and how they work. ``busy`` is how much of the coming days is booked, from 0 to 1."""

    full_name: str
    specialty: str
    years: int
    room: str
    languages: str
    fee_minor: int | None
    visit_minutes: int
    bio: str
    hours: tuple[tuple[int, int, int, int], ...] = FULL
    weekdays: frozenset[int] = EVERY_DAY
    busy: float = 0.4
    first_day: int = 1
    mode: str = "in-person"


BOSE = Person(
    "Dr Anil Bose",
    "cardiology",
    17,
    "Heart Centre, room 2.14",
    "English, Bengali, Hindi",
    8500,
    20,
    "I look after people with high blood pressure, palpitations and heart failure. Bring a list of your medicines, and "
    "somebody who knows you if that makes the visit easier. We decide together what to do next.",
    busy=0.55,
    first_day=0,
)

COLLEAGUES = (
    Person(
        "Dr Ngozi Eze",
        "general-practice",
        9,
        "Ground floor, room 0.04",
        "English, Igbo, French",
        None,
        15,
        "General practice for the whole family: new symptoms, long-term conditions, and the questions that do not fit "
        "anywhere else. If I am not the right doctor I will find you the one who is.",
        busy=0.6,
        first_day=0,
        mode="both",
    ),
    Person(
        "Dr Marta Kowalska",
        "dermatology",
        14,
        "Skin Clinic, room 1.02",
        "English, Polish, German",
        7000,
        15,
        "Moles, eczema, acne and everything that itches. Come without make-up or nail polish on what you want me "
        "to see; most questions are answered in one visit.",
        hours=MORNINGS,
    ),
    Person(
        "Dr Tomás Herrera",
        "orthopaedics",
        22,
        "Bone and Joint Centre, room 3.21",
        "English, Spanish",
        9500,
        30,
        "Knees, hips and sports injuries. I operate when it helps and say so when it does not. Please bring earlier "
        "pictures if you have them.",
        weekdays=MON_WED_FRI,
    ),
    Person(
        "Dr Aiko Tanaka",
        "paediatrics",
        11,
        "Children's Clinic, room 0.17",
        "English, Japanese",
        6500,
        20,
        "I see children from birth to sixteen. There are books and a train table in the waiting room; a favourite "
        "toy is welcome too.",
        busy=0.7,
    ),
    Person(
        "Prof Samuel Adeyemi",
        "neurology",
        28,
        "Neurology, room 4.05",
        "English, Yoruba",
        12000,
        40,
        "Headache, epilepsy and disorders of movement. The first visit is long, because the story matters more "
        "than any test. Note when your symptoms started and what brings them on.",
        hours=MORNINGS,
        weekdays=TUE_THU,
        busy=1.0,
    ),
    Person(
        "Dr Ingrid Solheim",
        "gynaecology",
        16,
        "Women's Health, room 2.08",
        "English, Norwegian, Swedish",
        8000,
        30,
        "Contraception, menopause, pelvic pain and routine checks. You may always ask for a chaperone, and you may"
        " always say stop.",
        hours=AFTERNOONS,
    ),
    Person(
        "Dr Karim Haddad",
        "ophthalmology",
        13,
        "Eye Clinic, room 1.11",
        "English, Arabic, French",
        7500,
        20,
        "Cataract, glaucoma and the eyes of people with diabetes. We may give drops that blur your sight for some "
        "hours, so please do not drive to your visit.",
        first_day=3,
    ),
    Person(
        "Dr Grace Lindqvist",
        "psychiatry",
        19,
        "Quiet Wing, room 5.03",
        "English, Finnish, Swedish",
        11000,
        50,
        "Depression, anxiety and the strain of long illness. We start with what you want to change. What you tell "
        "me stays with me, and I explain the few exceptions before we begin.",
        hours=EVENINGS,
        busy=0.8,
        mode="online",
    ),
    Person(
        "Dr Peter O'Malley",
        "general-practice",
        31,
        "Ground floor, room 0.06",
        "English, Irish",
        None,
        15,
        "A family doctor for three decades. I like to know the person before the illness, and I am glad to see three "
        "generations of one family.",
        hours=MORNINGS,
    ),
    Person(
        "Dr Linh Nguyễn",
        "dermatology",
        6,
        "Skin Clinic, room 1.03",
        "English, Vietnamese",
        6500,
        15,
        "Hair, nails and inflammatory skin disease. Photographs of a rash that comes and goes help more than words.",
        hours=AFTERNOONS,
        weekdays=TUE_THU,
    ),
    Person(
        "Dr Farah Siddiqui",
        "endocrinology",
        12,
        "Outpatients, room 2.30",
        "English, Urdu, Punjabi",
        9000,
        30,
        "Diabetes, thyroid and hormones. I am away at present; new times appear here as soon as I am back.",
        hours=NEVER,
    ),
)

FIRST_NAMES = (
    "Amara", "Ben", "Chiara", "Daniel", "Elif", "Femi", "Greta", "Hassan", "Isla", "Jonas", "Kateryna", "Leo",
    "Mei", "Noah", "Olga", "Priya", "Quentin", "Rosa", "Stefan", "Tala", "Umar", "Vera", "William", "Ximena",
    "Yusuf", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Baptiste", "Costa", "Dubois", "Ekström", "Farouk", "Greenwood", "Hughes", "Ivanova", "Jensen", "Khan",
    "Lopez", "Moreau", "Novak", "Okafor", "Patel", "Quinn", "Rossi", "Schmidt", "Taylor", "Ueda", "Varga", "Walsh",
    "Xu", "Yilmaz", "Zhang", "Ashworth", "Brandt", "Castellano",
)  # fmt: skip
ANY_REASON = ("", "", "Follow-up after my last visit", "I would like a second opinion")
"""What people come for whatever the specialty; many say nothing."""

REASONS = {
    "cardiology": ("Palpitations in the evening", "Check of my blood pressure tablets", "Results of the ECG"),
    "dermatology": ("A rash on both arms since last week", "A mole that has changed", "Acne that keeps coming back"),
    "endocrinology": ("Diabetes review", "Results of the thyroid blood test"),
    "general-practice": ("Repeat prescription", "A cough for three weeks", "Results of the blood test"),
    "gynaecology": ("Contraception review", "Routine check", "Hot flushes at night"),
    "neurology": ("Migraine twice a week", "Numb fingers in the morning", "Review of my epilepsy tablets"),
    "ophthalmology": ("Blurred sight in the left eye", "Yearly check because of diabetes", "Dry, sore eyes"),
    "orthopaedics": ("Pain in the left knee when I climb stairs", "Hip pain at night", "Check after my ankle fracture"),
    "paediatrics": ("Ear pain and fever", "Check at two years", "Eczema behind the knees"),
    "psychiatry": ("Trouble sleeping", "Anxiety at work", "Review of my medicine"),
}
"""What people come for, by specialty."""


def reasons(specialty: str) -> tuple[str, ...]:
    """What patients of a specialty may have written."""
    return ANY_REASON + REASONS.get(specialty, ())


SPECIALTIES = (
    "cardiology", "dermatology", "general-practice", "gynaecology", "neurology", "ophthalmology", "orthopaedics",
    "paediatrics", "psychiatry", "urology",
)  # fmt: skip


def doctor_number(number: int) -> Person:
    """The ``number``-th colleague of Dr Bose, from 1: the known ones first, then as many others as wanted."""
    if number <= len(COLLEAGUES):
        return COLLEAGUES[number - 1]
    return Person(
        full_name=f"Dr {name_number(number)}",
        specialty=SPECIALTIES[number % len(SPECIALTIES)],
        years=3 + number % 30,
        room=f"Room {number % 6}.{number % 40:02}",
        languages="English",
        fee_minor=5000 + number % 20 * 250,
        visit_minutes=(15, 20, 30)[number % 3],
        bio="",
        hours=(FULL, MORNINGS, AFTERNOONS)[number % 3],
        busy=0.2,
    )


def name_number(number: int) -> str:
    """A made-up name; the first 754 differ."""
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
