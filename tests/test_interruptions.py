"""An interruption at any instruction leaves the state before or the state after, and nothing open."""

import random

import numpy as np
import pytest

import nn
from autograd import assign, grad, guards, record
from autograd.files import written
from tests.interrupting import interrupted, network, scopes, traced

X = np.array([[0.1, 0.2], [0.3, -0.4], [1.0, 2.0], [0.5, 0.5]])
Y = np.array([0.0, 1.0, 1.0, 0.0])

# Python begins an `__exit__` only when the block has ended, and hands a signal over before its first instruction.
OPEN = {"scope.__exit__": "scope", "_Inside.__exit__": "graph"}


def forward():
    model = network()
    return model, lambda: model([0.1, 0.2])


def backward():
    model = network()
    loss = model([0.1, 0.2])
    return model, loss.backward


def backward_again():
    model, work = backward()
    work()
    return model, work


def assignment():
    model = network()
    w = model.layers[0].w
    return model, lambda: assign(w, [[1.0, 2.0], [3.0, 4.0]])


def step():
    model = network()
    model([0.1, 0.2]).backward()
    model.descent = nn.Adam(model.parameters(), 0.1)
    return model, model.descent.step


def gradients_cleared():
    model = network()
    model([0.1, 0.2]).backward()
    return model, model.zero_grad


def backward_of_a_program():
    model = network()
    program = record(lambda x, y: nn.mse(model(x), y), X[0], Y[0])
    program.backward(X, Y)
    return model, lambda: program.backward(X, Y)


def recorded():
    model = network()
    return model, lambda: record(lambda x, y: nn.mse(model(x), y), X[0], Y[0])


def transformed():
    model = network()
    return model, lambda: grad(lambda w: grad(lambda x: model([x, 0.2]))(w) * w)(0.3)


def loaded():
    model = network()
    state = {name: x + 1.0 for name, x in model.state().items()}
    return model, lambda: model.load_state(state)


def trained():
    model = network()
    model.descent = nn.SGD(model.parameters(), 0.1, momentum=0.9)
    return model, lambda: nn.fit(model, X, Y, nn.mse, model.descent, 2, batch_size=2, progress=False)


def state(model):
    memory = [x.tolist() for x in model.descent.memory] if hasattr(model, "descent") else None
    return [v.primal for v in model.parameters()], [v.grad for v in model.parameters()], memory


def states(make, monkeypatch):
    """The state before, and those after every step of the work."""
    model, work = make()
    seen = [state(model)]
    commit, step = nn.optim.Optimizer.commit, nn.train._Descent.step
    with monkeypatch.context() as patch:
        patch.setattr(nn.train._Descent, "step", lambda descent, batch: (step(descent, batch), descent.write())[0])
        patch.setattr(nn.optim.Optimizer, "commit", lambda *args: (commit(*args), seen.append(state(model))))
        work()
    return [*seen, state(model)]


EVERY = [
    forward,
    backward,
    backward_again,
    assignment,
    step,
    gradients_cleared,
    backward_of_a_program,
    recorded,
    transformed,
    loaded,
    trained,
]


@traced
@pytest.mark.parametrize("looks", [40, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
def test_an_interruption_leaves_the_state_before_or_after_and_nothing_open(make, looks, monkeypatch):
    allowed = states(make, monkeypatch)
    count, calm = interrupted(make()[1], 0), np.geterr()
    places = range(1, count + 1) if count <= looks else sorted(random.Random(0).sample(range(1, count + 1), looks))
    for k in places:
        model, work = make()
        where = interrupted(work, k)
        assert isinstance(where, tuple), f"nothing was interrupted at {k} of {count}"
        assert np.geterr() == calm, where
        left = (scopes.here() is not None, guards.current() is not None or guards.differentiating())
        if left != (False, False):  # only where Python itself leaves no way
            assert where[1], where
            assert left == (OPEN[where[0]] == "scope", OPEN[where[0]] == "graph"), where
            scopes._current.set(None)
            guards._graph.set(guards._NONE)
        assert state(model) in allowed, where
        assert float(model.parameters()[0] * 1.0) == model.parameters()[0].data
        assert type(grad(lambda x: x * x)(3.0)) is float


@traced
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a file that nobody was given yet is closed
def test_an_interruption_leaves_both_files_old_or_both_new_and_no_others(tmp_path):
    def state(folder):
        return {path.name: path.read_text() for path in folder.iterdir()}

    def work(folder):
        return lambda: written({folder / name: lambda file: file.write(b"new") for name in ("a", "b")})

    def fresh(k):
        (folder := tmp_path / str(k)).mkdir()
        for name in ("a", "b"):
            (folder / name).write_text("old")
        return folder

    found = []
    for k in range(1, interrupted(work(fresh("all")), 0) + 1):
        folder = fresh(k)
        assert isinstance(interrupted(work(folder), k), tuple)
        found.append(state(folder))
    old, new = ({"a": text, "b": text} for text in ("old", "new"))
    assert [x for x in found if x not in (old, new)] == []
    assert old in found
    assert new in found
