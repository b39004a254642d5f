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
    jacobian,
    nesting,
    numpy_functions as functions,
    record,
    values,
)

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
