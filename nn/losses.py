"""Losses of one example, with the factors that the lecture gives them; their sum or mean over examples is taken outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import Value, dot, log, nesting, ops, relu, softplus, sum as total, where
from autograd.guards import demand, index_below
from autograd.nesting import real
from autograd.recorded.examples import maker


class ProbabilitiesError(ValueError):
    """Probabilities in place of logits; `maker` is the function that made them, sigmoid or softmax."""

    def __init__(self, loss: str, maker: str) -> None:
        super().__init__(f"{loss} takes logits, and these come from {maker}: build the model with output='identity'")
        self.maker = maker


def mse(y_hat: Any, y: Any) -> Value:
    """E_n = ½ Σ_k (ŷ_k − y_k)², for vectors or for one Value and a number; lecture, training with MSE.

    >>> mse([Value(1.0), Value(0.0)], [0.0, 0.0])
    Value(data=0.5, grad=None)
    """
    errors: list[Any] = [a - b for a, b in _pairs(y_hat, y, "mse")]
    square: Value = errors[0] * errors[0] if np.ndim(y_hat) == 0 else dot(errors, errors)
    return 0.5 * square


def binary_cross_entropy(y_hat: Any, y: Any) -> Value:
    """E_n = −Σ_k [y_k log ŷ_k + (1 − y_k) log(1 − ŷ_k)] on probabilities ŷ, targets from 0 to 1; lecture, cross-entropy.

    The lecture's E_H is its mean over the examples. As printed: it has no value where ŷ has rounded to 0 or 1, unlike
    `binary_cross_entropy_with_logits`. ValueError for ŷ and y outside of 0 to 1.

    >>> binary_cross_entropy(Value(0.25), 0)
    Value(data=0.2876820724517809, grad=None)
    """
    loss = "binary_cross_entropy"
    pairs = _pairs(y_hat, y, loss)
    for p in (getattr(p, "data", p) for p, _ in pairs):
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{loss} takes probabilities, from 0 to 1; got {p!r}: for logits use {loss}_with_logits")
    return -_mixed(pairs, _log, lambda p, weight: _log(1.0 - p, weight), loss)


def _log(p: Any, weight: Any) -> Any:
    # Examples differ in their targets: 0 · log 0 is 0, as the term is absent in a graph of one example.
    return log(where(weight + abs(p), p, 1.0) if isinstance(weight, Value) else p)


def binary_cross_entropy_with_logits(a: Any, y: Any) -> Value:
    """The same from logits, ŷ = σ(a): Σ_k [y_k softplus(−a_k) + (1 − y_k) softplus(a_k)], with ∂E_n/∂a = ŷ − y.

    Exact at any size of a. ValueError for probabilities, made by sigmoid or softmax, in place of logits, and for y
    outside of 0 to 1.

    >>> a = Value(-1000.0)
    >>> E = binary_cross_entropy_with_logits(a, 1)
    >>> E.backward()
    >>> E.data, a.grad
    (1000.0, -1.0)
    """
    loss = "binary_cross_entropy_with_logits"
    pairs = _pairs(a, y, loss)
    _refuse_probabilities([v for v, _ in pairs], loss)
    # −log σ(a) is softplus(−a), and −log(1 − σ(a)) is softplus(a): no 1 that cancels.
    return _mixed(pairs, lambda v, _: softplus(-v), lambda v, _: softplus(v), loss)


def _mixed(
    pairs: list[tuple[Any, Any]], yes: Callable[[Any, Any], Any], no: Callable[[Any, Any], Any], loss: str
) -> Value:
    """Σ [y · yes(x, y) + (1 − y) · no(x, 1 − y)], without a term whose weight is the number 0."""
    targets = [t for _, t in pairs]
    demand(targets, _is_share, f"{loss} takes targets from 0 to 1")
    terms: list[Value] = []
    for x, t in pairs:
        if not isinstance(t, Value) and t in (0, 1):
            terms.append(yes(x, t) if t else no(x, 1.0))
        else:
            terms.append(t * yes(x, t) + (1.0 - t) * no(x, 1.0 - t))
    return terms[0] if len(terms) == 1 else total(terms)


def hinge(score: Any, y: Any) -> Value:
    """Σ_k max(0, 1 − y_k · score_k) for targets of ±1: the margin loss of Cortes & Vapnik 1995.

    >>> hinge(Value(0.25), 1)
    Value(data=0.75, grad=None)
    """
    pairs = _pairs(score, y, "hinge")
    if any(isinstance(target, Value) or target not in (-1, 1) for _, target in pairs):
        wanted = "hinge takes targets of −1 and 1 (for classes 0 and 1 pass 2·y − 1)"
        demand([target for _, target in pairs], _is_side, wanted)
    losses: list[Value] = [relu(1 - target * s) for s, target in pairs]
    return losses[0] if isinstance(score, Value) else total(losses)


def cross_entropy(logits: Any, y: Any) -> Value:
    """L = −log softmax(a)_c = logsumexp(a) − a_c from logits a, the true class c given by index or one-hot.

    One node for a class, with ∂L/∂a = ŷ − y; a y that is spread over classes gives Σ_k y_k · (−log softmax(a)_k).
    ValueError for probabilities in place of logits, for a class that does not exist and for a y that does not
    sum to 1; lecture, cross entropy layer.

    >>> L = cross_entropy([Value(1000.0), Value(0.0)], 1)
    >>> L, L.partials
    (Value(data=1000.0, grad=None), (1.0, -1.0))
    """
    a = nesting.flat(logits)
    if np.ndim(logits) != 1 or len(a) < 2:
        raise ValueError(
            "cross_entropy takes a vector of at least two logits, one per class; for one output of two classes take "
            "binary_cross_entropy_with_logits"
        )
    _refuse_probabilities(a, "cross_entropy")
    if np.ndim(y) == 0 and not isinstance(y, list | tuple):
        return _of_class(a, y)
    targets = [t if isinstance(t, Value) else real(t) for t in nesting.flat(y)]
    if len(targets) != len(a) or np.ndim(y) > 1:
        raise ValueError(f"cross_entropy got {len(a)} logits and targets of shape {np.shape(y)}")
    demand(targets, _is_distribution, "cross_entropy takes a one-hot y, ≥ 0 with sum 1")
    if not any(isinstance(t, Value) for t in targets) and 1.0 in targets:
        return _of_class(a, targets.index(1.0))
    used = [k for k, t in enumerate(targets) if isinstance(t, Value) or t]  # 0 · ∞ of a class that is ruled out is 0
    return dot([targets[k] for k in used], [ops.neg_log_softmax.at(k).apply(*a) for k in used])  # type: ignore[no-any-return]


def _is_share(y: npt.NDArray[Any]) -> Any:
    return (y >= 0) & (y <= 1)


def _is_side(y: npt.NDArray[Any]) -> Any:
    return y * y == 1.0


def _is_distribution(y: npt.NDArray[Any]) -> Any:
    rounding = 1e-6 if y.dtype.itemsize == 8 else 1e-4  # in 32 bits, or made of such, shares add up less exactly
    return (y >= 0).all(axis=0) & (abs(y.sum(axis=0) - 1.0) < rounding)


def _of_class(a: list[Any], c: Any) -> Value:
    c = c[()] if isinstance(c, np.ndarray) else c
    if isinstance(c, Value):
        index_below(len(a), c, f"cross_entropy of {len(a)} classes")
        return ops.take.apply(c, *ops.neg_log_softmax(a))  # type: ignore[no-any-return]
    if isinstance(c, bool | np.timedelta64) or not isinstance(c, Integral):
        raise TypeError(f"a class index is a whole number; got {c!r}: convert it with int(…)")
    if not 0 <= int(c) < len(a):
        raise ValueError(f"class {c} of {len(a)} classes: indices run from 0 to {len(a) - 1}")
    return ops.neg_log_softmax.at(int(c)).apply(*a)  # type: ignore[no-any-return]


def _refuse_probabilities(a: Sequence[Any], loss: str) -> None:
    if all(makers := [maker(v) for v in a]):
        raise ProbabilitiesError(loss, makers[0])


def _pairs(y_hat: Any, y: Any, loss: str) -> list[tuple[Any, Any]]:
    if isinstance(y_hat, Value) and y.__class__ in (int, float) and y == y:
        return [(y_hat, y)]  # the common case, in front
    if np.shape(y_hat) != np.shape(y):
        advice = "" if np.shape(y) or np.ndim(y_hat) != 1 else f": the row of a class is nn.one_hot(y, {len(y_hat)})"
        raise ValueError(f"{loss} got outputs of shape {np.shape(y_hat)} and targets of shape {np.shape(y)}{advice}")
    pairs = list(zip(nesting.flat(y_hat), nesting.flat(y), strict=True))
    if not pairs:
        raise ValueError(f"{loss} of nothing: outputs and targets are empty")
    for _, target in pairs:
        if not isinstance(target, Value) and (not isinstance(target, nesting.REAL) or target != target):
            raise ValueError(f"{loss} takes numbers as targets; got {target!r}")
    return pairs
