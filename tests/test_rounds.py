"""Rounds: a cell met T times is a loop in C and in a page's JavaScript, and its numbers are those of NumPy and of one step
after the other.
"""

import re
import shutil

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from autograd import (
    array,
    constant,
    exp,
    log_softmax,
    logsumexp,
    named,
    record,
    scope,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    take,
    tanh,
    values,
    where,
)  # fmt: skip
from autograd.languages import c
from autograd.recorded import native
from tests.test_c import assert_same
from tests.test_javascript_arrays import assert_same as assert_same_in_javascript

in_c = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
in_javascript = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")

H, D = 3, 2
RNG = np.random.default_rng(7)
W, W2, W3, W4 = (array(RNG.normal(size=(H, D)) / 2, f"W{k}") for k in "1234")
U, U2, U3, U4 = (array(RNG.normal(size=(H, H)) / 2, f"U{k}") for k in "1234")
B, B2, B3, V = (array(RNG.normal(size=H) / 2, name) for name in ("b1", "b2", "b3", "v"))
K = array(RNG.normal(size=(H, D + H)) / 2, "K")
TABLE = array(RNG.normal(size=(4, H)) / 2, "table")
ZERO = constant([0.0] * H)


def elman(x, h=ZERO):
    """The states of a cell, after each number of the sequence."""
    states = []
    for row in x:
        h = tanh(W @ row + U @ h + B)
        states.append(h)
    return states


def lstm(x):
    h = c = ZERO
    for row in x:
        i, f, o = (sigmoid(A @ row + M @ h + b) for A, M, b in ((W, U, B), (W2, U2, B2), (W3, U3, B3)))
        c = f * c + i * tanh(W4 @ row + U4 @ h)
        h = o * tanh(c)
    return V @ h


def gru(x):
    h = ZERO
    for row in x:
        r, u = sigmoid(W @ row + U @ h + B), sigmoid(W2 @ row + U2 @ h + B2)
        h = (1 - u) * tanh(W3 @ row + r * (U3 @ h) + B3) + u * h
    return V @ h


def two_layers(x):
    h = k = ZERO
    for row in x:
        h = tanh(W @ row + U @ h + B)
        k = tanh(U3 @ h + U2 @ k + B2)
    return V @ k


def both_ways(x):
    h, k = elman(x)[-1], ZERO
    for row in x[::-1]:
        k = tanh(W @ row + U2 @ k + B2)
    return V @ h - V @ k


def loss_at_every_step(x):
    loss = 0
    for row, h in zip(x, elman(x), strict=True):
        loss = loss + (V @ h - row[0]) ** 2
    return loss


def attention(x):
    states = elman(x)
    weights = softmax(array([V @ h for h in states]))
    return B2 @ sum(w * h for w, h in zip(weights, states, strict=True))


def two_back(x):
    h, g = B, B2
    for row in x:
        h, g = g, tanh(U @ h + W @ row + U2 @ g)
    return V @ g


def far_back(x):
    states = [ZERO]
    for _ in x:
        states.append(tanh(sum(U @ states[max(len(states) - k, 0)] for k in (1, 3, 5))))
    return V @ states[-1] * x[0, 0]


def one_round_differs(x):
    h = ZERO
    for t, row in enumerate(x):
        h = tanh(W @ row + U @ h + (B2 if t == 6 else B))
    return V @ h


def layer_norm(x):
    h = ZERO
    for row in x:
        y = W @ row + U @ h + B
        d = y - total(y) / H
        h = d / sqrt(total(d * d) / H + 1e-3)
    return V @ h


def chain(x):
    y = V[0]
    for row in x:
        y = sin(y * row[0] + B[0])
    return y**2


def newton(x):
    y = 1.0 + V[0] ** 2
    for _ in x:
        y = y - (y * y - 2 - x[0, 0] ** 2) / (2 * y)
    return y


def with_state(cell):
    """The function that takes a cell from state to state, and reads out the last one."""

    def f(x):
        h = ZERO
        for t, row in enumerate(x):
            h = cell(t, row, h)
        return V @ h

    return f


