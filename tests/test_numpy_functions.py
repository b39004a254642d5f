"""Every function of NumPy on Arrays: its values and its derivatives are right, or it answers about numbers, or it is refused."""

import math
import operator
from functools import cache

import numpy as np
import pytest

from autograd import (
    Array,
    Value,
    array,
    assign,
    check_grad,
    constant,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    jacobian,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    nesting,
    numpy_functions as functions,
    numpy_ufuncs as ufuncs,
    record,
    softmax,
    sum,
    values,
)  # fmt: skip

INF, NAN = math.inf, math.nan
X = np.array([[0.7, -1.2, 0.4], [1.9, 0.3, -0.8]])
S = np.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.7], [1.1, 0.2, 3.0]])
V = np.array([0.5, -1.3, 2.2])

# What a function does with an Array: values and derivatives are those of the same call on floats.
GRAPHS = {
    "append": lambda x: np.append(x, [1.0, 2.0]),
    "append along an axis": lambda x: np.append(x, x * 2, axis=0),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * row[0], 1, x),
    "apply_along_axis to a number": lambda x: np.apply_along_axis(lambda row: (row * row).sum(), 0, x),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x, [0, 1]),
    "array_split": lambda x: np.concatenate(np.array_split(x, 2, axis=1)[::-1], axis=1),
    "atleast_1d": lambda x: np.atleast_1d(x, x)[1],
    "atleast_2d": lambda x: np.atleast_2d(x[0]),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "block": lambda x: np.block([[x, x], [np.ones((1, 6))]]),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x[0], x)[0],
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "choose": lambda x: np.choose([1, 0, 1], [x[0], x[1]]),
    "column_stack": lambda x: np.column_stack([x, np.ones(2)]),
    "compress": lambda x: np.compress([True, False, True], x, axis=1),
    "concatenate": lambda x: np.concatenate([x, np.ones((2, 3))]),
    "copy": lambda x: np.copy(x, subok=True),
    "delete": lambda x: np.delete(x, 1, axis=1),
    "diag": lambda x: np.diag(x[0]),
    "diagflat": lambda x: np.diagflat(x),
    "diagonal": lambda x: np.diagonal(x),
    "dsplit": lambda x: np.dsplit(x[None], 3)[1],
    "dstack": lambda x: np.dstack([x, x * 2]),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "extract": lambda x: np.extract(values(x) > 0, x),
    "flip": lambda x: np.flip(x),
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "full_like": lambda x: np.full_like(x, 3.0) * x,
    "hsplit": lambda x: np.hsplit(x, 3)[2],
    "hstack": lambda x: np.hstack([x, np.zeros((2, 1))]),
    "insert": lambda x: np.insert(x, 1, 5.0, axis=1),
    "linalg.diagonal": lambda x: np.linalg.diagonal(x),
    "linalg.matrix_transpose": lambda x: np.linalg.matrix_transpose(x),
    "matrix_transpose": lambda x: np.matrix_transpose(x),
    "meshgrid": lambda x: np.meshgrid(x[0], [1.0, 2.0])[0],
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "ones_like": lambda x: np.ones_like(x) * x,
    "pad": lambda x: np.pad(x, 1),
    "pad with an edge": lambda x: np.pad(x, 1, mode="edge"),
    "pad with a reflection": lambda x: np.pad(x, 1, mode="reflect"),
    "pad around": lambda x: np.pad(x, 1, mode="wrap"),
    "piecewise": lambda x: np.piecewise(x, [values(x) > 0], [lambda v: v * v, 2.0]),
    "ravel": np.ravel,
    "repeat": lambda x: np.repeat(x, 2, axis=0),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "resize": lambda x: np.resize(x, (3, 3)),
    "roll": lambda x: np.roll(x, 1, axis=1),
    "rollaxis": lambda x: np.rollaxis(x, 1),
    "rot90": np.rot90,
    "select": lambda x: np.select([values(x) > 1, values(x) > 0], [x * 2, x * x], 7.0),
    "split": lambda x: np.split(x, 3, axis=1)[0],
    "squeeze": lambda x: np.squeeze(x[None]),
    "stack": lambda x: np.stack([x, np.ones((2, 3))]),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "take": lambda x: np.take(x, [2, 0], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
    "tile": lambda x: np.tile(x, (2, 1)),
    "transpose": np.transpose,
    "tril": np.tril,
    "triu": lambda x: np.triu(x, 1),
    "trim_zeros": lambda x: np.trim_zeros(np.concatenate([[0.0], x[0], [0.0, 0.0]])),
    "vsplit": lambda x: np.vsplit(x, 2)[0],
    "vstack": lambda x: np.vstack([x, np.ones(3)]),
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "amax": lambda x: np.amax(x, axis=1),
    "amin": lambda x: np.amin(x, axis=0),
    "average": lambda x: np.average(x, axis=0, weights=[0.2, 0.8]),
    "average of all": lambda x: np.average(x, weights=np.abs(X)),
    "average without weights": lambda x: np.average(x, axis=1, keepdims=True),
    "average by weights that are Values": lambda x: np.average(x, weights=x * x),
    "convolve": lambda x: np.convolve(x[0], x[1]),
    "convolve with floats": lambda x: np.convolve(x[0], [1.0, 2.0], "same"),
    "correlate": lambda x: np.correlate(x[0], x[1], "full"),
    "cross": lambda x: np.cross(x[0], x[1]),
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "cumsum": lambda x: np.cumsum(x),
    "diff": lambda x: np.diff(x, n=2),
    "diff with a beginning": lambda x: np.diff(x, prepend=0.0),
    "ediff1d": lambda x: np.ediff1d(x, to_begin=1.0),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "einsum to a number": lambda x: np.einsum("ij,ij", x, x),
    "einsum of three": lambda x: np.einsum("ij,kj,kl->il", x, x, x, optimize=True),
    "inner": lambda x: np.inner(x, x),
    "kron": lambda x: np.kron(x, [1.0, 2.0]),
    "linalg.cross": lambda x: np.linalg.cross(x[0], x[1]),
    "linalg.matmul": lambda x: np.linalg.matmul(x, x.T),
    "linalg.matrix_norm": lambda x: np.linalg.matrix_norm(x),
    "linalg.matrix_norm of columns": lambda x: np.linalg.matrix_norm(x, ord=1),
    "linalg.matrix_power": lambda x: np.linalg.matrix_power(x @ x.T, 3),
    "linalg.matrix_power below 0": lambda x: np.linalg.matrix_power(x @ x.T, -2),
    "linalg.multi_dot": lambda x: np.linalg.multi_dot([x, x.T, x]),
    "linalg.norm": np.linalg.norm,
    "linalg.norm, p = 3": lambda x: np.linalg.norm(x[0], 3),
    "linalg.norm, p = 0": lambda x: np.linalg.norm(x, np.int64(0), axis=0),
    "linalg.norm, p = 1.5": lambda x: np.linalg.norm(x, 1.5, axis=1, keepdims=True),
    "linalg.norm, p = 1": lambda x: np.linalg.norm(x[0], 1),
    "linalg.norm, p = 2": lambda x: np.linalg.norm(x[0], 2),
    "linalg.norm, p = ∞": lambda x: np.linalg.norm(x[0], INF),
    "linalg.norm, p = −∞": lambda x: np.linalg.norm(x[0], -INF),
    "linalg.norm of a matrix, ∞": lambda x: np.linalg.norm(x, INF),
    "linalg.norm of a matrix, −1": lambda x: np.linalg.norm(x, -1),
    "linalg.norm of a matrix, kept": lambda x: np.linalg.norm(x[None], 1, axis=(1, 2), keepdims=True),
    "linalg.norm of rows": lambda x: np.linalg.norm(x, axis=1),
    "linalg.norm of Frobenius": lambda x: np.linalg.norm(x, "fro"),
    "linalg.outer": lambda x: np.linalg.outer(x[0], x[1]),
    "linalg.tensordot": lambda x: np.linalg.tensordot(x, x.T, axes=1),
    "linalg.trace": lambda x: np.linalg.trace(x),
    "linalg.vector_norm": lambda x: np.linalg.vector_norm(x, ord=3, axis=1),
    "linalg.det": lambda x: np.linalg.det(x @ x.T),
    "linalg.inv": lambda x: np.linalg.inv(x @ x.T),
    "linalg.solve": lambda x: np.linalg.solve(x @ x.T, x),
    "linalg.solve, matrix of floats": lambda x: np.linalg.solve(S, x.T),
    "linalg.solve, vector": lambda x: np.linalg.solve(x[:, :2], x[:, 2]),
    "max": lambda x: np.max(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, axis=0),
    "min": np.min,
    "outer": lambda x: np.outer(x, [1.0, 2.0]),
    "polyval": lambda x: np.polyval(x[0], x[1]),
    "prod": lambda x: np.prod(x, axis=1),
    "ptp": lambda x: np.ptp(x, axis=1),
    "real": lambda x: np.real(x),
    "std": lambda x: np.std(x, axis=1),
    "sum": lambda x: np.sum(x, axis=0),
    "tensordot": lambda x: np.tensordot(x, x, axes=([1], [1])),
    "trace": np.trace,
    "trapezoid": lambda x: np.trapezoid(x, dx=0.5),
    "vander": lambda x: np.vander(x[0], 4),
    "var": lambda x: np.var(x, ddof=1),
    "vdot": lambda x: np.vdot(x, x),
    "dot": lambda x: np.dot(x, x.T),
    "dot with out": lambda x: np.dot(x, x.T, None),
    "dot of stacks": lambda x: np.dot(np.stack([x, x * 2]), np.stack([x.T, x.T])),
    "where": lambda x: np.where(values(x) > 0, x, 0.0),
    "where between floats": lambda x: np.where([[True, False, True]], 1.5, x),
    "clip": lambda x: np.clip(x, -0.5, 1.0),
    "sort": lambda x: np.sort(x),
    "sort along no axis": lambda x: np.sort(x, axis=None),
    "sort along the first axis": lambda x: np.sort(x, axis=0),
    "partition": lambda x: np.partition(x, 1, axis=1),
    "median": lambda x: np.median(x, axis=0),
    "median of all": np.median,
    "median, kept": lambda x: np.median(x, axis=1, keepdims=True),
    "quantile": lambda x: np.quantile(x, [0.1, 0.5, 0.77], axis=1),
    "quantile, kept": lambda x: np.quantile(x, [0.1, 0.5], axis=(0, 1), keepdims=True),
    "percentile": lambda x: np.percentile(x, 0, axis=0),
    "percentile of all": lambda x: np.percentile(x, 37.5),
    "percentile of a copy": lambda x: np.percentile(x, 37.5, overwrite_input=False, method="linear"),
    "empty_like": lambda x: np.empty_like(x) * 0.0 + x,
    "method max": lambda x: x.max(axis=1),
    "method min": lambda x: x.min(),
    "method mean": lambda x: x.mean(axis=0),
    "method std": lambda x: x.std(),
    "method prod": lambda x: x.prod(),
    "method cumsum": lambda x: x.cumsum(axis=0),
    "method trace": lambda x: x.trace(),
    "method take": lambda x: x.take([1, 1]),
    "method repeat": lambda x: x.repeat(2),
    "method clip": lambda x: x.clip(0, 1),
    "method dot": lambda x: x.dot(x.T, None),
    "method compress": lambda x: x.compress([False, True]),
    "method diagonal": lambda x: x.diagonal(),
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1),
    "minimum.accumulate": lambda x: np.minimum.accumulate(x),
    "add.reduceat": lambda x: np.add.reduceat(x[0], [0, 1]),
    "multiply.outer": lambda x: np.multiply.outer(x[0], x[1]),
    "subtract.reduce": lambda x: np.subtract.reduce(x[0]),
    "square": np.square,
    "pow": lambda x: np.pow(x, 2) if hasattr(np, "pow") else np.power(x, 2),
}
for _name in ("cumulative_sum", "cumulative_prod"):
    if hasattr(np, _name):
        GRAPHS[_name] = lambda x, name=_name: getattr(np, name)(x, axis=1, include_initial=True)
