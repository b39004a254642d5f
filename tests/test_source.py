"""The code of a program: how it reads, and that it is what runs."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

import nn
from autograd import array, constant, record, softmax, sum as total, tanh, values
from tests.processes import run
from tests.programs import ONE, X, Y, classifier, executed, gathering, lecture, mlp, whole_data_set
from tests.row_by_row import assert_near

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lecture, (X[:, :3],)),
        (lambda: classifier()[1], (X, Y)),
        (whole_data_set, ()),
        (gathering, (np.c_[X, X[:, :2]],)),
        (mlp, (X[:, :2], X[:, 3])),
        (lambda: record(lambda x: [softmax(x), x], ONE), (X,)),
    ],
    ids=["lecture", "classifier", "data set", "gathering", "mlp", "vector"],
)
def test_the_source_is_what_runs(make, data, tmp_path):
    program = make()
    scene, theta = executed(program, tmp_path), program.theta()
    np.testing.assert_array_equal(scene["forward"](theta, *data), program(*data))
    if "sum_and_grad" in scene:
        loss, gradient = scene["sum_and_grad"](theta, *data)
        expected = program.value_and_grad(theta, *data, reduction="sum")
        assert loss == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_the_source_is_the_same_whatever_was_called_before():
    for make, data in ((lecture, (X[:, :3],)), (gathering, (np.c_[X, X[:, :2]],)), (lambda: classifier()[1], (X, Y))):
        text = make().source
        one, two = make(), make()
        one.backward(*data)
        two(*data)
        two.backward(*data)
        assert one.source == two.source == text


PRINTS_SOURCES = """
import hashlib
from tests import programs as t
programs = [t.lecture(), t.classifier()[1], t.whole_data_set(), t.gathering(), t.mlp()]
print(hashlib.sha256("".join(p.source for p in programs).encode()).hexdigest())
"""


def test_the_source_is_the_same_text_in_every_run():
    here = "".join(p.source for p in (lecture(), classifier()[1], whole_data_set(), gathering(), mlp()))
    expected = hashlib.sha256(here.encode()).hexdigest()
    for seed in ("0", "1", "4242"):
        assert run(PRINTS_SOURCES, PYTHONHASHSEED=seed).split() == [expected]


def test_the_lectures_network_reads_as_the_lecture_writes_it():
    source = lecture().source
    for text in (
        "x2 = W1 @ x",
        "x3 = x2 + w10",
        "x5 = W2 @ x4",
        "x6 = x5 + w20",
        "dL_dW2 = dL_dx6 @ x4.T",
        "dL_dW1 = dL_dx3 @ x.T",
    ):
        assert re.search(rf"^    {re.escape(text)}$", source, re.MULTILINE), text
    for function in source.split("def ")[1:]:
        comments = [line for line in function.splitlines() if line.strip().startswith("#")]
        for k in range(1, 7):
            assert any(re.match(rf"\s*# f{k}\b", c) for c in comments), k
    order = [source.index(f"# f{k}") for k in range(1, 7)]
    assert order == sorted(order)


@pytest.mark.parametrize("sizes", [(1,), (16, 16, 1), (5, 3), (3, 3, 3, 3, 3)], ids=str)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "identity"])
def test_a_network_has_one_named_array_and_one_matrix_product_a_layer(sizes, activation):
    forward = mlp(sizes=sizes, activation=activation).source.partition("def sum_and_grad")[0]
    for k in range(1, len(sizes) + 1):
        assert len(re.findall(rf"^    layer{k} = ", forward, re.MULTILINE)) == 1
        assert len(re.findall(rf"^    w{k} = ", forward, re.MULTILINE)) == 1
    assert forward.count("@") + len(re.findall(r"w\d \* ", forward)) == len(sizes)


@pytest.mark.parametrize(
    "loss", [nn.mse, nn.cross_entropy, lambda a, y: nn.hinge(a, 2 * y - 1)], ids=["mse", "cross_entropy", "hinge"]
)
def test_a_data_set_as_one_graph_has_one_matrix_product_a_layer_and_no_line_a_row(loss):
    model = nn.MLP(4, [5, 3], "tanh", rng=1)
    program = record(lambda: total([loss(model(constant(x)), y) for x, y in zip(X, Y, strict=True)]))
    forward, _, backward = program.source.partition("def forward")[2].partition("def sum_and_grad")
    assert len(re.findall(r"w\d @", forward)) == 2
    assert len(forward.splitlines()) < 40
    assert len(backward.splitlines()) < 60
    assert_near(program(), values(total([loss(model(constant(x)), y) for x, y in zip(X, Y, strict=True)])))


def test_a_recurrence_takes_as_many_lines_for_every_step_and_adds_up_what_returns_once():
    def source(steps):
        w, u, b = array([0.5, -0.5], "w"), array([[0.1, 0.2], [0.3, 0.4]], "u"), array([0.0, 0.5], "b")

        def f(x):
            h = constant([0.0, 0.0])
            for k in range(steps):
                h = tanh(w * x[k] + u @ h + b)
            return total(h)

        text = record(f, np.zeros(steps)).source
        assert text.count("xp.concat(") == 2, "the adjoints of all steps, and the gradient"
        assert text.count(" = scatter(") <= 1, "a weight that meets every step"
        return text.count("\n")

    lines = [source(steps) for steps in (10, 20, 30)]
    assert lines[2] - lines[1] == pytest.approx(lines[1] - lines[0], abs=4), "a long sum is written in several lines"


def test_no_line_of_the_source_is_out_of_measure():
    for program in (lecture(), classifier()[1], whole_data_set(), gathering(), mlp()):
        lines = program.source.splitlines()
        assert max(map(len, lines)) <= 140
        assert not any(line != line.rstrip() for line in lines)
