"""The lecture's formulas hold, its slips are found, and a formula made wrong anywhere is found."""

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
from autograd import nesting
from tests.lecture import Claim, check, each
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


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_checker_is_installed_with_nn_and_imported_from_the_tests_too():
    import nn.sheet

    assert nn.sheet.check is check
    assert nn.sheet.Claim is Claim


def test_the_sheet_is_in_reach_of_the_package_when_it_is_asked_for():
    script = "import sys, nn; assert 'nn.sheet' not in sys.modules; print(nn.sheet.check.__name__)"
    assert run(script) == "check\n"
    with pytest.raises(AttributeError, match=r"^module 'nn' has no attribute 'sheets'"):
        nn.sheets  # noqa: B018