if hasattr(np, "unstack"):
    GRAPHS["unstack"] = lambda x: np.unstack(x)[1]


def slopes(f, x, h=1e-6):
    """The Jacobian by central differences."""
    columns = []
    for k in np.ndindex(x.shape):
        d = np.zeros(x.shape)
        d[k] = h
        columns.append((np.asarray(f(x + d)) - np.asarray(f(x - d))) / (2 * h))
    return np.moveaxis(np.array(columns), 0, -1).reshape(np.shape(f(x)) + x.shape)


@pytest.mark.parametrize("name", GRAPHS)
def test_what_numpy_makes_of_an_array_has_the_values_and_the_derivatives_of_floats(name):
    f, x = GRAPHS[name], array(X, "x")
    y, expected = f(x), f(X)
    assert np.shape(y) == np.shape(expected)
    assert type(y) is (Array if np.ndim(expected) else Value)
    assert {type(v) for v in nesting.flat(y)} == {Value}
    np.testing.assert_allclose(values(y), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(jacobian(y, x), slopes(f, X), rtol=1e-6, atol=1e-8)
    assert (values(x) == X).all()


@cache
def of_numpy():
    """Every function of NumPy that asks its arguments, by the name it is refused by."""
    spaces = (np, np.linalg, np.fft)
    every = [f for space in spaces for f in vars(space).values() if hasattr(f, "_implementation")]
    return {functions._name.__wrapped__(f): f for f in every}  # whose cache fills where it is measured


KNOWN = functions._KEEP | functions._ASK | set(functions._OWN)


def test_every_function_that_is_let_through_is_tried_here():
    tried = {name.partition(",")[0].partition(" ")[0] for name in GRAPHS} | set(ANSWERS) | set(WRITERS) | {"sort"}
    asked = {name.partition(" ")[0] for name in tried}
    assert {name for name in KNOWN & set(of_numpy()) if name not in asked} == set()


@pytest.mark.parametrize("name", sorted(set(of_numpy()) - KNOWN))
def test_every_other_function_of_numpy_is_refused_by_name(name):
    x = array([1.0, 2.0], "x")
    with pytest.raises(TypeError, match=f"np.{name} of Values is refused.*np.{name}\\(values\\(x\\)\\)"):
        x.__array_function__(of_numpy()[name], (Array,), (x,), {})


# What only asks about numbers gives what it gives of floats.
ANSWERS = {
    "all": np.all, "any": np.any, "allclose": lambda x: np.allclose(x, X), "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": np.argmin, "argpartition": lambda x: np.argpartition(x, 1), "argsort": np.argsort,
    "argwhere": lambda x: np.argwhere(x > 0), "array_equal": lambda x: np.array_equal(x, X),
    "array_equiv": lambda x: np.array_equiv(X, x), "count_nonzero": np.count_nonzero,
    "digitize": lambda x: np.digitize(x, [0.0, 1.0]), "flatnonzero": np.flatnonzero,
    "isclose": lambda x: np.isclose(x, X + 1e-12), "iscomplex": np.iscomplex, "isin": lambda x: np.isin(x, [0.4, 1.9]),
    "isneginf": np.isneginf, "isposinf": np.isposinf, "isreal": np.isreal, "lexsort": lambda x: np.lexsort([x[0], x[1]]),
    "nanargmax": np.nanargmax, "nanargmin": np.nanargmin, "nonzero": np.nonzero,
    "searchsorted": lambda x: np.searchsorted([-1.0, 0.0, 1.0], x), "diag_indices_from": lambda x: np.diag_indices_from(x[:, :2]),
    "einsum_path": lambda x: str(np.einsum_path("ij,kj->ik", x, x)[0]), "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj, "may_share_memory": lambda x: np.may_share_memory(x, x), "ndim": np.ndim,
    "result_type": lambda x: np.result_type(x, object), "shape": np.shape, "size": np.size,
    "shares_memory": lambda x: np.shares_memory(x, x[0]),
    "isnan": np.isnan, "isfinite": np.isfinite, "isinf": np.isinf, "signbit": np.signbit,
    "logical_and": lambda x: np.logical_and(x, [True, False, True]), "logical_not": np.logical_not,
    "logical_or.reduce": np.logical_or.reduce, "logical_xor": lambda x: np.logical_xor(x, 0.0),
    "less": lambda x: np.less(x, 0.5), "greater into a mask": lambda x: np.greater(x, 0.5, out=np.zeros((2, 3), bool)),
    "less where": lambda x: np.less(x, 0.5, out=np.ones((2, 3), bool), where=[True, False, True]),
    "isnan where": lambda x: np.isnan(x, out=np.ones((2, 3), bool), where=[True, False, True]),
    "method argmax": lambda x: x.argmax(), "method argsort": lambda x: x.argsort(axis=0),
    "method nonzero": lambda x: x.nonzero(), "method any": lambda x: x.any(axis=0),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize(
    "data", [X, np.array([[0.0, NAN, 1.0], [INF, -INF, -0.0]])], ids=["numbers", "special numbers"]
)
def test_a_question_about_numbers_has_the_answer_of_floats(name, data):
    ask = ANSWERS[name]
    answer, expected = ask(array(data)), ask(data)
    assert np.shape(answer) == np.shape(expected)
    np.testing.assert_array_equal(answer, expected)
    assert np.asarray(answer).dtype.kind in "biuOU"


def test_the_assertions_of_numpy_take_arrays():
    x = array([1.0, 2.0])
    np.testing.assert_allclose(x, [1.0, 2.0])
    np.testing.assert_array_equal(x * 2, [2.0, 4.0])
    with pytest.raises(AssertionError, match="1 / 2"):
        np.testing.assert_allclose(x, [1.0, 3.0])
    assert np.isnan(Value(NAN))


def test_printing_and_saving_an_array_loses_nothing(tmp_path):
    x = array(np.zeros(1500), "x")
    assert "x[0]" in np.array_repr(x[:2])
    assert "..." in str(x)
    assert "x[1499]" in np.array2string(x)
    assert "x[0]" in np.array_str(x[:1])
    np.savetxt(tmp_path / "x.txt", array(V))
    assert np.loadtxt(tmp_path / "x.txt").tolist() == V.tolist()
    for save in (np.save, np.savez, np.savez_compressed):
        save(tmp_path / "x.npy", x[:2])


def test_an_answer_about_numbers_is_refused_while_a_graph_is_recorded():
    with pytest.raises(TypeError, match="asks for the number of"):
        record(lambda x: np.sort(x)[0], [1.0, 2.0])


# --- ties, nan and infinities -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extreme", [np.max, np.min, lambda x: x.max(), lambda x: x.min(), np.amax, np.maximum.reduce])
@pytest.mark.parametrize("tie", [1.0, 0.0, INF, -INF])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 40])
def test_ties_of_an_extreme_share_evenly(extreme, tie, n):
    assert jacobian(extreme)(np.full(n, tie)).tolist() == [1 / n] * n


