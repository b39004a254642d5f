"""The network of the lecture, with two layers and softmax, as its chain of six functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Chain, named, scope, sigmoid
from nn.losses import cross_entropy


def lecture_chain(W1: Any, w10: Any, W2: Any, w20: Any, c: int) -> Chain:  # noqa: N803  # the lecture's names
    """L = f6(f5(f4(f3(f2(f1(x)))))) for the true class c, every intermediate named as in the lecture.

    W1 (M, d), w10 (M,), W2 (K, M) and w20 (K,) are arrays of Values; lecture, computation graph. The lecture prints
    f6 without its minus; the loss is −log softmax(x6)_c.

    >>> from autograd import array
    >>> W1, w10 = array([[1.0, 0.0], [0.0, 1.0]], "W1"), array([0.0, 0.0], "w10")
    >>> W2, w20 = array([[1.0, -1.0], [-1.0, 1.0]], "W2"), array([0.0, 0.0], "w20")
    >>> chain = lecture_chain(W1, w10, W2, w20, 0)
    >>> round(chain([1.0, 1.0]).data, 6), [stage.name for stage in chain.stages]
    (0.693147, ['f1', 'f2', 'f3', 'f4', 'f5', 'f6'])
    """
    units, classes = np.shape(W1)[:1], np.shape(W2)[:1]
    for name, given, wanted in (("w10", w10, units), ("W2", W2, (*classes, *units)), ("w20", w20, classes)):
        if np.shape(given) != wanted:
            raise ValueError(f"{name} has shape {wanted} beside W1 {np.shape(W1)}; got {np.shape(given)}")
    return Chain(
        _function("f1", "x2 = W1·x", lambda x: W1 @ x),
        _function("f2", "x3 = x2 + w10", lambda x2: x2 + w10),
        _function("f3", "x4 = σ(x3)", lambda x3: sigmoid(x3)),
        _function("f4", "x5 = W2·x4", lambda x4: W2 @ x4),
        _function("f5", "x6 = x5 + w20", lambda x5: x5 + w20),
        _function("f6", f"L = −log softmax(x6)[{c}]", lambda x6: cross_entropy(x6, c)),
    )


def _function(name: str, formula: str, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f in the scope of its formula, whose left side names what it gives."""
    return scope(name, formula)(lambda x: named(formula.partition(" = ")[0], f(x)))
