"""The lecture checker: the lecture's formulas hold, its slips are found, and a formula made wrong anywhere is found."""

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from functools import wraps
from pathlib import Path

import mpmath
import numpy as np
import pytest

import nn
from autograd import absolute, cos, exp, log, nesting, relu, sin, sqrt, values
from tests.lecture import Claim, Report, check, derivative, draws, each
from tests.lecture.__main__ import main
from tests.lecture.claims import LECTURE
from tests.lecture.graph import REFERENCE
from tests.processes import run

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

ROOT = Path(__file__).parents[1]
EVERY = pytest.mark.parametrize("claim", LECTURE, ids=[f"{k}: {claim.says}" for k, claim in enumerate(LECTURE)])


@pytest.fixture(scope="module")
def report():
    return check(LECTURE)


def square(**changed):
    """A right claim, and others like it."""
    return replace(
        Claim("Mine", "x² → 2x", of=lambda x: x * x, wrt="x", printed=lambda x: 2 * x, at=each(x=[0.5])), **changed
    )


def only(claim):
    (finding,) = check([claim]).findings
    return finding


# --- the lecture ------------------------------------------------------------------------------------------------------


def test_every_formula_of_the_lecture_holds_as_printed_or_as_corrected(report):
    assert report.holds
    assert [f for f in report.findings if f.verdict == "doubt"] == []


def test_exactly_the_three_slips_are_found_with_their_numbers(report):
    assert {f.claim.says: f.detail.partition(";")[0] for f in report.slips} == {
        "f₆: L = log softmax(x₆)_y": "printed −1.17902, true 1.17902, at c = 2",
        "L = −log ŷ_c = −log(e^a_c / Σⱼ e^aⱼ), a = x₄": "printed 1.15859, true 1.17902, at c = 2",
        "f/g → −(f′g − f g′)/g²": "printed −0.366466, true 0.366466, at x = 0.7",
    }


def test_exactly_the_known_notes_are_found(report):
    written = [f.claim.note.split()[0] for f in report.notes if f.claim.note]
    assert written == ["E_H", "ŷᵢ", "d", "the", "g", "“matrix"]
    found = [f.claim.says.split(" = ")[0] for f in report.notes for note in f.notes if note.startswith("as printed it")]
    assert found == ["y", "E_H(w)", "tanh(a)", "y_k"]


def test_a_slip_is_found_by_numbers_and_not_by_its_correction():
    for finding in check(LECTURE).slips:
        alone = only(replace(finding.claim, corrected=None, right="", note=""))
        assert (alone.verdict, alone.holds) == ("slip", False)
        assert alone.detail.endswith("no correction is given")
        mended = only(replace(finding.claim, printed=finding.claim.corrected))
        assert (mended.verdict, mended.holds) == ("✓", True)


def test_every_slide_with_a_formula_has_claims_and_they_stand_in_its_order():
    numbers = [int(claim.slide.split(":")[0].removeprefix("Slide ")) for claim in LECTURE]
    assert numbers == sorted(numbers)
    without = {1, 2, 3, 4, 5, 19}  # the title, topics, pictures of recaps, and history
    assert set(numbers) == set(range(1, 30)) - without


def test_the_reference_is_compared_to_twelve_digits():
    (claim,) = [c for c in LECTURE if c.says.startswith("forward pass: L")]
    assert only(claim).verdict == "✓"
    assert only(replace(claim, printed=lambda: float(REFERENCE["forward"]["L"]) * (1 + 1e-11))).verdict == "slip"


# --- a formula made wrong anywhere ------------------------------------------------------------------------------------


def numbers(x):
    """The numbers of a nesting, texts of digits and truths among them, as an array of objects."""
    return np.array(nesting.mapped(lambda v: mpmath.mpf(v) if isinstance(v, str) else +v, x), dtype=object)


def off(f, factor, entry=None):
    """The formula with all its entries off by a factor, or one of them; what is 0 is off by 10⁻³ of the largest."""

    @wraps(f)
    def wrong(*args, **by_name):
        y = numbers(f(*args, **by_name))
        size = max(abs(v) for v in y.flat)
        size = size if size > 1e-25 else 1
        for k, where in enumerate(np.ndindex(y.shape)):
            if entry in (None, k):
                y[where] = y[where] * factor if abs(y[where]) > 1e-12 * size else size * 1e-3
        return y[()]

    return wrong