def test_only_the_largest_share_and_the_smallest_likewise():
    assert jacobian(np.max)(np.array([1.0, 2.0, -INF, 2.0, 2.0])).tolist() == [0.0, 1 / 3, 0.0, 1 / 3, 1 / 3]
    assert jacobian(np.min)(np.array([1.0, 2.0, INF, 1.0])).tolist() == [0.5, 0.0, 0.0, 0.5]
    assert jacobian(np.max)(np.array([INF, 1.7976931348623157e308])).tolist() == [1.0, 0.0]
    assert jacobian(lambda x: np.maximum.accumulate(x)[2])(np.ones(3)).tolist() == [1 / 3] * 3
    assert jacobian(lambda x: np.linalg.norm(x, INF))(np.array([1.0, -1.0, 1.0])).tolist() == [1 / 3, -1 / 3, 1 / 3]


@pytest.mark.parametrize("n", [2, 3, 40])
def test_the_ties_of_a_recorded_extreme_share_evenly(n):
    w = array(np.ones(n), "w")
    for extreme in (np.max, np.min):
        program = record(lambda x, extreme=extreme: extreme(w * x), np.ones(n))
        loss, gradient = program.value_and_grad(np.ones(n), np.ones((1, n)))
        assert loss == 1.0
        np.testing.assert_allclose(gradient, np.full(n, 1 / n))


