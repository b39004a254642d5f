"""Sheets of formulas as tables in Markdown: checked as claims in Python are, or refused in words."""

import pytest

from autograd import log, relu, sqrt
from tests.lecture import Claim, check, each

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

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
