"""Formulas of any name and any graph: nothing in them is markup, and what has none is refused in words."""

import re

import pytest

import autograd as ag
from autograd import Value, named, ops
from tests.formulas import compiled, x1, x2
from tests.pictures import PAYLOADS
from viz import Formula, latex

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- payloads ------------------------------------------------------------------------------------------------------------


MARKUP = [
    "a%b",
    "a$b$$c",
    "#1&2",
    "x_y^z_",
    "\\frac{",
    "}{",
    "\\input{file}",
    '"quoted" `ticks`',
    "~tilde~",
    "$$\\evil$$",
]


@pytest.mark.parametrize("payload", [*PAYLOADS, *MARKUP])
@pytest.mark.parametrize("wrt", [False, True])
def test_a_name_that_looks_like_markup_is_only_text(payload, wrt):
    a = Value(0.5, payload)
    out = named(payload, named("h", a.exp()) * a)
    formula = latex(out, wrt=a if wrt else None)
    compiled(formula)
    source = formula._repr_latex_()
    inner = source[2:-2]
    assert not re.search(r"(?<!\\)[$%#]", inner)
    assert not re.search(r"<[a-zA-Z/!]|&[a-z#]", inner)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", inner + str(formula))
    bare = re.sub(r"\\[{}]", "", inner)
    assert bare.count("{") == bare.count("}")
    commands = set(re.findall(r"\\([a-zA-Z]+)", inner))
    known = "mathrm exp cdot frac partial left right begin end backslash lbrace rbrace wedge sim lq quad text h"
    assert commands <= set(known.split())


# --- refusals --------------------------------------------------------------------------------------------------------------


def test_what_is_no_value_of_the_graph_is_refused():
    x, other = Value(2.0, "x"), Value(1.0, "elsewhere")
    c = ag.constant(3.0, "c")
    y = x * c
    with pytest.raises(TypeError, match="pass the result of a computation"):
        latex(3.0)
    with pytest.raises(TypeError, match="wrt is a Value of the graph"):
        latex(y, wrt="x")
    with pytest.raises(ValueError, match="elsewhere is not in the graph"):
        latex(y, wrt=other)
    with pytest.raises(ValueError, match="c is a constant"):
        latex(y, wrt=c)
    with pytest.raises(ValueError, match="one output"):
        latex([y, x], wrt=x)
    with pytest.raises(ValueError, match="detail is one of"):
        latex(y, detail="all")
    with pytest.raises(ValueError, match="goes with wrt"):
        latex(y, detail="stages")
    with pytest.raises(ValueError, match="no vector between two stages holds inner: take detail='values'"):
        latex((inner := named("inner", x.exp())).log(), wrt=inner, detail="stages")


def test_a_derivative_that_does_not_exist_raises_as_backward_does():
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError):
        latex(x.sqrt() * 2, wrt=x)


def test_leaves_changed_since_are_named():
    w = Value(0.5, "w_$x")
    L = w.tanh()
    w.data = 1.0
    formula = latex(L)
    assert "w_$x changed after" in str(formula)
    compiled(formula)
    with pytest.raises(ValueError, match=r"^w_\$x changed after this graph was computed"):
        latex(L, wrt=w)  # the formulas hold for the new number, the derivative for the old one


def test_a_users_row_with_words_of_its_own_is_written_in_them_in_text(row):
    double = row("formula_double", lambda x: x * 2, (lambda y, x: 2.0,), written="twice {}")
    x = Value(1.0, "x")
    assert str(latex(double(x) + x)) == "(twice x) + x"


def test_a_users_row_is_written_by_its_name_and_derived_by_its_rule(row):
    swish = row("formula_swish", lambda x: x * ops.sigmoid(x), (lambda y, x: ops.sigmoid(x) + y * ops.sigmoid(-x),))
    x = Value(0.3, "x")
    y = named("y", swish(x))
    assert str(latex(y)) == "y = formula_swish(x)"
    assert latex(y).latex == r"y = \operatorname{formula{\_}swish}\left(x\right)"
    assert "= σ(x) + y·σ(−x)" in str(latex(y, wrt=x))
    compiled(latex(y))


def test_it_shows_itself():
    formula = latex(x1 + x2)
    assert isinstance(formula, Formula)
    assert repr(formula) == str(formula) == "x1 + x2"
    assert formula.latex == "x_{1} + x_{2}"


def test_a_component_of_a_users_vector_row_has_its_index():
    rules = lambda c, *a: a[c] * a[c], lambda c, y, *a: [2 * x if k == c else 0.0 for k, x in enumerate(a)]
    try:
        squared = ops.VectorOp("test_squared", *rules, vectors=1, indexed=True, symbol="sq")
        formula = latex(squared.at(1).apply(Value(2.0, "a"), Value(3.0, "b")))
    finally:
        ops.TABLE.pop("test_squared")
    assert (str(formula), formula.latex) == ("sq(a, b)[1]", r"\operatorname{sq}\left(a, b\right)_{1}")
