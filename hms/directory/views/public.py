"""Finding a doctor: open to everybody, signed in or not."""

from functools import partial
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue

from hms import areas, clock, throttle
from hms.auth import queries as people
from hms.auth.replica import strangers_read_the_replica
from hms.auth.sessions import browser_session
from hms.availability import words
from hms.directory import queries, slot_picker
from hms.errors import NotFound
from hms.scheduling import presenters
from hms.throttle import rules
from hms.web import paging, query_params, render
from hms.web.links import public_url

LONGEST_NAME = 120
ONE_YEAR_SECONDS = 31_536_000

bp = areas.blueprint("public", "directory", __name__)
strangers_read_the_replica(bp)


@bp.get("/")
def landing() -> ResponseReturnValue:
    """The way in: search, specialties and doctors with their next free slots, and how to get here."""
    found = queries.welcome()
    return render(
        "directory/landing.html",
        found=found,
        made_from=(found, clock.today()),
        front=partial(slot_picker.front, found),
        promise=presenters.usual_promise(found.rules),
        horizon=found.rules.horizon_words,
        public_url=public_url,
    )


@bp.get("/suggest")
def suggest() -> ResponseReturnValue:
    """A piece of the landing page: what the words that are being typed may mean."""
    name = query_params.text("q", longest=LONGEST_NAME)
    cards = queries.search_doctors(name=name).cards if name else []
    return render("directory/_suggest.html", name=name, found=slot_picker.suggestions(cards, name=name))


@bp.get("/doctors")
def doctors() -> ResponseReturnValue:
    """The doctors of a specialty, or those that some words fit, soonest free first."""
    throttle.count(rules.SEARCH, what="You have searched a lot.")
    name = query_params.text("q", longest=LONGEST_NAME)
    specialties = queries.list_specialties_with_doctors()
    chosen = next((one for one, _ in specialties if one.slug == query_params.word("specialty")), None)
    search = partial(queries.search_doctors, specialty=chosen.slug if chosen else "", name=name)
    load = lambda number: search(page=number)[:2]  # noqa: E731
    found = paging.load_page(load, paging.parse_page(), size=queries.DOCTORS_ON_A_PAGE)
    return render(
        "directory/doctors.html",
        specialties=specialties,
        chosen=chosen,
        is_unknown=bool(query_params.word("specialty")) and not chosen,
        name=name,
        found=found,
        result=slot_picker.result,
        today=clock.today(),
    )


@bp.get("/doctors/<uuid:doctor_id>")
def doctor(doctor_id: UUID) -> ResponseReturnValue:
    """One doctor, and the free times of one week with one day open."""
    visit, asked = words.parse_mode(query_params.word("visit")), slot_picker.parse_day("day")
    found = queries.get_doctor_with_week(doctor_id, day=asked, visit=visit, along=browser_session().errand())
    profile = found.profile
    kind = slot_picker.kind_of(visit, profile)
    day = asked or slot_picker.day_of(kind.earliest)
    week = found.week(clock.monday_of(day), kind.mode)
    return render(
        "directory/doctor.html",
        doctor=profile.doctor,
        made_from=(profile, week, day, kind, clock.today()),
        profile=profile,
        kind=kind,
        picker=partial(slot_picker.week_picker, profile, week, day, kind=kind),
        slot_picker=slot_picker,
        presenters=presenters,
        fee=presenters.fee,
        photo_address=presenters.photo_address,
    )


@bp.get("/doctors/<uuid:doctor_id>/photo")
def photo(doctor_id: UUID) -> ResponseReturnValue:
    """The picture of a doctor whom patients can find. Its address changes with it, so that browsers may keep it."""
    version = queries.get_bookable_doctor(doctor_id).doctor.photo_version
    picture = people.find_photo(doctor_id)
    if picture is None:
        raise NotFound("This doctor has no photo.")
    response = Response(picture.jpeg, mimetype="image/jpeg")
    if request.args.get("v") == version:
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_SECONDS}, immutable"
    return response
