"""Neuron, Layer and MLP: one dot product, a bias and an activation a unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autograd
from autograd import Value, array, dot, ops, scope
from autograd.makers import maker
from nn.examples import whole
from nn.init import Rng, generator, glorot, he
from nn.module import Module

Activation = str | Callable[[Any], Any]

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda a: a,
    "sigmoid": Value.sigmoid,
    "tanh": Value.tanh,
    "relu": Value.relu,
    "leaky_relu": Value.leaky_relu,
    "step": Value.step,
    "softmax": autograd.softmax,
}
_RECTIFIERS = ("relu", "leaky_relu")
add = maker(ops.add)


class Layer(Module):
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
        self.activation, self._name = activation, _name_of(activation)
        self._scope, self._units = scope("layer"), [scope(f"neuron{k}") for k in range(1, n_out + 1)]
        self.w = array(_weights(self._name, rng, n_out, n_in), "w")
        self.b = array(np.zeros(n_out), "b") if bias else None

    def __call__(self, x: Any) -> Any:
        x = _inputs(x, self.w.shape[1], self)
        together = self._name == "softmax"  # it needs all units; every other activation belongs to one
        g = _activation(self.activation)
        y, weighted = [], maker(dot, 2 * len(x))  # straight to the node: these are Values, and of one length
        with self._scope:
            for unit, w, b in zip(self._units, self.w.tolist(), self._biases(), strict=True):
                with unit:
                    a = weighted(*w, *x) if b is None else add(weighted(*w, *x), b)
                    y.append(a if together else g(a))
            y = _checked(g(y) if together else y)
        return y[0] if len(y) == 1 else array(y)

    def _biases(self) -> list[Any]:
        return [None] * len(self.w) if self.b is None else list(self.b.tolist())

    def __repr__(self) -> str:
        n_out, n_in = self.w.shape
        return self._title(f"{n_in} → {n_out} {self._name}, ")


class Neuron(Module):
    """One unit: y = g(w·x + b), with `w` of shape (n_in,) and the Value `b`; what a Layer has many of.

    >>> Neuron(3, rng=0)
    Neuron(3 → 1 sigmoid, 4 parameters)
    """

    def __init__(self, n_in: int, activation: Activation = "sigmoid", bias: bool = True, rng: Rng = None) -> None:
        if _name_of(activation) == "softmax":
            raise ValueError("softmax needs several outputs: use a Layer, or sigmoid for one")
        self.activation, self._name = activation, _name_of(activation)
        self.w = array(_weights(self._name, rng, 1, n_in)[0], "w")
        self.b = Value(0.0, "b") if bias else None

    def __call__(self, x: Any) -> Any:
        x = _inputs(x, len(self.w), self)
        with scope("neuron"):
            a = maker(dot, 2 * len(x))(*self.w.tolist(), *x)
            return _checked([_activation(self.activation)(a if self.b is None else a + self.b)])[0]

    def __repr__(self) -> str:
        return self._title(f"{len(self.w)} → 1 {self._name}, ")


class MLP(Module):
    """Layers one behind the other: MLP(n_in, [n_hidden, …, n_out]), `activation` in the hidden ones, `output` last.

    A call takes one row of n_in numbers and returns an Array of n_out Values, or one Value; `predict` takes
    many rows. The output is the identity, logits, for training; the layers are in `layers`.

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
        if _name_of(activation) == "softmax":
            raise ValueError("softmax is an output: MLP(…, output='softmax'); choose another hidden activation")
        rng, widths = generator(rng), [n_in, *sizes]
        kinds = [activation] * (len(sizes) - 1) + [output]
        self.layers = [Layer(a, b, g, bias, rng) for a, b, g in zip(widths, widths[1:], kinds, strict=False)]
        for k, layer in enumerate(self.layers, 1):
            layer._scope = scope(f"layer{k}")
            autograd.named(f"w{k}", layer.w)
            if layer.b is not None:
                autograd.named(f"b{k}", layer.b)

    def __call__(self, x: Any) -> Any:
        x = _inputs(x, self.layers[0].w.shape[1], self)
        for layer in self.layers:
            x = layer([x] if isinstance(x, Value) else x)
        return x

    def __repr__(self) -> str:
        layers = " → ".join(f"{layer.w.shape[0]} {layer._name}" for layer in self.layers)
        return self._title(f"{self.layers[0].w.shape[1]} → {layers}, ")


def _checked(y: list[Any]) -> list[Any]:
    if set(map(type, y)) != {Value}:
        raise TypeError("the activation returned a plain number, so the graph ends there: use autograd's functions")
    return y


def _weights(activation: str, rng: Rng, *sizes: Any) -> Any:
    whole("a layer has a whole number of units and of inputs", *sizes)
    start = he if activation in _RECTIFIERS else glorot
    return start(generator(rng), *sizes)


def _activation(activation: Activation) -> Callable[[Any], Any]:
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, or a function; got {activation!r}")
    return ACTIVATIONS[activation]


def _name_of(activation: Activation) -> str:
    if isinstance(activation, str):
        _activation(activation)  # refuses a name that is none
        return activation
    return str(getattr(activation, "name", getattr(activation, "__name__", "activation")))


def _inputs(x: Any, n_in: int, model: Module) -> list[Value]:
    numbers = x.tolist() if isinstance(x, np.ndarray) else x
    if isinstance(numbers, list) and len(numbers) == n_in and set(map(type, numbers)) == {Value}:
        return numbers  # a layer's output, as it comes
    shape = np.shape(x)
    if len(shape) == 2:
        raise ValueError(f"{model!r} takes one row; got {shape[0]} rows: nn.predict(model, X) takes them all")
    if shape != (n_in,):
        raise ValueError(f"{model!r} takes {n_in} inputs; got {shape[0] if shape else 'a single number'}")
    return [v if isinstance(v, Value) else Value(v, f"x[{k}]", "input") for k, v in enumerate(numbers)]
