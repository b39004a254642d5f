"""Derivations: symbols, numbers put in, products and transposes, and the gradient at the end."""

import contextlib
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings

import autograd as ag
import nn
from autograd import Value, array, gradients, named, scope
from tests.formulas import TREES, built, compiled, result, x1, x2, x3
from viz import latex
from viz.numbers import number

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def lecture():
    rng = np.random.default_rng(3)
    W1, w10 = array(rng.normal(size=(3, 2)), "W1"), array(rng.normal(size=3), "w10")
    W2, w20 = array(rng.normal(size=(4, 3)), "W2"), array(rng.normal(size=4), "w20")
    chain = nn.lecture.lecture_chain(W1, w10, W2, w20, 2)
    return chain([0.5, -1.0]), {"W1": W1, "w10": w10, "W2": W2, "w20": w20}


def test_the_derivation_along_one_path_has_symbols_derivatives_numbers_and_the_result():
    w, x, b = Value(0.5, "w"), Value(2.0, "x", "input"), Value(-0.3, "b")
    z = named("z", w * x + b)
    L = named("L", z.sigmoid())
    assert str(latex(L, wrt=x)).splitlines()[-5:] == [
        "∂L/∂x = ∂L/∂z · ∂z/∂v1 · ∂v1/∂x",
        "      = L·(1 − L) · 1 · w",
        "      = 0.6682·(1 − 0.6682) · 1 · 0.5",
        "      = 0.2217 · 1 · 0.5",
        "      = 0.1109",
    ]


def test_backward_called_before_or_not_the_derivation_is_the_same():
    w = Value(0.5, "w")
    L = named("L", (w * w).sin())
    before = str(latex(L, wrt=w))
    L.backward()
    assert str(latex(L, wrt=w)) == before
    assert result(latex(L, wrt=w, digits=17)) == w.grad


@pytest.mark.parametrize(("n", "text"), [(2, "[1, 1]"), (6, "[1, 1, 1, 1, 1, 1]"), (7, "[7×1]")])
def test_a_vector_of_up_to_six_numbers_is_written_out(n, text):
    x = array(np.ones(n), "x")
    with scope("f1"):
        L = named("L", ag.sum(x))
    assert str(latex(L, wrt=x)).splitlines()[-1].split("= ")[1].startswith(text)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_the_derivation_of_a_random_formula_ends_in_the_gradient(tree):
    y = built(tree)
    if not isinstance(y, Value):
        return
    for x in (v for v in ag.wengert_list([y]) if v in (x1, x2, x3) and v.name):
        assert result(latex(y, wrt=x, digits=17)) == pytest.approx(gradients(y, x).data, rel=1e-12, abs=1e-15)


def test_every_product_of_numbers_in_a_derivation_sums_to_the_result():
    L, leaves = lecture()
    text = str(latex(L, wrt=leaves["W1"][0, 1], digits=17)).replace("−", "-").splitlines()
    numbers = [line.split("= ", 1)[-1].split("+ ", 1)[-1] for line in text if re.fullmatch(r"[\s=+·()e.\d-]+", line)]
    *terms, last = numbers
    assert sum(math.prod(float(x.strip(" ()")) for x in term.split("·")) for term in terms) == pytest.approx(
        float(last)
    )


@pytest.mark.parametrize("name", ["W1", "w10", "W2", "w20"])
def test_each_gradient_of_the_lecture_is_derived_in_scalars(name):
    L, leaves = lecture()
    for v in leaves[name].ravel():
        assert result(latex(L, wrt=v, digits=17)) == pytest.approx(gradients(L, v).data, rel=1e-14)
    whole = str(latex(L, wrt=leaves[name], detail="values", digits=6))
    assert whole.count(f"∂L/∂{name}[") >= leaves[name].size


