"""Examples, rows X with their targets Y: looked at before anything runs, and then run by a recorded graph or by Values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from autograd import Value, array, kinds, record, values, wengert_list
from autograd.tape import reverse_sweep

Floats = npt.NDArray[np.float64]
Engine = Literal["recorded", "eager"]
Reduction = Literal["mean", "sum"]


def rows(X: Any, name: str = "X", least: int = 2) -> Floats:  # noqa: N803  # the field's name for rows of data
    """Rows of data as 64-bit floats, (N, …) with at least so many dimensions; TypeError or ValueError for others."""
    try:
        data = np.asarray(X)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: every row is an example") from None
    if data.dtype.kind not in "fiub":
        advice = ": names of classes become indices by np.unique(Y, return_inverse=True)[1]" if name == "Y" else ""
        raise TypeError(f"{name} is rows of real numbers; got an array of {data.dtype}{advice}")
    if data.ndim < least:
        advice = f": a single column is {name}[:, None], a single row {name}[None]" if data.ndim == 1 else ""
        raise ValueError(f"{name} is rows of data, shape (N, n_in); got {data.shape}{advice}")
    if not data.size:
        raise ValueError(f"{name} is empty, of shape {data.shape}: there is nothing to compute")
    if not (finite := np.isfinite(data)).all():
        at = tuple(np.argwhere(~finite)[0].tolist())
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


def one_hot(y: Any, n_classes: int) -> npt.NDArray[np.float64]:
    """Class indices of shape S as rows of zeros with a one, of shape S + (n_classes,).

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    indices = np.asarray(y)
    whole("one_hot takes a whole number of classes", n_classes)
    if indices.dtype.kind not in "iub" and indices.size:
        raise TypeError(f"one_hot takes whole-number class indices; got {indices.dtype}: convert with astype(int)")
    if indices.size and not (indices.min() >= 0 and indices.max() < n_classes):
        raise ValueError(f"classes run from 0 to {n_classes - 1}; got {indices.min()} to {indices.max()}")
    return np.array(indices[..., None] == np.arange(n_classes), dtype=float)


def whole(what: str, *numbers: Any) -> None:
    """Refuse, ValueError, what is no whole number of at least 1."""
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in numbers):
        raise ValueError(f"{what}, at least 1; got {' and '.join(map(repr, numbers))}")


def output(model: Any, x: Any) -> Any:
    """What a model gives for one row; a vector of one is one output."""
    y = model(x)
    return y[0] if np.shape(y) == (1,) else y


class Eager:
    """The face of a Program over Values: a graph is built and differentiated for every row."""

    def __init__(self, function: Callable[..., Any], *_: Any) -> None:
        self.function = function
        self.parameters: dict[Value, None] = {}  # those it was found to depend on, in order

    def theta(self) -> Floats:
        """The data of the parameters, of shape (P,)."""
        return np.array([v.primal for v in self.parameters])

    def __call__(self, *data: Any) -> Floats:
        """The output of every row."""
        outputs = []
        for y in self.outputs(data):
            outputs.append(values(y))
            self.parameters |= dict.fromkeys(v for v in wengert_list(kinds.flat(y)) if v.role == "parameter")
        return np.array(outputs)

    def value_and_grad(self, _: Floats, *data: Any, reduction: str = "mean") -> tuple[float, Floats]:
        """The mean of the outputs, or their sum, and its gradient, at the data that the parameters hold."""
        n = len(data[0]) if reduction == "mean" else 1
        total, gradient = 0.0, np.zeros(len(self.parameters))
        for y in self.outputs(data):
            adjoint = reverse_sweep(wengert_list([y]), {y: 1.0 / n})
            total += y.data / n
            with np.errstate(all="ignore"):  # ∞ − ∞ is nan, as between floats
                gradient += [adjoint.get(v, 0.0) for v in self.parameters]
        return total, gradient

    def outputs(self, data: Sequence[Any]) -> Iterator[Any]:
        """The function of every row, with the row's number in an error."""
        for k, (x, *more) in enumerate(zip(*data, strict=True)):
            try:
                yield self.function(inputs(x), *more)
            except kinds.ERRORS as error:
                raise type(error)(f"row {k}: {error}") from None


def inputs(x: Any) -> Any:
    """One row of data as a model takes it, Values of role input."""
    return array(x, "x", "input")


ENGINES: dict[Engine, Callable[..., Any]] = {"recorded": record, "eager": Eager}


def running(engine: Engine, function: Callable[..., Any], *examples: Any) -> Any:
    """The function on examples as a Program, or as its eager twin."""
    if engine not in ENGINES:
        raise ValueError(f"engine is {' or '.join(map(repr, ENGINES))}; got {engine!r}")
    return ENGINES[engine](function, *examples)


def prepared(model: Any, X: Any, Y: Any, loss: Any) -> tuple[Callable[..., Value], Sequence[Floats], Value]:  # noqa: N803
    """(loss(model(x), y) as a function of x and y, the data (X, Y) for it, its graph for the first row)."""
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
