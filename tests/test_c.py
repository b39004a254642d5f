"""C, one more language of the table: a program compiled gives the numbers of the program in NumPy, or the same refusal."""

import math
import shutil

import numpy as np
import pytest

import nn
from autograd import (
    Value,
    array,
    dot,
    exp,
    expm1,
    log,
    log1p,
    ops,
    record,
    sqrt,
    step,
    sum as total,
    tanh,
    values,
    where,
)  # fmt: skip
from autograd.recorded import native
from tests import golden
from tests.programs import twin_biases

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
DATA = np.random.default_rng(5).normal(size=(21, 40))


def in_c(program, dtype=float):
    """The same program, run by its functions in C alone: no alarm, no other way."""
    compiled = native.native(program._plan, program._data.arguments, np.dtype(dtype))

    def run(name, *data):
        result = compiled(name, program.theta().astype(dtype), [np.asarray(x, dtype) for x in data])
        assert result is not None, "an alarm"
        return result

    return run


def assert_same(program, *data, rel=1e-12):
    """Outputs, and of one output its sum and gradient, as NumPy gives them."""
    run = in_c(program)
    expected = np.asarray(program(*data))
    np.testing.assert_allclose(run("forward", *data), expected, rtol=rel, atol=rel * max(1.0, abs(expected).max()))
    if not program._plan.shape:
        loss, gradient = program.value_and_grad(program.theta(), *data, reduction="sum")
        found, slopes = run("sum_and_grad", *data)
        np.testing.assert_allclose(found, loss, rtol=rel, atol=rel)
        np.testing.assert_allclose(slopes, gradient, rtol=rel, atol=rel * max(1.0, abs(gradient).max(initial=0.0)))


# --- the same numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", golden.PROGRAMS)
def test_a_golden_program_gives_the_numbers_of_numpy(name):
    program = golden.PROGRAMS[name]()
    assert_same(program, *golden.data(name, program))


@pytest.mark.parametrize("name", [*golden.PROGRAMS][::6])
def test_one_example_alone_gives_the_numbers_of_numpy(name, monkeypatch):
    """A large program is compiled once more for it."""
    monkeypatch.setattr(native, "MANY_NODES", 0)
    program = golden.PROGRAMS[name]()
    assert_same(program, *(x[:1] for x in golden.data(name, program)))


def inside(op):
    """Operands of a row within its domain, a column each, at its kinks too."""
    rng = np.random.default_rng(3)
    spans = op.samples or ((-3.0, 3.0),) * op.arity
    columns = [rng.uniform(low, high, 40) for low, high in (spans * op.arity)[: op.arity]]
    for column in columns if not op.domain and op.kink else ():
        column[:10] = 0.0
    return columns


ROWS = [op for op in ops.TABLE.values() if op.arity and op.name in ops.BUILT_IN]


@pytest.mark.parametrize("part", range(4))
def test_every_row_of_the_table_gives_its_value_and_its_partials(part):
    rows, data = ROWS[part::4], []
    for op in rows:
        data += inside(op)

    def outputs(x):
        at, found = 0, []
        for op in rows:
            found.append(op(*(x[at + k] for k in range(op.arity))))
            at += op.arity
        return found

    X = np.stack(data, axis=1)
    assert_same(record(outputs, X[0]), X)
    scale = array(np.linspace(0.5, 1.5, X.shape[1]), "scale")  # its gradient has every partial in it
    assert_same(record(lambda x: total(outputs(scale * x)), X[-1]), X[10:])


@pytest.mark.parametrize("loss", [nn.mse, nn.hinge, nn.binary_cross_entropy_with_logits])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", pytest.param("leaky_relu", marks=pytest.mark.slow)])
def test_every_activation_descends_with_every_loss_as_in_numpy(activation, loss):
    X, Y = nn.datasets.two_moons(37)
    targets = 2.0 * Y - 1 if loss is nn.hinge else Y
    found = {}
    for engine in ("recorded", "c"):
        model = nn.MLP(2, [4, 1], activation, rng=0)
        history = nn.fit(
            model, X, targets, loss, nn.Adam(model.parameters(), 0.05), 5, batch_size=10, engine=engine, progress=False
        )
        found[engine] = history.loss, values(model.parameters()), nn.predict(model, X, engine=engine)
    for ours, theirs in zip(found["c"], found["recorded"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_numbers_of_32_bits_stay_in_32_bits():
    model = nn.MLP(3, [5, 2], "tanh", rng=0)
    program = record(lambda x, y: nn.cross_entropy(model(x), y), DATA[0, :3], [1.0, 0.0], language="c")
    X, Y = DATA[:, :3].astype(np.float32), np.eye(2, dtype=np.float32)[np.arange(21) % 2]
    assert program(X, Y).dtype == np.float32
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), X, Y)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
    exact = program.value_and_grad(program.theta(), X.astype(float), Y.astype(float))
    np.testing.assert_allclose(gradient, exact[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("count", [2, 5])
def test_parameters_of_one_gradient_get_it_each(count):
    """It is computed in the first one's place."""
    assert_same(twin_biases(count), DATA[:, :3])


def test_a_condition_on_parameters_counts_as_a_number_in_32_bits_too():
    condition, b, w = (
        array(x, name) for x, name in (([0.0, 2.0], "c"), ([0.5, -0.2], "b"), ([[0.3, 0.4], [0.5, 0.6]], "w"))
    )
    program = record(lambda x: total(where(condition, tanh(w @ x), b)), DATA[0, :2])
    theta, X = program.theta().astype(np.float32), DATA[:, :2].astype(np.float32)
    _, gradient = in_c(program, np.float32)("sum_and_grad", X)
    np.testing.assert_allclose(gradient, program.value_and_grad(theta, X, reduction="sum")[1], rtol=1e-5, atol=1e-5)


def test_conditions_on_parameters_that_choose_between_numbers_of_every_example_are_numbers_too():
    condition, w, v = (array(x, name) for x, name in (([0.0, 2.0, 0.0], "c"), ([0.3, 0.4], "w"), ([0.5, 0.2], "v")))
    cases = [0, 1, 2, 1, 2]
    program = record(
        lambda x: total([where(condition[k], dot(w, x) * w[0], dot(v, x * k)) for k in cases]), DATA[0, :2]
    )
    assert_same(program, DATA[:, :2])


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 16, 23])
def test_a_block_that_is_not_full_counts_each_example_once(rows):
    w = array([0.5, -1.0], "w")
    assert_same(
        record(lambda x: tanh(dot(w, x)) ** 2 + 0.1 * dot(w, w), DATA[0, :2]),
        DATA[:rows, :2] if rows <= 21 else np.tile(DATA[:, :2], (2, 1))[:rows],
    )


