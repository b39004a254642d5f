"""The peers' side of the measurements: `python peers.py NAME`, in an environment without our packages.

A function for each peer imports it, and gives its version and its tasks. Each is written as its users write it, on the
same flat theta as ours wherever that is the faster way.
"""

import sys
import threading
from functools import partial
from importlib.metadata import version

import numpy as np
from work import (
    ALPHA,
    CELL,
    CONVOLUTION,
    COUNTS,
    LR,
    SHAPES,
    SIZES,
    TIMES,
    WINDOW,
    Chain,
    Descent,
    Scalars,
    images,
    moons,
    sequences,
    serve,
    unpack,
    weights,
)


def by_hand():
    """NumPy as a person writes it: a row for every example, gradients by hand, one expression after the other."""

    # Each activation, and its derivative by what it gave.
    activations = {
        "relu": (lambda a: np.maximum(a, 0), lambda h: h > 0),
        "tanh": (np.tanh, lambda h: 1 - h * h),
        "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda h: h * (1 - h)),
    }

    def value_and_grad(theta, X, y, g, slope):
        W1, b1, W2, b2, W3, b3 = unpack(theta)
        h1 = g(X @ W1 + b1)
        h2 = g(h1 @ W2 + b2)
        margin = 1 - y * (h2 @ W3 + b3)
        loss = np.maximum(margin, 0).mean() + ALPHA * (theta @ theta)
        d3 = -y * (margin > 0) / len(X)
        d2 = (d3 @ W3.T) * slope(h2)
        d1 = (d2 @ W2.T) * slope(h1)
        parts = [X.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0), h2.T @ d3, d3.sum(axis=0)]
        return loss, np.concatenate([part.ravel() for part in parts]) + 2 * ALPHA * theta

    def step(size, name="relu"):
        X, y = moons(size)
        return descent(lambda theta: value_and_grad(theta, X, y[:, None], *activations[name]))

    others = {f"step, {name}": partial(step, name=name) for name in activations}
    others |= {"recurrence": by_hand_recurrence, "convolution": by_hand_convolution}
    return version("numpy"), {"step": step} | others


def by_hand_recurrence(size):
    """Back propagation through time, all examples at once."""
    X, y = sequences(size)

    def value_and_grad(theta):
        U, V, b, w = unpack(theta, CELL)
        hs = [np.tanh(X[:, :1] * U + b)]
        for t in range(1, TIMES):
            hs.append(np.tanh(X[:, t : t + 1] * U + hs[-1] @ V.T + b))
        error = hs[-1] @ w - y
        dU, dV, db = np.zeros_like(U), np.zeros_like(V), np.zeros_like(b)
        dh = error[:, None] * (w / size)
        for t in range(TIMES - 1, -1, -1):
            da = dh * (1 - hs[t] * hs[t])
            dU += X[:, t] @ da
            db += da.sum(axis=0)
            if t:
                dV += da.T @ hs[t - 1]
                dh = da @ V
        parts = [dU, dV.ravel(), db, hs[-1].T @ error / size]
        return error @ error / (2 * size), np.concatenate(parts)

    return descent(value_and_grad, weights(CELL))


def by_hand_convolution(size):
    """Kernels over windows, by einsum."""
    X, y = images(size)
    windows = np.lib.stride_tricks.sliding_window_view(X, (WINDOW, WINDOW), axis=(1, 2))

    def value_and_grad(theta):
        K, b, w = unpack(theta, CONVOLUTION)
        a = np.einsum("nxyij,kij->nkxy", windows, K, optimize=True) + b[:, None, None]
        mean = np.maximum(a, 0).mean(axis=(2, 3))
        error = mean @ w - y
        da = (a > 0) * (error[:, None] * w / (size * a[0, 0].size))[:, :, None, None]
        dK = np.einsum("nkxy,nxyij->kij", da, windows, optimize=True)
        parts = [dK.ravel(), da.sum(axis=(0, 2, 3)), mean.T @ error / size]
        return error @ error / (2 * size), np.concatenate(parts)

    return descent(value_and_grad, weights(CONVOLUTION))


def descent(value_and_grad, theta=None):
    """Gradient descent with a function of theta that gives the loss and the gradient."""

    def update(theta):
        loss, gradient = value_and_grad(theta)
        return loss, theta - LR * gradient

    return Descent(update, weights() if theta is None else theta)


def micrograd():
    """Andrej Karpathy's scalar engine, with its own demo's step."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    def step(size):
        model, (X, y) = MLP(SIZES[0], SIZES[1:]), moons(size)
        return Scalars(lambda: micrograd_step(Value, model, X, y), *micrograd_places(model))

    tasks = {"chain": lambda length: Chain(Value, length), "demo": step, "step": step}
    return version("micrograd"), tasks


def micrograd_step(value, model, X, y):
    scores = [model([value(float(x)) for x in row]) for row in X]
    losses = [(1 + -int(t) * s).relu() for s, t in zip(scores, y, strict=True)]
    loss = sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= LR * p.grad
    return loss.data


def micrograd_places(model):
    """micrograd's parameters, neuron by neuron, and their places in the vector of weights."""
    arrays, places = unpack(np.arange(len(weights()))), []
    for layer, W, b in zip(model.layers, arrays[::2], arrays[1::2], strict=True):
        for k in range(len(layer.neurons)):
            places += [*W[:, k].tolist(), int(b[k])]
    return model.parameters(), places


