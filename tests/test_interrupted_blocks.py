"""Blocks that an interruption ends: scopes and graphs are closed, and what was set is put back."""

import _thread
import pickle
import random
import signal
import sys

import pytest

from autograd import Op, Value, array, grad, gradients, guards, hessian, record
from autograd.nesting import put_back
from autograd.scope import scope
from tests.interrupting import interrupted, network, scopes, traced


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
    # Its own first instruction is the only place, and the tracer of Python 3.12 does not always stop there.
    assert opened in ([(("scope.__exit__", True), "run")], [])


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
