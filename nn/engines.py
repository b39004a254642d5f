"""Engines: a function of an example run on many, as a recorded Program or as a graph of Values for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from autograd import Value, array, nesting, record, refusals, values, wengert_list
from autograd.recorded.program import Reduction
from autograd.tape import reverse_sweep
from nn.examples import Floats, rows, targets

Engine = Literal["recorded", "eager", "c"]


def inputs(x: Any) -> Any:
    """The numbers of one example as a model takes them, Values of role input."""
    return array(x, "x", "input")


def output(model: Any, x: Any) -> Any:
    """The output of a model for one example; a vector of one is one output."""
    y = model(x)
    return y[0] if np.shape(y) == (1,) else y


class EagerProgram:
    """Program's interface, computed on Values: one graph per example."""

    def __init__(self, function: Callable[..., Any], *_: Any) -> None:
        self.function = function
        self.parameters: dict[Value, None] = {}  # those it was found to depend on, in order

    def theta(self) -> Floats:
        """The data of the parameters, of shape (P,)."""
        return np.array([v.primal for v in self.parameters])

    def __call__(self, *data: Any) -> Floats:
        """The output for every example."""
        outputs = []
        for y in self.graphs(data):
            outputs.append(values(y))
            self.parameters |= dict.fromkeys(v for v in wengert_list(nesting.flat(y)) if v.role == "parameter")
        return np.array(outputs)

    def value_and_grad(self, theta: Floats, *data: Any, reduction: Reduction = "mean") -> tuple[float, Floats]:
        """The mean or the sum of the outputs, and its gradient, at theta, which the parameters hold from then on."""
        for v, x in zip(self.parameters, theta.tolist(), strict=True):
            v.primal = x
        n = len(data[0]) if reduction == "mean" else 1
        total, gradient = 0.0, np.zeros(len(self.parameters))
        for y in self.graphs(data):
            adjoint = reverse_sweep(wengert_list([y]), {y: 1.0 / n})
            total += y.data / n
            with np.errstate(all="ignore"):  # ∞ − ∞ is nan, as between floats
                gradient += [adjoint.get(v, 0.0) for v in self.parameters]
        return total, gradient

    def graphs(self, data: Sequence[Any]) -> Iterator[Any]:
        """The output for every example as a graph, with the number of its row in an error."""
        for k, (x, *more) in enumerate(zip(*data, strict=True)):
            try:
                yield self.function(inputs(x), *more)
            except refusals.ERRORS as error:
                raise type(error)(f"row {k}: {error}") from None


ENGINES: dict[Engine, Any] = {"recorded": record, "eager": EagerProgram, "c": partial(record, language="c")}


def engine_for(engine: Engine, function: Callable[..., Any], *examples: Any) -> Any:
    """The function as a Program that is recorded on one example, or as an EagerProgram."""
    if engine not in ENGINES:
        raise ValueError(f"engine is {' or '.join(map(repr, ENGINES))}; got {engine!r}")
    return ENGINES[engine](function, *examples)


def prepared(model: Any, X: Any, Y: Any, loss: Any) -> tuple[Callable[..., Value], Sequence[Floats], Value]:  # noqa: N803
    """(loss(model(x), y) as a function of x and y, the validated data (X, Y), its graph for the first example)."""
    if not callable(loss):
        raise TypeError(f"a loss is a function of output and target, such as nn.cross_entropy; got {loss!r}")
    x = rows(X)
    first = inputs(x[0])
    y = targets(Y, X, output(model, first))

    def of_example(x: Any, y: Any) -> Any:
        return loss(output(model, x), y)

    example = of_example(first, y[0])
    if not isinstance(example, Value):
        given = f"an array of shape {np.shape(example)}: take its sum" if np.ndim(example) else repr(example)
        raise TypeError(f"a loss gives one Value for one example; this one gives {given}")
    return of_example, (x, y), example