def test_the_lectures_chain_from_stage_to_stage():
    L, leaves = lecture()
    text = str(latex(L, wrt=leaves["W2"]))
    assert "∂L/∂W2 = ∂L/∂x6 · ∂x6/∂x5 · ∂x5/∂W2   (1×4)(4×4)(4×(4×3))" in text
    assert "∂L/∂x6 = ŷ − y\n" in text
    assert "= ∂L/∂x5 · x4ᵀ\n       = (ŷ − y) · x4ᵀ\n" in text
    assert text.endswith("   (4×3)")
    text = str(latex(L, wrt=leaves["W1"]))
    assert "∂L/∂x4 = (∂x5/∂x4)ᵀ · ∂L/∂x5\n       = W2ᵀ · ∂L/∂x5\n" in text
    assert "∂L/∂x3 = (∂x4/∂x3)ᵀ · ∂L/∂x4\n       = diag(x4·(1 − x4)) · ∂L/∂x4\n" in text
    assert "= ∂L/∂x2 · xᵀ\n" in text


@pytest.mark.parametrize(
    "f6",
    [
        lambda a: -ag.log_softmax(a)[1],
        lambda a: ag.logsumexp(a) - a[1],
        lambda a: -ag.log(ag.softmax(a)[1]),
        lambda a: ag.neg_log_softmax(a)[1],
        lambda a: ag.log(ag.sum(ag.exp(a))) - a[1],
    ],
)
def test_a_cross_entropy_is_the_error_in_whichever_operations_it_is_written(f6):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("f6"):
        L = named("L", f6(a))
    text = str(latex(L, wrt=W))
    assert "y = [0, 1, 0]\n" in text
    assert "∂L/∂a = ŷ − y\n" in text
    assert "= ∂L/∂a · xᵀ\n      = (ŷ − y) · xᵀ\n" in text


@pytest.mark.parametrize(
    ("f6", "slope"),
    [
        (lambda a: nn.cross_entropy(a, 1), "∂L/∂f1 = ŷ − y\n"),
        (lambda a: ag.logsumexp(a) - a[1], "∂y/∂f1 = ŷ − t\n"),
        (lambda a: named("L", ag.dot(array([0, 1, 0], "y", "constant"), ag.neg_log_softmax(a))), "∂L/∂f1 = ŷ − t\n"),
    ],
)
def test_the_target_of_a_loss_without_a_name_has_a_name_of_its_own(f6, slope):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    text = str(latex(ag.Chain(lambda x: W @ x, f6)(x), wrt=W))
    assert slope in text
    assert f"{slope[-2]} = [0, 1, 0]\n" in text


def test_the_error_of_a_cross_entropy_is_that_of_one_edge_and_of_one_loss():
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("f2"):
        z = named("z", ag.logsumexp(a))
    with scope("f3"):
        L = named("L", z - a[0])
    assert "ŷ" not in str(latex(L, wrt=a, detail="stages"))  # it is the sum of two edges' derivatives
    with scope("g1"):
        b = named("b", W @ [1.0, 2.0])
    with scope("g2"):
        both = named("E", -ag.log_softmax(a)[0] - ag.log_softmax(b)[2])
    assert "ŷ" not in str(latex(both, wrt=W))  # there are two


def test_vectors_of_one_name_do_not_share_the_error_of_a_cross_entropy():
    U, h = array([[0.5, -0.2], [0.1, 0.3]], "U"), array([0.5, -1.0], "x", "input")
    for k in range(3):
        with scope(f"cell{k}"):
            h = named("h", U @ h)
    with scope("loss"):
        L = named("L", ag.neg_log_softmax(h)[0])
    text = str(latex(L, wrt=U, detail="stages"))
    assert text.count("= Uᵀ · ∂L/∂h") == 2
    assert text.count("= Uᵀ · (ŷ − y)") == 1  # only the last h are the logits


def test_a_hinge_far_from_its_corner_is_no_cross_entropy():
    a = array([30.0, 1.0], "a")
    with scope("f1"):
        b = named("b", a * 1.0)
    with scope("f2"):
        L = named("L", ag.relu(1.0 - b[1] + b[0]))
    assert "ŷ" not in str(latex(L, wrt=a))


