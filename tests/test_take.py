"""take: an element at an index that may be data, eager and recorded."""

from __future__ import annotations

import math
import pickle
import shutil
import subprocess
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import nn
import viz
from autograd import (
    Value,
    array,
    check_grad,
    dot,
    grad,
    gradients,
    grads,
    hessian,
    jacobian,
    jvp,
    leaky_relu,
    logsumexp,
    named,
    record,
    replay,
    scope,
    softmax,
    sqrt,
    step,
    sum as total,
    take,
    tanh,
    values,
)
from autograd.arrays import Array
from tests.row_by_row import assert_recorded_is_eager

TABLE = np.random.default_rng(3).normal(size=(5, 3))


def picked(n):
    x, i = array(np.arange(1.0, n + 1.0), "x"), Value(1.0, "i", "input")
    return named("y", take(x, i))


@pytest.mark.parametrize(("n", "list_"), [(3, "[x[0], x[1], x[2]]"), (8, "[x[0], x[1], x[2], …, x[7]]")])
def test_it_is_written_as_the_call_is_with_the_index_behind_the_elements(n, list_):
    y = picked(n)
    assert f"take({list_}, i)" in str(viz.table(y))
    assert str(viz.latex(y)) == f"y = take({list_}, i)"
    assert viz.latex(y).latex.endswith(r"\right], i\right)")


def test_a_stage_says_which_element_it_takes():
    x, i = array([1.0, 2.0, 3.0], "x"), Value(1.0, "i", "input")
    with scope("f"):
        y = take(x, i)
    with scope("g"):
        y = y * y
    assert "take(x, i)" in [panel.formula for panel in viz.draw(y, detail="stages").scene.cards]


@pytest.mark.slow
def test_the_page_writes_it_as_the_call_is_too(page, tmp_path):
    for n, list_ in ((3, "[x[0], x[1], x[2]]"), (8, "[x[0], x[1], x[2], …, x[7]]")):
        page.goto(viz.steps(picked(n)).save(tmp_path / "lesson.html").as_uri())
        assert page.evaluate("operation(last)") == f"take({list_}, i)"


# --- eager ------------------------------------------------------------------------------------------------------------


def test_a_whole_number_picks_the_element_itself_and_makes_no_node():
    w, W = array([1.0, 2.0, 3.0], "w"), array(TABLE, "W")
    assert take(w, 1) is w[1]
    assert take(w, np.int64(2)) is take(w, 2.0) is w[2]
    assert [v.name for v in take(W, 4)] == ["W[4,0]", "W[4,1]", "W[4,2]"]
    assert take([1.0, 2.0], 0) == 1.0
    assert take(TABLE, 2).tolist() == TABLE[2].tolist()


@pytest.mark.parametrize("x", [TABLE, TABLE.tolist(), array(TABLE), [array(row) for row in TABLE]], ids=type)
def test_a_value_picks_a_row_of_arrays_and_of_lists_in_the_like(x):
    row = take(x, Value(3.0, "i", role="input"))
    assert isinstance(row, list if isinstance(x, list) and isinstance(x[0], list) else np.ndarray)
    assert values(row).tolist() == TABLE[3].tolist()
    assert [v.op.name for v in row] == ["take"] * 3


def test_the_gradient_goes_to_the_chosen_element_alone():
    w, i = array([1.0, 2.0, 3.0], "w"), Value(2.0, "i")
    y = take(w, i) * 5.0
    y.backward()
    assert grads(w).tolist() == [0.0, 0.0, 5.0]
    assert i.grad == 0.0
    assert jacobian(y, w).tolist() == [0.0, 0.0, 5.0]
    assert jvp(lambda x: take(x, i) ** 2, ([1.0, 2.0, 3.0],), ([0.0, 1.0, 2.0],)) == (9.0, 12.0)
    assert hessian(lambda x: take(x, i) ** 3)([1.0, 2.0, 3.0]).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 18.0]]
    assert check_grad(lambda x: take(tanh(x), i) * x[0], [0.1, 0.2, 0.3], order=2) < 1e-6
    assert grad(grad(lambda x: take([x, x**2, x**3], i)))(2.0) == 12.0


