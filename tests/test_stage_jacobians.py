"""Jacobians in pictures of stages: named only where the name is true, and their products are the gradients."""

import re

import numpy as np
import pytest

import nn
from autograd import array, dot, grads, jacobian, named, scope, sigmoid, softmax, sum as total, tanh
from autograd.tape import wengert_list
from tests.pictures import network
from tests.staged import labels, panels, residual, torn
from viz import draw
from viz.picture import jacobians

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def flows(diagram):
    return {wire.quotient: wire.flow for wire in diagram.scene.wires if wire.flow}


def test_the_product_of_the_jacobians_is_the_gradient():
    rng = np.random.default_rng(0)
    W1, w10, W2, w20 = (
        array(rng.normal(size=s), n) for s, n in (((4, 3), "W1"), (4, "w10"), ((2, 4), "W2"), (2, "w20"))
    )
    chain = nn.lecture_chain(W1, w10, W2, w20, 1)
    x = array([0.3, -1.0, 2.0], "x", "input")
    out = chain(x)
    out.backward()
    product, stages = np.eye(1), chain.stages
    for stage in reversed(stages):
        outputs = np.ravel(np.asarray(stage.output, dtype=object)).tolist()
        inside = [v for v in wengert_list(outputs) if v.scope == stage.name]
        local = jacobians.local(inside, outputs)
        product = product @ np.array([local[v] for v in stage.input]).T
    np.testing.assert_allclose(product[0], grads(x), rtol=1e-13)


def test_a_local_jacobian_is_the_one_of_autograd():
    rng = np.random.default_rng(1)
    x, W = array(rng.normal(size=3), "x"), array(rng.normal(size=(3, 3)), "W")
    a = tanh(W @ x) * x
    out = list(softmax(a))
    inside = [v for v in wengert_list(out) if v.op is not None]
    local = jacobians.local(inside, out)
    np.testing.assert_allclose(np.array([local[v] for v in x]).T, jacobian(out, x), rtol=1e-12)
    expected = np.asarray(jacobian(out, W)).reshape(3, 9)
    np.testing.assert_allclose(np.array([local[v] for v in W.ravel()]).T, expected, rtol=1e-12)


class Named:
    def __init__(self, name, data):
        self.name, self.data = name, np.asarray(data, dtype=float)
        self.values = self.data


W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
X = np.array([7.0, 8.0])


@pytest.mark.parametrize(
    ("J", "operand", "name"),
    [
        (np.eye(3), None, "I"),
        (-np.eye(2), None, "−I"),
        (np.zeros((2, 3)), None, "0"),
        ([[0.25]], None, "0.25"),
        (np.diag([0.5, 0.25]), None, "diag(0.5, 0.25)"),
        (np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), None, "diag(1, 2, …, 5)"),
        (W, Named("W", W), "W"),
        (W.T, Named("W", W), "W transposed"),
        (np.kron(np.eye(3), X), Named("x", X), "x in each row"),
        ([X], Named("x", X), "x as a row"),
        (X[:, None], Named("x", X), "x"),
        (5.0 * np.eye(2), Named("s", [5.0]), "diag(5, 5)"),
        ([[1.0, 2.0, 3.0]], None, "[1, 2, 3]"),
        ([[1.0], [2.0]], None, "column [1, 2]"),
        (np.ones((5, 6)), None, "1 in each place"),
        (np.eye(4)[[2, 0, 3, 1]], None, "a permutation"),
        (np.eye(4)[[2, 2, 3]], None, "a choice"),
        (np.eye(3)[[2, 2, 0]], None, "a choice"),
        (np.arange(30.0).reshape(5, 6), None, "5×6 matrix"),
        (W, None, "3×2 matrix"),
    ],
)
def test_a_jacobian_is_named_where_the_name_is_true_in_every_entry(J, operand, name):
    J = np.asarray(J, dtype=float)
    operands = [operand] if operand else []
    assert jacobians.label(J, [], operands, 3) == name
    if J.size > 1 and name not in ("[1, 2, 3]", "column [1, 2]") and "matrix" not in name:
        for k in range(J.size) if "…" not in name else (1, 5, 23):
            wrong = J.copy()
            wrong.flat[k] = np.nextafter(wrong.flat[k], 9.0)
            assert jacobians.label(wrong, [], operands, 17) != name


