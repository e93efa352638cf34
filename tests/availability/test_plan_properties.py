"""What holds of every plan, whatever the hours, the zones and the clock changes: asked every five minutes of an oracle
that shares no arithmetic with the plan."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms import clock
from hms.availability.plan import Away, Closed, Hidden, HoursDraft, Plan, Reason, ScheduleDraft, plan
from tests.depth import examples

GRAIN = timedelta(minutes=5)  # of everything here; clocks change at such moments too
DAY = timedelta(days=1)
FIRST, LAST = date(2025, 1, 1), date(2030, 1, 1)
PAUSES = {Reason.GAP, Reason.REMAINDER}
COVERS = {Reason.TIME_OFF, Reason.CLOSURE, Reason.REMOVED}
ZONES = sorted(clock.known_zones())
THOROUGHLY = examples(short=60, full=250)


# -- the oracle ----------------------------------------------------------------------------------------------------


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def grains(starts_at: datetime, ends_at: datetime) -> Iterator[datetime]:
    """Every fifth minute of an interval."""
    while starts_at < ends_at:
        yield starts_at
        starts_at += GRAIN


class Oracle:
    """Says of single moments whether somebody works then, by looking at the wall."""

    def __init__(self, schedules: Sequence[ScheduleDraft], clinic_zone: ZoneInfo) -> None:
        self.clinic_zone = clinic_zone
        self.schedules = [(each, ZoneInfo(each.timezone) if each.timezone else clinic_zone) for each in schedules]

    def hours_at(self, moment: datetime) -> tuple[HoursDraft, bool] | None:
        """The hours that the wall shows, and whether it shows that time again."""
        for schedule, zone in self.schedules:
            shown = moment.astimezone(zone)
            if not schedule.valid_from <= shown.date() <= (schedule.valid_until or date.max):
                continue
            if any(
                other.valid_from > schedule.valid_from and moment >= midnight(other.valid_from, others)
                for other, others in self.schedules
            ):
                continue
            since_midnight = shown.hour * 60 + shown.minute
            for hours in schedule.hours:
                if hours.weekday == shown.weekday() and hours.start_minute <= since_midnight < hours.end_minute:
                    return hours, bool(shown.fold)
        return None


def broken(made: Plan, oracle: Oracle, first_day: date, last_day: date, *, gap_minutes: int) -> list[str]:
    """What does not hold of a plan; empty when all is well."""
    starts_at, ends_at = midnight(first_day, oracle.clinic_zone), midnight(last_day + DAY, oracle.clinic_zone)
    return [
        *_cover(made, starts_at, ends_at),
        *_agree(made, oracle, starts_at, ends_at),
        *_gaps(made, oracle, gap_minutes, cut_at=(starts_at, ends_at)),
    ]


def _cover(made: Plan, starts_at: datetime, ends_at: datetime) -> Iterator[str]:
    pieces = sorted([*made.slots, *made.hidden], key=lambda piece: piece[:2])
    pieces = [piece for piece in pieces if piece[0] < piece[1]]
    if pieces[0][0] > starts_at or pieces[-1][1] < ends_at:
        yield f"the ends are not covered: {pieces[0]} {pieces[-1]}"
    yield from (f"{one} does not meet {other}" for one, other in pairwise(pieces) if one[1] != other[0])
    outside = [each for each in made.hidden if each.starts_at < starts_at or each.ends_at > ends_at]
    yield from (f"{each} is outside the days" for each in outside)


def _agree(made: Plan, oracle: Oracle, starts_at: datetime, ends_at: datetime) -> Iterator[str]:
    """Moment by moment, a time or a reason is what the wall says."""
    for slot in made.slots:
        for moment in grains(slot.starts_at, slot.ends_at):
            found = oracle.hours_at(moment)
            if found is None or found[1] or found[0].mode != slot.mode:
                yield f"{slot} is offered at {moment}, and the wall says {found}"
        hours = oracle.hours_at(slot.starts_at)
        if hours and slot.ends_at - slot.starts_at != timedelta(minutes=hours[0].visit_minutes):
            yield f"{slot} lasts otherwise than {hours}"
    for hidden in made.hidden:
        for moment in grains(hidden.starts_at, hidden.ends_at):
            expected = _allowed(oracle.hours_at(moment))
            if hidden.reason not in expected:
                yield f"{hidden} at {moment}; it should be one of {expected}"


def _allowed(found: tuple[HoursDraft, bool] | None) -> set[Reason]:
    if found is None:
        return {Reason.OUTSIDE_HOURS}
    return {Reason.CLOCK_CHANGE, *COVERS} if found[1] else {*PAUSES, *COVERS}


def _gaps(made: Plan, oracle: Oracle, gap_minutes: int, *, cut_at: tuple[datetime, datetime]) -> Iterator[str]:
    """Gaps last as long as they should, and nothing is left over in which a visit would have fitted."""
    first, last = cut_at
    for hidden in made.hidden:
        found = oracle.hours_at(hidden.starts_at)
        if hidden.reason not in PAUSES or found is None:
            continue
        gap = gap_minutes if found[0].gap_minutes is None else found[0].gap_minutes
        length = (hidden.ends_at - hidden.starts_at) / timedelta(minutes=1)
        if hidden.reason == Reason.GAP and length != gap and first < hidden.starts_at and hidden.ends_at < last:
            yield f"{hidden} is no gap of {gap} minutes"
        if hidden.reason == Reason.REMAINDER and length >= gap + found[0].visit_minutes:
            yield f"{hidden} has room for a visit of {found[0].visit_minutes} minutes"


def test_the_oracle_notices_what_is_wrong():
    zone, day = ZoneInfo("Europe/London"), date(2026, 11, 23)
    schedules = [ScheduleDraft(None, day, None, None, [HoursDraft(0, 540, 600, 20)])]
    oracle = Oracle(schedules, zone)
    good = a_plan(schedules, day, day, zone)
    first, second, third = good.slots
    before, after = good.hidden
    for bad in (
        Plan([first, third], good.hidden),  # a hole
        Plan([first, second, second, third], good.hidden),  # twice
        Plan([first._replace(mode="online"), second, third], good.hidden),
        Plan(good.slots, [before._replace(reason=Reason.GAP), after]),
        Plan([first, second], [before, Hidden(third[0], third[1], Reason.REMAINDER), after]),
        Plan([first, second], [before, Hidden(third[0], third[1], Reason.OUTSIDE_HOURS), after]),
    ):
        assert broken(bad, oracle, day, day, gap_minutes=0)
    assert broken(good, oracle, day, day, gap_minutes=0) == []


# -- any schedules at all ------------------------------------------------------------------------------------------


def a_plan(schedules, first_day, last_day, zone, *, time_off=(), closures=(), gap_minutes=0) -> Plan:
    """The plan, with what is not given left out."""
    return plan(
        schedules,
        time_off=time_off,
        closures=closures,
        gap_minutes=gap_minutes,
        first_day=first_day,
        last_day=last_day,
        clinic_zone=zone,
    )


fives = st.integers(0, 288).map(lambda fives: fives * 5)
visits = st.sampled_from([5, 10, 20, 25, 45, 60, 90])
gaps = st.sampled_from([None, 0, 5, 15])
modes = st.sampled_from(["in-person", "online", "both"])
days = st.dates(FIRST, LAST)


@st.composite
def weeks(draw) -> list[HoursDraft]:
    """Weekly hours that do not overlap."""
    lines = []
    for weekday in range(7):
        bounds = sorted(draw(st.sets(fives, max_size=4)))
        lines += [
            HoursDraft(weekday, start, end, draw(visits), draw(gaps), draw(modes))
            for start, end in zip(bounds[::2], bounds[1::2], strict=False)
        ]
    return lines


@st.composite
def careers(draw, *, around: date) -> list[ScheduleDraft]:
    """Schedules that follow each other, each on a wall of its own."""
    firsts = sorted(draw(st.sets(st.integers(-9, 9), max_size=3)))
    firsts = [around + n * DAY for n in firsts]
    zones = st.one_of(st.none(), st.sampled_from(ZONES))
    ends = [*(following - DAY for following in firsts[1:]), draw(st.none() | st.just(around + 9 * DAY))]
    return [
        ScheduleDraft(None, first, last, draw(zones), draw(weeks()))
        for first, last in zip(firsts, ends, strict=False)
        if last is None or first <= last
    ]


@st.composite
def absences(draw, *, around: date) -> list[Away]:
    """Time off and removed times near a day."""
    noon = midnight(around, ZoneInfo("UTC"))
    starts = st.integers(-300, 1200).map(lambda fives: noon + fives * GRAIN)
    lengths = st.integers(1, 400).map(lambda fives: fives * GRAIN)
    drawn = draw(st.lists(st.tuples(starts, lengths, st.booleans()), max_size=3))
    return [Away(start, start + length, "", single) for start, length, single in drawn]


@given(data=st.data(), day=days, length=st.integers(0, 4), zone=st.sampled_from(ZONES), gap=st.sampled_from([0, 10]))
@THOROUGHLY
def test_times_and_reasons_cover_the_days_and_agree_with_the_wall(data, day, length, zone, gap):
    schedules, its = data.draw(careers(around=day)), ZoneInfo(zone)
    last_day = day + length * DAY
    made = a_plan(schedules, day, last_day, its, gap_minutes=gap)
    assert broken(made, Oracle(schedules, its), day, last_day, gap_minutes=gap) == []


@given(data=st.data(), day=days, length=st.integers(0, 4), zone=st.sampled_from(ZONES))
@THOROUGHLY
def test_absences_take_away_what_they_touch_and_nothing_else(data, day, length, zone):
    schedules, its = data.draw(careers(around=day)), ZoneInfo(zone)
    last_day, time_off = day + length * DAY, data.draw(absences(around=day))
    closures = [
        Closed(day + n * DAY, day + (n + 1) * DAY, "Fair") for n in data.draw(st.sets(st.integers(-2, 5), max_size=1))
    ]
    whole = a_plan(schedules, day, last_day, its)
    made = a_plan(schedules, day, last_day, its, time_off=time_off, closures=closures)
    away = [each[:2] for each in time_off]
    away += [(midnight(each.first_day, its), midnight(each.last_day + DAY, its)) for each in closures]
    assert made.slots == [
        slot
        for slot in whole.slots
        if not any(starts < slot.ends_at and slot.starts_at < ends for starts, ends in away)
    ]
    assert broken(made, Oracle(schedules, its), day, last_day, gap_minutes=0) == []


@given(data=st.data(), day=days, zone=st.sampled_from(ZONES))
@THOROUGHLY
def test_a_plan_is_the_same_again_and_day_by_day(data, day, zone):
    schedules, its = data.draw(careers(around=day)), ZoneInfo(zone)
    time_off = data.draw(absences(around=day))
    made = a_plan(schedules, day, day + 3 * DAY, its, time_off=time_off)
    assert a_plan(schedules[::-1], day, day + 3 * DAY, its, time_off=time_off[::-1]) == made
    single = [a_plan(schedules, day + n * DAY, day + n * DAY, its, time_off=time_off) for n in range(4)]
    assert sorted({slot for each in single for slot in each.slots}) == made.slots


# -- all zones, all clock changes of five years --------------------------------------------------------------------

ROUND_THE_CLOCK = [HoursDraft(weekday, 0, 1440, 25, 5) for weekday in range(7)]
SHORT = [HoursDraft(weekday, at, at + 55, 20) for weekday in range(7) for at in (0, 60, 120, 240, 1320, 1380)]


@lru_cache(maxsize=1)
def clock_changes() -> dict[tuple, str]:
    """The days on which the clocks change with the offsets around them, and a zone that has them: many share them."""
    found: dict[tuple, str] = {}
    for name in ZONES:
        zone, day, last = ZoneInfo(name), FIRST, None
        changes = []
        while day < LAST:
            offset = datetime.combine(day, time(12), UTC).astimezone(zone).utcoffset()
            if last is not None and offset != last:
                changes.append((day, last, offset))
            day, last = day + DAY, offset
        if changes:
            found.setdefault(tuple(changes), name)
    return found


def test_the_time_zone_database_has_clock_changes_of_many_kinds():
    changes = {each for changes in clock_changes() for each in changes}
    assert len(clock_changes()) >= 20
    assert {abs(after - before) for _, before, after in changes} >= {timedelta(hours=1), timedelta(minutes=30)}


@pytest.mark.parametrize("week", [ROUND_THE_CLOCK, SHORT], ids=["round the clock", "short hours"])
def test_plans_are_right_over_every_clock_change_of_five_years_in_every_zone(week):
    schedule = ScheduleDraft(None, date(2020, 1, 1), None, None, week)
    wrong = []
    for changes, name in clock_changes().items():
        zone = ZoneInfo(name)
        oracle = Oracle([schedule], zone)
        for day, *_ in changes:
            first, last = day - 2 * DAY, day + DAY
            made = a_plan([schedule], first, last, zone, gap_minutes=10)
            assert any(each.reason == Reason.CLOCK_CHANGE for each in made.hidden) or week is SHORT, (name, day)
            wrong += [f"{name}: {each}" for each in broken(made, oracle, first, last, gap_minutes=10)]
    assert wrong == []


def test_a_schedule_on_another_wall_is_right_over_that_walls_clock_changes_too():
    clinic, wrong = ZoneInfo("Europe/London"), []
    for changes, name in clock_changes().items():
        schedule = ScheduleDraft(None, date(2020, 1, 1), None, name, ROUND_THE_CLOCK)
        oracle = Oracle([schedule], clinic)
        for day, *_ in changes[:2]:
            made = a_plan([schedule], day - DAY, day + DAY, clinic)
            wrong += [f"{name}: {each}" for each in broken(made, oracle, day - DAY, day + DAY, gap_minutes=0)]
    assert wrong == []
