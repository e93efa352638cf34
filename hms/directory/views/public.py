"""Finding a doctor: open to everybody, signed in or not."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from hms import areas, clock, throttle
from hms.auth import queries as people
from hms.auth.replica import strangers_read_the_replica
from hms.auth.sessions import browser_session
from hms.availability import words
from hms.availability.booking_rules import BookingRules
from hms.directory import queries, slot_picker
from hms.directory.everyday import is_emergency
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
    throttle.count(rules.SEARCH, what="You have searched a lot.")
    name = query_params.text("q", longest=LONGEST_NAME)
    cards = queries.search_doctors(name=name).cards if name else []
    return render("directory/_suggest.html", name=name, found=slot_picker.suggestions(cards, name=name))


@bp.get("/doctors")
def doctors() -> ResponseReturnValue:
    """The doctors who fit the words and the filters of the address, soonest free first or by name."""
    throttle.count(rules.SEARCH, what="You have searched a lot.")
    name, filters = query_params.text("q", longest=LONGEST_NAME), slot_picker.parse_filters()
    choices = queries.list_choices(name=name, filters=filters)
    wanted = query_params.word("specialty")
    chosen = next((one for one, _ in choices.specialties() if one.slug == wanted), None)
    asked: dict[str, Any] = {"name": name, "filters": filters, "specialty": chosen.slug if chosen else ""}
    found, within = _load_page(partial(queries.search_doctors, **asked))
    kinds = queries.count_kinds(**asked) if choices.everybody <= queries.MOST_TO_COUNT else {}
    made_from = (filters, chosen, choices, within, kinds)
    return render(
        "directory/doctors.html",
        made_from=(made_from, name, slot_picker.asked(), clock.today()),
        panel=partial(slot_picker.panel, *made_from),
        chosen=chosen,
        is_unknown=bool(wanted) and not chosen,
        is_emergency=is_emergency,
        name=name,
        filters=filters,
        found=found,
        asked=slot_picker.asked,
        result=slot_picker.result,
        today=clock.today(),
    )


def _load_page(
    search: Callable[..., queries.DoctorPage],
) -> tuple[paging.Page[queries.DoctorCard], Mapping[int, int]]:
    """The page that the address asks for, and how many doctors are free within so many days."""
    loaded: list[queries.DoctorPage] = []

    def load(number: int) -> tuple[list[queries.DoctorCard], int]:
        loaded.append(search(page=number))
        return loaded[-1].cards, loaded[-1].total

    return paging.load_page(load, paging.parse_page(), size=queries.DOCTORS_ON_A_PAGE), loaded[-1].within


@bp.get("/doctors/<uuid:doctor_id>")
def doctor(doctor_id: UUID) -> ResponseReturnValue:
    """One doctor, and the free times of one week with one day open."""
    visit, asked = words.parse_mode(query_params.word("visit")), slot_picker.parse_day("day")
    found = queries.get_doctor_with_week(doctor_id, day=asked, visit=visit, along=browser_session().errand())
    profile = found.profile
    kind = slot_picker.kind_of(visit, profile)
    day = asked or slot_picker.day_of(kind.earliest)
    week = found.week(slot_picker.first_of(day), kind.mode)
    is_unread = bool(query_params.word("day")) and asked is None
    closures = found.closed_on(week.monday + timedelta(days=n) for n in range(7))
    return render(
        "directory/doctor.html",
        doctor=profile.doctor,
        made_from=(profile, week, day, kind, closures, is_unread, clock.today(), _minute_if_near(day, profile.rules)),
        is_unread=is_unread,
        profile=profile,
        kind=kind,
        picker=partial(slot_picker.week_picker, profile, week, day, kind=kind, closures=closures),
        slot_picker=slot_picker,
        presenters=presenters,
        fee=presenters.fee,
        photo_address=presenters.photo_address,
    )


def _minute_if_near(day: date, rules: BookingRules) -> datetime | None:
    """The minute that it is, where the slots of the day can stop being cancellable while the page is kept."""
    is_near = clock.start_of_day(day) <= clock.now() + rules.cancellation_window
    return clock.now().replace(second=0, microsecond=0) if is_near else None


@bp.get("/doctors/<uuid:doctor_id>/photo")
def photo(doctor_id: UUID) -> ResponseReturnValue:
    """The picture of a doctor whom patients can find. Its address changes with it, so that browsers may keep it."""
    version = queries.get_bookable_doctor(doctor_id).doctor.photo_version
    picture = people.find_photo(doctor_id)
    if picture is None:
        raise NotFound("This doctor has no photo.")
    response = Response(picture.jpeg, mimetype="image/jpeg")
    if query_params.word("v") == version:
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_SECONDS}, immutable"
    return response
