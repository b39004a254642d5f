"""The work that is measured: its data, its weights, its loops, and the process that measures it on request.

Every participant imports this file, the peers from an environment without our packages: it needs NumPy alone.
"""

import gc
import json
import os
import statistics
import sys
import time
import tracemalloc
from itertools import pairwise

import numpy as np

ALPHA = 1e-4  # of the L2 term in the demo's loss
LR = 0.01
LENGTH = 10_000  # of the chain of × and +
POINTS = 100  # of the demo
EPOCHS = 2000  # of a training by `fit`
SIZES = [2, 16, 16, 1]
SHAPES = [shape for n_in, n_out in pairwise(SIZES) for shape in ((n_in, n_out), (n_out,))]
COUNTS = [int(np.prod(shape)) for shape in SHAPES]
TIMES, UNITS = 100, 8  # of the recurrence h ← tanh(U·x_t + V·h + b), the loss ½ (w·h − y)²
CELL = [(UNITS,), (UNITS, UNITS), (UNITS,), (UNITS,)]
SIDE, WINDOW, KERNELS = 12, 3, 4  # of the convolution: relu, mean over places, the loss ½ (w·mean − y)²
CONVOLUTION = [(KERNELS, WINDOW, WINDOW), (KERNELS,), (KERNELS,)]


def moons(n=POINTS, noise=0.1, seed=1337):
    """Two half circles that reach into each other: X of shape (n, 2) and targets of ±1, one row of each in turn."""
    rng, t, lower = np.random.default_rng(seed), np.linspace(0, np.pi, n), np.arange(n) % 2 == 1
    X = np.where(lower, [1 - np.cos(t), 0.5 - np.sin(t)], [np.cos(t), np.sin(t)]).T
    return X + noise * rng.normal(size=(n, 2)), np.where(lower, 1.0, -1.0)


def sequences(n):
    """(n, TIMES) numbers, a sequence in a row, and targets (n,)."""
    X = np.random.default_rng(1).normal(size=(n, TIMES))
    return X, X.mean(axis=1)


def images(n):
    """(n, SIDE, SIDE) numbers, an image in a row, and targets (n,)."""
    X = np.random.default_rng(2).normal(size=(n, SIDE, SIDE))
    return X, X.max(axis=(1, 2))


def weights(shapes=SHAPES, seed=0):
    """Weights and biases in one vector; of the network W1, b1, W2, b2, W3, b3, a weight matrix as (inputs, outputs)."""
    rng = np.random.default_rng(seed)
    spread = [np.sqrt(2 / shape[0]) / (1 + (shapes is CELL)) if len(shape) == 2 else 0.1 for shape in shapes]
    return np.concatenate([s * rng.normal(size=int(np.prod(shape))) for s, shape in zip(spread, shapes, strict=True)])


def unpack(theta, shapes=SHAPES):
    """The weight matrices and biases that lie in a vector, as views."""
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends[:-1]), shapes, strict=True)]


# --- what is done over and over: `start` puts everything back, `step` is timed, `numbers` are compared ----------------


class Chain:
    """v ← v · a + b over and over, then backward, on scalars of any kind that has .data, .grad and .backward()."""

    def __init__(self, kind, length, collector=True):
        self.kind, self.length, self.collector = kind, length, collector

    def start(self):
        """Nothing is kept from step to step."""

    def step(self):
        """Both passes, and with the collector off its switching."""
        if self.collector:
            return self.passes()
        gc.disable()
        try:
            return self.passes()
        finally:
            gc.enable()

    def passes(self):
        """The last node and a, whose gradient needs every node."""
        a, b, v = self.kind(1.0001), self.kind(1e-6), self.kind(1.0)
        for _ in range(self.length // 2):
            v = v * a + b
        v.backward()
        return v, a

    def numbers(self):
        """The value and ∂v/∂a."""
        v, a = self.passes()
        return [float(v.data), float(a.grad)]


class Descent:
    """Gradient descent on a vector: update(theta) gives (loss, theta − LR · gradient)."""

    def __init__(self, update, theta):
        self.update, self.first = update, theta

    def start(self):
        self.theta = self.first

    def step(self):
        self.loss, self.theta = self.update(self.theta)

    def numbers(self):
        """The loss and the gradient, as the update shows it."""
        self.start()
        before = self.vector()
        self.step()
        return [float(self.loss), *((before - self.vector()) / LR).tolist()]

    def vector(self):
        """Theta in the order of `weights`, as floats of its own."""
        return np.array(self.theta, dtype=float)


class Scalars(Descent):
    """Gradient descent on scalars that have .data: places[k] is the place in the vector of parameters[k]."""

    def __init__(self, descend, parameters, places):
        self.descend, self.parameters, self.places = descend, parameters, places

    def start(self):
        for p, value in zip(self.parameters, weights()[self.places].tolist(), strict=True):
            p.data = value

    def step(self):
        self.loss = self.descend()

    def vector(self):
        theta = np.empty(len(self.places))
        theta[self.places] = [p.data for p in self.parameters]
        return theta


class Again:
    """Anything that is done over and over and is checked elsewhere."""

    def __init__(self, step):
        self.step = step

    def start(self):
        """Nothing is kept from step to step."""


# --- the process ------------------------------------------------------------------------------------------------------


def seconds(task, budget):
    """The median time of a step within a budget of seconds, at least one step.

    As in training the default garbage collector runs, and meets what earlier steps have left to it.
    """
    times = []
    end = time.perf_counter() + budget
    while not times or time.perf_counter() < end:
        task.start()
        begin = time.perf_counter()
        task.step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def size(task):
    """The bytes that are held after a step by what it gives."""
    gc.collect()
    tracemalloc.start()
    keep = task.step()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del keep
    return held


def one_core():
    """Keep this process on one core: thread counts are set too, but not every library heeds them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def settle():
    """Bring the C library's allocator to the same state in every process.

    Until a large array has been freed, glibc hands memory back to the system at every turn, and a step on 1,000 rows
    takes up to three times as long: what else a process has imported would decide.
    """
    np.ones(30 << 17)  # 30 MiB, just below the largest that it learns from


def serve(prepare):
    """Answer requests [measure, task, size, budget], a line of JSON each; only the latest task is kept.

    prepare gives its library's version and the makers of its tasks by name, each a function of the size.
    """
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no reply
    one_core()
    settle()
    try:
        version, makers = prepare()
    except ImportError as error:
        print(json.dumps({"error": f"it cannot be imported: {error}"}), file=replies, flush=True)
        return
    print(json.dumps({"version": version, "tasks": list(makers)}), file=replies, flush=True)
    latest = task = None
    for line in sys.stdin:
        do, *wanted, budget = json.loads(line)
        if wanted != latest:
            latest, task = wanted, None  # the old one is freed before the new one is made
            gc.collect()
            task = makers[wanted[0]](wanted[1])
        print(json.dumps(MEASURES[do](task, budget)), file=replies, flush=True)


MEASURES = {
    "numbers": lambda task, _: task.numbers(),
    "seconds": seconds,
    "bytes": lambda task, _: size(task),
}
