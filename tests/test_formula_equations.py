"""The equations and the symbols of a formula: what has one of its own, and no two names alike."""

import re

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd as ag
from autograd import Value, array, named
from tests.formulas import result, x1
from viz import latex
from viz.text.terms import symbols

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def test_a_shared_value_and_a_named_one_have_equations_of_their_own():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    v = w * x
    h = named("h", v + v.tanh())
    L = named("L", (h - 1) ** 2)
    assert str(latex(L)).splitlines() == ["v1 = w·x", " h = v1 + tanh(v1)", " L = (h − 1)²"]
    assert latex(L).lines[-1] == ("L", r"\left(h - 1\right)^{2}")
    assert latex(L).latex.startswith("\\begin{aligned}\nv_{1} &= w \\cdot x \\\\\n")
    assert latex(L)._repr_latex_() == f"$$\n{latex(L).latex}\n$$"


@pytest.mark.parametrize(("characters", "equations"), [(90, 1), (91, 2)])
def test_a_part_of_a_formula_has_an_equation_of_its_own_if_it_is_longer_than_ninety_characters(characters, equations):
    a, b, c, d = (Value(1.0, letter * n) for letter, n in zip("abcd", (20, 20, 20, characters - 69), strict=True))
    assert len(str(latex(ag.sum([a, b, c, d])))) == characters
    assert len(latex(ag.sum([a, b, c, d]).exp()).lines) == equations


def test_several_outputs_are_several_equations():
    y = named("y", array([1.0, 2.0], "x") * 2)
    assert latex(y).lines == (("y_{0}", r"x_{0} \cdot 2"), ("y_{1}", r"x_{1} \cdot 2"))


def test_a_leaf_is_its_name_and_a_constant_its_number():
    assert str(latex(Value(2.0, "x"))) == "x"
    assert str(latex(ag.constant(2.5))) == "2.5"


def test_constants_stand_with_all_their_digits_in_a_formula():
    assert str(latex(Value(1.0, "x") * (1 / 3))) == "x·0.3333333333333333"


def test_long_vectors_are_written_with_their_first_and_last():
    w, x = array(np.ones(9), "w"), array(np.ones(9), "x", "input")
    assert str(latex(w @ x)) == "w[0]·x[0] + w[1]·x[1] + w[2]·x[2] + … + w[8]·x[8]"


# Nodes of ten times the depth that recursion reaches, and of as many as are promised.
@pytest.mark.parametrize("depth", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_deep_graph_is_split_into_equations_and_those_in_the_middle_are_counted(depth):
    x = Value(1.0, "x")
    y = x
    for _ in range(depth):
        y = y * 1.0 + 1e-9
    formula = latex(y)
    assert len(formula.lines) == 41
    assert "equations left out" in str(formula)
    assert max(map(len, str(formula).splitlines())) < 120
    derivation = latex(y, wrt=x)
    assert len(derivation.lines) < 150
    assert result(derivation) == 1.0


def test_names_that_would_look_alike_are_told_apart():
    a, b, c = Value(1.0, "x1"), Value(2.0, "x[1]"), Value(3.0, "x1")
    source = latex(a * b * c).latex
    assert (
        len(set(re.findall(r"\\mathrm\{(?:[^{}]|\{[^{}]*\})*\}", source))) == 3
        or len(set(source.split(r" \cdot "))) == 3
    )


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("x", "x"), ("x1", "x_{1}"), ("x_1", "x_{1}"), ("w₁", "w_{1}"), ("wₙ₊₁", "w_{n+1}"), ("xᵢⱼ", "x_{ij}"), ("x_i", "x_{i}"),
        ("W[0,1]", "W_{0,1}"), ("W1[0,0]", "W_{1}[0,0]"), ("w₁[2]", "w_{1}[2]"), ("h_pre[0]", r"h_{\mathrm{pre},0}"),
        ("x²", "x^{2}"), ("x¹⁰", "x^{10}"), ("x²[1]", "x_{1}^{2}"), ("δ⁽²⁾", r"\delta^{(2)}"), ("δ⁽²⁾₁", r"\delta_{1}^{(2)}"), ("W⁽¹⁾[0,1]", "W_{0,1}^{(1)}"),
        ("xᵀ", "x^{T}"), ("ŷ", r"\hat{y}"), ("ŷ₁", r"\hat{y}_{1}"), ("ŷ[2]", r"\hat{y}_{2}"), ("θ_new", r"\theta_{\mathrm{new}}"),
        ("x_alpha", r"x_{\alpha}"), ("aᵦ", r"a_{\beta}"), ("Δw", r"\mathrm{{\Delta}w}"), ("∂L/∂w", r"\mathrm{{\partial}L/{\partial}w}"),
        ("x²y", r"\mathrm{x{}^{2}y}"), ("Α", r"\mathrm{Α}"), ("日本", r"\mathrm{日本}"),
    ],
)  # fmt: skip
def test_scripts_indices_and_greek_letters_of_a_name_are_latexs_own(name, source):
    assert latex(Value(1.0, name)).latex == source


@given(st.lists(st.text("xyW1₁²σςα_[]{}\\^,02 ", min_size=1, max_size=5), unique=True))
def test_no_two_names_are_alike_in_latex(names):
    assert len(set(symbols(names).values())) == len(names)


def test_a_name_that_ends_in_a_small_letter_stands_in_brackets_under_a_power():
    v = Value(3.0, "x²")
    assert (latex(v**2).latex, str(latex(v**2))) == (r"\left(x^{2}\right)^{2}", "(x²)²")
    assert str(latex(v * 2 + v)) == "x²·2 + x²"
    assert str(latex(Value(3.0, "ŷ") ** 2)) == "ŷ²"


@pytest.mark.parametrize(
    ("name", "mark", "source", "text"),
    [
        ("test_bell", "Φ", r"\Phi", "Φ"), ("test_bell", "φ₂", r"\phi_{2}", "φ₂"), ("test_bell", "", r"\operatorname{test{\_}bell}", "test_bell"),
        ("test_bell", "swish", r"\operatorname{swish}", "swish"), ("test_bell", "⊙", r"\operatorname{⊙}", "⊙"),
    ],
)  # fmt: skip
def test_the_symbol_of_a_row_of_ones_own_stands_in_latex_too(row, name, mark, source, text):
    bell = row(name, lambda x: ag.exp(-x * x), (lambda y, x: -2 * x * y,), symbol=mark)
    assert latex(bell(x1)).latex == rf"{source}\left(x_{{1}}\right)"
    assert str(latex(bell(x1))) == f"{text}(x1)"