def pytorch():
    """PyTorch, eagerly."""
    import torch

    torch.set_num_threads(1)

    def update(theta, X, y):
        W1, b1, W2, b2, W3, b3 = (part.view(shape) for part, shape in zip(theta.split(COUNTS), SHAPES, strict=True))
        h1 = torch.relu(torch.addmm(b1, X, W1))
        h2 = torch.relu(torch.addmm(b2, h1, W2))
        loss = torch.relu(1 - y * torch.addmm(b3, h2, W3)).mean() + ALPHA * theta.dot(theta)
        (gradient,) = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            return loss.detach(), (theta - LR * gradient).requires_grad_()

    def step(size):
        X, y = map(torch.tensor, moons(size))
        first = torch.tensor(weights(), requires_grad=True)
        return Torch(lambda theta: update(theta, X, y[:, None]), first)

    class Torch(Descent):
        def vector(self):
            return self.theta.detach().numpy().copy()

    def scalar(x):
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    return torch.__version__, {"chain": lambda length: Chain(scalar, length), "step": step}


def jax():
    """JAX: loss, gradient and update in one compiled function."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")

    def loss(theta, X, y):
        W1, b1, W2, b2, W3, b3 = unpack(theta)
        h1 = jax.nn.relu(X @ W1 + b1)
        h2 = jax.nn.relu(h1 @ W2 + b2)
        return jax.nn.relu(1 - y * (h2 @ W3 + b3)).mean() + ALPHA * theta @ theta

    @jax.jit
    def update(theta, X, y):
        value, gradient = jax.value_and_grad(loss)(theta, X, y)
        return value, theta - LR * gradient

    def step(size):
        X, y = moons(size)
        X, y = jnp.asarray(X), jnp.asarray(y[:, None])
        return Descent(lambda theta: jax.block_until_ready(update(theta, X, y)), jnp.asarray(weights()))

    return version("jax"), {"step": step}


def hips():
    """HIPS autograd: NumPy that records itself anew at every step."""
    import autograd.numpy as anp

    import autograd

    def loss(theta, X, y):
        W1, b1, W2, b2, W3, b3 = unpack(theta)
        h1 = anp.maximum(anp.dot(X, W1) + b1, 0)
        h2 = anp.maximum(anp.dot(h1, W2) + b2, 0)
        return anp.mean(anp.maximum(1 - y * (anp.dot(h2, W3) + b3), 0)) + ALPHA * anp.dot(theta, theta)

    def step(size):
        X, y = moons(size)
        value_and_grad = autograd.value_and_grad(loss)
        return descent(lambda theta: value_and_grad(theta, X, y[:, None]))

    return version("autograd"), {"step": step}


def casadi():
    """CasADi on its virtual machine: matrix expressions for rows, scalar ones for the whole data set as one graph."""
    import casadi as ca

    def update(theta, X, y, rows):
        """(loss, updated theta) as expressions, an example in each column; CasADi's matrices lie column by column."""
        parts = (theta[sum(COUNTS[:k]) : sum(COUNTS[: k + 1])] for k in range(len(COUNTS)))
        shapes = [shape[::-1] if len(shape) == 2 else (shape[0], 1) for shape in SHAPES]
        W1, b1, W2, b2, W3, b3 = (ca.reshape(part, *shape) for part, shape in zip(parts, shapes, strict=True))
        h1 = ca.fmax(W1 @ X + ca.repmat(b1, 1, rows), 0)
        h2 = ca.fmax(W2 @ h1 + ca.repmat(b2, 1, rows), 0)
        hinge = ca.fmax(1 - y * (W3 @ h2 + ca.repmat(b3, 1, rows)), 0)
        loss = ca.sum2(hinge) / rows + ALPHA * ca.dot(theta, theta)
        return [loss, theta - LR * ca.gradient(loss, theta)]

    def step(size):
        theta, X, y = ca.MX.sym("theta", sum(COUNTS)), ca.MX.sym("X", SIZES[0], size), ca.MX.sym("y", 1, size)
        data = [np.ascontiguousarray(x) for x in moons(size)]
        return Buffered(ca.Function("step", [theta, X, y], update(theta, X, y, size)), data)

    def whole(size):
        theta, (X, y) = ca.SX.sym("theta", sum(COUNTS)), moons(size)
        return Buffered(ca.Function("whole", [theta], update(theta, ca.SX(X.T), ca.SX(y[None]), size)), [])

    return version("casadi"), {"step": step, "whole": whole}


class Buffered(Descent):
    """A CasADi function on fixed buffers, which is its fastest way from Python."""

    def __init__(self, function, data):
        self.given, self.value, self.new = weights(), np.zeros(1), weights()
        self.buffer, self.trigger = function.buffer()
        self.kept = [function, data]  # the buffer holds no reference to them
        for k, x in enumerate([self.given, *data]):
            self.buffer.set_arg(k, memoryview(x.reshape(-1)))
        self.buffer.set_res(0, memoryview(self.value))
        self.buffer.set_res(1, memoryview(self.new))
        super().__init__(self.update, weights())

    def update(self, theta):
        self.given[:] = theta
        self.trigger()
        return self.value[0], self.new

    def vector(self):
        return np.array(self.theta)


PEERS = {
    "NumPy": by_hand,
    "micrograd": micrograd,
    "PyTorch": pytorch,
    "JAX": jax,
    "HIPS autograd": hips,
    "CasADi": casadi,
}

if __name__ == "__main__":
    # micrograd's topological sort recurses: it needs a deep stack for a chain. The others stay on the main thread.
    prepare = PEERS[sys.argv[1]]
    if prepare is micrograd:
        sys.setrecursionlimit(10**6)
        threading.stack_size(1 << 29)
        thread = threading.Thread(target=serve, args=(prepare,))
        thread.start()
        thread.join()
    else:
        serve(prepare)