def test_a_jacobian_of_more_than_64_numbers_is_told_by_its_rows_and_columns():
    assert jacobians.text(np.ones((13, 5)), 4) == "13×5 matrix"
    assert jacobians.text(np.arange(64.0).reshape(32, 2), 4).startswith("0, 1; 2, 3; ")


@pytest.mark.parametrize(("by", "name"), [(X, "x as a row"), ([X], "x in each row")])
def test_a_vector_is_the_row_by_a_vector_and_stands_in_each_row_by_a_matrix(by, name):
    assert jacobians.label(np.array([X]), [Named("w", by)], [Named("x", X)], 3) == name


def test_the_operand_itself_is_no_name_of_a_jacobian_by_it():
    x = Named("x", X)
    assert jacobians.label(X[:, None], [x], [x], 3) == "column [7, 8]"


def test_an_adjoint_of_0_passes_nothing_on_to_a_derivative_that_does_not_exist():
    x = array([0.0, 4.0], "x")
    out = [x[0].sqrt() * 0.0 + x[1], x[1].sqrt()]
    inside = [v for v in wengert_list(out) if v.op is not None]
    local = jacobians.local(inside, out)
    np.testing.assert_array_equal(local[x[1]], [1.0, 0.25])
    assert local[x[0]][1] == 0.0


def test_minus_one_before_a_function_stands_in_brackets():
    x = array([1.0, 2.0], "x")
    with scope("f"):
        h = named("h", sigmoid(-x))
    assert labels(draw(named("L", total(h)), detail="stages"))["∂h/∂x"] == "= diag(σ′)·(−I)"


def layers(activation="tanh"):
    """Two layers without names or formulas of their own."""
    model = nn.MLP(3, [4, 2], activation, rng=0)
    out = nn.cross_entropy(model([0.5, -1.0, 0.25]), 1)
    out.backward()
    return out


def test_jacobians_are_named_by_the_structure_of_a_layer():
    named_ = labels(draw(layers("relu"), detail="stages"))
    assert named_["∂layer1/∂x"] == "= diag(relu′)·w1"
    assert named_["∂layer1/∂w1"] == "= diag(relu′)·(x in each row)"
    assert named_["∂layer1/∂b1"].startswith("= diag(relu′) = diag(")
    assert named_["∂layer2/∂w2"] == "= layer1 in each row"


def test_a_softmax_a_convolution_and_a_pick_have_jacobians_with_a_name():
    x, k, K = array(np.linspace(-1, 1, 6), "x", "input"), array([0.5, -1.0], "k"), array([[1.0, 2.0], [3.0, 4.0]], "K")
    X = array(np.linspace(-1, 1, 9).reshape(3, 3), "X", "input")
    with scope("conv"):
        c = named("c", array([dot(k, x[i : i + 2]) for i in range(5)]))
    with scope("pick"):
        a = named("a", [0.0 + v for v in (c[3], c[0], c[4], c[2], c[1])])
    with scope("soft"):
        p = named("p", softmax(a))
    with scope("plane"):
        q = named("q", array([[dot(K.ravel(), X[i : i + 2, j : j + 2].ravel()) for j in range(2)] for i in range(2)]))
    with scope("end"):
        out = named("L", dot(p, p) + total(q))
    out.backward()
    named_ = labels(draw(out, detail="stages"))
    assert named_["∂c/∂k"] == "= windows of x"
    assert named_["∂c/∂x"] == "= band of k"
    assert named_["∂a/∂c"] == "= a permutation"
    assert named_["∂p/∂a"] == "= diag(p) − p·pᵀ"
    assert named_["∂q/∂K"] == "= windows of X"
    assert named_["∂q/∂X"] == "= band of K"
    assert named_["∂L/∂q"] == "= [1, 1, 1, 1]"


def test_what_flows_back_to_a_stage_is_a_product_with_the_jacobian():
    assert flows(draw(network(), detail="stages")) == {
        "∂x2/∂x": "∂L/∂x = W1ᵀ·∂L/∂x2",
        "∂x2/∂W1": "∂L/∂W1 = ∂L/∂x2·xᵀ",
        "∂x3/∂x2": "∂L/∂x2 = ∂L/∂x3",
        "∂x3/∂w10": "∂L/∂w10 = ∂L/∂x3",
        "∂x4/∂x3": "∂L/∂x3 = σ′ ⊙ ∂L/∂x4",
        "∂x5/∂x4": "∂L/∂x4 = W2ᵀ·∂L/∂x5",
        "∂x5/∂W2": "∂L/∂W2 = ∂L/∂x5·x4ᵀ",
        "∂x6/∂x5": "∂L/∂x5 = ∂L/∂x6",
        "∂x6/∂w20": "∂L/∂w20 = ∂L/∂x6",
    }
    assert not flows(draw(network(backward=False), detail="stages"))


