"""Derivations as a textbook has them: its derivatives, numbers that multiply, and factors that stand one under the other."""

import math
import re

import pytest
import sympy
from hypothesis import given, settings, strategies as st

import autograd as ag
from autograd import Value, array, constant, gradients, named, ops, scope
from autograd.tape import wengert_list
from tests.formulas import TREES, Reader, built, letters, x1, x2, x3
from tests.rows import EVERY_ROW, drawn, made
from tests.true_lines import Text
from viz import latex
from viz.numbers import number

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- the textbook's derivatives -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "formula", "numbers"),
    [
        (ag.tanh, 0.7, "1 − y²", "1 − 0.6044²"),
        (ag.tanh, 4.0, "1 − y²", "1 − 0.999329²"),  # 1 − 0.9993² has no digit of the result
        (ag.tanh, 20.0, "4·σ(2·x)·σ(−2·x)", "4·σ(2·20)·σ(−2·20)"),  # 1 − 1² is 0
        (ag.sigmoid, 0.7, "y·(1 − y)", "0.6682·(1 − 0.6682)"),
        (ag.sigmoid, -40.0, "y·(1 − y)", "4.248e−18·(1 − 4.248e−18)"),
        (ag.sigmoid, 40.0, "σ(x)·σ(−x)", "σ(40)·σ(−40)"),
        (ag.arcsin, 0.3, "1/√(1 − x²)", "1/√(1 − 0.3²)"),
        (ag.cos, 1.5707963, "−sin(x)", "−sin(1.571)"),
        (ag.sin, 1.5707963, "cos(x)", "cos(1.570796300)"),
    ],
)
def test_a_derivative_is_the_textbooks_and_its_numbers_have_the_digits_that_the_result_has(f, x, formula, numbers):
    v = Value(x, "x")
    y = named("y", f(v))
    symbols, put, last = str(latex(y, wrt=v)).splitlines()[1:]
    assert symbols == f"∂y/∂x = {formula}"
    assert re.sub(r"0+(?=\D|$)", "", put.partition("= ")[2]) == re.sub(r"0+(?=\D|$)", "", numbers)
    assert last.partition("= ")[2] == number(y.partials[0])


@settings(deadline=None)
@given(st.floats(-30, 30), st.sampled_from([ag.tanh, ag.sigmoid, ag.sin, ag.maximum]))
def test_the_numbers_that_are_put_into_a_derivative_give_its_result(x, f):
    v, w = Value(x, "x"), Value(x * 1.0000001, "w")
    y = named("y", f(v, w) if f is ag.maximum else f(v))
    put = str(latex(y, wrt=v)).splitlines()[-2].partition("= ")[2]
    if put and "∂" not in put:
        got = Text(put, {}, None).whole()
        assert float(got) == pytest.approx(y.partials[0], rel=1e-3, abs=1e-300)


def test_a_derivative_of_a_whole_vector_is_the_textbooks_where_all_its_numbers_have_digits():
    for a, formula in ((1.0, "diag(1 − h²)"), (20.0, "diag(4·σ(2·z)·σ(−2·z))")):
        z = array([0.5, a], "z", "input")
        with scope("f1"):
            h = named("h", ag.tanh(z))
        with scope("f2"):
            L = named("L", ag.dot(h, h))
        assert formula in str(latex(L, wrt=z, detail="stages"))


def test_the_factors_of_every_line_stand_under_those_of_the_first():
    x = Value(0.3, "x")
    y = x
    for k in range(8):
        y = named(f"y{k}", (y.tanh, y.exp, y.sin, lambda y=y: y + 1.0)[k % 4]())
    first, *rest = str(latex(y, wrt=x)).splitlines()[8:]
    assert first.count(" · ") == 7
    assert "…" not in first
    assert {line.count(" · ") for line in rest[:-1]} == {7}


def test_a_product_too_long_for_a_line_has_its_first_factors_and_its_last():
    x = Value(0.3, "x")
    y = x
    for k in range(8):
        y = named(f"a_very_long_name_{k}", y.tanh())
    lines = str(latex(y, wrt=x)).splitlines()[8:-1]
    assert len(lines) == 4
    assert all(line.count(" · ") == 4 and "…" in line for line in lines)


