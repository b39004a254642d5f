"""Our side of the measurements, in a process like every peer's: `python ours.py`, with the repository on the path."""

import os
import tempfile
from functools import partial
from importlib.metadata import version

import numpy as np
from work import (
    ALPHA,
    CELL,
    CONVOLUTION,
    EPOCHS,
    KERNELS,
    LR,
    SIDE,
    TIMES,
    WINDOW,
    Again,
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

import nn
import viz
from autograd import Value, array, assign, constant, dot, record, relu, sum as total
from autograd.recorded import native
from nn import gpt


def layers(vector):
    """(weights, biases) of every layer in a vector, the weights as our layers hold them: (outputs, inputs)."""
    arrays = unpack(vector)
    return [(W.T, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True)]


def network(activation="relu"):
    """The demo's network with the weights of the work."""
    model = nn.MLP(2, [16, 16, 1], activation=activation, rng=0)
    for layer, (W, b) in zip(model.layers, layers(weights()), strict=True):
        assign(layer.w, W)
        assign(layer.b, b)
    return model


def leaves(model):
    """The network's leaves in the order of the vector of weights."""
    return [v for layer in model.layers for v in (*layer.w.T.ravel(), *layer.b)]


def places(ordered, parameters):
    """Where every parameter stands in the vector of weights."""
    place = {leaf: k for k, leaf in enumerate(ordered)}
    return [place[p] for p in parameters]


def whole_loss(model, rows, targets):
    """The demo's loss over a whole data set: mean hinge and L2."""
    parameters = model.parameters()
    losses = [nn.hinge(model(row), int(target)) for row, target in zip(rows, targets, strict=True)]
    return total(losses) * (1.0 / len(losses)) + ALPHA * dot(parameters, parameters)


def demo(size):
    """micrograd's demo, eagerly."""
    model, (X, y) = network(), moons(size)
    parameters = model.parameters()

    def descend():
        loss = whole_loss(model, X, y)
        model.zero_grad()
        loss.backward()
        for p in parameters:
            p.data -= LR * p.grad
        return loss.data

    return Scalars(descend, parameters, places(leaves(model), parameters))


def recorded(model, parameters, language="numpy"):
    """The demo's loss of one row, recorded; L2 is the same in every row, and so in their mean."""
    (x,), (target,) = moons(1)
    penalty = lambda: ALPHA * dot(parameters, parameters)  # noqa: E731
    return record(lambda x, y: nn.hinge(model(x), y) + penalty(), x, target, language=language)


class Recorded(Descent):
    """A recorded program under gradient descent on its theta."""

    def __init__(self, ordered, program, data):
        super().__init__(self.descend, program.theta())
        self.program, self.data, self.places = program, data, places(ordered, program.parameters)

    def descend(self, theta):
        loss, gradient = self.program.value_and_grad(theta, *self.data)
        return loss, theta - LR * gradient

    def vector(self):
        theta = np.empty(len(self.places))
        theta[self.places] = self.theta
        return theta


def step(size, activation="relu", language="numpy"):
    model = network(activation)
    return Recorded(leaves(model), recorded(model, model.parameters(), language), moons(size))


def whole(size, language="numpy"):
    """The demo's loss over its whole data set as one graph without rows, the data as constants."""
    model, (X, y) = network(), moons(size)
    return Recorded(leaves(model), record(lambda: whole_loss(model, constant(X), y), language=language), ())


def recurrence(size, language="numpy"):
    """A recurrent cell over a sequence, the loss after its last number."""
    U, V, b, w = parts = [array(part) for part in unpack(weights(CELL), CELL)]

    def loss(x, y):
        h = np.tanh(U * x[0] + b)
        for t in range(1, TIMES):
            h = np.tanh(U * x[t] + V @ h + b)
        return (w @ h - y) ** 2 / 2

    return learned(parts, loss, sequences(size), language)


def convolution(size, language="numpy"):
    """Kernels over an image, by slices."""
    K, b, w = parts = [array(part) for part in unpack(weights(CONVOLUTION), CONVOLUTION)]
    corners = [(i, j) for i in range(SIDE - WINDOW + 1) for j in range(SIDE - WINDOW + 1)]

    def loss(x, y):
        windows = np.array([x[i : i + WINDOW, j : j + WINDOW].ravel() for i, j in corners])
        return (w @ relu(K.reshape(KERNELS, -1) @ windows.T + b[:, None]).mean(axis=1) - y) ** 2 / 2

    return learned(parts, loss, images(size), language)


def learned(parts, loss, data, language):
    """The descent of a loss of one example, recorded."""
    program = record(loss, *(x[0] for x in data), language=language)
    return Recorded([v for part in parts for v in part.ravel()], program, data)


def backward(size, language="numpy"):
    """The recorded step through the Values: `backward` into their gradients, and SGD."""
    model, data = network(), moons(size)
    parameters = model.parameters()
    program = recorded(model, parameters, language)
    descent = nn.SGD(parameters, lr=LR)

    def descend():
        descent.zero_grad()
        loss = program.backward(*data)
        descent.step()
        return loss

    return Scalars(descend, parameters, places(leaves(model), parameters))


def recording(_):
    model = network()
    parameters = model.parameters()
    return Again(lambda: recorded(model, parameters))


def first_run(size):
    """`record`, and one run: the code is written and compiled then."""
    model, data = network(), moons(size)
    parameters = model.parameters()

    def record_and_run():
        program = recorded(model, parameters)
        program.value_and_grad(program.theta(), *data)

    return Again(record_and_run)


def fitting(size, engine="recorded"):
    """`fit` on the full batch; a step is one of its epochs."""
    model, (X, y) = network(), moons(size)
    parameters = model.parameters()
    loss = lambda score, t: nn.hinge(score, t) + ALPHA * dot(parameters, parameters)  # noqa: E731
    descent = nn.SGD(parameters, lr=LR)
    return Again(lambda: nn.fit(model, X, y, loss, descent, EPOCHS, progress=False, engine=engine))


def gpt_of(names, language="numpy"):
    """The loss and the gradient of some names of eight letters at once, by the GPT of the tests."""
    weights, name = gpt.parameters(), gpt.tokens("margaret")
    program = record(lambda x: gpt.loss(weights, x), name, language=language)
    theta, rows = program.theta(), np.array([name] * names, dtype=float)
    program.value_and_grad(theta, rows)  # written and compiled
    return Again(lambda: program.value_and_grad(theta, rows))


def gpt_recorded(_):
    weights, name = gpt.parameters(), gpt.tokens("margaret")
    return Again(lambda: record(lambda x: gpt.loss(weights, x), name))


def compiling(_):
    """The demo's functions in C, compiled into a fresh cache."""
    model = network()
    program = recorded(model, model.parameters(), "c")
    text = program.source

    def compile_anew():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            native.compiled(text)

    return Again(compile_anew)


def drawing(nodes):
    """A network's graph, every value of it on a card."""
    model = nn.MLP(5, [10, 8], activation="tanh", rng=0)
    loss = nn.cross_entropy(model([1.0, 2.0, 3.0, 4.0, 5.0]), 1)
    loss.backward()
    shown = repr(viz.draw(loss, detail="values", max_nodes=nodes))
    assert shown == f"<Computation graph of {nodes} values>", shown
    viz.draw(loss, detail="values", max_nodes=nodes).svg.encode()  # warm: the layout program is loaded
    return Again(lambda: viz.draw(loss, detail="values", max_nodes=nodes).svg)


TASKS = {
    "chain": lambda length: Chain(Value, length),
    "chain, collector off": lambda length: Chain(Value, length, collector=False),
    "demo": demo,
    "step": step,
    "step in C": lambda size: step(size, language="c"),
    "backward": backward,
    "backward in C": lambda size: backward(size, language="c"),
    "fit": fitting,
    "fit in C": lambda size: fitting(size, "c"),
    "whole": whole,
    "whole in C": lambda size: whole(size, "c"),
    "recurrence": recurrence,
    "recurrence in C": lambda size: recurrence(size, "c"),
    "convolution": convolution,
    "convolution in C": lambda size: convolution(size, "c"),
    "compile": compiling,
    "record": recording,
    "record and run": first_run,
    "draw": drawing,
    "gpt": gpt_of,
    "gpt in C": lambda names: gpt_of(names, "c"),
    "gpt recorded": gpt_recorded,
}

for name in ("tanh", "sigmoid"):
    TASKS[f"step, {name}"] = partial(step, activation=name)
    TASKS[f"step, {name}, in C"] = partial(step, activation=name, language="c")

if __name__ == "__main__":
    serve(lambda: (version("numpy"), TASKS))