@pytest.mark.parametrize("make", [network, layers, lambda: torn(), lambda: residual()[1]])
def test_every_product_that_flows_back_is_the_gradient_or_its_part(make):
    """The written line, computed with the numbers of the graph."""
    out = make()
    if out.grad is None:
        out.backward()
    scene = draw(out, detail="stages").scene
    arrays, bars, added = {}, {}, {}
    for panel in scene.cards:
        for x in panel.stage.vectors:
            arrays[x.name] = x.data
            bars[x.name] = np.array([v.grad for v in x.members]).reshape(x.values.shape)
    for wire in scene.wires:
        for x in wire.by:
            arrays[x.name] = x.data
            sums = [sum(u.partials[k] * u.grad for u, k in wire.edges if u.parents[k] is v) for v in x.members]
            added[wire.id] = np.array(sums).reshape(x.values.shape)
    written = [wire for wire in scene.wires if wire.flow]
    assert len(written) >= 3
    for wire in written:
        left, sign, right = re.fullmatch(r"(\S+) (\+?=) (.+)", wire.flow).groups()
        head = next(panel for panel in scene.cards if panel.id == wire.head)
        slopes = np.array([v.partials[0] for v in head.stage.values])
        g = bars[head.stage.symbol]
        for prime in ("tanh′", "relu′", "σ′"):
            if prime in right:
                g, right = slopes * g, re.sub(rf"\(?{prime} ⊙ (\S+?)\)?(?=·|$)", r"\1", right)
        slope = f"∂{out.name or scene.cards[-1].name}/∂{head.stage.symbol}"
        assert slope in right
        first, _, second = right.partition("·")
        if not second:
            value = g
        elif first == slope:
            value = np.outer(g, arrays[second.removesuffix("ᵀ")]).reshape(added[wire.id].shape)
        else:
            matrix = arrays[first.removesuffix("ᵀ")]
            value = (matrix.T if first.endswith("ᵀ") else matrix) @ g
        np.testing.assert_allclose(value, added[wire.id], rtol=1e-12, atol=1e-15)
        if sign == "=" and left.partition("/∂")[2] in bars:
            np.testing.assert_allclose(value, bars[left.partition("/∂")[2]], rtol=1e-12, atol=1e-15)


def test_after_two_backward_passes_no_product_is_said_to_be_the_whole_gradient():
    out = network()
    out.backward()
    found = flows(draw(out, detail="stages"))
    assert all("+=" in text for quotient, text in found.items() if quotient in ("∂x2/∂W1", "∂x6/∂w20"))


def test_a_quotient_with_a_bar_is_explained_in_the_caption_and_only_there():
    assert "What stands after a bar | is held fixed" in " ".join(map(str, draw(torn(), detail="stages").scene.notes))
    assert not draw(network(), detail="stages").scene.notes
    quotients = [wire.quotient for wire in draw(torn(), detail="stages").scene.wires]
    assert {"∂h1/∂x[1]", "∂h2/∂x[2]", "∂h2/∂W|h1"} <= set(quotients)  # h1 is not computed from x[2]


def test_a_layer_without_a_formula_says_what_it_computes():
    shown = panels(draw(layers(), detail="stages"))
    assert shown["layer1"].formula == "tanh(w1·x + b1)"
    assert shown["layer2"].formula == "w2·layer1 + b2"
    assert shown["L"].formula == "−ln softmax(layer2)[1]"
    x = array([1.0, 2.0], "x", "input")
    with scope("end"):
        out = named("L", total((x - 0.5) ** 2) + x[0])
    assert panels(draw(out, detail="stages"))["end"].formula == "L = Σ((x − 0.5) ** 2) + x[0]"
    assert panels(draw(residual(), detail="stages"))["split"].formula == "Σ, ·"  # two outputs, not computed alike


def test_a_jacobian_off_in_a_single_entry_is_no_softmaxs():
    p = np.array([0.2, 0.3, 0.5])
    J = np.diag(p) - np.outer(p, p)
    assert jacobians._softmax(J, p)
    for k in range(J.size):
        off = J.copy()
        off.flat[k] *= 1 + 1e-12
        assert not jacobians._softmax(off, p)