def test_a_factor_0_beside_one_that_does_not_exist_makes_the_term_0():
    x = Value(0.0, "x")
    y = named("y", x.sqrt() * 0.0)
    assert str(latex(y, wrt=x)).splitlines()[-1].endswith("= 0")
    assert "nan" not in str(latex(y, wrt=x))
    assert "∞" not in str(latex(y, wrt=x))


# --- LaTeX is read back -----------------------------------------------------------------------------------------------


def lines(derivation):
    """The left and the right sides, a sum on several lines as one."""
    whole = []
    for line, (left, right) in zip(derivation.equations, derivation.lines, strict=True):
        if line.sign == "+":
            whole[-1] = (whole[-1][0], f"{whole[-1][1]} + {right}")
        elif line.sign:
            whole.append((left, right))
    return whole


def read_back(derivation, names):
    """The numbers of all lines in LaTeX, those in symbols apart; what defines a value is a name from there on."""
    known, numbers = dict(names), []
    for left, right in lines(derivation):
        values = [Reader(part, known).whole() for part in right.split(" = ") if r"\partial" not in part]
        if left and r"\partial" not in left:
            known.setdefault(left, values[-1])
            assert values == pytest.approx([known[left]] * len(values), rel=1e-9, abs=1e-14), left
        else:
            numbers += values
    return numbers


@EVERY_ROW
def test_every_line_in_latex_is_the_derivative(op, n):
    if op.name == "where" or op.vectors or op.name not in ops.BUILT_IN:
        return  # cases and softmax are read in the text, line by line
    leaves, y = made(op, drawn(op, n, 1)[0])
    for v, d in zip(leaves, y.partials, strict=True):
        numbers = read_back(latex(y, wrt=v, digits=17), letters(leaves))
        assert numbers
        assert numbers == pytest.approx([d] * len(numbers), rel=1e-9, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_every_line_in_latex_of_a_random_derivation_is_the_derivative(tree):
    y = built(tree)
    for v in wengert_list([y]) if isinstance(y, Value) else ():
        if v in (x1, x2, x3) and v.name:
            derivation = latex(y, wrt=v, digits=17)
            if "step" in str(derivation) or "…" in str(derivation) or "|" in str(derivation).partition("∂")[2]:
                continue  # cases, a sum of which the middle is left out, others held
            numbers = read_back(derivation, letters([x1, x2, x3]))
            assert numbers == pytest.approx([gradients(y, v).data] * len(numbers), rel=1e-9, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "needs"), [("lark", "lark"), ("antlr", "antlr4")])
def test_sympys_own_parser_reads_every_line_of_a_derivation(backend, needs):
    pytest.importorskip(needs)
    from sympy.parsing.latex import parse_latex

    w, x, t = Value(0.7, "w"), Value(1.3, "x"), Value(0.4, "t")
    y = named("y", (w * x - t) ** 2 / (x + 1))
    numbers = {sympy.Symbol(v.name): v.data for v in (w, x, t, y)}
    for v in (w, x, t):
        derivation, slope = latex(y, wrt=v, digits=17), gradients(y, v).data
        known, count = dict(numbers), 0
        for left, right in lines(derivation):
            left = re.sub(r"v_\{(\d+)\}", lambda m: "abcdef"[int(m[1])], left)  # lark takes no indices
            right = re.sub(r"v_\{(\d+)\}", lambda m: "abcdef"[int(m[1])], right)
            values = [
                float(parse_latex(part, backend=backend).subs(known))
                for part in right.split(" = ")
                if "partial" not in part
            ]
            if left and "partial" not in left:
                known[sympy.Symbol(left)] = values[-1]
                assert values == pytest.approx([values[-1]] * len(values), rel=1e-12)
            else:
                assert values == pytest.approx([slope] * len(values), rel=1e-12)
                count += len(values)
        assert count >= 3


# --- zeros that rounding hides ----------------------------------------------------------------------------------------


def last(derivation):
    return [line for line in str(derivation).splitlines() if "held fixed" not in line][-1].rpartition("= ")[2]