def test_an_extreme_is_one_node_and_its_second_derivative_is_zero():
    x = array([1.0, 3.0, 2.0], "x")
    assert (np.max(x).op, np.min(x).op) == (ufuncs.LARGEST, ufuncs.SMALLEST)
    assert hessian(lambda x: np.max(x) ** 2 + np.min(x))(np.array([1.0, 3.0])).tolist() == [[0.0, 0.0], [0.0, 2.0]]
    assert hessian(lambda x: maximum(x[0], x[1]) ** 2)(np.array([1.0, 3.0])).tolist() == [[0.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize("tie", [2.0, INF, -INF, 1.7976931348623157e308])
@pytest.mark.parametrize("of", [maximum, minimum])
def test_a_tie_of_two_shares_evenly_at_infinity_too(of, tie):
    a, b = Value(tie), Value(tie)
    assert of(a, b).partials == (0.5, 0.5)
    assert [g.data for g in gradients(of(a, b), [a, b])] == [0.5, 0.5]
    assert [g.data for g in gradients(gradients(of(a, b), [a, b])[0], [a, b])] == [0.0, 0.0]


def test_an_infinity_wins_over_the_largest_float():
    a, b = Value(INF), Value(1.7976931348623157e308)
    assert [g.data for g in gradients(maximum(a, b), [a, b])] == [1.0, 0.0]
    assert [g.data for g in gradients(minimum(a, -a), [a])] == [-1.0]
    assert all(math.isnan(d) for d in maximum(Value(NAN), Value(1.0)).partials)


@pytest.mark.parametrize("others", [[1.0], [INF], [-INF], [INF, 1.0], [-INF, INF], [INF] * 40, [1.0] * 40])
@pytest.mark.parametrize("f", [logsumexp, np.max, np.min, np.median, lambda x: log_softmax(x)[0], np.sort])
def test_a_nan_wins_in_every_position(f, others):
    for k in range(len(others) + 1):
        numbers = [*others[:k], NAN, *others[k:]]
        assert math.isnan(np.ravel(values(f(array(numbers))))[-1])
        assert math.isnan(np.ravel(values(f(np.array(numbers))))[-1])
    for two in ((NAN, others[0]), (others[0], NAN)):
        for of in (maximum, minimum, lambda a, b: logsumexp([a, b])):
            assert math.isnan(of(*two))
            assert math.isnan(of(*map(Value, two)).data)


def test_a_nan_in_a_row_spoils_its_quantiles_and_no_others():
    x = array([[1.0, NAN, 3.0], [1.0, 2.0, 4.0]])
    np.testing.assert_array_equal(values(np.median(x, axis=1)), [NAN, 2.0])
    np.testing.assert_array_equal(values(np.quantile(x, [0.0, 1.0], axis=1)), [[NAN, 1.0], [NAN, 4.0]])


# --- masks, types and what is put in ----------------------------------------------------------------------------------


def test_a_ufunc_with_where_begins_with_what_out_holds():
    a, b = array([1.0, 2.0], "a"), np.array([0.0, 4.0])
    y = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    assert (type(y), values(y).tolist()) == (Array, [0.0, 0.5])
    assert jacobian(y, a).tolist() == [[0.0, 0.0], [0.0, 0.25]]
    out = np.full(2, 7.0, object)
    assert np.divide(a, b, out=out, where=b != 0) is out
    assert values(out).tolist() == [7.0, 0.5]


def test_a_refusal_halfway_changes_nothing_of_what_is_written_into():
    a, b = array([1.0, 2.0]) * 1, np.array([4.0, 0.0])
    for write in (
        lambda: operator.itruediv(a, b),
        lambda: np.divide.at(a, [0, 1], b),
        lambda: np.divide(a, b, out=a, where=[True, True]),
        lambda: operator.setitem(a, slice(None), [3.0, None]),
    ):
        with pytest.raises((ZeroDivisionError, TypeError)):
            write()
        assert values(a).tolist() == [1.0, 2.0]


def test_a_computed_array_takes_results_in_place():
    x = array([1.0, 2.0, 3.0], "x")
    y = x * 2
    np.add.at(y, [0, 0], x[1])
    assert (values(y).tolist(), jacobian(y, x)[0].tolist()) == ([6.0, 4.0, 6.0], [2.0, 2.0, 0.0])
    y.sort()
    assert values(y).tolist() == [4.0, 6.0, 6.0]
    y.flat[0] = x[0] * 1
    y.put([1], 5.0)
    assert (len(y.flat), [v.data for v in y.flat], values(y.flat[:2]).tolist()) == (3, [1.0, 5.0, 6.0], [1.0, 5.0])
    assert {type(v) for v in y} == {Value}
    y[::-1].partition(1)
    assert y[2].data == 1.0
    y.fill(0.0)
    assert [v.role for v in y] == ["constant"] * 3
    assert values(np.cumsum(x, out=y)).tolist() == values(y).tolist() == [1.0, 3.0, 6.0]
    y = x * 2
    assert np.take(x, [2, 1, 0], None, y) is y
    assert y[0] is x[2]


WRITERS = {
    "copyto": lambda y: np.copyto(y, [[5.0, 6.0]], where=[[True], [False]]),
    "put": lambda y: np.put(y, [0, 3], [5.0, 6.0]),
    "put_along_axis": lambda y: np.put_along_axis(y, np.array([[0], [1]]), 5.0, 1),
    "fill_diagonal": lambda y: np.fill_diagonal(y, 5.0),
    "place": lambda y: operator.setitem(y, np.eye(2, dtype=bool), 5.0),
    "putmask": lambda y: operator.setitem(y, np.eye(2, dtype=bool), 5.0),
    "save": lambda y: None, "savez": lambda y: None, "savez_compressed": lambda y: None, "savetxt": lambda y: None,
    "array2string": str, "array_repr": repr, "array_str": str, "can_cast": lambda y: None, "pad": lambda y: None,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_what_writes_into_a_computed_array_writes_constants(name):
    x = array([[1.0, 2.0], [3.0, 4.0]], "x")
    y, plain = x * 1.0, values(x)
    WRITERS[name](y)
    WRITERS[name](plain)
    assert values(y).tolist() == plain.tolist()
    assert {type(v) for v in y.ravel()} == {Value}


def test_an_array_that_is_filled_step_by_step_holds_values():
    x = array([1.0, 2.0], "x")
    y = np.zeros_like(x)
    y[0] = x[0] * x[1]
    assert jacobian(y, x).tolist() == [[2.0, 1.0], [0.0, 0.0]]
    assert np.zeros_like(x, dtype=float).dtype == float
    assert np.empty_like(x, shape=(2, 2)).shape == (2, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.divide(x, x, where=[True, False]), "np.divide with where= leaves entries without a value"),
        (lambda x: np.less(x, 1, where=[True, False]), "np.less with where= leaves entries without a value"),
        (lambda x: np.add(x, 1, out=np.empty(2, object), where=[True, False]), "an entry is None and has no value"),
        (lambda x: np.add(x, x, out=np.zeros(2, bool)), "cannot hold Values"),
        (lambda x: np.isnan(x, out=np.zeros(2)), "cannot hold Values"),
        (lambda x: np.max(x, initial=0.0), "got initial: take"),
        (lambda x: np.mean(x, where=[True, False]), "got where: take"),
        (lambda x: np.maximum.reduceat(x, [0]), r"take np\.max of each slice"),
        (lambda x: np.matmul(x, x, axes=[0, 0, ()]), "got axes too"),
        (lambda x: x // 2, r"np.floor_divide is no row.*make a row: Op\('remainder', lambda x: x % n, "),
        (lambda x: divmod(x, 2), r"math.floor"),
        (lambda x: np.vecdot(x, x) if hasattr(np, "vecdot") else np.hypot(x, x), "np.*is no row"),
        (lambda x: x.round(), "np.rint is no row"),
        (lambda x: np.dot(x, x, np.zeros(2)), "np.dot of Values makes a new array"),
        (lambda x: np.take(x, [0, 1], out=np.zeros(2)), "a float array cannot hold Values"),
        (lambda x: np.take(np.ones(2), [0, 1], out=x * 1.0), "leave dtype and out away"),
        (lambda x: np.take(x, [0], out=x[0]), "take in place: a number or a float array cannot hold Values"),
        (lambda x: np.take(x, [0], out=3.0), "take in place: a number"),
        (lambda x: np.add(x, x, out=x[0]), "add in place: a number"),
        (lambda x: np.any(x, out=np.zeros(2)), "a float array cannot hold Values"),
        (lambda x: np.copyto(np.zeros(2), x), "a float array cannot hold Values"),
        (lambda x: np.put(np.zeros(2), [0], x), "a float array cannot hold Values"),
        (lambda x: (x * 1).put([0], 1.0, "wrap"), "mode='wrap'"),
        (lambda x: np.place(x * 1, [True, False], 1.0), "are refused on Values"),
        (lambda x: np.putmask(np.zeros(2), [True, False], x), "are refused on Values"),
        (lambda x: np.quantile(x, 0.5, method="lower"), "got method"),
        (lambda x: np.median(x, out=np.zeros(())), "got out"),
        (lambda x: np.median(x, overwrite_input=True), "got overwrite_input"),
        (lambda x: np.quantile(x, x), "takes q as plain numbers"),
        (lambda x: np.average(x, returned=True), "leave returned= away"),
        (lambda x: np.pad(x, 1, mode="maximum"), "'maximum'"),
        (lambda x: np.linalg.norm(x[None], "nuc"), "has no order 'nuc'"),
        (lambda x: np.linalg.svd(x[None]), "np.linalg.svd of Values is refused"),
    ],
)
def test_what_cannot_keep_the_graph_is_refused(call, words):
    with pytest.raises(TypeError, match=words):
        call(array([1.0, 2.0], "x"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.quantile(x, 1.5), "between 0 and 1"),
        (lambda x: np.median(x[:0]), "of no numbers"),
        (lambda x: np.average(x, weights=[1.0, 2.0, 3.0]), r"weights of shape \(3,\) do not go with \(2,\)"),
        (lambda x: np.linalg.norm(x, "fro"), "the order of a vector's norm is a number"),
        (lambda x: np.linalg.det(x), "needs one square matrix"),
        (lambda x: np.linalg.inv(np.stack([x, x, x])), "needs one square matrix"),
        (lambda x: np.linalg.det(np.diag(np.tile(x, 5))), "up to 8×8"),
        (lambda x: np.linalg.solve(np.diag(x), np.ones(3)), "a vector or a matrix of 2 rows"),
        (lambda x: np.linalg.inv(np.stack([x, x * 2])), "singular: column 1 depends"),
    ],
)
def test_what_has_no_value_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call(array([1.0, 2.0], "x"))


@pytest.mark.parametrize("name", ["det", "inv", "solve"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_linear_algebra_is_numpys_and_can_be_differentiated_twice(name, n):
    A = np.random.default_rng(n).normal(size=(n, n))
    A[0, 0] = 0.0 if n > 1 else 2.0  # a pivot that has to be exchanged
    f = {"det": np.linalg.det, "inv": np.linalg.inv, "solve": lambda a: np.linalg.solve(a, np.arange(1.0, n + 1))}[name]
    x = array(A, "A")
    np.testing.assert_allclose(values(f(x)), f(A), rtol=1e-9)
    np.testing.assert_allclose(jacobian(f(x), x), slopes(f, A), rtol=1e-4, atol=1e-6)
    if n == 2:
        assert check_grad(lambda a: np.sum(f(a)), A, order=2) < 1e-5


def test_a_singular_matrix_has_the_derivatives_of_its_determinant():
    assert jacobian(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]])).tolist() == [[4.0, -2.0], [-2.0, 1.0]]


