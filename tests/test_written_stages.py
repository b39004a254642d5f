"""Every line that a derivation writes from stage to stage, in vectors and matrices, is true."""

import random

import numpy as np
import pytest

import autograd as ag
from autograd import array, constant, named, scope
from autograd.tape import wengert_list
from tests.test_derivations import lecture
from tests.true_lines import in_scalars, in_stages
from viz import latex
from viz.text.terms import Slope

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


@pytest.mark.parametrize("name", ["W1", "w10", "W2", "w20"])
def test_every_line_of_the_lectures_derivation_is_true(name):
    L, leaves = lecture()
    assert in_stages(L, leaves[name]) >= 6
    for v in leaves[name].ravel()[:3]:
        assert in_scalars(L, v) >= 6


STEPS = {
    "W·h": lambda h, p: p("W", (2, h.size)) @ h,
    "square": lambda h, p: p("S", (h.size, h.size)) @ h,
    "h·W": lambda h, p: h @ p("V", (h.size, 3)),
    "h + b": lambda h, p: h + p("b", (h.size,)),
    "h·g": lambda h, p: h * p("g", (h.size,)),
    "tanh": lambda h, p: ag.tanh(h),
    "σ": lambda h, p: ag.sigmoid(h),
    "relu": lambda h, p: ag.relu(h),
    "leaky_relu": lambda h, p: ag.leaky_relu(h),
    "abs": lambda h, p: abs(h),
    "square of each": lambda h, p: h**2,
    "product with itself": lambda h, p: h * h,
    "√": lambda h, p: ag.sqrt(h * h + 1.0),
    "softmax": lambda h, p: ag.softmax(h),
    "−h": lambda h, p: -h,
    "a scalar": lambda h, p: p("a", (1,))[0] * h,
    "maximum": lambda h, p: ag.maximum(h, 0.1),
}
LOSSES = {
    "squares": lambda h: ag.sum(h * h),
    "cross-entropy": lambda h: ag.neg_log_softmax(h)[0],
    "in parts": lambda h: ag.logsumexp(h) - h[0],
    "dot": lambda h: ag.dot(h, h),
    "product": lambda h: h[0] * ag.sum(h),
}


def staged(seed):
    """A chain of stages at random, some of which take earlier ones too or share a parameter, and its leaves."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    leaves, past = {}, []

    def parameter(name, shape):
        if name in leaves and leaves[name].shape == shape and draw.random() < 0.5:
            return leaves[name]
        name = f"{name}{len(leaves)}"
        return leaves.setdefault(name, array(rng.normal(size=shape).round(2), name))

    h = leaves["x"] = array(rng.normal(size=draw.choice([2, 3])).round(2), "x", "input")
    for k in range(draw.randint(1, 4)):
        with scope(f"f{k}"):
            new = STEPS[draw.choice(list(STEPS))](h, parameter)
            same_size = [v for v in past if v.shape == new.shape]
            if same_size and draw.random() < 0.4:
                new = new + draw.choice(same_size)
            past.append(h := named(f"h{k}", new))
    with scope("loss"):
        L = named("L", LOSSES[draw.choice(list(LOSSES))](h))
    return L, leaves


@pytest.mark.parametrize("seed", range(40))
def test_every_line_from_stage_to_stage_is_true(seed):
    L, leaves = staged(seed)
    known = set(wengert_list([L]))
    for leaf in leaves.values():
        if leaf.ravel()[0] in known and leaf.size > 1:
            assert in_stages(L, leaf) >= 2


def test_every_line_through_stages_that_share_a_weight_is_true():
    U, x, h = array([[0.5, -0.2], [0.1, 0.3]], "U"), array([0.3, 0.7], "x", "input"), array([0.5, -1.0], "h0", "input")
    for k in range(1, 4):
        with scope(f"cell{k}"):
            h = named(f"h{k}", ag.tanh(U @ h + x))
    with scope("loss"):
        L = named("L", ag.neg_log_softmax(h)[0])
    for v in (U, x):
        assert in_stages(L, v) >= 8
        for element in v.ravel():
            in_scalars(L, element)


def test_every_line_through_a_stage_whose_outputs_come_from_one_another_is_true():
    w, x, h, hs = array([0.5, -0.3], "w"), array([1.0, 2.0, 3.0], "x", "input"), 0.1, []
    with scope("rnn"):
        for k in range(3):
            h = ag.tanh(w[0] * h + x[k] * w[1])
            hs.append(h)
        hs = named("h", array(hs))
    with scope("loss"):
        L = named("L", ag.sum(hs * hs))
    for v in (w, x):
        assert "∂L/∂h · ∂h" not in str(latex(L, wrt=v, detail="stages"))
        assert in_stages(L, v) >= 2


def of_a_vector_called(name):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], name, "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("loss"):
        L = named("L", ag.neg_log_softmax(a)[1])
    assert in_stages(L, W) >= 3
    return str(latex(L, wrt=W, detail="stages"))


def test_a_graph_with_a_vector_called_y_hat_has_no_other_one_in_its_derivation():
    text = of_a_vector_called("ŷ")
    assert "softmax" not in text
    assert "ŷ −" not in text


def test_a_graph_with_a_vector_called_y_calls_its_target_t():
    text = of_a_vector_called("y")
    assert "t = [0, 1, 0]" in text
    assert "ŷ − t" in text
    assert "ŷ − y" not in text


@pytest.mark.parametrize(
    "loss",
    [
        lambda a: ag.neg_log_softmax(a)[0] + 1e-4 * a[1],
        lambda a: ag.logsumexp(a) - 0.999 * a[1],
        lambda a: 1.001 * ag.neg_log_softmax(a)[2],
        lambda a: ag.logsumexp(a) * 1.0 - a[1] + 1e-9 * a[0] * a[2],
    ],
)
def test_what_is_almost_a_cross_entropy_is_none(loss):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("loss"):
        L = named("L", loss(a))
    assert "ŷ" not in str(latex(L, wrt=W, detail="stages"))
    assert in_stages(L, W) >= 3


def test_nothing_less_a_term_is_its_negative():
    x = Slope.symbol("x", 2.0)
    assert [str(v) for v in (0.0 - x, -1.0 * x, 0.0 - (-x), -(x - 3), 1.0 * x, x + 0.0)] == [
        "−x",
        "−x",
        "x",
        "3 − x",
        "x",
        "x",
    ]


def test_every_line_of_products_of_matrices_is_true():
    X, W = array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "X", "input"), array([[0.5, -1.0], [2.0, 1.0]], "W")
    with scope("lin"):
        Z = named("Z", X @ W)
    with scope("mask"):
        M = named("M", ag.tanh(Z) * constant([[0.5, 2.0]] * 3, "c"))
    with scope("loss"):
        L = named("L", ag.sum(M * M))
    for v in (X, W):
        assert in_stages(L, v) >= 3
