"""Neuron, Layer and MLP: every unit is one dot product, a bias and an activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal, Never

import numpy as np

import autograd
from autograd import Value, array, dot, nesting, ops, refusals, scope
from autograd.guards import graph_of
from autograd.makers import maker
from autograd.scope import each
from nn.examples import whole
from nn.init import Rng, generator, glorot, he
from nn.module import Module, called

Named = Literal["identity", "sigmoid", "tanh", "relu", "leaky_relu", "step", "softmax"]
Activation = Named | Callable[[Any], Any]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda a: a,
    **{name: getattr(Value, name) for name in ("sigmoid", "tanh", "relu", "leaky_relu", "step")},
    "softmax": autograd.softmax,
}
add = maker(ops.add)


class _Units(Module):
    """Units of one activation on the same inputs: `w` of shape units + (n_in,), and `b` of shape units or None."""

    _scope: Any  # around all units
    _scopes: list[scope]  # of the units

    def __init__(self, units: tuple[int, ...], n_in: int, activation: Activation, bias: bool, rng: Rng) -> None:
        whole("a layer has a whole number of units and of inputs", *units, n_in)
        self.activation = activation
        start = he if _activation(activation)[0] in ("relu", "leaky_relu") else glorot
        self.w = array(start(generator(rng), math.prod(units), n_in).reshape(*units, n_in), "w")
        self.b = array(np.zeros(units), "b") if bias else None

    def __call__(self, x: Any) -> Any:
        x = tuple(_inputs(x, self.w.shape[-1], self))
        weights = map(tuple, self.w.reshape(len(self._scopes), -1).tolist())
        biases = [None] * len(self._scopes) if self.b is None else nesting.flat(self.b)
        name, g = _activation(self.activation)
        together = name == "softmax"  # it needs all units; every other activation belongs to one
        y, weighted = [], maker(dot, 2 * len(x))  # the node itself, unchecked: these are Values, and of one length
        with self._scope:
            for _, w, b in zip(each(self._scopes), weights, biases, strict=True):
                a = weighted(w, x) if b is None else add(weighted(w, x), b)
                y.append(a if together else g(a))
            y = g(y) if together else y
        if set(map(type, y)) != {Value}:
            graph_of(y, "the activation")
        return y[0] if len(y) == 1 else array(y)

    def __repr__(self) -> str:
        n_out, n_in = self.w.reshape(-1, self.w.shape[-1]).shape
        return self._title(f"{n_in} → {n_out} {_activation(self.activation)[0]}, ")


class Layer(_Units):
    """n_out units on n_in inputs: y = g(W x + b), with `w` of shape (n_out, n_in) and `b` of shape (n_out,).

    A call takes a vector of n_in numbers or Values and returns an Array of n_out, or one Value where n_out
    is 1. Activations: identity, sigmoid, tanh, relu, leaky_relu, step, softmax, or a function of one
    pre-activation. Weights are Glorot's, He's for rectifiers; biases start at 0. ValueError for an input of
    another length; the lecture, single-layer network with multiple output nodes.

    >>> Layer(2, 3, "tanh", rng=0)
    Layer(2 → 3 tanh, 9 parameters)
    """

    def __init__(
        self, n_in: int, n_out: int, activation: Activation = "sigmoid", bias: bool = True, rng: Rng = None
    ) -> None:
        super().__init__((n_out,), n_in, activation, bias, rng)
        self._scope, self._scopes = scope("layer"), [scope(f"neuron{k}") for k in range(1, n_out + 1)]


class Neuron(_Units):
    """One unit: y = g(w·x + b), with `w` of shape (n_in,) and the Value `b`; a Layer has many.

    >>> Neuron(3, rng=0)
    Neuron(3 → 1 sigmoid, 4 parameters)
    """

    def __init__(
        self, n_in: int, activation: Activation = "sigmoid", bias: bool = True, rng: Rng = None, **others: Never
    ) -> None:
        if others:
            raise refusals.unknown("Neuron", others, {"nonlin": "write activation='identity' for nonlin=False"})
        if _activation(activation)[0] == "softmax":
            raise ValueError("softmax needs several outputs: use a Layer, or sigmoid for one")
        super().__init__((), n_in, activation, bias, rng)
        self._scope, self._scopes = nullcontext(), [scope("neuron")]

    if TYPE_CHECKING:

        def __call__(self, x: Any) -> Value: ...


class MLP(Module):
    """Layers in sequence: MLP(n_in, [n_hidden, …, n_out]), `activation` in the hidden ones, `output` in the last.

    A call takes one example of n_in numbers and returns an Array of n_out Values, or one Value; `predict` takes
    many examples. The output is the identity, logits, for training; the layers are in `layers`.

    >>> MLP(4, [5, 3], rng=0)
    MLP(4 → 5 sigmoid → 3 identity, 43 parameters)
    """

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: Activation = "sigmoid",
        output: Activation = "identity",
        bias: bool = True,
        rng: Rng = None,
    ) -> None:
        if isinstance(sizes, int) or not len(sizes):
            raise ValueError(f"sizes lists the units of every layer, such as [5, 3]; got {sizes!r}")
        if _activation(activation)[0] == "softmax":
            raise ValueError("softmax is an output: MLP(…, output='softmax'); choose another hidden activation")
        rng, self.layers = generator(rng), list[Layer]()
        for k, n_out in enumerate(sizes, 1):
            layer = Layer(n_in, n_out, output if k == len(sizes) else activation, bias, rng)
            layer._scope, n_in = scope(f"layer{k}"), n_out
            autograd.named(f"w{k}", layer.w)
            autograd.named(f"b{k}", layer.b if bias else [])
            self.layers.append(layer)

    def __call__(self, x: Any) -> Any:
        x = _inputs(x, self.layers[0].w.shape[1], self)
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        layers = " → ".join(f"{len(layer.w)} {_activation(layer.activation)[0]}" for layer in self.layers)
        return self._title(f"{self.layers[0].w.shape[1]} → {layers}, ")


def _activation(activation: Activation) -> tuple[str, Callable[[Any], Any]]:
    """The name of an activation, and the function."""
    if callable(activation):
        return called(activation), activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, or a function; got {activation!r}")
    return activation, ACTIVATIONS[activation]


def _inputs(x: Any, n_in: int, model: Module) -> list[Value]:
    numbers = x.tolist() if isinstance(x, np.ndarray) else x
    if isinstance(numbers, list) and len(numbers) == n_in and set(map(type, numbers)) == {Value}:
        return numbers  # a layer's output, as it comes
    if n_in == 1 and np.ndim(x) == 0:  # the output of a layer of one unit
        numbers = x = [x]
    shape = np.shape(x)
    if len(shape) == 2:
        raise ValueError(f"{model!r} takes one row; got {shape[0]} rows: nn.predict(model, X) takes them all")
    if shape != (n_in,):
        raise ValueError(f"{model!r} takes {n_in} inputs; got {shape[0] if shape else 'a single number'}")
    return [v if isinstance(v, Value) else Value(v, f"x[{k}]", "input") for k, v in enumerate(numbers)]