CELLS = {
    "elman": lambda x: V @ elman(x)[-1],
    "lstm": lstm,
    "loss at every step": loss_at_every_step,
    "chain": chain,
    "states": lambda x: elman(x)[-1],
    "first state from the data": lambda x: V @ elman(x[1:], tanh(W2 @ x[0]))[-1],
    "first state a parameter": lambda x: V @ elman(x, B2)[-1],
    "gru": gru,
    "two layers": two_layers,
    "both ways": both_ways,
    "outputs": lambda x: [V @ h for h in elman(x)],
    "every state": lambda x: [y for h in elman(x) for y in h],
    "mean loss": lambda x: total([exp(V @ h) for h in elman(x)]) / len(x),
    "sum from behind": lambda x: total(elman(x)[0]) - total([total(h) for h in elman(x)[::-1]]),
    "attention": attention,
    "two back": two_back,
    "far back": far_back,
    "one round differs": one_round_differs,
    "layer norm": layer_norm,
    "newton": newton,
    "concatenated": with_state(lambda t, row, h: tanh(K @ array([*row, *h]))),
    "softmax": with_state(lambda t, row, h: softmax(W @ row + U @ h)),
    "log softmax": lambda x: logsumexp(with_state(lambda t, row, h: log_softmax(U @ h + W @ row))(x) * B),
    "branch": with_state(lambda t, row, h: where(step(row[0]), tanh(W @ row + U @ h), h * 0.5)),
    "table": with_state(lambda t, row, h: tanh(take(TABLE, step(row[0]) + step(row[1])) + U @ h)),
    "schedule": with_state(lambda t, row, h: h + 1 / (t + 2) * tanh(U @ h + (0.25 * t) * W @ row)),
    "negative": with_state(lambda t, row, h: tanh(W @ row - U @ h - B)),
    "two weights on one state": lambda x: V @ (U @ elman_of_two(x)) + total(U2 @ (U2 @ elman_of_two(x))),
    "in scopes": with_state(lambda t, row, h: entered(row, h)),
    "named as the index": with_state(lambda t, row, h: named("t", tanh(W @ row + U @ named("t_2", h + B)))),
}
QUICK = ("elman", "far back", "two weights on one state")


def elman_of_two(x):
    h = B2
    for row in x:
        h = tanh(W @ row + U @ h + U2 @ h + U3 @ h + B + B3)
    return h


def entered(row, h):
    with scope("cell", "h = tanh(W·x + U·h)"):
        return named("h", tanh(W @ row + U @ h))


def recorded(name, rounds):
    data = np.random.default_rng(rounds).normal(size=(11, rounds, D))
    return record(CELLS[name], data[0]), data


def written(program):
    """The functions in C, without what every file has."""
    functions = native.functions(program._plan, program._data.arguments)
    return "\n".join(c.function(f) for f in functions)


# --- the same numbers -------------------------------------------------------------------------------------------------


@in_c
@pytest.mark.parametrize("rounds", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, 5, 12))])
@pytest.mark.parametrize("name", [pytest.param(x, marks=[pytest.mark.slow] * (x not in QUICK)) for x in CELLS])
def test_a_recurrence_in_c_gives_the_numbers_of_numpy(name, rounds):
    program, data = recorded(name, rounds)
    assert_same(program, data)
    eager = np.array([values(CELLS[name](constant(x))) for x in data[:2]], float)
    np.testing.assert_allclose(program(data[:2]), eager, rtol=1e-12, atol=1e-12)


@in_javascript
@pytest.mark.parametrize(
    "name", [pytest.param(x, marks=[pytest.mark.slow] * (k % 4 != 1)) for k, x in enumerate(CELLS)]
)
def test_a_recurrence_in_javascript_gives_the_numbers_of_numpy(name):
    assert_same_in_javascript(*recorded(name, 9))


@in_c
def test_a_recurrence_without_data_gives_the_numbers_of_numpy():
    def f():
        h = B
        for k in range(9):
            h = tanh(U @ h + W @ constant([0.5, k / 4]))
        return total(h)

    assert_same(record(f))


