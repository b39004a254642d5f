"""Examples, rows X with their targets Y: looked at before anything runs, and then run by a recorded graph or by Values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import Program, Value, array, kinds, record, values, wengert_list
from nn.losses import one_hot

Floats = npt.NDArray[np.float64]


def rows(X: Any, name: str = "X", least: int = 2) -> Floats:  # noqa: N803  # the field's name for rows of data
    """Rows of data as 64-bit floats, (N, …) with at least so many dimensions; TypeError or ValueError for others."""
    try:
        data = np.asarray(X)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: every row is an example") from None
    if data.dtype.kind not in "fiub":
        raise TypeError(f"{name} is rows of real numbers; got an array of {data.dtype}")
    if data.ndim < least:
        advice = f": a single column is {name}[:, None], a single row {name}[None]" if data.ndim == 1 else ""
        raise ValueError(f"{name} is rows of data, shape (N, n_in); got {data.shape}{advice}")
    if not data.size:
        raise ValueError(f"{name} is empty, of shape {data.shape}: there is nothing to compute")
    if not (finite := np.isfinite(data)).all():
        at = tuple(int(k) for k in np.argwhere(~finite)[0])
        place = f" of row {at[0]}" + f", column {', '.join(map(str, at[1:]))}" * (len(at) > 1)
        raise ValueError(f"{name} holds {data[at]}{place}: leave such rows out, or fill them in")
    return data.astype(float)


def targets(Y: Any, X: Any, output: Any) -> Floats:  # noqa: N803
    """The targets of the rows X of a model with such an output: class indices of K outputs as one-hot rows."""
    numbers, given = rows(Y, "Y", least=1), (np.asarray(X).dtype, np.asarray(Y).dtype)
    if len(numbers) != len(X):
        raise ValueError(f"every row of X has its target: got {len(X)} rows of X and {len(numbers)} of Y")
    if given[0] != given[1] and all(dtype.kind == "f" for dtype in given):
        raise TypeError(f"X is {given[0]} and Y is {given[1]}: give both one precision, with astype")
    if np.ndim(output) == 1 and numbers.ndim == 1:
        if given[1].kind == "f":
            raise ValueError(
                f"the model has {len(output)} outputs and Y one number a row: class indices are whole numbers, "
                f"Y.astype(int), and other targets have shape (N, {len(output)})"
            )
        return one_hot(np.asarray(Y), len(output))
    if np.ndim(output) == 0 and numbers.shape == (len(X), 1):
        raise ValueError(f"the model has one output and Y has shape {numbers.shape}: give it as (N,), Y[:, 0]")
    return numbers


class Eager:
    """The face of a Program over Values: a graph is built and differentiated for every row."""

    def __init__(self, function: Callable[..., Any], *examples: Any) -> None:
        self.function = function
        self.parameters: list[Value] = []

    def check(self, *data: Any) -> None:
        """Refuse what the function does not take, and note the parameters it depends on."""
        found = (v for output in self._outputs(data) for v in wengert_list(kinds.flat(output)))
        self.parameters = list(dict.fromkeys(v for v in found if v.role == "parameter"))

    def theta(self) -> Floats:
        """The data of the parameters, of shape (P,)."""
        return np.array([v.primal for v in self.parameters])

    def __call__(self, *data: Any) -> Floats:
        """The output of every row."""
        return np.array([values(output) for output in self._outputs(data)])

    def value_and_grad(self, theta: Floats, *data: Any, reduction: str = "mean") -> tuple[float, Floats]:
        """The mean of the outputs, or their sum, and its gradient; theta is what the parameters hold."""
        for v in self.parameters:
            v.grad = None
        n = len(data[0]) if reduction == "mean" else 1
        total = 0.0
        for loss in self._outputs(data):
            loss.backward(1.0 / n)
            total += loss.data / n
        return total, np.array([v.grad or 0.0 for v in self.parameters])

    def _outputs(self, data: Sequence[Any]) -> Iterator[Any]:
        return (self.function(inputs(x), *targets) for x, *targets in zip(*data, strict=True))


def inputs(x: Any) -> Any:
    """One row of data as a model takes it, Values of role input."""
    return array(x, "x", "input")


ENGINES: dict[str, Callable[..., Any]] = {"recorded": record, "eager": Eager}


def running(engine: str, function: Callable[..., Any], *examples: Any) -> Program | Eager:
    """The function on examples as a Program, or as its eager twin."""
    if engine not in ENGINES:
        raise ValueError(f"engine is {' or '.join(map(repr, ENGINES))}; got {engine!r}")
    program: Program | Eager = ENGINES[engine](function, *examples)
    return program


def prepared(model: Any, X: Any, Y: Any, loss: Any, engine: str) -> tuple[Any, Sequence[Floats], Value]:  # noqa: N803
    """(loss(model(x), y) on every row, the data (X, Y) it runs on, its graph for the first row), all of it checked."""
    if not callable(loss):
        raise TypeError(f"a loss is a function of output and target, such as nn.cross_entropy; got {loss!r}")
    x = rows(X)
    first = inputs(x[0])
    y = targets(Y, X, model(first))

    def of_example(x: Any, y: Any) -> Any:
        return loss(model(x), y)

    program = running(engine, of_example, x[0], y[0])
    program.check(x, y)
    return program, (x, y), of_example(first, y[0])
