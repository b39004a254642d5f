"""Examples, rows X with their targets Y: checked before anything runs, classes as one-hot rows, and a model's outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import ops
from autograd.arrays import array
from autograd.recorded.inputs import rows_of_numbers
from autograd.refusals import ERRORS
from autograd.value import Value

Floats = npt.NDArray[np.float64]
NAMES = ": names of classes become indices by np.unique(Y, return_inverse=True)[1]"
TARGETS = "real numbers, a target or a class index for each row of X", dict.fromkeys("OSU", NAMES)


def rows(X: Any, name: str = "X", least: int = 2) -> Floats:  # noqa: N803  # the field's name for rows of data
    """Examples as 64-bit floats, (N, …) with at least `least` dimensions; TypeError or ValueError for other data."""
    data = rows_of_numbers(X, name, *(TARGETS if name == "Y" else ("rows of real numbers", {})))
    if data.ndim < least:
        advice = f": a single column is {name}[:, None], a single row {name}[None]" if data.ndim == 1 else ""
        raise ValueError(f"{name} is rows of data, shape (N, n_in); got {data.shape}{advice}")
    if not data.size:
        raise ValueError(f"{name} is empty, of shape {data.shape}: there is nothing to compute")
    if not (finite := np.isfinite(data)).all():
        at = tuple(np.argwhere(~finite)[0].tolist())
        place = f" in row {at[0]}" + f", column {', '.join(map(str, at[1:]))}" * (len(at) > 1)
        advice = "leave such rows out, or fill them in"
        if len(data) > 1 and not finite[(slice(None), *at[1:])].any():
            advice = "no row has a number there; a constant column has the deviation 0, by which none can be divided"
        raise ValueError(f"{name} holds {data[at]}{place}: {advice}")
    return data.astype(float)


def targets(Y: Any, X: Any, output: Any) -> Floats:  # noqa: N803
    """The targets of the examples X of a model with such an output: class indices of K outputs as one-hot rows."""
    numbers, indices = rows(Y, "Y", least=1), rows_of_numbers(Y, "Y", "whole-number class indices")
    given = rows_of_numbers(X, "X", "rows").dtype, indices.dtype
    if len(numbers) != len(X):
        raise ValueError(f"every row of X has its target: got {len(X)} rows of X and {len(numbers)} of Y")
    if given[0] != given[1] and all(dtype.kind == "f" for dtype in given):
        raise TypeError(f"X is {given[0]} and Y is {given[1]}: give both one precision, with astype")
    if np.ndim(output) == 1 and numbers.ndim == 1:
        if given[1].kind == "f":
            raise ValueError(f"the model has {len(output)} outputs: Y is class indices, Y.astype(int), or one-hot rows")
        return one_hot(indices, len(output))
    if np.ndim(output) < 2 and numbers.shape == (len(X), 1):
        outputs = f"{np.size(output)} outputs" if np.ndim(output) else "one output"
        raise ValueError(f"the model has {outputs} and Y has shape {numbers.shape}: give it as (N,), np.ravel(Y)")
    return numbers


def one_hot(y: Any, n_classes: int) -> npt.NDArray[np.float64]:
    """Class indices of shape S as rows of zeros with a one, of shape S + (n_classes,).

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    indices = rows_of_numbers(y, "y", "whole-number class indices")
    whole("one_hot takes a whole number of classes", n_classes)
    if indices.dtype.kind not in "iub" and indices.size:
        raise TypeError(f"one_hot takes whole-number class indices; got {indices.dtype}: convert with astype(int)")
    if indices.size and not (indices.min() >= 0 and indices.max() < n_classes):
        few = f"{indices.max() + 1} classes need as many outputs"
        advice = "np.unique(Y, return_inverse=True)[1] counts them from 0" if indices.min() else few
        raise ValueError(f"classes run from 0 to {n_classes - 1}; got {indices.min()} to {indices.max()}: {advice}")
    return np.array(indices[..., None] == np.arange(n_classes), dtype=float)


def whole(wanted: str, *numbers: Any) -> None:
    """ValueError that says what is wanted, where one of the numbers is no whole number of at least 1."""
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in numbers):
        raise ValueError(f"{wanted}, at least 1; got {' and '.join(map(repr, numbers))}")


def class_numbers(y: Any, outputs: int) -> Any:
    """The class of each example, counted from 0; ValueError for what are no classes of so many outputs.

    Of K outputs they are given as indices or as one-hot rows. A single output, 0 here, has 0 and 1, or −1 and 1.

    >>> class_numbers([-1, 1, 1], 0)
    array([0, 1, 1])
    """
    y = np.asarray(y)
    if outputs and y.shape[1:] == (outputs,) and (y == one_hot(y.argmax(axis=1), outputs)).all():
        y = y.argmax(axis=1)
    if y.ndim != 1:
        raise ValueError(f"there is one class index per row, or a one-hot row; got shape {y.shape}")
    found = np.unique(y).tolist()
    known = range(outputs) if outputs else (-1, 1) if -1 in found else (0, 1)
    of = f"{outputs} outputs are 0 to {outputs - 1}" if outputs else "one output are 0 and 1, or −1 and 1"
    for wrong in (c for c in found if c not in known):
        raise ValueError(f"the classes of {of}; got {wrong!r}: number them so")
    return np.searchsorted(known, y)


def held_out(
    validation: Any, checked: Callable[[Any, Any], Sequence[Floats]], program: Callable[..., Any]
) -> Sequence[Floats]:
    """The validation data (X, Y), which pass the checks and the program as the data of training do."""
    if not isinstance(validation, list | tuple) or len(validation) != 2:
        raise TypeError("validation is a pair of rows and targets, (X, Y)")
    try:
        data = checked(*validation)
        program(*data)
    except (TypeError, *ERRORS) as error:
        raise type(error)(f"validation: {error}") from None
    return data


# --- a model and its outputs ------------------------------------------------------------------------------------------


def inputs(x: Any) -> Any:
    """The numbers of one example as a model takes them, Values of role input."""
    return array(x, "x", "input")


def output(model: Any, x: Any) -> Any:
    """The output of a model for one example; a vector of one is one output. TypeError for what cannot be called."""
    if isinstance(model, type) or not callable(model):
        raise TypeError(
            f"a model is a Module, such as nn.MLP(2, [3, 1]), or a function of one example; got {model!r:.60}"
        )
    y = model(x)
    return y[0] if np.shape(y) == (1,) else y


def maker(v: Any) -> str:
    """The function that made a probability, sigmoid or softmax; "" for any other number."""
    if not isinstance(v, Value) or v.op is None:
        return ""
    of_softmax = v.op is ops.exp and getattr(v.parents[0].op, "name", "") == "log_softmax"
    return "softmax" if of_softmax else "sigmoid" if v.op is ops.sigmoid else ""
