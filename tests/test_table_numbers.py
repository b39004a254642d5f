"""Every row on every kind of number, copied and pickled, with its name, its domain and its errors."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest

from autograd import Value, array, ops, refusals, replay, scope, values
from autograd.ops import TABLE
from tests.rows import CASES, EPS, EVERY_ROW, ROWS, call, derivatives, drawn, inside, made

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- every kind of number ---------------------------------------------------------------------------------------------


@EVERY_ROW
def test_the_row_called_on_floats_is_a_float(op, n):
    for xs, y in inside(op, n):
        got = call(op, *xs)
        assert type(got) is float
        assert got == y, xs


def outcome(op, xs):
    """The value and its type, or the error."""
    try:
        y = call(op, *xs)
    except refusals.ERRORS as error:
        return type(error), str(error)
    return type(y), repr(y)


@EVERY_ROW
def test_the_row_called_on_numpys_scalars_is_what_their_numbers_give(op, n):
    kinds = (np.uint8, np.int8, np.int64, np.float16, np.float32, np.float64, np.bool_)
    for kind, x in product(kinds, (0, 1, 3, 100)):
        for xs in ([kind(x)] * n, [kind(x), *[kind(1)] * (n - 1)], [kind(0), *[kind(x)] * (n - 1)]):
            assert outcome(op, xs) == outcome(op, [*map(float, xs)]), xs


@pytest.mark.parametrize("op", [op for op in ROWS if not op.vectors], ids=lambda op: op.name)
def test_float_arrays_give_what_floats_give(op):
    xs, ys = zip(*inside(op, op.arity), strict=True)
    got = op(*np.array(xs).T)
    assert got.dtype == float
    # NumPy has its own exp, tanh and pow, whose last digits differ from those of the C library.
    steps = np.abs(got - np.array(ys)) / np.spacing(np.abs(ys))
    assert steps.max() <= 4, xs[int(steps.argmax())]


@pytest.mark.parametrize("op", [op for op in ROWS if not op.vectors], ids=lambda op: op.name)
def test_arrays_of_values_give_the_nodes_that_values_give(op):
    xs, _ = zip(*inside(op, op.arity), strict=True)
    columns = [array(column) for column in np.array(xs).T]
    for node, numbers in zip(op(*columns), xs, strict=True):
        alone = made(op, numbers)[1]
        assert (node.op, node.data) == (alone.op, alone.data)
        assert np.array_equal(node.partials, alone.partials, equal_nan=True)


@pytest.mark.parametrize("op", [op for op in ROWS if op.arity == 1], ids=lambda op: op.name)
def test_a_matrix_keeps_its_shape(op):
    ((low, high),) = op.samples or ((-3.0, 3.0),)
    x = np.linspace(low, high, 6).reshape(2, 3)
    assert op(x).shape == op(array(x)).shape == (2, 3)
    assert values(op(x.tolist())).shape == (2, 3)
    assert values(op(array(x))) == pytest.approx(op(x), rel=1e-15)


@pytest.mark.parametrize("op", [op for op in ROWS if op.vectors], ids=lambda op: op.name)
def test_a_row_of_vectors_takes_lists_arrays_and_arrays_of_values(op):
    rng = np.random.default_rng(0)
    vectors = [rng.normal(size=5) for _ in range(op.vectors)]
    if op.leading:
        op = lambda x, row=op: row(x, Value(3.0))  # noqa: E731
        op.indexed = False
    expected = values(op(*(v.tolist() for v in vectors)))
    assert np.array_equal(values(op(*vectors)), expected)
    assert np.array_equal(values(op(*map(array, vectors))), expected)
    assert expected.shape == ((5,) if op.indexed else ())


@EVERY_ROW
def test_replay_on_arrays_is_the_row_on_every_float(op, n):
    xs = np.array(drawn(op, n))
    leaves, y = made(op, xs[0])
    ys = replay(y, dict(zip(leaves, xs.T, strict=True)))
    expected = [call(op, *row) for row in xs.tolist()]
    assert ys == pytest.approx(expected, rel=8 * EPS, abs=EPS)


RATIONAL = {
    "add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "relu", "step", "leaky_relu",
    "maximum", "minimum", "where", "sum", "dot",
}  # fmt: skip


@pytest.mark.parametrize(("op", "n"), [(op, n) for op, n in CASES if op.name in RATIONAL], ids=lambda x: str(x))
def test_replay_on_fractions_is_exact(op, n):
    for xs in drawn(op, n, 5):
        fractions = [Fraction(x).limit_denominator(97) for x in xs]
        leaves, y = made(op, xs)
        got = replay(y, dict(zip(leaves, fractions, strict=True)))
        assert isinstance(got, Fraction | int)
        assert got == op.formula(*fractions)
        assert float(got) == pytest.approx(call(op, *map(float, fractions)), rel=1e-14)


def test_replay_of_a_polynomial_on_fractions_is_exact():
    x = Value(0.3)
    y = x**3 / 7 - 2 * x**-2 + 1
    third = Fraction(1, 3)
    assert replay(y, {x: third}) == third**3 / 7 - 2 / third**2 + 1


@EVERY_ROW
def test_replay_on_mpmath_has_as_many_digits_as_mpmath(op, n):
    for xs in drawn(op, n, 3):
        leaves, y = made(op, xs)
        with mpmath.workdps(60):
            true = op.formula(*map(mpmath.mpf, xs))
            assert replay(y, {v: mpmath.mpf(v.data) for v in leaves}) == true
            assert float(true) == pytest.approx(y.data, rel=1e-13)


# --- copies, names, errors --------------------------------------------------------------------------------------------


@EVERY_ROW
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))], ids=["deepcopy", "pickle"])
def test_a_copy_differentiates_the_same(op, n, copied):
    for xs in drawn(op, n, 3):
        leaves, y = made(op, xs)
        twin = copied(y)
        assert (twin.op, twin.data, twin.partials) == (y.op, y.data, y.partials)
        assert [p.name for p in twin.parents] == [p.name for p in leaves]
        y.backward()
        assert all(p.grad is None for p in twin.parents), "a copy shares no leaf"
        twin.backward()
        assert [p.grad for p in twin.parents] == [p.grad for p in leaves]
        assert list(derivatives(twin, list(twin.parents), 2)) == list(derivatives(y, leaves, 2))


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_the_row_says_how_it_is_written(op):
    assert op.name.isidentifier()
    if op.written:
        names = "ab"[: op.arity]
        text = op.written.format(*names)
        assert all(name in text for name in names)
        assert "{" not in text
    if op.infix:
        assert op.symbol
        assert op.written
    assert all(a < b for a, b in op.samples)
    assert op.instead == "" or op.domain, "what to do outside of a domain that is not stated"
    assert op.kink == "" or op.kink.isprintable()


REFUSED = [
    ("divide", (1.0, 0.0), ZeroDivisionError), ("divide", (0.0, 0.0), ZeroDivisionError),
    ("power", (0.0, -1.0), ZeroDivisionError), ("power", (-8.0, 1 / 3), ValueError), ("power", (10.0, 400.0), OverflowError),
    ("exp", (1000.0,), OverflowError), ("expm1", (1000.0,), OverflowError),
    ("log", (0.0,), ValueError), ("log", (-1.0,), ValueError), ("log1p", (-1.0,), ValueError), ("log1p", (-2.0,), ValueError),
    ("sqrt", (-1.0,), ValueError), ("sin", (math.inf,), ValueError), ("cos", (math.inf,), ValueError), ("tan", (-math.inf,), ValueError),
]  # fmt: skip


@pytest.mark.parametrize(("name", "xs", "error"), REFUSED, ids=[f"{name}{xs}" for name, xs, _ in REFUSED])
def test_outside_its_domain_a_row_raises_what_python_raises_and_names_the_node(name, xs, error):
    op = TABLE[name]
    with pytest.raises(error):  # on plain floats
        call(op, *xs)
    with scope("block"), pytest.raises(error) as info:
        call(op, *(Value(x, f"ŷ[{k}]") for k, x in enumerate(xs)))
    message = str(info.value)
    assert message.startswith(name)
    for k, x in enumerate(xs):
        assert f"{x!r} from ŷ[{k}]" in message
    assert "block" in message
    assert (op.domain and op.instead) or name in ("sin", "cos", "tan")
    assert op.instead in message
    with pytest.raises(error, match=name):  # among others that are inside
        op(*(np.array([1.0, x]) for x in xs))
    with pytest.raises(error, match=name):
        op(*(array([1.0, x]) for x in xs))


def test_the_message_of_log_is_the_one_promised():
    with scope("f6"), pytest.raises(ValueError, match="log") as info:
        ops.log(Value(0.0, "ŷ[2]"))
    assert str(info.value) == (
        "log is defined for x > 0; got 0.0 from ŷ[2] in f6. For cross-entropy use log_softmax, which never leaves its domain."
    )


def test_an_unnamed_operand_is_named_by_the_row_that_made_it():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match=r"got 0\.0 from the result of subtract"):
        ops.log(x - x)


NEVER = [(op, n) for op, n in CASES if not op.domain and op.arity != 3]


@pytest.mark.parametrize(("op", "n"), NEVER, ids=[f"{op.label}-{n}" for op, n in NEVER])
def test_a_row_without_a_domain_refuses_no_float(op, n):
    extreme = (0.0, -1.0, 5e-324, 8e307, -8e307, math.inf, -math.inf, math.nan)  # a difference of two still fits
    for xs in product(extreme, repeat=n) if n < 3 else zip(*(extreme[k:] + extreme[:k] for k in range(n)), strict=True):
        assert type(made(op, xs)[1].data) is float, xs


@EVERY_ROW
def test_a_nan_goes_in_and_comes_out(op, n):
    chosen = {"where": (1,), "leaky_relu": (0,), "take": (1,)}  # what is not chosen does not count
    for k in chosen.get(op.name, range(n)):
        xs = [0.0] * op.leading + [0.5] * (n - op.leading)
        xs[k] = math.nan
        assert math.isnan(made(op, xs)[1].data), k
