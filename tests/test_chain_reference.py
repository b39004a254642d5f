"""The lecture's network, f6 ∘ … ∘ f1, against its numbers to 20 digits; every form of its loss."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from autograd import (
    Chain,
    array,
    constant,
    gradients,
    grads,
    hessian,
    hvp,
    jacobian,
    log,
    log_softmax,
    logsumexp,
    neg_log_softmax,
    sigmoid,
    softmax,
    values,
)

REFERENCE = json.loads((Path(__file__).parent / "data" / "f1_to_f6.json").read_text(encoding="utf-8"))
INPUTS = REFERENCE["inputs"]
C = INPUTS["true_class"]
PLACES = Fraction(1, 10**15)


# Sums whose terms nearly cancel, and how much larger than the sum the largest term is: x5[0] = 0.17 − 0.27 + 0.09. An
# exact sum of correctly rounded x4 is already 1.3e-15 off; the engine may be off by 1e-15 of the largest term.
CANCELLING = {"x5[0]": 22.0, "x6[0]": 22.0, "x4[1]": 11.0, "w10[1]": 11.0, "W1[1,0]": 11.0, "W1[1,1]": 11.0}


def assert_digits(got, expected, name=""):
    """Every number within 1e-15, relative to the number itself; compared as fractions, lest a float round the claim."""
    got, expected = np.asarray(got, dtype=object), np.asarray(expected, dtype=object)
    assert got.shape == expected.shape
    for where in np.ndindex(got.shape):
        true = Fraction(expected[where])
        room = PLACES * Fraction(CANCELLING.get(f"{name}[{','.join(map(str, where))}]", 1.0))
        assert abs(Fraction(got[where]) - true) <= room * abs(true), (where, got[where], expected[where])


LOSSES = {
    "neg_log_softmax": lambda x6: neg_log_softmax(x6)[C],
    "minus log_softmax": lambda x6: -log_softmax(x6)[C],
    "minus log of softmax": lambda x6: -log(softmax(x6)[C]),
    "minus sum of y log ŷ": lambda x6: -(np.eye(3)[C] @ log(softmax(x6))),
    "logsumexp minus x6_c": lambda x6: logsumexp(x6) - x6[C],
}


class Network:
    """The six functions, the parameters, and one forward and backward pass."""

    def __init__(self, loss=LOSSES["neg_log_softmax"]):
        self.W1, self.w10 = array(INPUTS["W1"], "W1"), array(INPUTS["w10"], "w10")
        self.W2, self.w20 = array(INPUTS["W2"], "W2"), array(INPUTS["w20"], "w20")
        self.chain = Chain(
            f1=lambda x: self.W1 @ x,
            f2=lambda x2: x2 + self.w10,
            f3=sigmoid,
            f4=lambda x4: self.W2 @ x4,
            f5=lambda x5: x5 + self.w20,
            f6=loss,
        )
        self.L = self.chain(INPUTS["x"])
        self.x, self.x2, self.x3, self.x4, self.x5, self.x6 = (stage.input for stage in self.chain.stages)


@pytest.fixture(scope="module")
def network():
    net = Network()
    net.L.backward()
    return net


def test_the_stages_are_named_and_scoped_f1_to_f6(network):
    assert [stage.name for stage in network.chain.stages] == ["f1", "f2", "f3", "f4", "f5", "f6"]
    assert [stage.output.ravel()[0].scope for stage in network.chain.stages[:-1]] == ["f1", "f2", "f3", "f4", "f5"]
    assert network.L.scope == "f6"
    assert [v.name for v in network.x] == ["x[0]", "x[1]"]
    assert {v.role for v in network.x} == {"input"}


def test_f6_is_one_node_whose_edges_read_y_hat_minus_y(network):
    assert network.L.parents == tuple(network.x6)
    assert_digits(network.L.partials, REFERENCE["grad_of_L"]["x6"])


@pytest.mark.parametrize("name", ["x2", "x3", "x4", "x5", "x6"])
def test_the_forward_pass_has_the_reference_digits(network, name):
    assert_digits(values(getattr(network, name)), REFERENCE["forward"][name], name if name in ("x5", "x6") else "")


def test_y_hat_and_the_loss_have_the_reference_digits(network):
    assert_digits(values(softmax(network.x6)), REFERENCE["forward"]["y_hat"])
    assert_digits(network.L.data, REFERENCE["forward"]["L"])


@pytest.mark.parametrize("name", ["w20", "W2", "w10", "W1", "x", "x4", "x6"])
def test_the_backward_pass_has_the_reference_digits(network, name):
    assert_digits(grads(getattr(network, name)), REFERENCE["grad_of_L"][name], name if name != "x6" else "")


@pytest.mark.parametrize("name", ["w20", "W2", "w10", "W1", "x", "x4", "x6"])
def test_gradients_as_graphs_have_the_reference_digits(network, name):
    g = values(gradients(network.L, getattr(network, name)))
    assert_digits(g, REFERENCE["grad_of_L"][name], name if name != "x6" else "")


def test_the_quiz_jacobians_are_identity_block_and_diagonal(network):
    assert np.array_equal(jacobian(network.x6, network.w20), np.eye(3))
    x4 = values(network.x4)
    block = jacobian(network.x5, network.W2)
    assert block.shape == (3, 3, 3)
    assert np.array_equal(block, np.einsum("ki,j->kij", np.eye(3), x4))
    diagonal = jacobian(network.x4, network.x3)
    assert np.array_equal(diagonal, np.diag(np.diag(diagonal)))
    assert_digits(np.diag(diagonal), REFERENCE["quiz"]["dx4_dx3_diag"])


def test_the_jacobians_of_the_stages_multiply_to_the_gradient(network):
    stages = network.chain.jacobians()
    assert [j.shape for j in stages] == [(3, 2), (3, 3), (3, 3), (3, 3), (3, 3), (3,)]
    assert np.array_equal(stages[0], values(network.W1))
    assert np.array_equal(stages[1], np.eye(3))
    assert np.array_equal(stages[3], values(network.W2))
    whole = stages[-1]
    for j in stages[-2::-1]:
        whole = whole @ j
    assert whole == pytest.approx(grads(network.x), rel=1e-14)


def test_the_hessian_in_x6_has_the_reference_digits(network):
    assert_digits(hessian(network.L, network.x6), REFERENCE["hessian_L_wrt_x6"])


@pytest.mark.parametrize("k", range(3))
def test_a_hessian_vector_product_is_a_column_of_the_hessian(network, k):
    column = np.array(REFERENCE["hessian_L_wrt_x6"])[:, k]
    assert_digits(values(hvp(network.L, network.x6, np.eye(3)[k])), column)


@pytest.mark.parametrize("form", LOSSES)
def test_every_form_of_the_loss_gives_one_number_and_one_gradient(form):
    net = Network(LOSSES[form])
    net.L.backward()
    assert net.L.data == pytest.approx(float(REFERENCE["forward"]["L"]), rel=1e-15)
    for name in ("w20", "W2", "w10", "W1", "x"):
        expected = np.array(REFERENCE["grad_of_L"][name], dtype=float)
        assert grads(getattr(net, name)) == pytest.approx(expected, rel=1e-14), name


def test_the_identities_of_the_lecture_hold(network):
    y_hat, y = values(softmax(network.x6)), np.eye(3)[C]
    assert y_hat.sum() == pytest.approx(1.0, rel=1e-15)
    assert grads(network.w20) == pytest.approx(y_hat - y, rel=1e-15)
    assert grads(network.W2) == pytest.approx(np.outer(y_hat - y, values(network.x4)), rel=1e-15)
    assert grads(network.w10) == pytest.approx(grads(network.x2), rel=1e-15)
    assert grads(network.W1) == pytest.approx(np.outer(grads(network.x2), values(network.x)), rel=1e-15)


def test_the_hessian_in_x6_is_diag_minus_outer_product():
    x6 = array(np.array(REFERENCE["forward"]["x6"], dtype=float), "x6")
    p = values(softmax(x6))
    for c in range(3):
        assert hessian(neg_log_softmax(x6)[c], x6) == pytest.approx(np.diag(p) - np.outer(p, p), rel=1e-14)


def test_data_held_constant_takes_no_gradient():
    net = Network()
    x = constant(INPUTS["x"], "x")
    net.chain(x).backward()
    assert np.isnan(grads(x)).all()
    assert_digits(grads(net.W1), REFERENCE["grad_of_L"]["W1"], "W1")
