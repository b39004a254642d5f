"""Random graphs: shared subexpressions, repeated parents, constants, n-ary nodes; every oracle tells the same story."""

from __future__ import annotations

import copy
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import autograd
from autograd import Value, array, gradients, hessian, hvp, jacobian, jvp, ops, replay, values, vjp, wengert_list

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

EPS = np.finfo(float).eps
# The same graphs in every run, and nothing kept between runs.
SAME = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
EXAMPLES = settings(SAME, max_examples=80)
FEW = settings(SAME, max_examples=25)

# Every step maps [-3, 3] into itself, so that no graph, however deep, leaves a domain.
# fmt: off
SMOOTH = {
    "add":      (2, lambda m, a, b: (a + b) / 2),
    "subtract": (2, lambda m, a, b: 0.5 * (a - b)),
    "multiply": (2, lambda m, a, b: a * b * 0.25),
    "divide":   (2, lambda m, a, b: a / (b * b + 1)),
    "power":    (2, lambda m, a, b: (a * a + 0.5) ** (b / 6)),
    "whole":    (1, lambda m, a: a**3 / 9),
    "base":     (1, lambda m, a: 2.0**a / 3),
    "negative": (1, lambda m, a: -a),
    "positive": (1, lambda m, a: +a),
    "exp":      (1, lambda m, a: m.exp(a) / 8),
    "log":      (1, lambda m, a: m.log(a * a + 0.5)),
    "log1p":    (1, lambda m, a: m.log1p(a * a)),
    "expm1":    (1, lambda m, a: m.expm1(a / 3)),
    "sqrt":     (1, lambda m, a: m.sqrt(a * a + 0.1)  / 2),
    "sin":      (1, lambda m, a: m.sin(a)),
    "cos":      (1, lambda m, a: m.cos(a)),
    "tan":      (1, lambda m, a: m.tan(a / 3)),
    "arctan":   (1, lambda m, a: m.arctan(a)),
    "tanh":     (1, lambda m, a: m.tanh(a)),
    "log2":     (1, lambda m, a: m.log2(a * a + 0.5)),
    "log10":    (1, lambda m, a: m.log10(a * a + 0.5)),
    "arcsin":   (1, lambda m, a: m.arcsin(m.tanh(a) / 2)),
    "arccos":   (1, lambda m, a: m.arccos(m.tanh(a) / 2)),
    "sinh":     (1, lambda m, a: m.sinh(a / 2)),
    "cosh":     (1, lambda m, a: m.cosh(a / 2) - 1),
    "erf":      (1, lambda m, a: m.erf(a)),
    "erfc":     (1, lambda m, a: m.erfc(a) - 1),
    "normal_cdf": (1, lambda m, a: m.normal_cdf(a)),
    "sigmoid":  (1, lambda m, a: m.sigmoid(a)),
    "softplus": (1, lambda m, a: m.softplus(a) - 0.5),
    "log_sigmoid": (1, lambda m, a: m.log_sigmoid(a) + 0.5),
    "sum":      (3, lambda m, *a: m.sum(list(a)) / 3),
    "dot":      (4, lambda m, a, b, c, d: m.dot([a, b], [c, d]) / 6),
    "logsumexp": (3, lambda m, *a: m.logsumexp(list(a)) - 1),
    "log_softmax": (3, lambda m, *a: m.log_softmax(list(a))[1] / 3),
    "neg_log_softmax": (3, lambda m, *a: m.neg_log_softmax(list(a))[0] / 3),
    "softmax":  (3, lambda m, *a: m.softmax(list(a))[2]),
}
KINKED = {
    "absolute": (1, lambda m, a: abs(a)),
    "sign":     (1, lambda m, a: m.sign(a) + a),
    "relu":     (1, lambda m, a: m.relu(a)),
    "leaky_relu": (1, lambda m, a: m.leaky_relu(a)),
    "maximum":  (2, lambda m, a, b: m.maximum(a, b)),
    "minimum":  (2, lambda m, a, b: m.minimum(a, b)),
    "where":    (3, lambda m, c, a, b: m.where(m.step(c), a, b)),
    "take":     (3, lambda m, i, a, b: m.take([a, b], m.step(i))),
}
# fmt: on
STEPS = SMOOTH | KINKED
# Halves and quarters meet each other exactly: ties, zeros and differences that vanish come up often.
NUMBERS = st.one_of(st.floats(-2.0, 2.0), st.integers(-8, 8).map(lambda k: k / 4))


@st.composite
def graphs(draw, steps=tuple(STEPS), most=30):
    """(numbers of the leaves, steps): a step is a name and the places of its operands, or a constant."""
    leaves = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    recipe, count = [], len(leaves)
    for _ in range(draw(st.integers(1, most))):
        name = draw(st.sampled_from((*steps, "constant")))
        if name == "constant":
            recipe.append((name, draw(NUMBERS)))
        else:
            recent = st.integers(max(0, count - 6), count - 1)  # deep rather than flat
            anywhere = st.integers(0, count - 1)
            recipe.append((name, tuple(draw(recent | anywhere) for _ in range(STEPS[name][0]))))
        count += 1
    return leaves, recipe


