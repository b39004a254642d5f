"""Speed and memory of the eager engine beside micrograd's, on the same work in one run: `python -m tests.bench`.

Both must give the same numbers before anything is timed. Times are medians; machines are noisy, so read
the ratios. micrograd is skipped, by name, where it is not installed (`pip install micrograd`).
"""

from __future__ import annotations

import gc
import platform
import random
import statistics
import sys
import threading
import time
import tracemalloc

import numpy as np

import nn
from autograd import Value, assign, dot, sum as total

try:
    from micrograd.engine import Value as Micro
    from micrograd.nn import MLP as MicroMLP
except ImportError:
    Micro = None

LENGTH = 10_000  # of the chain of × and +
ALPHA = 1e-4  # of the demo's L2 term


def seconds(work, repeats):
    """The median time of `work`, done over and over as in training, with the default garbage collector."""
    times = []
    gc.collect()
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def chain(kind, length=LENGTH):
    a, b, v = kind(1.0001), kind(1e-6), kind(1.0)
    for _ in range(length // 2):
        v = v * a + b
    v.backward()
    return v, a


def bytes_per_node(kind):
    gc.collect()
    tracemalloc.start()
    keep = chain(kind)
    size = tracemalloc.get_traced_memory()[0] / LENGTH
    tracemalloc.stop()
    del keep
    return size


def moons(n=100, noise=0.1, seed=1337):
    rng, t = np.random.default_rng(seed), np.linspace(0, np.pi, n // 2)
    upper, lower = np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]
    X = np.vstack([upper, lower]) + noise * rng.normal(size=(n, 2))
    return X, np.repeat([-1, 1], n // 2)


def our_step(model, X, y, lr=0.1):
    """One training step of micrograd's demo: hinge loss, L2, gradient descent."""
    parameters = model.parameters()
    losses = [nn.hinge(model(row), int(target)) for row, target in zip(X, y, strict=True)]
    loss = total(losses) * (1.0 / len(losses)) + ALPHA * dot(parameters, parameters)
    model.zero_grad()
    loss.backward()
    for p in parameters:
        p.data -= lr * p.grad
    return loss.data, [p.grad for p in parameters]


def micro_step(model, X, y, lr=0.1):
    scores = [model([Micro(float(x)) for x in row]) for row in X]
    losses = [(1 + -int(t) * s).relu() for s, t in zip(scores, y, strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data, [p.grad for p in model.parameters()]


def same_models():
    """micrograd's demo network and ours, with the same weights."""
    random.seed(1337)
    theirs, ours = MicroMLP(2, [16, 16, 1]), nn.MLP(2, [16, 16, 1], activation="relu", rng=0)
    for layer, mine in zip(theirs.layers, ours.layers, strict=True):
        assign(mine.w, [[w.data for w in neuron.w] for neuron in layer.neurons])
        assign(mine.b, [neuron.b.data for neuron in layer.neurons])
    return theirs, ours


def in_order(gradients, shapes):
    """micrograd's gradients, a neuron's weights and bias together, in our order: weights, then biases."""
    parts, flat = [], iter(gradients)
    for n_out, n_in in shapes:
        neurons = [[next(flat) for _ in range(n_in + 1)] for _ in range(n_out)]
        parts += [g for row in neurons for g in row[:-1]] + [row[-1] for row in neurons]
    return parts


def row(work, ours, theirs, unit, floor):
    ratio = f"{theirs / ours:.2f} ×" if theirs else "–"
    print(f"{work:52} {ours:12.4g} {theirs or float('nan'):12.4g} {unit:10} {ratio:>9}   {floor}")


def main():
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, default collector\n")
    print(f"{'work':52} {'chainrule':>12} {'micrograd':>12} {'':10} {'times':>9}   floor")
    if Micro is None:
        print("micrograd is not installed: skipped")
    X, y = moons()
    if Micro is not None:
        assert chain(Value)[1].grad == chain(Micro)[1].grad
        theirs, ours = same_models()
        ours_first, theirs_first = our_step(ours, X, y), micro_step(theirs, X, y)
        np.testing.assert_allclose(ours_first[0], theirs_first[0], rtol=1e-12)
        shapes = [layer.w.shape for layer in ours.layers]
        np.testing.assert_allclose(ours_first[1], in_order(theirs_first[1], shapes), rtol=1e-9, atol=1e-15)
    else:
        ours = nn.MLP(2, [16, 16, 1], activation="relu", rng=0)
    per_node = 1e9 / LENGTH
    a = seconds(lambda: chain(Value), 15) * per_node
    b = Micro and seconds(lambda: chain(Micro), 15) * per_node
    row(f"chain of {LENGTH} × and +, forward + backward, a node", a, b, "ns", "1.25 ×")
    a = seconds(lambda: our_step(ours, X, y), 21) * 1e3
    b = Micro and seconds(lambda: micro_step(theirs, X, y), 7) * 1e3
    row("a training step of micrograd's demo, 100 points", a, b, "ms", "40 ×")
    row("memory of a node, forward + backward", bytes_per_node(Value), Micro and bytes_per_node(Micro), "bytes", "2 ×")


if __name__ == "__main__":
    # micrograd's topological sort recurses: it needs a deep stack for a chain, and gets one.
    sys.setrecursionlimit(10**6)
    threading.stack_size(1 << 29)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