def made_wrong(claim, factor, entry=None):
    corrected = claim.corrected and off(claim.corrected, factor, entry)
    return replace(claim, printed=off(claim.printed, factor, entry), corrected=corrected)


@EVERY
def test_a_formula_off_by_a_factor_is_found_at_each_of_its_points(claim):
    for point in claim.at:
        for factor in (1.001, -1.0):
            if factor < 0 and claim.within:
                continue
            finding = only(made_wrong(replace(claim, at=[point]), factor))
            assert (finding.verdict, finding.holds) == ("slip", False), (point, factor)


@EVERY
def test_a_formula_off_in_a_single_entry_is_found(claim):
    for entry in range(first_value(claim).size):
        finding = only(made_wrong(replace(claim, at=claim.at[:1]), 1.001, entry))
        assert (finding.verdict, finding.holds) == ("slip", False), entry


def first_value(claim):
    """The printed formula at its first point."""
    seen = []

    @wraps(claim.printed)
    def keeping(*args, **by_name):
        seen.append(claim.printed(*args, **by_name))
        return seen[-1]

    check([replace(claim, at=claim.at[:1], printed=keeping)])
    return numbers(seen[0])


# Their derivatives are 0, and stay 0 under any factor.
FLAT = {"c → 0", "a dying ReLU: where a < 0 the output is 0, and so is ∂g/∂wᵢ"}


@pytest.mark.parametrize("claim", [c for c in LECTURE if c.says not in FLAT], ids=lambda claim: claim.says)
def test_another_function_than_the_claim_is_about_is_found(claim):
    @wraps(claim.of)
    def other(*args, **by_name):
        y = claim.of(*args, **by_name)
        return nesting.mapped(lambda v: (float(v) if isinstance(v, str | bool) else v) * 1.25, y)

    finding = only(replace(claim, of=other, within=0.0, corrected=None))
    assert (finding.verdict, finding.holds) == ("slip", False)


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


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_report_and_succeeds(capsys, report):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert text.endswith(f"{report}\n")
    assert f"{len(LECTURE)} formulas, 3 slips, 9 notes. Every formula holds" in text


def test_only_chooses_slides_by_their_titles(capsys):
    assert main(["--only", "derivative RULES"]) == 0
    text = capsys.readouterr().out
    assert "Slide 28: Derivative rules\n  ✓      c → 0\n" in text
    assert "slip   f/g → −(f′g − f g′)/g²\n" in text
    assert "Slide 27" not in text


def test_a_text_that_no_slide_has_lists_the_slides(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "convolution"])
    assert stopped.value.code == 2
    assert "Slide 12: Another training criterion" in capsys.readouterr().err


def test_the_command_fails_where_a_formula_does_not_hold(monkeypatch, capsys):
    monkeypatch.setattr("tests.lecture.__main__.LECTURE", [square(printed=lambda x: x)])
    assert main([]) == 1
    assert "No correction is given yet on Mine:" in capsys.readouterr().out


def test_the_command_runs_from_a_checkout_in_seconds():
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "tests.lecture"], cwd=ROOT, capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert time.perf_counter() - start < 20


# --- the sheet as text, and outside of a domain -----------------------------------------------------------------------

SHEET = """
| slide | formula           | of         | by | printed   | at         | right       |
|-------|-------------------|------------|----|-----------|------------|-------------|
| Rules | (sin x)′ = cos x  | `sin(x)`   | x  | `cos(x)`  | x = 0.3, 2 |             |
| Rules | (x eˣ)′ = x eˣ    | x·exp(x)   | x  | x·exp(x)  | x = 0.5    | (1+x)·exp(x) |
| Rules | ∂(w·x)/∂w = x     | dot(w, x)  | w  | x         | w = [1, 2]; x = [0.5, −3] | |
| Rules | σ(x) = 1/(1 + e⁻ˣ) | σ(x)      |    | 1/(1 + exp(−x)) | x = 2 | |
| Rules | xⁿ = x·xⁿ⁻¹       | x^n        |    | x·x^(n−1) | x = 2.0; n = 3, 4 | |
"""


