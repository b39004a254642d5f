"""What programs notice between calls, and that they run where this library is not."""

from __future__ import annotations

import os

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, constant, dot, grads, minimum, record, sum as total, values
from tests.processes import run
from tests.programs import WEIGHT, X, Y, classifier, executed, gathering, line, whole_data_set
from tests.row_by_row import assert_near

# --- what it notices, and what it does not ----------------------------------------------------------------------------


def test_new_data_in_a_parameter_are_seen_by_the_next_call():
    w, program = line()
    assert program([1.0], [0.0]).tolist() == [4.0]
    w.data = 3.0
    assert program([1.0], [0.0]).tolist() == [9.0]
    assert program.theta().tolist() == [3.0]
    assert program.backward([1.0], [0.0]) == 9.0
    assert w.grad == 6.0
    assert program.value_and_grad(np.array([5.0]), [1.0], [0.0]) == (25.0, [10.0])
    assert (w.data, w.grad) == (3.0, 6.0)


def test_value_and_grad_leaves_theta_and_data_as_they_are():
    _, program = classifier()
    theta, x, y = program.theta(), X.copy(), Y.copy()
    for a in (theta, x, y):
        a.flags.writeable = False
    _, gradient = program.value_and_grad(theta, x, y)
    gradient += 1.0
    np.testing.assert_array_equal(program(x, y), program(X, Y))
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("engine", ["sgd", "momentum"])
def test_training_recorded_is_training_eagerly(engine):
    options = {"momentum": 0.9, "weight_decay": 0.01} if engine == "momentum" else {}
    models = nn.MLP(4, [5, 3], rng=1), nn.MLP(4, [5, 3], rng=1)
    sgd = [nn.SGD(model.parameters(), 0.5, **options) for model in models]
    program = record(lambda x, y: nn.cross_entropy(models[0](x), y), X[0], Y[0])
    losses = []
    for _ in range(5):
        sgd[0].zero_grad()
        losses.append(program.backward(X, Y))
        sgd[0].step()
        sgd[1].zero_grad()
        eager = total([nn.cross_entropy(models[1](x), y) for x, y in zip(X, Y, strict=True)]) / len(X)
        eager.backward()
        assert losses[-1] == pytest.approx(eager.data, rel=1e-12)
        sgd[1].step()
    assert losses[-1] < losses[0]
    assert_near(values(models[0].parameters()), values(models[1].parameters()))


def test_what_is_added_to_the_graph_afterwards_is_not_seen():
    w = array([2.0, 3.0], "w")
    kept = []

    def f(x):
        kept.append(w * x)
        return total(kept[0])

    program = record(f, [1.0, 1.0])
    kept[0][0] = Value(50.0)
    _ = [total(w) * 7 for _ in range(3)]
    assert program([[1.0, 1.0]]).tolist() == [5.0]
    program.backward([[1.0, 1.0]])
    assert grads(w).tolist() == [1.0, 1.0]


def test_new_data_in_a_constant_are_not_seen_by_loss_or_gradient():
    w, c = array([3.0, 4.0], "w"), constant([2.0, 5.0], "c")
    square = record(lambda: dot(w * c, w))
    scalar = constant(2.0, "s")
    product = record(lambda x: WEIGHT * scalar * x * scalar, 1.0)
    assign(c, [7.0, 8.0])
    scalar.data = 100.0
    assert square() == square.backward() == 3.0 * 2.0 * 3.0 + 4.0 * 5.0 * 4.0
    assert grads(w).tolist() == [12.0, 40.0]
    assert product([1.0]).tolist() == [2.0]
    assert product.value_and_grad(product.theta(), [1.0]) == (2.0, [4.0])


def test_new_data_in_a_constant_are_not_seen_on_the_eager_way_around_an_alarm_either():
    w, c = Value(1.0, "w"), constant(2.0, "c")
    program = record(lambda x: minimum(w * x * 1e308, 1.0) + w * (c * 3.0), 1.0)
    before = program([1.0, 10.0]).tolist(), program.value_and_grad(program.theta(), [1.0, 10.0])
    c.data = 100.0
    assert program([1.0, 10.0]).tolist() == before[0] == [7.0, 7.0]
    assert program.value_and_grad(program.theta(), [1.0, 10.0]) == before[1]


# --- saved ------------------------------------------------------------------------------------------------------------

BLOCKED = """
import sys
for name in ("autograd", "nn", "viz", "jax", "torch"):
    sys.modules[name] = None
sys.path.insert(0, {folder!r})
import numpy as np
import network
data = list(np.load("data.npz").values())
np.savez("answer.npz", outputs=network.predict(*data), theta=network.theta, same=network.forward(network.theta, *data))
if hasattr(network, "sum_and_grad"):
    loss, gradient = network.sum_and_grad(network.theta, *data)
    np.savez("gradient.npz", loss=loss, gradient=gradient)
"""


