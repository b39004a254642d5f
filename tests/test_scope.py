"""Naming the parts of a computation: scopes, nested, shared, and of threads and tasks."""

import asyncio
import copy
import gc
import pickle
import sys
import threading

import pytest

from autograd import Value, scope
from autograd.scope import OPENED, _paths, path


def here():
    return Value(0.0).scope


def test_no_scope_is_none():
    assert here() is None


def test_the_first_scope_of_a_process_is_heeded_as_any_other():
    OPENED.clear()  # as where none has been opened
    assert here() is None
    with scope("layer1"):
        assert here() == "layer1"


def test_scopes_nest_as_a_path_and_close_again():
    with scope("layer1"):
        assert here() == "layer1"
        with scope("neuron3"):
            assert here() == "layer1/neuron3"
        assert here() == "layer1"
    assert here() is None


def test_a_scope_keeps_its_formula_and_the_path_around_it():
    with scope("layer1", "h = W x"), scope("neuron3"):
        inner = here()
    assert inner.formula is None
    assert (inner.outer, inner.outer.formula, inner.outer.outer) == ("layer1", "h = W x", None)


def test_computed_nodes_and_their_constants_belong_to_the_scope_they_are_computed_in():
    x = Value(1.0)
    with scope("f1"):
        y = x * 2
    assert (x.scope, y.scope, y.parents[1].scope) == (None, "f1", "f1")
    assert (y + 1).scope is None


def test_as_a_decorator_the_scope_is_open_during_each_call():
    @scope("f1", "x2 = 2 x")
    def double(x):
        """Twice x."""
        return 2 * x

    y = double(Value(1.0))
    assert (y.scope, y.scope.formula) == ("f1", "x2 = 2 x")
    assert (double.__name__, double.__doc__) == ("double", "Twice x.")
    assert here() is None


def test_a_decorated_method_gets_its_self():
    class Layer:
        @scope("layer")
        def __call__(self, x):
            return x * 2

    assert Layer()(Value(1.0)).scope == "layer"


def test_recursion_nests_the_scope_once_per_call():
    @scope("r")
    def depth(n):
        return here() if n == 0 else depth(n - 1)

    assert depth(2) == "r/r/r"
    assert here() is None


def test_one_scope_object_opens_again_inside_itself():
    again = scope("r")
    with again, again:
        assert here() == "r/r"
    assert here() is None


def test_an_error_closes_the_scope():
    with pytest.raises(ZeroDivisionError), scope("f1"):
        _ = 1 / Value(0.0)
    assert here() is None


def test_a_scope_that_closes_closes_what_is_left_open_inside():
    with scope("outer"):
        with scope("f1"):
            scope("left").__enter__()
            scope("open").__enter__()
        assert here() == "outer"
    assert here() is None


def test_a_scope_that_is_not_open_cannot_be_closed():
    with scope("outer"):
        with pytest.raises(AssertionError, match="closes in the context that opened it"):
            scope("f1").__exit__()
        assert here() == "outer"


def test_each_thread_has_its_own_scope():
    barrier, seen = threading.Barrier(4), {}

    def work(name):
        with scope(name):
            barrier.wait()  # every scope is open now
            y = Value(1.0)
            for _ in range(200):
                y = y * 1
            seen[name] = {y.scope, y.parents[0].scope, here()}

    with scope("main"):
        threads = [threading.Thread(target=work, args=(f"t{k}",)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert here() == "main"
    assert seen == {f"t{k}": {f"t{k}"} for k in range(4)}


def test_each_task_has_its_own_scope():
    async def work(name):
        with scope(name):
            await asyncio.sleep(0)
            return here()

    async def both():
        return await asyncio.gather(work("a"), work("b"))

    assert asyncio.run(both()) == ["a", "b"]


@pytest.mark.parametrize("name", [None, 3, b"f1"])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match="text"):
        scope(name)


def test_a_formula_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="formula"):
        scope("f1", 3)


@pytest.mark.parametrize("name", ["", "/"])
def test_an_empty_name_is_refused(name):
    with pytest.raises(ValueError, match="needs a name"):
        scope(name)


def test_a_path_is_the_same_object_every_time_and_after_a_copy():
    def nested():
        with scope("a", "formula of a"), scope("b"):
            return here()

    once = nested()
    assert nested() is once
    assert copy.deepcopy(once) is once
    assert pickle.loads(pickle.dumps(once)) is once


def test_a_path_is_freed_with_the_last_that_uses_it():
    gc.collect()  # the paths of tests before this one
    before = len(_paths)
    with scope("a path"), scope("that is kept"):
        y = Value(1.0) * 2.0
    for k in range(1000):
        with scope(f"row {k}"), scope("inside"):
            Value(1.0) * 2.0
    assert len(_paths) == before + 2
    assert y.scope.outer == "a path"
    text = pickle.dumps(y)
    del y
    gc.collect()
    assert len(_paths) == before
    y = pickle.loads(text)
    with scope("a path"), scope("that is kept"):
        assert here() is y.scope


def test_paths_of_one_text_with_other_formulas_stay_apart():
    with scope("a", "first"), scope("b"):
        first = here()
    with scope("a", "second"), scope("b"):
        second = here()
    assert (first, first.outer.formula, second.outer.formula) == (second, "first", "second")


def test_threads_that_open_a_scope_at_once_get_one_path():
    barrier, found = threading.Barrier(8), []

    def work():
        barrier.wait()
        found.append([path(None, f"at once {k}", None) for k in range(200)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len({id(p) for p in paths}) == 1 for paths in zip(*found, strict=True))


def test_one_scope_object_is_shared_by_threads_that_open_it_in_other_scopes():
    shared, failed = scope("r"), []

    def work(outside):
        for _ in range(300):
            with scope(outside), shared, scope("x"), shared:
                if here() != f"{outside}/r/x/r":
                    failed.append(here())
            if here() is not None:
                failed.append(here())

    threads = [threading.Thread(target=work, args=(f"t{k}",)) for k in range(4)] + [
        threading.Thread(target=lambda: [shared(here)() for _ in range(3000)])
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failed == []


def test_a_name_with_a_slash_is_one_scope():
    with scope("a/b"):
        one = here()
    assert (one, one.outer) == ("a/b", None)
    assert pickle.loads(pickle.dumps(one)) is one