def test_a_number_that_is_0_in_fractions_is_0_and_no_other():
    w, a, b = Value(0.5, "w"), Value(0.1, "a"), Value(0.2, "b")
    c, tiny, above = constant(0.3, "c"), Value(1e-16, "tiny"), Value(0.30000000000000004, "above")
    for zero in (
        a + b - c,
        ag.sum([a, b, -c]),
        ag.dot([a, b, c], [1.0, 1.0, -1.0]),
        3 * a - c,
        (a + b - c) ** 2,
        -(a + b) + c,
        (a + b) / c - 1.0,
        (a + b - c).tanh(),
        (a + b - c).sqrt(),
    ):
        assert zero.data != 0.0
        assert last(latex(zero * w, wrt=w)) == "0"
        assert "e−" not in str(latex(zero * w, wrt=w))
    for small in (
        tiny * 1.0, a + tiny - a, a - above / 3.0, (a + b - c) * 1e-3 + tiny, tiny**2, tiny.tanh(),
    ):  # fmt: skip
        assert small.data != 0.0
        assert last(latex(small * w, wrt=w)) == number(small.data)


CANCEL = {  # functions of x that are 0 for every x, and so are their derivatives
    "products of one tanh": (lambda x: ag.tanh(x) * 0.1 + ag.tanh(x) * 0.2 - ag.tanh(x) * 0.3, 0.3),
    "a softmax and its shift": (lambda x: ag.sum(ag.softmax([x, 2 * x, x * x])) - 1.0, 1.7),
    "σ(x) and σ(−x)": (lambda x: x * ag.sigmoid(x) + x * ag.sigmoid(-x) - x, 0.3),
    "exp and log": (lambda x: ag.exp(ag.log(x) + x) - x * ag.exp(x), 0.7),
    "a logarithm of a sum": (lambda x: ag.logsumexp([x, 2 * x]) - ag.log(ag.exp(x) + ag.exp(2 * x)), 0.9),
    "a dead unit": (lambda x: ag.relu(-x) + abs(x) * 0.3 - abs(x) * 0.1 - abs(x) * 0.2, 0.7),
}


@pytest.mark.parametrize("name", CANCEL)
def test_a_number_that_is_0_whatever_its_functions_give_is_0(name):
    f, at = CANCEL[name]
    w, x = Value(0.5, "w"), Value(at, "x")
    y = f(x)
    (slope,) = gradients(y, [x])
    assert 0 < max(abs(y.data), abs(slope.data)) < 1e-14  # in floats
    assert last(latex(y * w, wrt=w)) == "0"
    assert last(latex(y * w, wrt=x)) == "0"


def test_a_number_that_is_small_because_pi_is_rounded_is_no_zero():
    x, half, w = Value(math.pi, "x"), Value(0.5, "half"), Value(0.5, "w")
    for small in (x.sin(), (half * math.pi).cos(), ag.sin(2 * x) - 2 * ag.sin(x) * ag.cos(x) * 0.0):
        assert last(latex(small * w, wrt=w)) == number(small.data)
        assert "e−1" in number(small.data)


def test_identities_that_are_not_proved_keep_their_rounding():
    x = Value(0.3, "x")
    y = ag.tanh(x) - (ag.exp(2 * x) - 1) / (ag.exp(2 * x) + 1)
    assert y.data != 0
    assert f"= {number(y.data)}" in str(latex(y, wrt=x))


def test_a_gradient_that_vanishes_for_every_weight_is_0():
    a, s = array([0.3, -1.2, 0.7], "a"), Value(0.1, "s")
    for L in (ag.neg_log_softmax(a + s)[1], ag.sum(ag.softmax(a + s) ** 2)):
        assert last(latex(L, wrt=s)) == "0"


def test_a_zero_in_fractions_alone_stops_no_derivation():
    a, b, c, x = Value(0.1, "a"), Value(0.2, "b"), constant(0.3, "c"), Value(-3.0, "x")
    y = x**2 / (a + b - c) * (a + b - c)
    assert last(latex(y, wrt=x)) == "−6"
    z = ((a + b - c) * x**3) ** 0 + x**2
    assert "∂" in str(latex(z, wrt=b))
    v = (a + b - c) * 1e-12 + x
    for _ in range(60):
        v = v * v * 1e-3
    assert "∂" in str(latex(v, wrt=a))
