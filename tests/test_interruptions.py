"""An interruption at any instruction leaves the state before or the state after, and nothing open."""

import _thread
import contextlib
import dis
import pickle
import random
import signal
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Op, Value, array, assign, grad, gradients, guards, hessian, record
from autograd.files import written
from autograd.nesting import put_back
from autograd.scope import scope

traced = pytest.mark.unmeasured  # the test sets a tracer of its own

scopes = sys.modules["autograd.scope"]  # the package has the class under this name
ROOT = Path(__file__).parents[1]
OURS = (*(str(ROOT / package) for package in ("autograd", "nn")), contextlib.__file__, "<recorded>", "<the row")
X = np.array([[0.1, 0.2], [0.3, -0.4], [1.0, 2.0], [0.5, 0.5]])
Y = np.array([0.0, 1.0, 1.0, 0.0])

# Python begins an `__exit__` only when the block has ended, and hands a signal over before its first instruction.
OPEN = {"scope.__exit__": "scope", "_Inside.__exit__": "graph"}


@cache
def handler(code, offset):
    """The place at which an error of the instruction is handled, None where it leaves the function."""
    entries = dis.Bytecode(code).exception_entries
    return next((entry.target for entry in entries if entry.start <= offset < entry.end), None)


class Interruption:
    """A tracer that raises KeyboardInterrupt at the k-th place where CPython looks for signals: at the start of a
    function, after a call, and at a jump back.

    CPython looks within the call, the tracer stops an instruction later: where a block of `with` or `try` ends in between,
    it would show what no signal does, and goes on.
    """

    def __init__(self, at):
        self.at, self.count, self.where = at, 0, None

    def __call__(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        code, at = frame.f_code, None

        def instruction(frame, event, arg):
            nonlocal at
            if event == "opcode":
                before, at = at, frame.f_lasti
                last = None if before is None else dis.opname[code.co_code[before]]
                looks = last in (None, "RESUME", "CALL", "CALL_KW", "CALL_FUNCTION_EX") or "JUMP_BACKWARD" in last
                if looks and (before is None or handler(code, before) == handler(code, at)):
                    self.count += 1
                    if self.count == self.at:
                        self.where = (code.co_qualname, last in (None, "RESUME"))
                        raise KeyboardInterrupt
            return instruction

        frame.f_trace = instruction  # Python 3.13 follows the instructions of a frame that has a tracer by then
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return instruction


def interrupted(work, at):
    """The place where the k-th look for signals has interrupted the work; the number of looks if there are fewer."""
    interruption, tracer = Interruption(at), sys.gettrace()
    sys.settrace(interruption)
    try:
        work()
    except KeyboardInterrupt:
        return interruption.where
    finally:
        sys.settrace(tracer)
    return interruption.count


def network():
    return nn.MLP(2, [2, 1], "tanh", rng=0)


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


@pytest.fixture
def heeded():
    """Interrupts raise KeyboardInterrupt; in a process that runs in the background they do nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_a_signal_at_the_end_of_a_block_leaves_it():  # CPython hands it over in the call, the tracer an instruction later
    interrupt = lambda *_: _thread.interrupt_main()  # noqa: E731
    op = Op("test_signal", lambda x: x * x, (lambda y, x: interrupt() or 2 * x,))
    for work in (
        scope("x")(_thread.interrupt_main),
        scope("x")(interrupt),
        lambda: record(interrupt),
        lambda: grad(interrupt)(1.0),
        lambda: hessian(op)(0.3),
    ):
        with pytest.raises(KeyboardInterrupt):
            work()
        assert (scopes.here(), guards._graph.get()) == (None, guards._NONE)


def test_a_pickle_after_an_interrupted_one_is_whole(monkeypatch):
    copies = sys.modules["autograd.copies"]
    stays = array([1.0, 2.0], "w")
    for v in stays:  # as if the pieces of an interrupted pickle were still known
        monkeypatch.setitem(copies._pieces.of, id(v), lambda: None)
    y, w = pickle.loads(pickle.dumps((stays[0] * stays[1], stays)))
    assert [g.data for g in gradients(y, [*w])] == [2.0, 1.0]


@traced
def test_a_scope_around_closes_what_an_interruption_has_left_open():
    model = network()

    def work():
        with scope("run"):
            model([0.1, 0.2])

    work()
    count, opened = interrupted(work, 0), []
    for k in range(1, count + 1):
        where = interrupted(work, k)
        if scopes.here() is not None:
            opened.append((where, scopes.here()))
            scopes._current.set(None)
    assert opened == [(("scope.__exit__", True), "run")]  # its own first instruction is the only place


def test_an_interrupted_block_does_nothing_when_its_traceback_is_freed_later():
    v = Value(1.0)
    block = put_back("primal", [v])
    block.__enter__()  # an interruption here, or before the first instruction of __exit__, leaves it so
    v.data = 7.0
    del block
    assert v.data == 7.0
    block = guards.recording()
    block.__enter__()
    guards._graph.set(guards._NONE)
    with guards.recording() as notes:
        del block
        assert guards.current() is notes


def test_an_error_that_is_no_interruption_closes_the_graph_too():
    with pytest.raises(ZeroDivisionError):
        record(lambda x: x / 0.0, 1.0)
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: x / 0.0)(1.0)
    assert guards.current() is None
    assert not guards.differentiating()


@traced
def test_interrupted_gradients_can_be_taken_again():
    w = array([1.0, 2.0], "w")

    def work():
        return gradients(w[0] * w[1], [w[0]])[0].data

    expected = work()
    count = interrupted(work, 0)
    for k in random.Random(1).sample(range(1, count + 1), min(count, 40)):
        interrupted(work, k)
        assert work() == expected


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


class Interrupted:
    """A context variable whose first `set` is interrupted, before or after it has done its work."""

    def __init__(self, variable, late):
        self.variable, self.late, self.get = variable, late, variable.get

    def set(self, x):
        late, self.late = self.late, None
        if late is not False:
            self.variable.set(x)
        if late is not None:
            raise KeyboardInterrupt


@pytest.mark.parametrize("late", [False, True])
def test_a_scope_that_is_interrupted_while_it_opens_or_closes_is_closed(late, monkeypatch):
    def run(interrupt_before, interrupt_inside):
        with monkeypatch.context() as patch:
            wrong = Interrupted(scopes._current, late)
            if interrupt_before:
                patch.setattr(scopes, "_current", wrong)
            with scope("inner"):
                assert interrupt_inside, "the block has begun"
                patch.setattr(scopes, "_current", wrong)

    with scope("outer"):
        for places in ((True, False), (False, True)):
            with pytest.raises(KeyboardInterrupt):
                run(*places)
            assert scopes.here() == "outer"


def test_a_scope_that_is_interrupted_while_it_looks_where_it_is_closes(monkeypatch):
    here, looks = scopes.here, []

    def interrupted_once():
        looks.append(here())
        if len(looks) == 1:
            raise KeyboardInterrupt
        return looks[-1]

    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch, scope("inner"):
        patch.setattr(scopes, "here", interrupted_once)
    assert (looks, here()) == (["inner", "inner"], None)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("block", [guards.recording, lambda: guards.transforming([])])
def test_a_graph_that_is_interrupted_before_its_block_begins_is_closed(block, late, monkeypatch):
    def run():
        with monkeypatch.context() as patch:
            patch.setattr(guards, "_graph", Interrupted(guards._graph, late))
            with block():
                pytest.fail("the block has begun")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert guards._graph.get() is guards._NONE


def test_what_an_interruption_ends_in_the_middle_is_put_back():
    v, w = Value(1.0), Value(2.0)

    def run():
        with put_back("primal", [v, w]):
            v.data = 7.0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert (v.data, w.data) == (1.0, 2.0)