def test_a_derivative_that_is_missing_in_an_element_that_is_not_chosen_does_no_harm():
    x = Value(0.0, "x")
    take([sqrt(x), x * 3.0], Value(1.0)).backward()
    assert x.grad == 3.0
    with pytest.raises(ZeroDivisionError, match="sqrt has no derivative here"):
        take([sqrt(x), x * 3.0], Value(0.0)).backward()


@pytest.mark.parametrize("i", [-1, 3, 0.5, np.nan, np.inf, 10**6])
def test_an_index_without_a_place_is_refused_by_name(i):
    with pytest.raises(
        ValueError, match=rf"the index of take is a whole number from 0 to 2; got {float(i) if i != i else i}"
    ):
        take([1.0, 2.0, 3.0], i)
    with pytest.raises(ValueError, match=r"take is defined for an index that is a whole number.* from token"):
        take([1.0, 2.0, 3.0], Value(i, "token"))


@pytest.mark.parametrize("i", ["1", None, True, [0], np.array([0]), 1j])
def test_what_is_no_index_is_refused(i):
    with pytest.raises(TypeError, match="take takes one index, a whole number or a Value with one"):
        take([1.0, 2.0], i)


def test_what_has_no_elements_is_refused():
    for x in (1.0, Value(1.0), "abc", np.array(1.0)):
        with pytest.raises(TypeError, match="take takes a vector or rows, and an index"):
            take(x, 0)
    with pytest.raises(ValueError, match=r"take needs rows of one length; got \[2, 1\]"):
        take([[1.0, 2.0], [3.0]], Value(0.0))
    with pytest.raises(ValueError, match="take of an empty vector is not defined"):
        take([], 0)


@pytest.mark.parametrize("n", [2, 63, 64, 200])
def test_a_row_is_taken_of_tables_of_any_length_and_is_an_array(n):
    table, i = np.arange(2.0 * n).reshape(n, 2), Value(n - 1.0)
    for W in (array(table), table, [*array(table)], [*table]):
        row = take(W, i)
        assert type(row) is Array
        assert values(row).tolist() == [2 * n - 2, 2 * n - 1]
    assert values(take(table.tolist(), i)).tolist() == [2 * n - 2, 2 * n - 1]
    W = array(table)
    take(W, i)[1].backward()
    assert np.argwhere(grads(W) == 1.0).tolist() == [[n - 1, 1]]


@pytest.mark.parametrize(("rows", "lengths"), [([[1.0], 2.0], "1, 1"), ([[[1.0, 2.0]], [[3.0]]], "2, 1")])
def test_rows_that_differ_in_depth_are_no_rows_of_one_length(rows, lengths):
    with pytest.raises(ValueError, match=rf"take needs rows of one length; got \[{lengths}\]"):
        take(rows, Value(0.0))


def test_a_wrong_call_of_a_row_of_vectors_names_it_and_says_what_it_takes():
    W = array([[1.0, 2.0]])
    for call, message in {
        lambda: take(W): "take takes a vector or rows, and an index; got 1 arguments",
        lambda: take(W, 0, 1): "take takes a vector or rows, and an index; got 3 arguments",
        lambda: take(W, 0, axis=1): r"take takes no axis of .*np\.moveaxis",
        lambda: total(W, axis=0): r"sum takes no axis of Array: np\.sum\(x, axis=…\) does",
        lambda: softmax(1.0): "^softmax takes a list or an array of numbers; got float 1.0",
        lambda: logsumexp(W, 0): "logsumexp takes 1 vector; got 2 arguments: the axis is axis=0",
        lambda: leaky_relu(W, 0.1, alpha=0.1): r"leaky_relu\(x, slope\): got an unexpected keyword argument 'alpha'",
    }.items():
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(ValueError, match=r"^softmax of an empty vector"):
        softmax([])


def test_a_value_as_an_index_of_python_points_to_take():
    W, i = array([[1.0, 2.0]]), Value(0.0)
    for call in (
        lambda: [1.0, 2.0][i],
        lambda: W[i],
        lambda: W[0, i],
        lambda: W[[i, 0]],
        lambda: record(lambda t: W[t], 0),
    ):
        with pytest.raises(TypeError, match=r"take\(x, i\)"):
            call()
    with pytest.raises(IndexError, match="out of bounds"):
        W[1]


def test_a_number_that_is_an_index_has_no_difference_and_check_grad_says_so():
    with pytest.raises(AssertionError, match=r"an index i is no argument: lambda x: f\(x, i\)"):
        check_grad(take, [1.0, 2.0], 1.0)