def test_other_losses_of_a_vector_are_no_cross_entropy():
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    for f6 in (
        lambda a: ag.sum(a * a),
        lambda a: ag.dot([0.2, 0.3, 0.5], -ag.log_softmax(a)),
        lambda a: -ag.softmax(a)[1],
    ):
        with scope("f1"):
            a = named("a", W @ x)
        with scope("f6"):
            L = named("L", f6(a))
        assert "ŷ" not in str(latex(L, wrt=W))


@pytest.mark.parametrize("name", ["W1", "w10", "W2", "w20"])
def test_stage_by_stage_the_last_line_is_the_gradient_in_the_parameters_shape(name):
    L, leaves = lecture()
    derivation = latex(L, wrt=leaves[name], digits=17)
    compiled(derivation)
    last = str(derivation).rpartition("= ")[2].partition("   ")[0].replace("−", "-")
    np.testing.assert_allclose(np.array(eval(last)), ag.values(gradients(L, leaves[name])), rtol=1e-14)
    assert ag.values(gradients(L, leaves[name])).shape == np.array(eval(last)).shape


def test_stages_that_branch_join_and_skip_sum_up_to_the_gradient():
    x = array([0.5, -1.0], "x", "input")
    W = array([[1.0, 2.0], [-0.5, 0.3]], "W")
    with scope("a"):
        h = named("h", W @ x)
        g = named("g", ag.tanh(h))
    with scope("b"):
        s = named("s", h + 3 * g + x)
    with scope("c"):
        L = named("L", ag.dot(s, g))
    for v, shape in ((W, (2, 2)), (x, (2,))):
        text = str(latex(L, wrt=v, detail="stages", digits=17))
        last = text.rpartition("= ")[2].partition("   ")[0].replace("−", "-")
        np.testing.assert_allclose(np.array(eval(last)), ag.values(gradients(L, v)), rtol=1e-13)
        assert np.array(eval(last)).shape == shape
        assert "∂L/∂h = (∂g/∂h)ᵀ · ∂L/∂g + (∂s/∂h|g)ᵀ · ∂L/∂s" in text


def test_a_derivation_defines_the_nameless_values_that_it_writes_and_no_named_ones():
    x, a, b = Value(1.0, "x"), Value(2.0, "a"), Value(3.0, "b")
    v, h = a * b, named("h", a + b)
    lines = str(latex(named("y", h + x * v + v.tanh()), wrt=x)).partition("∂")[0].splitlines()
    defined = [line.split(" = ")[0].strip() for line in lines]
    assert (defined[0], defined[-1]) == ("v1", "y")
    assert "h" not in defined


def test_large_matrices_are_written_by_their_size():
    rng = np.random.default_rng(0)
    W = array(rng.normal(size=(8, 9)), "W")
    with scope("f1"):
        h = named("h", ag.tanh(W @ array(rng.normal(size=9), "x", "input")))
    with scope("f2"):
        L = named("L", ag.sum(h * h))
    text = str(latex(L, wrt=W))
    assert text.endswith("= [8×9]   (8×9)")


def test_a_model_of_modules_is_derived_by_its_scopes():
    model = nn.MLP(3, [4, 2], rng=np.random.default_rng(0))
    L = nn.cross_entropy(model([0.1, 0.2, 0.3]), 1)
    for v in (model.layers[0].w, model.layers[1].b):
        compiled(latex(L, wrt=v))
        assert result(latex(L, wrt=v.ravel()[0], digits=17)) == pytest.approx(gradients(L, v.ravel()[0]).data)