def built(recipe, leaves, m=autograd, constant=lambda x: x):
    """The last results of the recipe, added up: whatever was shared stays shared."""
    nodes = list(leaves)
    for name, rest in recipe:
        nodes.append(constant(rest) if name == "constant" else STEPS[name][1](m, *(nodes[k] for k in rest)))
    out = nodes[-1]
    for node in nodes[max(0, len(nodes) - 4) : -1]:
        out = out + node
    return out * 1.0


def graph(example):
    numbers, recipe = example
    leaves = [Value(x, f"x{k}") for k, x in enumerate(numbers)]
    return leaves, lifted(built(recipe, leaves))


def lifted(y):
    return y if isinstance(y, Value) else autograd.constant(y)


def near(a, b, rel=1e-12):
    """Equal up to rounding; sums of adjoints of size 1 may cancel, so an absolute part goes with it."""
    return np.allclose(a, b, rtol=rel, atol=rel)


def swept(leaves, y):
    y.backward()
    return [0.0 if v.grad is None else v.grad for v in leaves]


@EXAMPLES
@given(graphs())
def test_forward_mode_is_reverse_mode(example):
    numbers, recipe = example
    backward = swept(*graph(example))
    for k in range(len(numbers)):
        unit = tuple(float(j == k) for j in range(len(numbers)))
        slope = jvp(lambda *x: lifted(built(recipe, x)), tuple(numbers), unit)[1]
        assert near(slope, backward[k]), k


@EXAMPLES
@given(graphs())
def test_gradients_are_the_numbers_of_backward(example):
    leaves, y = graph(example)
    graphs_of_gradients = gradients(y, leaves)
    rows = jacobian([y], leaves)
    assert near(values(graphs_of_gradients), rows[0])
    assert near(values(graphs_of_gradients), swept(leaves, y))
    assert near(np.ravel(vjp(lambda x: lifted(built(example[1], x)), list(example[0]))[1](1.0)), rows[0])


@EXAMPLES
@given(graphs())
def test_backward_gives_the_same_bits_every_time_and_adds(example):
    first = swept(*graph(example))
    leaves, y = graph(example)
    assert swept(leaves, y) == first
    assert swept(leaves, y) == [2 * g for g in first]


@EXAMPLES
@given(graphs(steps=tuple(SMOOTH)))
def test_central_differences_agree(example):
    numbers, recipe = example
    backward = swept(*graph(example))
    h = 1e-5
    for k in range(len(numbers)):
        up, down = list(numbers), list(numbers)
        up[k] += h
        down[k] -= h
        difference = (float(built(recipe, up)) - float(built(recipe, down))) / (2 * h)
        assert near(difference, backward[k], 1e-6), k


@FEW
@given(graphs(steps=tuple(SMOOTH)))
def test_differences_with_sixty_digits_agree_to_the_last(example):
    leaves, y = graph(example)
    backward = swept(leaves, y)
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20  # the error is h², far below a float's last place
        known = set(wengert_list([y]))  # a list would compare the numbers
        at = {v: mpmath.mpf(v.data) for v in leaves if v in known}
        assert near(float(replay(y, at)), y.data)
        for k, v in enumerate(leaves):
            if v in at:
                up, down = replay(y, at | {v: at[v] + h}), replay(y, at | {v: at[v] - h})
                assert near(float((up - down) / (2 * h)), backward[k]), k


@EXAMPLES
@given(graphs())
def test_pytorch_agrees(example):
    torch = pytest.importorskip("torch")
    numbers, recipe = example
    leaves, y = graph(example)
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    out = built(recipe, theirs, m=Torch(torch), constant=lambda x: torch.tensor(x, dtype=torch.float64))
    assert near(y.data, out.item())
    if out.requires_grad:
        out.backward()
    assert near(swept(leaves, y), [0.0 if x.grad is None else x.grad.item() for x in theirs])


