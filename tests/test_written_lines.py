"""Every line that a derivation writes is read back by SymPy, and equals the last one."""

import math

import pytest
from hypothesis import given, settings

import autograd as ag
from autograd import Value, array, constant, named, ops, scope
from autograd.tape import wengert_list
from tests.formulas import TREES, built, x1, x2, x3
from tests.rows import EVERY_ROW, drawn, made
from tests.true_lines import in_scalars, in_stages
from viz import latex
from viz.text.terms import Slope, Term

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- scalars -----------------------------------------------------------------------------------------------------------


@EVERY_ROW
def test_every_line_of_every_rows_derivation_is_true(op, n):
    leaves, y = made(op, drawn(op, n, 1)[0])
    for v in leaves:
        if v.role != "constant":
            assert in_scalars(y, v) >= 1


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_every_line_of_a_random_derivation_is_true(tree):
    y = built(tree)
    for v in wengert_list([y]) if isinstance(y, Value) else ():
        if v in (x1, x2, x3) and v.name:
            in_scalars(y, v)


def test_a_softmax_names_all_of_its_operands():
    a = array([0.3, -0.2, 0.5], "a")
    for f, j in (
        (ag.logsumexp, 1),
        (lambda a: ag.neg_log_softmax(a)[2], 0),
        (lambda a: ag.log_softmax(a)[0], 2),
        (lambda a: ag.logsumexp(a[:2]), 1),
    ):
        out = f(a)
        text = str(latex(out, wrt=a[j]))
        assert f"softmax({', '.join(v.name for v in a if v in wengert_list([out]))})[{j}]" in text
        assert in_scalars(out, a[j]) >= 3


# --- large numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "source", "text"),
    [
        (1e10, "10^{10}", "1e10"), (-1e10, "-10^{10}", "−1e10"), (2.5e10, r"2.5 \cdot 10^{10}", "2.5e10"), (-2.5e-7, r"-2.5 \cdot 10^{-7}", "−2.5e−7"),
        (1e-5, "10^{-5}", "1e−5"), (1e5, "10^{5}", "1e5"), (99999.0, "99999", "99999"), (1.0, "1", "1"),
    ],
)  # fmt: skip
def test_a_power_of_ten_is_one(x, source, text):
    assert (latex(constant(x)).latex, str(latex(constant(x)))) == (source, text)


def test_a_power_of_ten_binds_as_a_power_does():
    x = Value(2.0, "x")
    for v, source in (
        (x * 1e10, r"x \cdot 10^{10}"), (x * -1e10, r"x \cdot \left(-10^{10}\right)"), (1e10**x, r"\left(10^{10}\right)^{x}"),
        (x - 1e10, "x - 10^{10}"), (x**-1e7, "x^{-10^{7}}"), (x / 1e10, r"\frac{x}{10^{10}}"), (x * 2e10, r"x \cdot 2 \cdot 10^{10}"),
    ):  # fmt: skip
        assert latex(v).latex == source


def test_leaves_stand_beside_their_numbers_where_there_are_several():
    x, y = array([1.0, 2.5], "x"), Value(3.0, "y")
    assert latex(x).lines == (("x_{0}", "1"), ("x_{1}", "2.5"))
    assert str(latex([y, x[0] * y])).splitlines() == ["     y = 3", "output = x[0]·y"]
    assert latex(y).lines == (("", "y"),)


# --- symbols without a number -----------------------------------------------------------------------------------------


def test_a_symbol_without_a_number_is_not_compared():
    x, known = Slope.symbol("x"), Slope.symbol("z", 2.0)
    for compare in (
        lambda: x > 0,
        lambda: x < 0,
        lambda: x >= known,
        lambda: x >= 1.0,
        lambda: known > x,
        lambda: Term.symbol("x") > 0,
        lambda: x * 2 + 1 > 0,
    ):
        with pytest.raises(TypeError, match="is written without a number, so a rule cannot compare it"):
            compare()
    assert known > 1
    assert not known * 2 + 1 > 5
    assert not Slope.symbol("n", math.nan) > 0  # nan is a number that is compared as everywhere


def test_a_branch_is_not_chosen_by_a_symbol_without_a_number():
    with pytest.raises(TypeError, match=r"step\(x\) is written without a number"):
        ops.where.apply(ops.step.apply(Slope.symbol("x")), 1.0, 0.5)
    assert str(ops.where.apply(ops.step.apply(Slope.symbol("x", -1.0)), 1.0, 0.5)) == "0.5"


def test_a_rule_that_compares_is_derived_by_its_numbers_where_a_vector_has_none(row):
    bent = row("bent", lambda x: ag.where(x > 0, x, 0.5 * x), (lambda y, x: ag.where(x > 0, 1.0, 0.5),))
    a = array([0.3, -0.2, 0.5], "a")
    with scope("f1"):
        b = named("b", array([bent(v) for v in a]))
    with scope("f2"):
        L = named("L", ag.sum(b * b))
    assert "diag(1, 0.5, 1)" in str(latex(L, wrt=a, detail="stages"))
    assert in_stages(L, a) >= 4