def test_a_function_of_the_readers_own_may_return_anything():
    x = array([1.0, 2.0], "x")
    names = np.frompyfunc(lambda v: v.name, 1, 1)(x)
    assert (type(names), names.tolist()) == (np.ndarray, ["x[0]", "x[1]"])
    assert type(np.vectorize(lambda v: v * 2)(x)) is Array


MASKED = np.ma.array([1.0, 2.0], mask=[False, True])


@pytest.mark.parametrize(
    "use",
    [
        array, constant, values, exp, sum, softmax,
        lambda m: array([1.0, 2.0]) * m, lambda m: m @ array([1.0, 2.0]), lambda m: maximum(array([1.0, 2.0]), m),
        lambda m: np.concatenate([array([1.0]), m]), lambda m: grad(lambda x: x.sum())(m), lambda m: dot([1.0, 2.0], m),
        lambda m: assign(array([1.0, 2.0]), m), lambda m: values(m * Value(2.0)), lambda m: maximum([1.0, 2.0], m),
    ],
)  # fmt: skip
def test_a_masked_array_is_refused_lest_it_lose_its_mask(use):
    with pytest.raises(TypeError, match=r"lose (its|the) mask.*x\.filled\(…\)"):
        use(MASKED)


@pytest.mark.parametrize("f", [lambda x: np.outer(x, x)[0, 0], np.linalg.norm, lambda x: np.kron(x, x)[0]])
def test_an_overflow_is_silent_in_numpys_functions_as_in_pythons_arithmetic(f):
    assert f(array([1e200, 1e200])).data == np.inf