class Torch:
    """This library's names over PyTorch's."""

    def __init__(self, torch):
        self.torch = torch
        one = torch.ones((), dtype=torch.float64)
        self.step = lambda a: torch.heaviside(a.detach(), 0 * one)
        self.where = lambda c, a, b: torch.where(c != 0, a, b)
        self.leaky_relu = lambda a: torch.nn.functional.leaky_relu(a, 0.01)
        self.softplus = lambda a: torch.logaddexp(a, 0 * one)
        self.normal_cdf = torch.special.ndtr
        self.log_sigmoid = torch.nn.functional.logsigmoid
        self.sum = lambda a: torch.stack(a).sum()
        self.take = lambda a, i: torch.stack(a)[int(i)]
        self.dot = lambda a, b: torch.dot(torch.stack(a), torch.stack(b))
        self.logsumexp = lambda a: torch.logsumexp(torch.stack(a), 0)
        self.log_softmax = lambda a: torch.log_softmax(torch.stack(a), 0)
        self.neg_log_softmax = lambda a: -self.log_softmax(a)
        self.softmax = lambda a: torch.softmax(torch.stack(a), 0)

    def __getattr__(self, name):
        return getattr(self.torch, name)


@FEW
@given(graphs(steps=tuple(SMOOTH), most=12))
def test_the_hessian_is_symmetric_and_its_columns_are_hessian_vector_products(example):
    numbers, recipe = example
    leaves, y = graph(example)
    h = hessian(y, leaves)
    assert near(h, h.T)
    for k, unit in enumerate(np.eye(len(leaves))):
        assert near(values(hvp(y, leaves, unit.tolist())), h[:, k])
    f = lambda x: lifted(built(recipe, x))  # noqa: E731
    assert near(autograd.hessian(f)(list(numbers)), h)


@FEW
@given(graphs(steps=tuple(SMOOTH), most=8))
def test_the_hessian_is_the_difference_of_gradients(example):
    leaves, y = graph(example)
    g = gradients(y, leaves)
    h = hessian(y, leaves)
    with mpmath.workdps(60):
        eps = mpmath.mpf(10) ** -20
        known = set(wengert_list(g))
        for k, v in enumerate(leaves):
            if v in known:
                up, down = (replay(g, {v: mpmath.mpf(v.data) + s * eps}) for s in (1, -1))
                column = [float((a - b) / (2 * eps)) for a, b in zip(up, down, strict=True)]
                assert near(column, h[:, k], 1e-11), k


@EXAMPLES
@given(graphs(), st.lists(NUMBERS, min_size=4, max_size=4))
def test_replay_with_other_numbers_is_the_graph_built_again(example, others):
    numbers, recipe = example
    leaves, y = graph(example)
    known = set(wengert_list([y]))
    moved = {v: x for v, x in zip(leaves, others, strict=False) if v in known}
    again = built(recipe, [Value(x) for x in others[: len(numbers)]])
    assert near(float(replay(y, moved)), float(again), 4 * EPS)
    rows = {v: np.array([v.data, x]) for v, x in moved.items()}
    assert near(replay(y, rows), [y.data, float(again)])
    values_again = replay(y, {v: Value(x) for v, x in moved.items()})
    assert float(values_again) == pytest.approx(float(again), abs=1e-14)


@FEW
@given(graphs())
def test_a_copy_has_the_same_gradients(example):
    leaves, y = graph(example)
    copies = [copy.deepcopy((y, leaves)), pickle.loads(pickle.dumps((y, leaves)))]
    expected = swept(leaves, y)
    twin, twin_leaves = copies[0]
    assert swept(twin_leaves, twin) == expected
    named = {v.name: v for v in wengert_list([copies[1][0]]) if v.name}
    copies[1][0].backward()
    assert all(named[v.name].grad == g for v, g in zip(leaves, expected, strict=True) if v.name in named)


@EXAMPLES
@given(graphs())
def test_the_wengert_list_has_every_node_once_parents_first_and_the_same_every_time(example):
    leaves, y = graph(example)
    assert wengert_list([y])[-1] is y
    for outputs in ([y], [y, leaves[0]]):
        order = wengert_list(outputs)
        place = {v: k for k, v in enumerate(order)}
        assert len(place) == len(order)
        assert all(v in place for v in outputs)
        assert all(place[p] < place[v] for v in order for p in v.parents)
        assert all(len(v.parents) == len(v.partials) for v in order)
        assert all(a is b for a, b in zip(order, wengert_list(outputs), strict=True))


def test_a_parent_used_twice_gets_both_shares():
    x, y = Value(3.0), Value(5.0)
    ops.dot.apply(x, x, y, x).backward()
    assert (x.grad, y.grad) == (11.0, 3.0)
    v = array([1.0, 2.0])
    (v @ v).backward()
    assert [x.grad for x in v] == [2.0, 4.0]


def test_a_seed_scales_every_gradient():
    x = Value(2.0)
    (x * x).backward(seed=-0.5)
    assert x.grad == -2.0


def test_every_row_of_the_table_is_among_the_steps():
    recipe = [(name, tuple(range(n))) for name, (n, _) in STEPS.items()]
    m = autograd
    made = [STEPS[name][1](m, *(Value(0.5 + 0.25 * k) for k in places)) for name, places in recipe]
    rows = {v.op.name for v in wengert_list(made) if v.op is not None}
    assert rows == ops.BUILT_IN
