"""The lecture checker's report: what it says of right claims, slips, notes, doubts and domains."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograd import absolute, cos, exp, log, relu, sin, values
from tests.lecture import Report, check, derivative, draws, each
from tests.test_lecture import only, square

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

ROOT = Path(__file__).parents[1]


# --- what is reported -------------------------------------------------------------------------------------------------


def test_a_right_claim_is_a_line():
    assert str(only(square())) == "  ✓      x² → 2x"


def test_a_slip_without_a_correction_says_so_and_does_not_hold():
    finding = only(square(printed=lambda x: 3 * x))
    assert (finding.verdict, finding.holds) == ("slip", False)
    assert finding.detail == "printed 1.5, true 1, at x = 0.5; no correction is given"


def test_a_slip_with_a_correction_holds_and_says_what_is_right():
    finding = only(square(printed=lambda x: 3 * x, corrected=lambda x: 2 * x, right="2x"))
    assert (finding.verdict, finding.holds) == ("slip", True)
    assert finding.detail.endswith("right is 2x")
    assert only(replace(finding.claim, right="")).detail.endswith("the corrected formula holds")


def test_a_correction_that_is_wrong_too_does_not_hold():
    finding = only(square(printed=lambda x: 3 * x, corrected=lambda x: 4 * x, right="4x"))
    assert (finding.verdict, finding.holds) == ("slip", False)
    assert finding.detail.endswith("the correction is wrong too")


def test_a_wrong_correction_of_a_right_formula_does_not_hold():
    finding = only(square(corrected=lambda x: 3 * x))
    assert (finding.holds, finding.detail) == (False, "the correction is wrong")


def test_a_correction_must_hold_at_every_point():
    finding = only(square(at=each(x=[2.0, 0.5]), printed=lambda x: 3 * x, corrected=lambda x: x * x))
    assert not finding.holds


def test_a_note_is_reported_on_a_right_claim():
    assert str(only(square(note="x stands for xₙ"))) == "  note   x² → 2x\n         x stands for xₙ"


def test_a_long_note_is_wrapped_under_its_claim():
    lines = str(only(square(note="many words " * 30))).splitlines()
    assert len(lines) > 3
    assert all(line.startswith(" " * 9) and len(line) <= 110 for line in lines[1:])


def test_a_kink_is_a_doubt_for_the_three_ways_disagree():
    finding = only(square(of=lambda x: absolute(x - 1) + relu(x - 1), printed=lambda: 0.0, at=each(x=[1.0])))
    assert (finding.verdict, finding.holds) == ("doubt", False)
    assert finding.detail.startswith(
        "the three ways disagree: reverse mode 0, forward mode 0, differences 0.5, at x = 1"
    )


def test_another_shape_is_a_slip():
    claim = square(of=lambda x: x @ x, printed=lambda x: x @ x, at=[{"x": [1.0, 2.0]}])
    assert only(claim).detail.startswith("printed of shape (), true of shape (2,); no correction")


def test_the_entry_that_is_wrong_is_named():
    claim = square(of=lambda x: x * x, printed=lambda x: [[2 * x[0], 0], [1, 2 * x[1]]], at=[{"x": [1.0, 2.0]}])
    assert only(claim).detail.startswith("printed 1, true 0 in entry [1, 0]; no correction")


def test_a_nan_is_a_slip():
    assert only(square(printed=lambda x: float("nan"))).verdict == "slip"


def test_what_floats_cannot_evaluate_is_a_note_and_no_slip():
    claim = square(of=lambda x: log(exp(x / 8) + 1), wrt="", printed=lambda x: log(exp(x) ** 0.125 + 1))
    finding = only(replace(claim, at=each(x=[-1.0, 800.0])))
    assert (finding.verdict, finding.holds) == ("✓", True)
    assert finding.notes == (
        "as printed it has no value in floats at x = 800: exp is beyond the largest float here; got 800.0",
    )


def test_twelve_digits_are_to_agree_or_what_within_says():
    assert only(square(printed=lambda x: 2 * x + 1e-11)).verdict == "slip"
    assert only(square(printed=lambda x: 2 * x + 1e-13)).verdict == "✓"
    assert only(square(printed=lambda x: 2 * x + 1e-11, within=1e-10)).verdict == "✓"


def test_small_derivatives_are_compared_by_their_own_digits():
    claim = square(of=lambda x: exp(x), printed=lambda x: exp(x) * 1.001, at=each(x=[-50.0]))
    assert only(claim).verdict == "slip"


def test_the_report_is_by_slide_with_a_summary():
    table = [square(), square(printed=lambda x: x), square(slide="Another", note="so"), square(slide="Mine")]
    assert str(check(table)) == (
        "Mine\n  ✓      x² → 2x\n  slip   x² → 2x\n         printed 0.5, true 1, at x = 0.5; no correction is given\n\n"
        "Another\n  note   x² → 2x\n         so\n\nMine\n  ✓      x² → 2x\n\n"
        "4 formulas, 1 slip, 1 note.\nSlips on Mine.\n"
        "No correction is given yet on Mine: write it as corrected=…, or in a table in the column right."
    )


def test_a_long_note_is_wrapped_below_its_first_word():
    lines = str(only(square(note="word " * 60))).splitlines()
    assert len(lines) > 3
    assert all(re.match(r" {9}word", line) for line in lines[1:])


def test_a_wrong_correction_is_told_from_one_that_is_missing():
    wrong, missing = square(printed=lambda x: x, corrected=lambda x: 3 * x), square(slide="B", printed=lambda x: x)
    right = square(slide="C", printed=lambda x: x, corrected=lambda x: 2 * x)
    first, *lines = check([wrong, missing, right]).summary.splitlines()
    assert first == "3 formulas, 3 slips, 0 notes."
    assert [line.partition(":")[0] for line in lines] == [
        "Slips on Mine; B; C.",
        "No correction is given yet on B",
        "The correction is wrong on Mine.",
    ]


def test_verdicts_of_all_lengths_stand_in_one_column():
    report = check([square(), square(printed=lambda x: x), square(of=lambda x: log(-x)), square(note="so")])
    lines = [line for line in str(report).splitlines() if "→" in line]
    assert len(lines) == 4
    assert {line.index("x²") for line in lines} == {9}


def test_the_report_of_nothing_is_a_summary():
    assert str(Report()) == "0 formulas, 0 slips, 0 notes. Every formula holds, as printed or as corrected."


# --- tables of one's own ----------------------------------------------------------------------------------------------


def test_a_claim_without_a_point_is_an_error():
    with pytest.raises(ValueError, match="'x² → 2x' of 'Mine' gives no point"):
        check([square(at=[])])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"printed": lambda y: y}, "a formula takes y, and the point gives x"),
        ({"wrt": "z"}, "the derivative is by z, and the point gives x"),
        ({"of": lambda x: np.exp(float(x)), "wrt": "x"}, "returned a plain number"),
        ({"printed": lambda x: np.exp(x)}, "no callable exp method"),
    ],
)
def test_what_a_formula_raises_names_the_claim(changed, message):
    with pytest.raises(TypeError, match=message) as raised:
        check([square(**changed)])
    assert "in the claim 'x² → 2x' of 'Mine'" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"of": lambda x: log(x)}, "x = −1: log is defined for x > 0; got -1.0 from x"),
        ({"printed": lambda x: x**0.5}, "x = −1: it is complex, (0.0 + 1.0j)"),
        ({"corrected": lambda x: log(x)}, "x = −1: it is complex, (0.0 + 3.14159j)"),
        ({"printed": lambda x: 1 / (x + 1)}, "x = −1: ZeroDivisionError"),
        (
            {"of": lambda x: exp(-1000 * x)},
            "x = −1: exp is beyond the largest float here; got 1000.0 from the result of",
        ),
    ],
)
def test_a_claim_that_leaves_its_domain_says_so_in_its_line_and_the_others_are_looked_at(changed, reason):
    report = check([square(at=each(x=[0.5, -1.0]), **changed), square()])
    doubt, right = report.findings
    assert (doubt.verdict, doubt.holds, right.verdict, report.holds) == ("doubt", False, "✓", False)
    assert doubt.detail.startswith(f"it has no value at {reason}")
    assert report.summary == "2 formulas, 0 slips, 0 notes.\nIn doubt, without a verdict, on Mine."


def test_a_domain_that_is_left_hides_no_note():
    assert "  a remark" in str(only(square(of=lambda x: log(-x), note="a remark")))


def test_a_console_without_a_tick_gets_the_report_all_the_same():
    run = subprocess.run(
        [sys.executable, "-m", "tests.lecture", "--only", "Derivative rules"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"  ?      c ? 0" in run.stdout


def test_whole_numbers_stay_whole_and_may_index():
    claim = square(of=lambda x, c: x[c] ** 2, printed=lambda x, c: [2 * x[k] * (k == c) for k in range(2)])
    assert only(replace(claim, at=[{"x": [1.5, 2.5], "c": c} for c in (0, np.int64(1))])).verdict == "✓"


def test_draws_are_the_same_every_time_and_points_can_be_combined():
    (a, b), again = draws(2, w=3, X=(2, 2)), draws(2, w=3, X=(2, 2))
    assert all(np.array_equal(a[name], again[0][name]) for name in ("w", "X"))
    assert not np.array_equal(a["w"], b["w"])
    assert each() == [{}]


def test_a_derivative_in_a_printed_formula_has_the_shape_of_both():
    jacobian = derivative(lambda x: [sin(x[0]), x[0] * x[1], cos(x[1])], [0.5, 2.0])
    np.testing.assert_allclose(
        values(jacobian), [[np.cos(0.5), 0], [2.0, 0.5], [0, -np.sin(2.0)]], rtol=1e-15, atol=1e-25
    )
    assert derivative(lambda x: x * x, 3) == 6