def test_an_index_that_has_changed_is_named_among_what_may_have_changed():
    w, i = array([1.0, 2.0, 3.0], "w"), Value(1.0, "i")
    y = take(w, i) ** 2
    for i.data in (2.0, 5.0):
        with pytest.raises(ValueError, match=r"^i or w.* has changed since this graph was computed"):
            gradients(y, w)


def test_a_graph_with_a_data_index_is_replayed_pickled_drawn_and_written():
    w, i = array([1.0, 2.0, 3.0], "w"), Value(1.0, "i", role="input")
    y = take(w, i) * 2.0
    assert replay(y, {i: 2.0}) == 6.0
    assert replay(y, {i: np.array([0.0, 2.0])}).tolist() == [2.0, 6.0]
    for wrong in (3.0, np.array([0.0, 3.0])):
        with pytest.raises(ValueError, match="take is defined for an index"):
            replay(y, {i: wrong})
    twin = pickle.loads(pickle.dumps(y))
    twin.backward()
    assert [v.grad for v in twin.parents[0].parents] == [0.0, 0.0, 2.0, 0.0]
    assert "take" in str(viz.latex(y))
    assert "take([w[0], w[1], w[2]], i)" in str(viz.table(y))
    assert "take" in viz.draw(y).svg
    assert str(viz.latex(y, wrt=w[1])).splitlines()[-1].split() == ["=", "2"]


# --- recorded ---------------------------------------------------------------------------------------------------------


FUNCTIONS = {
    "rows of a table": lambda W, w: lambda t: dot(take(W, t[0]), tanh(take(W, t[1]))) + take(W, t[0])[1],
    "one element": lambda W, w: lambda t: take(W[:, 0], t[0]) * take(W[:, 1], t[1]),
    "of what the data make": lambda W, w: (
        lambda t: take(w[:2] * t[1], step(t[0])) + take([t[0], w[0], t[1]], step(t[1]))
    ),
    "of a table that is computed": lambda W, w: lambda t: take(tanh(W) @ w, t[0]) ** 2,
    "at an index that is computed": lambda W, w: lambda t: take(w, t[0] - t[0] + 2) + take(w * t[1], 1 - step(t[0])),
    "a class": lambda W, w: lambda t: nn.cross_entropy(W @ w, t[0]) + nn.cross_entropy(w * (1 + t[1]), step(t[0])),
}
TOKENS = [[0, 1], [4, 4], [2, 0], [4, 3], [1, 1], [0, 2]]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("count", [1, 6])
def test_recorded_indices_give_the_eager_numbers(function, count):
    f = function(array(TABLE, "W"), array([0.5, -1.0, 2.0], "w"))
    assert_recorded_is_eager(f, TOKENS[:count])


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_compiled_indices_give_the_eager_numbers(function, monkeypatch):
    monkeypatch.setattr("tests.row_by_row.IN_C", True)
    assert_recorded_is_eager(function(array(TABLE, "W"), array([0.5, -1.0, 2.0], "w")), TOKENS)


@pytest.mark.skipif(not shutil.which("node"), reason="no Node")
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_indices_in_javascript_give_numpys_numbers(function):
    program = record(function(array(TABLE, "W"), array([0.5, -1.0, 2.0], "w")), TOKENS[0])
    theta, data = program.theta(), np.ravel(TOKENS).tolist()
    script = f"""const p = ({program.javascript})(), theta = Float64Array.from({theta.tolist()});
    const x = Float64Array.from({data}), g = new Float64Array({len(theta)});
    console.log(JSON.stringify([p.sum_and_grad({len(TOKENS)}, theta, x, g), ...g]));"""
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    loss, gradient = program.value_and_grad(theta, TOKENS, reduction="sum")
    np.testing.assert_allclose(eval(done.stdout), [loss, *gradient], rtol=1e-12, atol=1e-14)