@pytest.mark.parametrize("f", [ag.tanh, ag.sigmoid, ag.relu, ag.sin], ids=lambda f: f.__name__)
def test_before_a_function_at_the_end_of_a_stage_stand_the_products_of_its_operand(f):
    W, b = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0, 0.25], "b")
    x, v = array([0.5, -1.0], "x", "input"), array([2.0, -3.0, 5.0], "v")
    with scope("f1"):
        h = named("h", f(W @ x + b))
    with scope("f2"):
        L = named("L", v @ h)
    name = "σ" if f is ag.sigmoid else f.__name__
    put = f"diag({', '.join(number(u.partials[0], 4) for u in h)}) · [2, −3, 5]"
    for wrt, before, after in ((W, "", " · xᵀ"), (x, "Wᵀ · ", ""), (b, "", "")):
        text = str(latex(L, wrt=wrt))
        assert f"= {before}diag({name}′) · ∂L/∂h{after}\n" in text
        assert put in text
        assert text.endswith(f"   ({'×'.join(map(str, wrt.shape))})")
    with scope("f1"):
        h = named("h", f(W @ x) + f(b[:1] * x @ x))  # ends in no function
    assert "′" not in str(latex(named("L", v @ h), wrt=W))


def test_a_long_derivation_of_an_array_without_scopes_ends_in_the_advice_to_open_some():
    def network(open_scope):
        W1, W2 = array([[0.1, -0.2], [0.4, 0.3], [-0.5, 0.25]], "W1"), array([[0.3, -0.6, 0.2], [1.0, 0.5, 0.4]], "W2")
        with open_scope("f1"):
            h = ag.tanh(W1 @ [1.0, 2.0])
        with open_scope("f2"):
            return nn.cross_entropy(W2 @ h, 1), W1

    advice = 'Put the layers into scopes, as with scope("f1"), to read this stage by stage.'
    L, W1 = network(contextlib.nullcontext)
    formula = latex(L, wrt=W1)
    assert str(formula).splitlines()[-1].strip() == advice
    assert formula.latex.count(rf"\text{{{advice}}}") == 1
    for short in (
        latex(L, wrt=W1[0]),
        latex(L, wrt=W1[0, 0]),
        latex(L, wrt=W1, detail="values"),
        latex(*network(scope)),
    ):
        assert "scopes" not in str(short)


def test_a_derivative_with_others_held_is_not_written_as_the_whole_one():
    h = Value(3.0, "h")
    k = named("k", h * h)
    out = named("L", k * h)
    assert "∂L/∂h = ∂L/∂k · ∂k/∂h + ∂L/∂h|k" in str(latex(out, wrt=h))
    assert r"\right|_{k}" in latex(out, wrt=h).latex
    k.name = "k1"
    assert r"\right|_{k_{1}}" in latex(out, wrt=h).latex
    k.name = "k"
    assert str(latex(out, wrt=h)).endswith("∂L/∂h|k: what stands behind the bar is held fixed")


def stage_lines(out, wrt):
    return [line.strip() for line in str(latex(out, wrt=wrt, detail="stages")).splitlines()]


def test_a_product_of_matrices_is_derived_by_products_of_matrices():
    X, W = array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "X"), array([[0.5, -1.0], [2.0, 1.0]], "W")
    with scope("lin"):
        Z = named("Z", X @ W)
    with scope("loss"):
        out = named("L", ag.sum(Z * Z))
    assert "= Xᵀ · ∂L/∂Z" in stage_lines(out, W)
    assert "= ∂L/∂Z · Wᵀ" in stage_lines(out, X)
    x = array([1.0, 2.0], "x", "input")
    with scope("u"):
        u = named("u", x @ W)
    with scope("loss"):
        out = named("L", ag.sum(u * u))
    assert "= x · (∂L/∂u)ᵀ" in stage_lines(out, W)


def test_no_product_is_written_that_does_not_give_the_gradient():
    w, x, h, hs = Value(0.5, "w"), array([1.0, 2.0, 3.0], "x", "input"), 0.1, []
    with scope("rnn"):
        for k in range(3):
            h = (w * h + x[k] * 0.3).tanh()
            hs.append(h)
        hs = named("h", array(hs))
    with scope("loss"):
        out = named("L", ag.sum(hs * hs))
    out.backward()
    assert not any("∂L/∂h · ∂h/∂w" in line for line in stage_lines(out, w))
    assert stage_lines(out, w)[-1].endswith(f"= {number(w.grad)}")