@in_c
@pytest.mark.slow
def test_a_long_recurrence_stands_beside_the_stack_and_gives_the_numbers_of_numpy():
    program, data = recorded("elman", 1000)
    assert re.search(r"static _Thread_local vec t2\[1000\]\[3\];", written(program))
    assert_same(program, data)


@in_javascript
@pytest.mark.slow
@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.data())
def test_a_recurrence_at_random_gives_the_numbers_of_numpy(data):
    leaves = [
        lambda h, x, t: h[-1],
        lambda h, x, t: h[max(len(h) - 2, 0)],
        lambda h, x, t: h[0] * (t % 3),
        lambda h, x, t: W @ x[t],
        lambda h, x, t: W @ x[len(x) - 1 - t],
        lambda h, x, t: B,
    ]
    ways = [
        lambda f, g: lambda *at: tanh(f(*at)),
        lambda f, g: lambda *at: softmax(f(*at)),
        lambda f, g: lambda *at: U @ f(*at),
        lambda f, g: lambda *at: f(*at) * g(*at),
        lambda f, g: lambda *at: f(*at) - g(*at),
        lambda f, g: lambda *at: f(*at) + g(*at),
    ]
    cells = st.recursive(
        st.sampled_from(leaves),
        lambda x: st.tuples(st.sampled_from(ways), x, x).map(lambda made: made[0](*made[1:])),
        max_leaves=5,
    )
    cell, other, odd, n = (data.draw(x) for x in (cells, cells, st.integers(0, 20), st.integers(4, 10)))

    def f(x):
        h, loss = [V], 0
        for t in range(len(x)):
            h.append(tanh((other if t == odd else cell)(h, x, t)))
            loss = loss + total(other(h, x, t) * V)
        return loss + total(h[-1])

    x = np.random.default_rng(n).normal(size=(3, n, D))
    assert_same_in_javascript(record(f, x[0]), x)


# --- what is written --------------------------------------------------------------------------------------------------


def test_the_code_of_a_recurrence_is_as_long_for_ten_rounds_as_for_a_hundred():
    ten, hundred = (written(recorded("elman", n)[0]) for n in (10, 100))
    assert ten.count("\n") == hundred.count("\n") < 250
    assert re.search(r"for \(int t = 1; t < 100; t\+\+\) \{\s+for \(int i = 0; i < 3; i\+\+\) \{", hundred)
    assert re.search(r"s1 \+= U1\[i \* 3 \+ j\] \* t\d\[t - 1\]\[j\];", hundred)


def test_the_first_round_stands_before_the_loop_where_it_differs():
    text = written(recorded("elman", 10)[0])
    assert re.search(r"vec t3\[10\]\[3\];\s+for .*\s+t3\[0\]\[i\] = tanh_of\(.*\s+}\s+for \(int t = 1; t < 10", text)


def test_what_every_round_adds_to_a_gradient_is_added_in_a_loop():
    text = written(recorded("elman", 10)[0])
    assert len(re.findall(r"_sums\[i \* 3 \+ j\] \+= t6\[t\]\[i\] \* t4\[8 - t\]\[j\];", text)) == 1
    assert text.count("_sums[9];") == 1


@pytest.mark.parametrize(
    "name", ["lstm", "gru", "two layers", "both ways", "loss at every step", "schedule", "attention"]
)
def test_more_rounds_take_no_more_lines(name):
    few, many = (written(recorded(name, n)[0]) for n in (20, 24))
    assert few.count("\n") == many.count("\n")


def test_three_rounds_are_no_loop():
    assert "int t =" not in written(recorded("elman", 3)[0])


def test_the_index_of_the_rounds_has_a_name_that_nothing_else_has():
    text = written(recorded("named as the index", 8)[0])
    assert "vec t[8][3];" in text
    (index,) = {*re.findall(r"for \(int (t_\d+) = 1; \1 < 8; \1\+\+\)", text)}
    assert not re.search(rf"(vec|real) \*?{index}\b", text)