def test_indices_under_jax_give_numpys_numbers_and_nan_for_a_place_that_is_none():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for function in FUNCTIONS.values():
        program = record(function(array(TABLE, "W"), array([0.5, -1.0, 2.0], "w")), TOKENS[0])
        theta = program.theta()
        jitted = jax.jit(program.value_and_grad)
        loss, gradient = jitted(jax.numpy.asarray(theta), jax.numpy.asarray(TOKENS, dtype=float))
        expected = program.value_and_grad(theta, TOKENS)
        np.testing.assert_allclose(loss, expected[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-12, atol=1e-14)
    program = record(lambda t: take(array(TABLE, "W"), t[0])[0], [0.0])
    assert np.isnan(jax.jit(program.value_and_grad)(jax.numpy.asarray(program.theta()), jax.numpy.asarray([[7.0]]))[0])


@pytest.mark.parametrize("language", ["numpy", "c"])
@pytest.mark.parametrize("bad", [-1, 5, 0.5])
def test_a_row_with_an_index_without_a_place_is_named_before_and_within_the_program(language, bad):
    W = array(TABLE, "W")
    program = record(lambda t: take(W, t[0])[0] + take(W, t[1] + 0.0)[1], [0.0, 0.0], language=language)
    assert program([[4, 4]])[0] == TABLE[4, 0] + TABLE[4, 1]
    with pytest.raises(ValueError, match=rf"row 1: the index of take is a whole number from 0 to 4; got {bad}"):
        program.backward([[0, 0], [bad, 0]])
    with pytest.raises(ValueError, match=r"row 1: take is defined for an index that is a whole number"):
        program.backward([[0, 0], [0, bad]])
    assert np.isnan(grads(W)).all()


def test_many_indices_of_one_range_are_looked_at_together():
    W = array(TABLE, "W")
    program = record(lambda t: total([take(W, i)[0] for i in t]), [0.0] * 6)
    assert len(program._data._demands) == 1


def test_a_recorded_gather_has_second_derivatives():
    W = array(TABLE, "W")
    program = record(lambda t: tanh(take(W, t[0])[0]) ** 2 * take(W, t[1])[1], [0.0, 1.0])
    H = program.hessian(program.theta(), [[1.0, 2.0]])
    y = tanh(W[1, 0]) ** 2 * W[2, 1]
    np.testing.assert_allclose(H, hessian(y, np.array(program.parameters).view(type(W))), atol=1e-14)


# --- numbers that are no index ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["numpy", "c"])
def test_an_index_that_is_a_parameter_takes_without_rows_too(language):
    if language == "c" and not shutil.which("cc"):
        pytest.skip("no C compiler")
    table, i = array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "table"), Value(1.0, "i")
    program = record(lambda: dot(take(table, i), take(table, i)), language=language)
    loss, gradient = program.value_and_grad(program.theta())
    slopes = dict(zip(program.parameters, gradient.tolist(), strict=True))
    assert (loss, [slopes[v] for v in table.ravel()], slopes[i]) == (13.0, [0.0, 0.0, 4.0, 6.0, 0.0, 0.0], 0.0)


REFUSED = r"^the index of take is a whole number from 0 to 1; got "
VECTORS = ([1.0, 2.0], np.array([1.0, 2.0]), array([1.0, 2.0]), np.eye(2))


@pytest.mark.parametrize("x", VECTORS, ids=["list", "floats", "Values", "matrix"])
@pytest.mark.parametrize(
    "i",
    [10**400, -(10**5000), Fraction(10**400), math.nan, math.inf, 1e300, Decimal("NaN"), 0.5, np.int64(-1), 2],
    ids=lambda i: type(i).__name__,
)
def test_a_number_that_is_no_index_is_refused_in_takes_own_words(x, i):
    with pytest.raises(ValueError, match=REFUSED):
        take(x, i)
    with pytest.raises(ValueError, match=REFUSED):
        record(lambda z: take(x, i) * z, 1.0)


@pytest.mark.parametrize("i", [True, np.True_, "a", None, 1j, [1], np.array([1])], ids=str)
def test_what_is_no_number_is_no_index(i):
    for x in VECTORS:
        with pytest.raises(TypeError, match=r"^take takes one index, a whole number or a Value with one; got"):
            take(x, i)


@pytest.mark.parametrize("i", [1, 1.0, np.int64(1), np.uint8(1), np.float32(1), Decimal(1), Fraction(1)], ids=repr)
def test_every_kind_of_whole_number_is_an_index(i):
    assert take([1.0, 2.0], i) == take(array([1.0, 2.0]), i).data == take([1.0, 2.0], Value(i)).data == 2.0
