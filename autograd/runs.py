"""Running a program's code on NumPy's rows: in blocks, and with care where floating-point flags are raised.

An operation outside its domain raises a flag, or shows in the result. Only then are the rows looked at: a derivative
that is missing in a branch not taken passes nothing on; whatever else it is, the row is run on Values, which raise the
error that names the node, or are content.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import kinds
from autograd.arrays import values
from autograd.groups import Groups
from autograd.makers import maker
from autograd.rows import Floats
from autograd.scope import _current
from autograd.value import Value

ALARM: Any = {"divide": "raise", "over": "raise", "invalid": "raise", "under": "ignore"}
# Bytes of a block's widest array: the C library hands larger ones back to the system, and asks for them anew, at every
# operation until a program has freed some large array. They also stay in a processor's cache.
BLOCK = 120_000
LEAST = 256  # rows of a block
PATIENCE = 64  # rows run on Values to no other end than inf or nan; the rest are then taken as computed

Functions = Mapping[str, Callable[..., Any]]


class Run:
    """One call of a program: its code by name, at these parameters, on rows of these inputs."""

    def __init__(self, functions: Functions, groups: Groups, names: Sequence[str], theta: Floats, rows: int) -> None:
        self.functions, self.groups, self.names, self.theta, self.rows = functions, groups, names, theta, rows
        self.patience = PATIENCE

    def sums(self, arrays: Sequence[npt.NDArray[Any]], first: int = 0) -> tuple[Any, Any]:
        """The sum over the rows of the one output, and of its gradient; the first row has that number."""
        n = len(arrays[0]) if arrays else 1
        if n > self.rows:
            return _added(self.sums(block, at) for at, block in _blocks(arrays, self.rows, first))
        arrays = self._floats(arrays)
        try:
            with np.errstate(**ALARM):
                sums: tuple[Any, Any] = self.functions["value_and_grad"](self.theta, *arrays)
                # A sum of squares is nan or ∞ if a number is: the cheapest look at all of them, if none is too large.
                gradient, *data = (x.ravel().dot(x.ravel()) for x in (sums[1], *arrays))
            if math.isfinite(sums[0]) and math.isfinite(gradient) and not any(map(math.isnan, data)):
                return sums
        except FloatingPointError:
            pass
        if self._clean(arrays) is not None:  # all in their domains: only a derivative is missing
            sums = self._regardless("value_and_grad_checked", arrays)
            if _finite(sums[1]):
                return sums
        if not self.patience:
            return self._regardless("value_and_grad", arrays)  # type: ignore[no-any-return]
        if n > 1:
            return _added(self.sums(block, at) for at, block in _blocks(arrays, -(-n // 2), first))
        output, gradient = self._eagerly(arrays, first, gradient=True)
        return output.sum(), gradient

    def outputs(self, arrays: Sequence[npt.NDArray[Any]], first: int = 0) -> Any:
        """The outputs of every row, or of the graph without rows."""
        n = len(arrays[0]) if arrays else 1
        if n > self.rows:
            return np.concatenate([self.outputs(block, at) for at, block in _blocks(arrays, self.rows, first)])
        arrays = self._floats(arrays)
        if (output := self._clean(arrays)) is not None:
            return output
        if not self.patience:
            return self._regardless("forward", arrays)
        if n > 1:
            return np.concatenate([self.outputs(block, at) for at, block in _blocks(arrays, -(-n // 2), first)])
        output, _ = self._eagerly(arrays, first, gradient=False)
        return output if arrays else output[0]

    def _floats(self, arrays: Sequence[npt.NDArray[Any]]) -> Sequence[Floats]:
        return [x if x.dtype == self.theta.dtype else x.astype(self.theta.dtype) for x in arrays]

    def _clean(self, arrays: Sequence[Floats]) -> Any:
        """The outputs, or None where some operation is out of its domain."""
        try:
            with np.errstate(**ALARM):
                output = self.functions["forward"](self.theta, *arrays)
        except FloatingPointError:
            return None
        return output if np.isfinite(output).all() and not _nan_in(arrays) else None

    def _regardless(self, name: str, arrays: Sequence[Floats]) -> Any:
        with np.errstate(all="ignore"):
            return self.functions[name](self.theta, *arrays)

    def _eagerly(self, arrays: Sequence[Floats], row: int, gradient: bool) -> tuple[Any, Any]:
        """One row on Values: their error, or where they are content what they give."""
        for name, x in zip(self.names, arrays, strict=True):
            if np.isnan(x).any():
                raise ValueError(f"row {row} of {name} holds nan: leave such rows out, or fill them in")
        groups = self.groups
        data = dict(zip(groups.order, groups.numbers, strict=True))
        data |= dict(zip(groups.parameters, self.theta.tolist(), strict=True))
        for leaves, x in zip(groups.leaves, arrays, strict=True):
            data |= dict(zip(leaves, x.ravel().tolist(), strict=True))
        try:
            twins = _again(groups.order, data, {v for leaves in groups.leaves for v in leaves})
            outputs = [twins[groups.order[k]] for k in groups.outputs[:, 0]]
            if gradient:
                outputs[0].backward()
        except kinds.ERRORS as error:
            raise type(error)(f"row {row}: {error}" if arrays else str(error)) from None
        slopes = np.array([twins[p].grad or 0.0 for p in groups.parameters]) if gradient else self.theta
        output = values(outputs).reshape(1, *groups.shape)
        self.patience -= not np.isfinite(output).all()
        with np.errstate(over="ignore"):  # beyond 32 bits
            return output.astype(self.theta.dtype), slopes.astype(self.theta.dtype)


def _blocks(arrays: Sequence[Any], most: int, first: int) -> Iterator[tuple[int, list[Any]]]:
    """Blocks of at most so many rows, all about as long, each with the number of its first row."""
    n = len(arrays[0])
    rows = -(-n // -(-n // most))
    for at in range(0, n, rows):
        yield first + at, [x[at : at + rows] for x in arrays]


def _added(parts: Iterator[tuple[Any, Any]]) -> tuple[Any, Any]:
    total, gradient = next(parts)
    with np.errstate(all="ignore"):  # ∞ − ∞ is nan here as anywhere
        for more, slope in parts:
            total, gradient = total + more, gradient + slope
    return total, gradient


def _finite(x: Floats) -> bool:
    return bool(np.isfinite(x).all())


def _nan_in(arrays: Sequence[Floats]) -> bool:
    return any(math.isnan(x.min()) for x in arrays)


def _again(order: Sequence[Value], data: Mapping[Value, float], inputs: set[Value]) -> dict[Value, Value]:
    """The nodes of a graph computed once more from other data, under their names and scopes; inputs need no gradient."""
    twins: dict[Value, Value] = {}
    for v in order:
        token = _current.set(v.scope)
        try:
            if v.op is None:
                twins[v] = Value(data[v], v.name, "constant" if v in inputs else v.role or "input")
            else:
                twins[v] = maker(v.op)(*(twins[p] for p in v.parents))
                twins[v].name = v.name
        finally:
            _current.reset(token)
    return twins
