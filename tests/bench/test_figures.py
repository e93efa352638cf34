"""From what was measured to what is written: ratios of pairs, verdicts, the two files."""

import json
from math import inf

import pytest

from bench import measure, report
from bench.clinic import SLOT, Clinic, number_of, uuid_of
from bench.goals import GOALS, Goal
from bench.plan import FULL, QUICK
from bench.results import Case, Failure, Results, paired
from bench.stats import figure

AT_LEAST = Goal(1, "more is better", 0.20, 0.35, at_least=True)
AT_MOST = Goal(2, "less is better", 4, 2.5)


def test_a_figure_is_the_median_of_the_ratios_of_pairs_with_the_spread():
    case = paired(1, "granian, 2 workers", "booking", {"product": [2.0, 6.0, 5.0], "anchor": [10.0, 20.0, 10.0]})
    assert case.values == [0.2, 0.3, 0.5]
    assert case.figure == figure([0.5, 0.2, 0.3])
    assert (case.figure.median, case.figure.smallest, case.figure.largest, case.figure.count) == (0.3, 0.2, 0.5, 3)


def test_pairs_must_be_complete():
    with pytest.raises(ValueError, match="shorter"):
        paired(1, "any", "booking", {"product": [2.0, 3.0], "anchor": [1.0]})


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (AT_LEAST, 0.19, "missed"),
        (AT_LEAST, 0.20, "holds"),
        (AT_LEAST, 0.35, "aim reached"),
        (AT_MOST, 4.1, "missed"),
        (AT_MOST, 4.0, "holds"),
        (AT_MOST, 2.5, "aim reached"),
        (Goal(4, "nothing must hold", inf, 10), 1_000.0, "holds"),
    ],
)
def test_the_median_is_held_against_the_limit_and_the_aim(goal, value, verdict):
    assert goal.verdict(figure([value])) == verdict


def test_a_goal_says_on_which_side_of_it_a_figure_has_to_be():
    assert AT_LEAST.limits() == "≥ 0.2, aim 0.35"
    assert AT_MOST.limits() == "≤ 4, aim 2.5"
    assert Goal(4, "nothing must hold", inf, 10).limits() == "≤ aim 10"


def test_what_is_measured_in_turn_runs_backwards_every_other_round():
    order = []
    acts = {name: (lambda name=name: order.append(name) or 1.0) for name in ("product", "anchor")}
    assert measure.in_turn(3, acts) == {"product": [1.0] * 3, "anchor": [1.0] * 3}
    assert order == ["product", "anchor", "anchor", "product", "product", "anchor"]


def test_every_row_has_a_goal_and_is_measured():
    from bench.rows import ONCE, ORDINARY

    assert set(GOALS) == set(ORDINARY) | set(ONCE) == set(range(1, 14))


def test_the_quick_plan_is_smaller_in_everything():
    for name in ("pairs", "seconds", "turns", "rounds", "many", "main"):
        assert getattr(QUICK, name) < getattr(FULL, name)


def test_both_files_tell_of_every_case_and_of_what_failed(tmp_path):
    case = Case(1, "granian, 2 workers", "booking", [0.1, 0.2, 0.3], {"bookings": [1.0], "bare": [5.0]})
    results = Results([case], [Failure(5, "gunicorn, 2 workers", "Failed: wrk failed")], {"directory": "SELECT 1"})
    report.write(results, QUICK, postgres="18.6", folder=tmp_path)
    told = json.loads((tmp_path / "results" / "latest.json").read_text())
    assert told["cases"][0]["ratio"] == {"median": 0.2, "smallest": 0.1, "largest": 0.3, "count": 3}
    assert told["failures"][0]["why"] == "Failed: wrk failed"
    table = (tmp_path / "RESULTS.md").read_text()
    assert "| booking | granian, 2 workers | 0.200 | 0.100 to 0.300 | 3 | ≥ 0.2, aim 0.35 | holds |" in table
    assert "| | gunicorn, 2 workers | not measured: Failed: wrk failed | | | | **failed** |" in table
    assert "SELECT 1" in table
    assert "PostgreSQL | 18.6" in table


def test_the_clinic_keeps_what_is_booked_in_turn_apart_from_what_many_want():
    clinic = Clinic(10_000)
    assert clinic.bookable == range(2_000, 9_000)
    assert clinic.contested == range(9_000, 10_000)
    assert Clinic(1_000_000).bookable == range(2_000, 69_000)


def test_a_clinic_needs_whole_weeks():
    with pytest.raises(ValueError, match="whole weeks"):
        Clinic(10_001)


def test_the_number_of_a_row_stands_in_its_id():
    assert number_of(uuid_of(SLOT, 999_999)) == 999_999
