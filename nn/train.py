"""Models on rows of data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import ops, values


def predict(model: Any, X: Any) -> npt.NDArray[np.float64]:  # noqa: N803  # the field's name for rows of data
    """The model's outputs on every row of X (N, n_in), as floats: (N,) for one output, (N, K) for K."""
    X = np.asarray(X, dtype=float)  # noqa: N806
    if X.ndim != 2 or not len(X):
        raise ValueError(f"predict takes rows of data, shape (N, n_in); got {X.shape}")
    return np.array([values(model(row)) for row in X])


def accuracy(model: Any, X: Any, Y: Any) -> float:  # noqa: N803
    """The share of rows whose class is right: the largest of K outputs; of one output, class 1 where it is positive.

    An output made by a sigmoid is a probability: class 1 where it is above ½.
    """
    outputs, classes = predict(model, X), np.asarray(Y)
    if classes.shape != (len(outputs),):
        raise ValueError(
            f"accuracy takes one class index per row: {len(outputs)} rows, targets of shape {classes.shape}"
        )
    if np.isnan(outputs).any():
        raise ValueError("the model's outputs are nan: its weights or the data are not finite")
    first = model(np.asarray(X, dtype=float)[0]) if outputs.ndim == 1 else None
    bound = 0.5 if getattr(first, "op", None) is ops.sigmoid else 0.0
    chosen = outputs > bound if outputs.ndim == 1 else outputs.argmax(axis=1)
    return float(np.mean(chosen == classes))
