"""Refusals of the live page: what it cannot learn is said in words."""

import math

import numpy as np
import pytest

import nn
import viz
from autograd import Op, Value, log

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def refused(X, Y, model=None, optimizer=None, loss=nn.mse, **more):
    model = model or nn.MLP(2, [2, 1], rng=0)
    optimizer = optimizer or nn.SGD(model.parameters(), 0.1)
    return lambda: viz.live(model, X, Y, loss, optimizer, **more)


ROW = [[1.0, 2.0]], [0.0]
SGD = nn.SGD([Value(1.0)], 0.1)


W = Value(1.0, "w")
TABLED = Op("tabled", lambda x: math.erf(x), (lambda y, x: math.exp(-x * x),))
REFUSALS = {
    "too many rows": (refused(np.zeros((5000, 2)), np.zeros(5000)), ValueError, r"2,000 examples .* X\[::3\]"),
    "too many numbers": (
        refused(np.zeros((2000, 2)), np.zeros(2000), nn.MLP(2, [200, 1], rng=0)), ValueError, "1,248 examples, or fewer units",
    ),
    "nan": (refused([[1.0, 2.0], [3.0, np.nan]], [0.0, 1.0]), ValueError, "X holds nan in row 1"),
    "nan as a target": (refused([[1.0, 2.0]], [np.nan]), ValueError, "Y holds nan in row 0"),
    "rows and targets": (refused([[1.0, 2.0]], [0.0, 1.0]), ValueError, "1 rows of X and 2 of Y"),
    "one column": (refused([1.0, 2.0], [0.0, 1.0]), ValueError, r"X\[:, None\]"),
    "text": (refused([["a", "b"]], [0.0]), TypeError, "rows of real numbers"),
    "classes that are no indices": (refused([[1.0, 2.0]], [0.5], nn.MLP(2, [3], rng=0)), ValueError, r"3 outputs: Y is class indices, Y\.astype\(int\)"),
    "a branch": (
        refused([[1.0, 2.0]], [0.0], lambda x: W * x[0] if x[0] > 0 else W, nn.SGD([W], 0.1)), TypeError, "where",
    ),
    "a row of Python": (refused([[1.0]], [0.0], lambda x: TABLED(W * x[0]), nn.SGD([W], 0.1)), TypeError, "the rules of tabled are Python"),
    "another optimiser": (refused(*ROW, optimizer=object()), TypeError, r"optimizer is nn\.SGD.*; got <object"),
    "an optimiser's name": (refused(*ROW, optimizer="sgd"), TypeError, r"optimizer is nn\.SGD.*; got 'sgd'"),
    "an optimiser's class": (refused(*ROW, optimizer=nn.SGD), TypeError, r"optimizer is nn\.SGD.*; got the class SGD"),
    "no targets": (lambda: viz.live(nn.MLP(2, [1]), ROW[0], nn.mse, SGD), TypeError, "Y is real numbers, a target or a class index for each row of X; got function"),
    "a loss's name": (refused(*ROW, loss="ce"), TypeError, r"loss is a function: nn\.cross_entropy, .*nn\.mse or your own; got 'ce'"),
    "a loss and an optimiser in each other's place": (refused(*ROW, loss=SGD, optimizer=nn.mse), TypeError, "loss is a function: .*; got <nn.optim.SGD"),
    "a loss of two numbers": (refused([[1.0, 2.0]], [[0.0, 1.0]], nn.MLP(2, [2], rng=0), loss=lambda a, y: a - y), TypeError, "the loss of an example is one Value"),
    "a loss of nothing": (refused(*ROW, loss=lambda a, y: None), TypeError, "is its return missing"),
    "a model's class": (refused(*ROW, nn.MLP, SGD), TypeError, "model is a Module, .*; got the class MLP"),
    "a model's output": (refused(*ROW, W * 2, SGD), TypeError, "model is a Module, .*; got Value"),
    "a model of plain numbers": (refused(*ROW, lambda x: 1.0, SGD), TypeError, "the model returned a plain number"),
    "a model without parameters": (refused(*ROW, lambda x: x[0], SGD), ValueError, "none of the optimiser's"),
    "a text of names": (refused(*ROW, columns="ab"), ValueError, "columns is a list of names for 2 inputs; got 'ab'"),
    "names of classes that there are not": (refused([[1.0, 2.0]], [0.5], classes=["a", "b"]), ValueError, "classes is a list of names for 0 classes"),
    "a theme": (refused(*ROW, theme="blue"), ValueError, "theme is one of"),
    "no digits": (refused(*ROW, digits=0), ValueError, "digits is a whole number from 2 on"),
    "other parameters": (refused([[1.0, 2.0]], [0.0], optimizer=nn.SGD([Value(1.0)], 0.1)), ValueError, "none of the optimiser's"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_what_a_page_cannot_learn_is_refused_in_words(what):
    make, error, words = REFUSALS[what]
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("validation", "error", "words"),
    [
        (5, TypeError, "a pair"),
        (([[1.0, np.inf]], [0.0]), ValueError, "validation: X holds inf"),
        (([[1.0]], [0.0]), ValueError, "validation: "),
    ],
)
def test_validation_data_that_do_not_fit_are_refused(validation, error, words):
    model = nn.MLP(2, [2, 1], rng=0)
    with pytest.raises(error, match=words):
        viz.live(model, [[1.0, 2.0]], [0.0], nn.mse, nn.SGD(model.parameters(), 0.1), validation=validation)


def test_a_row_that_leaves_a_domain_is_refused_with_its_number():
    w = Value(1.0, "w")
    with pytest.raises(ValueError, match="row 1"):
        viz.live(lambda x: log(w * x[0]), [[1.0], [-1.0]], [0.0, 0.0], nn.mse, nn.SGD([w], 0.1))