def test_a_markdown_table_is_checked_as_claims_in_python_are():
    report = check(SHEET)
    assert [finding.verdict for finding in report.findings] == ["✓", "slip", "✓", "✓", "✓"]
    assert report.holds
    assert "right is (1+x)·exp(x)" in str(report)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("| a | __import__('os') | x | x = 1 |", "speaks of __import__"),
        ("| a | x + q | x | x = 1 |", "speaks of q"),
        ("| a | x + | x | x = 1 |", "cannot be read"),
        ("| a | x | x | 1 |", "written as x = 0.3, 2"),
        ("| a | x + y | x | x = 1, y = 2 |", "written as x = 0.3, 2"),
        ("| a | x | x | x = 1/2 |", "are numbers, or lists of numbers, as in x = 0.3, 2; got '1/2'"),
        ("| a | 2x | x | x = 1 |", "'2x' is no expression: a product is written with \\*, as in 2\\*x$"),
        ("| a | (x + 1)x | x | x = 1 |", "a product is written with"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row, words):
    with pytest.raises(ValueError, match=words) as caught:
        check(f"| formula | of | printed | at |\n|---|---|---|---|\n{row}\n")
    assert "the row of 'a'" in str(caught.value)


def test_nothing_but_arithmetic_and_functions_is_run():
    for text in ("x.data", "[x for x in x]", "(lambda: x)()", "x if x else x", "'a'", "sin(x=x)"):
        with pytest.raises(TypeError, match="more than arithmetic"):
            check(f"| formula | of | printed | at |\n|---|---|---|---|\n| a | {text} | x | x = 1.0 |\n")


@pytest.mark.parametrize("text", ["2(x + 1)", "(x + 1)(x - 1)", "x(x + 1)"])
def test_a_product_without_its_sign_says_how_it_is_written(text):
    with pytest.raises(TypeError, match=r"a product is written with \*"):
        check(f"| formula | of | printed | at |\n|---|---|---|---|\n| a | {text} | x | x = 1.0 |\n")


def test_a_table_without_its_columns_says_which_are_missing():
    with pytest.raises(ValueError, match="printed, at is missing"):
        check("| formula | of |\n|---|---|\n| a | x |\n")
    with pytest.raises(ValueError, match="of a file give Path"):
        check("formulas.md")


def test_a_bar_within_a_cell_is_written_as_in_markdown():
    (finding,) = check(
        "| formula | of | printed | at |\n|---|---|---|---|\n| \\|x\\| | abs(x) | x | x = 2 |\n"
    ).findings
    assert (finding.verdict, finding.claim.says) == ("✓", "|x|")


@pytest.mark.parametrize(
    "printed", [lambda x: relu(sqrt(x)), lambda x: sqrt(x), lambda x: log(x) / x, lambda x: 1 / (x + 4)]
)
def test_a_claim_outside_its_domain_says_so_in_its_line_and_the_others_are_looked_at(printed):
    outside = Claim("Domain", "outside", of=lambda x: x, printed=printed, at=each(x=[-4.0]))
    inside = Claim("Domain", "inside", of=lambda x: x, printed=lambda x: x, at=each(x=[-4.0]))
    first, second = check([outside, inside]).findings
    assert (first.verdict, second.verdict) == ("doubt", "✓")
    assert "it has no value at x = −4" in str(first)


def test_the_checker_is_installed_with_nn_and_imported_from_the_tests_too():
    import nn.sheet

    assert nn.sheet.check is check
    assert nn.sheet.Claim is Claim


def test_the_sheet_is_in_reach_of_the_package_when_it_is_asked_for():
    script = "import sys, nn; assert 'nn.sheet' not in sys.modules; print(nn.sheet.check.__name__)"
    assert run(script) == "check\n"
    with pytest.raises(AttributeError, match=r"^module 'nn' has no attribute 'sheets'"):
        nn.sheets  # noqa: B018