def test_rows_in_several_threads_give_what_one_thread_gives(monkeypatch):
    w = array([0.5, -1.0], "w")
    program = record(lambda x: tanh(dot(w, x)), DATA[0, :2], language="c")
    X = np.tile(DATA[:, :2], (10, 1))
    alone = program(X), program.value_and_grad(program.theta(), X)
    monkeypatch.setattr(native, "MANY", 32)
    np.testing.assert_array_equal(program(X), alone[0])
    np.testing.assert_allclose(program.value_and_grad(program.theta(), X)[1], alone[1][1], rtol=1e-13)
    with pytest.raises(ValueError, match="row 100 of x holds nan"):
        program(np.where(np.arange(210)[:, None] == 100, np.nan, X))


def test_arrays_too_large_for_the_stack_stand_beside_it():
    w = array(np.linspace(-1.0, 1.0, 3000), "w")
    program = record(lambda x: total(tanh(w * x)), 0.5)
    assert "static _Thread_local vec" in native.source(program._plan, program._data.arguments)
    assert_same(program, DATA[:, 0])
    assert_same(program, DATA[:, 1])


@pytest.mark.parametrize(
    ("f", "low", "high"), [(exp, -745, 709.7), (expm1, -40, 709), (tanh, -25, 25), (log, 1e-3, 9), (log1p, -0.999, 9)]
)
def test_a_vector_function_is_at_most_two_units_of_the_last_place_off(f, low, high):
    mpmath = pytest.importorskip("mpmath")
    rng = np.random.default_rng(0)
    tiny = rng.choice([-1, 1], 300) * 10.0 ** rng.uniform(-300, 0, 300)
    x = np.concatenate(
        [rng.uniform(low, high, 600), rng.uniform(max(low, -2), 2, 600), tiny if f is not log else 1 + tiny * 1e-3]
    )
    found = in_c(record(lambda x: f(x), 1.0))("forward", x)
    with mpmath.workprec(120):
        for number, y in zip(x.tolist(), found.tolist(), strict=True):
            true = getattr(mpmath, f.name)(mpmath.mpf(number))
            assert abs(y - true) <= 2 * np.spacing(abs(float(true)) or 5e-324), (number, y)


def test_a_gradient_that_stands_already_and_parameters_in_another_order_are_copied():
    w = Value(0.75, "w")
    assert_same(record(lambda: exp(w)))
    v = array([0.5, -1.0, 2.0, 0.25, 1.5, -0.5], "v")
    assert_same(record(lambda x: total(v[:3] * x) + total(tanh(v[[5, 0, 3]] * x)) * v[1], [1.0, 2.0, 3.0]), DATA[:, :3])
    assert_same(record(lambda x: x * 2.0, 1.0), DATA[:, 0])
    assert_same(record(lambda x: step(v[0]) * x + v[1] * x + step(v[2]) * x, 1.0), DATA[:, 0])


# --- the same refusals ------------------------------------------------------------------------------------------------

X3 = [2.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("f", "at", "row"),
    [
        (lambda x: log(x), 1, [2.0, -1.0, 3.0]),
        (lambda x: log(x), 2, [2.0, 1.0, 0.0]),
        (lambda x: sqrt(x), 1, [2.0, -1.0, 3.0]),
        (lambda x: 1 / x, 0, [0.0, 1.0, 3.0]),
        (lambda x: exp(x), 2, [0.0, 1.0, 1000.0]),
        (lambda x: x**0.5, 1, [0.0, -1.0, 3.0]),
        (lambda x: log(tanh(x)), 1, [1.0, -1.0, 3.0]),
    ],
)
def test_a_row_outside_a_domain_is_refused_as_in_numpy(f, at, row):
    with pytest.raises(Exception, match=f"^row {at}: ") as theirs:
        record(f, 1.5)(row)
    with pytest.raises(type(theirs.value), match=f"^row {at}: ") as ours:
        record(f, 1.5, language="c")(row)
    assert str(ours.value) == str(theirs.value)


def test_special_numbers_go_through_as_in_numpy():
    f = lambda x: [x + 1.0, -x, abs(x), tanh(x), where(x, x, 2.0)]  # noqa: E731
    data = [0.0, -0.0, math.inf, -math.inf, 5e-324, 1e308]
    ours, theirs = record(f, 1.0, language="c")(data), record(f, 1.0)(data)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(theirs))


def test_a_refused_row_leaves_every_gradient_as_it_was():
    w = Value(2.0, "w")
    program = record(lambda x: log(w * x), 1.0, language="c")
    program.backward(X3)
    before = w.grad
    with pytest.raises(ValueError, match="row 1: log is defined"):
        program.backward([1.0, -1.0])
    assert w.grad == before
