"""Depth is limited by memory only, nothing stays behind, and every run gives the same bits."""

import copy
import gc
import pickle
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, array, dot, gradients, hvp, jvp, log_softmax, replay, scope, sigmoid, tanh
from tests.processes import run

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

MILLION = 1_000_000
# A million is the promise; a tenth of it is a hundred times what recursion reaches.
DEEP = pytest.mark.parametrize("length", [MILLION // 10, pytest.param(MILLION, marks=pytest.mark.slow)])


@pytest.fixture(autouse=True)
def default_recursion_limit():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


def chain(length):
    x = Value(1.0, "x")
    y = x
    for _ in range(length // 2):
        y = -y * 0.9999999
    return x, y


@DEEP
def test_a_million_operations_build_differentiate_copy_pickle_and_are_freed(length):
    x, y = chain(length)
    y.backward()
    assert y.data == x.grad == pytest.approx(0.9999999 ** (length // 2))

    twin_y, twin_x = copy.deepcopy([y, x])
    assert twin_x is not x
    assert (twin_y.data, twin_x.grad) == (y.data, x.grad)
    del twin_y
    twin_x.backward()
    assert twin_x.grad == x.grad + 1.0

    text = pickle.dumps([x, y])
    slope = x.grad
    del x, y
    x, y = pickle.loads(text)
    assert (x.name, x.grad) == ("x", slope)
    y.backward()  # reaches the leaf that was pickled beside it
    assert x.grad == 2 * slope


# What re-derives rules costs more per node: a tenth of the depth is far beyond any recursion limit.
@pytest.mark.parametrize(
    "walk",
    [
        lambda x, y: gradients(y, [x])[0].data,
        lambda x, y: hvp(y, [x], [1.0])[0],
        lambda x, y: replay(y, {x: 2.0}),
    ],
    ids=["gradients", "hvp", "replay"],
)
def test_a_deep_graph_is_walked_without_recursion(walk):
    x, y = chain(MILLION // 20)
    assert abs(walk(x, y)) < 3.0


def test_forward_mode_of_a_deep_program_needs_no_recursion():
    def program(x):
        for _ in range(50_000):
            x = x * 1.0
        return x

    assert jvp(program, (2.0,), (1.0,)) == (2.0, 1.0)


def test_a_wide_node_is_one_node():
    xs = [Value(1.0) for _ in range(100_000)]
    y = dot(xs, xs)
    y.backward()
    assert xs[0].grad == 2.0
    assert len(y.parents) == 200_000


def small_graph():
    with scope("small"):
        W, x = array([[0.1, 0.2], [0.3, 0.4]], "W"), array([1.0, 2.0], "x")
        y = log_softmax(tanh(W @ x) + sigmoid(x))[1] * 2 - 1
        y.backward()


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_thousands_of_graphs_leave_nothing_for_the_cyclic_collector(count):
    small_graph()
    gc.collect()
    gc.disable()
    try:
        before = Counter(type(v) for v in gc.get_objects())
        for _ in range(count):
            small_graph()
        after = Counter(type(v) for v in gc.get_objects())
        assert gc.collect() == 0
    finally:
        gc.enable()
    grown = {kind: n for kind, n in (after - before).items() if n > 10}
    assert grown == {}


def test_a_refused_operation_keeps_nothing_alive():
    gc.collect()
    gc.disable()
    try:
        before = sum_of_values()
        for _ in range(100):
            with pytest.raises(ValueError, match="log"):
                (Value(1.0) * 0).log()
        gc.collect()
        assert sum_of_values() <= before
    finally:
        gc.enable()


def sum_of_values():
    return sum(type(v) is Value for v in gc.get_objects())  # isinstance would ask lazy modules


def test_a_node_keeps_its_parents_and_parents_keep_no_node():
    x = Value(1.0)
    before = sys.getrefcount(x)
    y = x * 2
    assert sys.getrefcount(x) == before + 1
    del y
    assert sys.getrefcount(x) == before


PROGRAM = """
from autograd import Value, array, gradients, hvp, jvp, logsumexp, softmax, tanh, wengert_list
x, w = array([0.1, -0.7, 1.3], "x"), array([0.3, 0.9, -0.2], "w")
y = tanh(x * w) @ softmax(x) + logsumexp(w * w) ** 0.5 + sum(a * b / 3 for a in x for b in w)
y.backward()
leaves = [*x, *w]
print([v.grad.hex() for v in leaves], y.data.hex())
print([g.data.hex() for g in gradients(y, leaves)], [h.hex() for h in hvp(y, leaves, [0.1] * 6)])
print([(v.name, v.data.hex()) for v in wengert_list([y])])
"""


@pytest.mark.parametrize("seeds", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_processes_under_different_hash_seeds_give_the_same_bits(seeds):
    with ThreadPoolExecutor(2) as pool:
        outputs = set(pool.map(lambda seed: run(PROGRAM, PYTHONHASHSEED=str(seed)), range(seeds)))
    (output,) = outputs
    assert output.count("0x") > 50