def test_a_saved_network_refuses_rows_of_another_shape(tmp_path):
    _, program = classifier()
    program.save_source(tmp_path / "network.py")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numpy as np, network\n"
        "for x, y in ((np.ones((5, 4)), np.ones(5)), (np.ones(3), np.ones(3)), (1.0, np.ones((5, 3))), (np.ones(4), np.ones((5, 3)))):\n"
        "    try: network.predict(x, y)\n"
        "    except ValueError as error: print(error)\n"
    )
    said = run(code)
    assert said.count("a row per example, or (") == 3
    assert "y has shape (N, 3), a row per example, or (3,); got (5,)" in said
    assert "every argument has a row per example" in said


def test_a_saved_network_takes_one_example_and_refuses_nan(tmp_path):
    program = record(nn.MLP(4, [3, 2], rng=0), np.ones(4))
    program.save_source(tmp_path / "network.py")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numpy as np, network\n"
        "x = np.arange(8.0).reshape(2, 4)\n"
        "print(np.allclose(network.predict(x[1]), network.predict(x)[1]), network.predict(x[1]).shape)\n"
        "x[1, 2] = np.nan\n"
        "try: network.predict(x)\n"
        "except ValueError as error: print(error)\n"
    )
    assert run(code).splitlines() == ["True (2,)", "row 1 of x holds nan: leave such rows out, or fill them in"]


@pytest.mark.parametrize("name", ["classifier", "vector", "gathering", "no rows"])
def test_a_saved_program_runs_where_only_numpy_is(name, tmp_path):
    program, data = {
        "classifier": lambda: (classifier()[1], (X, Y)),
        "vector": lambda: (record(nn.MLP(4, [5, 3], output="softmax", rng=0), X[0]), (X,)),
        "gathering": lambda: (gathering(), (np.c_[X, X[:, :2]],)),
        "no rows": lambda: (whole_data_set(), ()),
    }[name]()
    assert program.save_source(tmp_path / "network.py") == tmp_path / "network.py"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network.npz", "network.py"]
    np.savez(tmp_path / "data.npz", *data)
    run(BLOCKED.format(folder=str(tmp_path)), "-I", cwd=tmp_path)
    answer = np.load(tmp_path / "answer.npz")
    np.testing.assert_array_equal(answer["outputs"], program(*data))
    np.testing.assert_array_equal(answer["same"], program(*data))
    np.testing.assert_array_equal(answer["theta"], program.theta())
    if name != "vector":
        got, expected = (
            np.load(tmp_path / "gradient.npz"),
            program.value_and_grad(program.theta(), *data, reduction="sum"),
        )
        assert got["loss"] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(got["gradient"], expected[1], rtol=1e-12)


@pytest.mark.parametrize("name", ["file", "allow_pickle", "args", "kwds", "arr_0", "theta", "a/b", "../c"])
def test_a_constant_of_any_name_is_saved(name, tmp_path):
    w, c = array([3.0, 4.0, 5.0], "w"), constant([1.0, 2.0, 3.0], name)
    program = record(lambda x: dot(w * x, c), [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(executed(program, tmp_path)["forward"](program.theta(), X[:, :3]), program(X[:, :3]))


def test_a_saved_program_keeps_the_parameters_of_its_hour(tmp_path):
    w, program = line()
    program.save_source(tmp_path / "network.py")
    w.data = 7.0
    assert np.load(tmp_path / "network.npz")["theta"].tolist() == [2.0]
    program.save_source(str(tmp_path / "network.py"))
    assert np.load(tmp_path / "network.npz")["theta"].tolist() == [7.0]


@pytest.mark.parametrize("name", ["network", "network.txt", "network.npz", "my network.py", "9.py", "class.py", ".py"])
def test_a_file_that_cannot_be_imported_is_refused_and_not_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"network\.py"):
        line()[1].save_source(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "function"), [(np, "savez"), (os, "replace")], ids=["writing", "renaming"])
def test_an_interrupted_write_leaves_the_old_files_and_no_others(module, function, tmp_path, monkeypatch):
    w, program = line()
    program.save_source(tmp_path / "network.py")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    w.data = 7.0

    def fail(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(module, function, fail)
    with pytest.raises(OSError, match="no space left"):
        program.save_source(tmp_path / "network.py")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_saved_files_are_as_readable_as_any_other_new_file(tmp_path):
    line()[1].save_source(tmp_path / "network.py")
    (tmp_path / "other.py").write_text("")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert len(set(modes.values())) == 1, modes
