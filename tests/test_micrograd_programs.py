"""Programs written for micrograd's and microgpt's Value: they run with their import line changed, and give their numbers."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import autograd
from autograd.micrograd import Value as TheirValue

# A small network over letters as such programs are written: lists of lists, Python's sum, their names for the parents.
PROGRAM = """
import random
random.seed(7)
matrix = lambda rows, columns: [[Value(random.gauss(0, 0.4)) for _ in range(columns)] for _ in range(rows)]
state_dict = {"wte": matrix(5, 3), "unused": matrix(1, 2), "w1": matrix(4, 3), "w2": matrix(5, 4)}
params = [p for rows in state_dict.values() for row in rows for p in row]

def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]

def rmsnorm(x):
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]

def softmax(logits):
    largest = max(v.data for v in logits)
    exps = [(v - largest).exp() for v in logits]
    total = sum(exps)
    return [e / total for e in exps]

m, v, losses = [0.0] * len(params), [0.0] * len(params), []
for step in range(5):
    terms = []
    for token, target in [(0, 1), (1, 2), (2, 2), (4, 0)]:
        x = rmsnorm(state_dict["wte"][token])
        x = [xi.relu() for xi in linear(x, state_dict["w1"])]
        terms.append(-softmax(linear(x, state_dict["w2"]))[target].log())
    loss = (1 / len(terms)) * sum(terms)
    loss.backward()
    for i, p in enumerate(params):
        m[i] = 0.85 * m[i] + (1 - 0.85) * p.grad
        v[i] = 0.99 * v[i] + (1 - 0.99) * p.grad ** 2
        p.data -= 0.1 * m[i] / (1 - 0.85 ** (step + 1)) / ((v[i] / (1 - 0.99 ** (step + 1))) ** 0.5 + 1e-8)
        p.grad = 0
    losses.append(loss.data)

def behind(node, name):
    seen, stack = set(), [node]
    while stack:
        if (node := stack.pop()) not in seen:
            seen.add(node)
            stack.extend(getattr(node, name))
    return seen
"""


class Plain:
    """A scalar that differentiates itself, as the textbooks write it."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.parents, self.slopes = data, 0, parents, slopes

    def made(self, f, other, a, b):
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(f(self.data, other.data), (self, other), (a(self, other), b(self, other)))

    def __add__(self, other):
        return self.made(lambda a, b: a + b, other, lambda a, b: 1, lambda a, b: 1)

    def __mul__(self, other):
        return self.made(lambda a, b: a * b, other, lambda a, b: b.data, lambda a, b: a.data)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Plain(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -1 * other

    def __truediv__(self, other):
        return self * (other**-1)

    def exp(self):
        return Plain(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Plain(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Plain(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self):
        order, stack, seen = [], [(self, False)], set()
        while stack:
            v, placed = stack.pop()
            if placed:
                order.append(v)
            elif id(v) not in seen:
                seen.add(id(v))
                stack += [(v, True), *((p, False) for p in v.parents)]
        self.grad = 1
        for v in reversed(order):
            for p, slope in zip(v.parents, v.slopes, strict=True):
                p.grad += slope * v.grad


def ran(kind):
    scene = {"Value": kind}
    exec(PROGRAM, scene)
    return scene


def test_a_program_of_lists_of_lists_gives_the_losses_of_the_class_that_it_was_written_for():
    ours, theirs = ran(TheirValue), ran(Plain)
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-12)
    assert [p.data for p in ours["params"]] == pytest.approx([p.data for p in theirs["params"]], rel=1e-9)
    assert ours["losses"][-1] < 0.7 * ours["losses"][0]


def test_the_gradient_of_a_parameter_that_was_not_reached_is_0_there_and_none_here():
    w, unused = TheirValue(2.0), TheirValue(1.0)
    (w * w).backward()
    assert (w.grad, (1 - 0.85) * unused.grad) == (4.0, 0.0)
    assert autograd.Value(1.0).grad is None


@pytest.mark.parametrize("name", ["_prev", "_children"])
def test_the_parents_are_read_under_the_names_that_such_programs_have_for_them(name):
    scene = ran(TheirValue)
    assert scene["behind"](scene["loss"], name) == set(autograd.wengert_list([scene["loss"]]))
    x = autograd.Value(3.0)
    y = x * 2.0
    assert getattr(y, name) == y.parents
    assert (y._op, x._op, y._local_grads) == ("×", "", (2.0, 3.0))
    with pytest.raises(AttributeError):
        setattr(y, name, ())


def test_a_node_made_by_hand_is_refused_in_words():
    x = TheirValue(3.0)
    for made in (lambda: TheirValue(6.0, (x,), "*"), lambda: TheirValue(6.0, (x,), (2.0,))):
        with pytest.raises(ValueError, match="A node that is no leaf is made by arithmetic"):
            made()


def test_a_leaf_is_made_and_labelled_as_there():
    for leaf in (
        TheirValue(2.0, (), "", label="a"),
        TheirValue(2.0, label="a"),
        TheirValue(2.0, _children=(), _op="", label="a"),
        TheirValue(2.0, set(), "+", "a"),
        TheirValue(2.0, "a"),
    ):
        assert (leaf.data, leaf.grad, leaf.parents, leaf.role, leaf.label) == (2.0, 0.0, (), "parameter", "a")
    assert TheirValue(2.0, "a", "input").role == "input"
    y = leaf * 3.0
    y.label = "y"
    assert (y.name, y.label, TheirValue(1.0).label) == ("y", "y", None)
    with pytest.raises(TypeError, match=r"a name is text; got 3\.0"):
        TheirValue(2.0, label=3.0)


def test_what_arithmetic_makes_is_a_value_there_too():
    x = TheirValue(3.0)
    assert [isinstance(v, TheirValue) for v in (x, x * x, autograd.Value(1.0), 1.0)] == [True, True, True, False]
    square = lambda v: (v if isinstance(v, TheirValue) else TheirValue(v)) ** 2  # noqa: E731
    y = square(x + 1.0) + square(2.0)
    y.backward()
    assert (y.data, x.grad) == (20.0, 8.0)


def test_such_a_value_is_copied_pickled_recorded_and_differentiated_as_any_other():
    w = TheirValue(3.0, "w")
    for twin in (copy.deepcopy(w * w), pickle.loads(pickle.dumps(w * w))):
        twin.backward()
        assert twin.parents[0].grad == 6.0
    assert autograd.record(lambda x: w * x, 1.0).backward([2.0]) == 6.0
    assert w.grad == 2.0
    assert autograd.grad(autograd.grad(lambda x: x * x * w))(2.0) == 6.0


def test_micrograds_leaves_make_arrays_whose_ties_share_as_ours_do():
    leaves = [TheirValue(1.0) for _ in range(3)]
    x = autograd.array(leaves)
    np.max(x).backward()
    assert (type(x), [v.grad for v in leaves]) == (autograd.Array, [1 / 3] * 3)
    assert (x @ [1.0, 2.0, 3.0]).op.name == "dot"
    with pytest.raises(TypeError, match="fill in place would replace leaves"):
        x.fill(0.0)
