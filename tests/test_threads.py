"""Threads and forks: gradients, programs, copies and trainings in many threads are those of one."""

import copy
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import nn
from autograd import Value, array, exp, grad, gradients, grads, record, value_and_grad, values
from tests.processes import child, posix
from tests.training import X, Y, network, program


def in_threads(work, count=8):
    """The results of the work in threads that are switched as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(count) as pool:
            return [result.result() for result in [pool.submit(work, k) for k in range(count)]]
    finally:
        sys.setswitchinterval(interval)


def test_threads_on_shared_leaves_take_gradients_by_functions_that_touch_no_leaf():
    model = network()
    step = program(model)
    expected = [step.value_and_grad(step.theta(), X[k:], Y[k:])[1].tolist() for k in range(8)]
    slopes = [values(gradients(nn.mse(model(X[k]), Y[k]), model.parameters())).tolist() for k in range(8)]

    def work(k):
        for _ in range(20):
            assert step.value_and_grad(step.theta(), X[k:], Y[k:])[1].tolist() == expected[k]
            assert values(gradients(nn.mse(model(X[k]), Y[k]), model.parameters())).tolist() == slopes[k]
            assert grad(lambda x: exp(x) * model.layers[0].w[0, 0].data)(0.0) == model.layers[0].w[0, 0].data
        return value_and_grad(lambda x: x * x)(float(k))

    assert in_threads(work) == [(k * k, 2.0 * k) for k in range(8)]
    assert all(v.grad is None for v in model.parameters())


def test_threads_that_go_backward_into_shared_leaves_lose_no_share():
    w = array([1.0, 2.0, 3.0], "w")

    def work(k):
        for _ in range(200):
            (w @ [1.0, 2.0, 4.0]).backward()

    in_threads(work)
    assert grads(w).tolist() == [1600.0, 3200.0, 6400.0]


def test_threads_on_one_program_add_up_as_one_thread_does():
    w = Value(2.0, "w")
    step = record(lambda x: w * x, 1.0)

    def work(k):
        return [step.backward([1.0, 3.0], reduction="sum") for _ in range(100)]

    assert in_threads(work) == [[8.0] * 100] * 8
    assert w.grad == 8 * 100 * 4.0


def test_threads_pickle_and_copy_one_graph_with_all_that_it_shares():
    model = network()
    y = model([0.1, 0.2])

    def work(_):
        for k in range(20):
            again, twin = pickle.loads(pickle.dumps([y, model])) if k % 2 else copy.deepcopy([y, model])
            again.backward()
            assert all(v.grad is not None for v in twin.parameters())
        return again.data

    assert in_threads(work) == [y.data] * 8
    assert all(v.grad is None for v in model.parameters())


def test_models_are_trained_in_threads_as_alone():
    def work(_):
        model = network()
        nn.fit(model, X, Y, nn.mse, nn.Adam(model.parameters(), 0.1), 5, batch_size=5, progress=False)
        return values(model.parameters()).tolist()

    assert in_threads(work, 4) == [work(0)] * 4


FORKED = """
    import os, threading
    from autograd import Value, scope
    stop = threading.Event()
    def busy():
        k = 0
        while not stop.is_set():
            k += 1
            with scope(f"t{k}"):
                Value(1.0) * 2.0
    threads = [threading.Thread(target=busy) for _ in range(3)]
    for t in threads: t.start()
    with scope("parent"):
        for k in range(100):
            if not (child := os.fork()):
                with scope(f"child{k}"):
                    v = Value(3.0) * 2.0
                v.backward()
                os._exit(0 if v.scope == f"parent/child{k}" else 1)
            assert os.waitpid(child, 0)[1] == 0
    stop.set()
    for t in threads: t.join()
    print("done")
"""


@posix
def test_a_process_forked_while_threads_open_scopes_goes_on():
    done = child(FORKED, "-W", "ignore::DeprecationWarning")
    assert (done.stdout.strip(), done.stderr) == ("done", "")


def test_a_recording_belongs_to_its_thread():
    inside, go = threading.Event(), threading.Event()

    def slow(x):
        inside.set()
        assert go.wait(10)
        return x * 2.0

    with ThreadPoolExecutor(1) as pool:
        recorded = pool.submit(record, slow, 1.0)
        assert inside.wait(10)
        assert float(Value(3.0) * 2.0) == 6.0  # which a recording would refuse
        assert grad(lambda x: x * x)(3.0) == 6.0
        go.set()
        assert recorded.result()([4.0]).tolist() == [8.0]
