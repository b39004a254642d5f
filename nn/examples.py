"""Examples, rows X with their targets Y: checked before anything runs, and classes as one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.recorded.inputs import rows_of_numbers

Floats = npt.NDArray[np.float64]


def rows(X: Any, name: str = "X", least: int = 2) -> Floats:  # noqa: N803  # the field's name for rows of data
    """Examples as 64-bit floats, (N, …) with at least `least` dimensions; TypeError or ValueError for other data."""
    of_classes = dict.fromkeys("OSU", ": names of classes become indices by np.unique(Y, return_inverse=True)[1]")
    data = rows_of_numbers(X, name, "rows of real numbers", of_classes if name == "Y" else {})
    if data.ndim < least:
        advice = f": a single column is {name}[:, None], a single row {name}[None]" if data.ndim == 1 else ""
        raise ValueError(f"{name} is rows of data, shape (N, n_in); got {data.shape}{advice}")
    if not data.size:
        raise ValueError(f"{name} is empty, of shape {data.shape}: there is nothing to compute")
    if not (finite := np.isfinite(data)).all():
        at = tuple(np.argwhere(~finite)[0].tolist())
        place = f" in row {at[0]}" + f", column {', '.join(map(str, at[1:]))}" * (len(at) > 1)
        raise ValueError(f"{name} holds {data[at]}{place}: leave such rows out, or fill them in")
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
        advice = "np.unique(Y, return_inverse=True)[1] counts them from 0, and each needs an output"
        raise ValueError(f"classes run from 0 to {n_classes - 1}; got {indices.min()} to {indices.max()}: {advice}")
    return np.array(indices[..., None] == np.arange(n_classes), dtype=float)


def whole(wanted: str, *numbers: Any) -> None:
    """ValueError that says what is wanted, where one of the numbers is no whole number of at least 1."""
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in numbers):
        raise ValueError(f"{wanted}, at least 1; got {' and '.join(map(repr, numbers))}")
