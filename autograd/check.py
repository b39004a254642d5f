"""check_grad: both modes of differentiation against central differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.arrays import array, values
from autograd.transforms import grad, jacobian, jvp

STEP = np.finfo(float).eps ** (1 / 3)  # balances truncation h² against rounding eps/h
TOLERANCE = 1e-6


class _Row(NamedTuple):
    entry: str
    reverse: float
    forward: float
    difference: float
    jump: float  # between the one-sided differences

    @property
    def error(self) -> float:
        scale = max(1.0, abs(self.difference))
        return max(abs(self.reverse - self.difference), abs(self.forward - self.difference)) / scale


def check_grad(f: Callable[..., Any], *args: Any, order: int = 1) -> float:
    """The largest error of ∂f/∂args, by the reverse and by the forward mode, against central differences.

    Errors are relative to max(1, |difference|). With order=2 the gradient's own derivatives are checked
    too, and so on; f then returns one Value. AssertionError, with a table of both numbers, above 1e-6.

    >>> check_grad(lambda x: x**3, 2.0) < 1e-8
    True
    """
    rows = [row for n in range(len(args)) for row in _rows(f, args, n)]
    wrong = [row for row in rows if not row.error <= TOLERANCE]
    if wrong:
        raise AssertionError(_report(f, wrong))
    deeper = [check_grad(grad(f, n), *args, order=order - 1) for n in range(len(args)) if order > 1]
    return float(max([row.error for row in rows] + deeper, default=0.0))


def _rows(f: Callable[..., Any], args: Sequence[Any], n: int) -> list[_Row]:
    x = values(args[n])

    def at(moved: Any) -> list[float]:
        return values(f(*args[:n], _like(args[n], moved), *args[n + 1 :])).ravel().tolist()

    def of_one(part: Any) -> Any:
        return f(*args[:n], part, *args[n + 1 :])

    reverse = np.asarray(jacobian(of_one)(args[n])).reshape(-1, x.size)
    rows, middle = [], at(x)
    for k in range(x.size):
        unit = np.zeros(x.size)
        unit[k] = 1.0
        forward = values(jvp(of_one, (args[n],), (_like(args[n], unit.reshape(x.shape)),))[1]).ravel()
        up, down, h = _either_side(at, x, unit.reshape(x.shape))
        for j, (u, m, d) in enumerate(zip(up, middle, down, strict=True)):
            entry = f"∂f{f'[{j}]' if len(up) > 1 else ''}/∂args[{n}]{f'.flat[{k}]' if x.ndim else ''}"
            jump = abs((u - m) - (m - d)) / h
            rows.append(_Row(entry, reverse[j, k], forward[j], (u - d) / (2 * h), jump))
    return rows


def _either_side(at: Callable[[Any], list[float]], x: Any, unit: Any) -> tuple[list[float], list[float], float]:
    size = float(np.abs(x[unit == 1.0])[0] if x.ndim else abs(x))
    h = STEP * max(1.0, size)
    try:
        return at(x + h * unit), at(x - h * unit), h
    except ops.ERRORS:  # an edge of the domain is nearer than h
        h = STEP * (size or math.ulp(1.0))
        return at(x + h * unit), at(x - h * unit), h


def _like(x: Any, moved: Any) -> Any:
    """The numbers of `moved` as inputs in the nesting of x."""
    numbers = iter(np.ravel(moved).tolist())
    if isinstance(x, np.ndarray):
        return array(np.reshape(list(numbers), x.shape), role="input")
    return ops.mapped(lambda _: array(next(numbers), role="input"), x)


def _report(f: Any, wrong: list[_Row]) -> str:
    lines = [f"the gradient of {getattr(f, '__name__', 'f')} is not its central difference:"]
    lines.append(f"{'':24} {'reverse':>14} {'forward':>14} {'difference':>14} {'error':>9}")
    lines += [
        f"{row.entry:24} {row.reverse:14.8g} {row.forward:14.8g} {row.difference:14.8g} {row.error:9.1e}"
        for row in wrong[:20]
    ]
    if len(wrong) > 20:
        lines.append(f"… {len(wrong) - 20} more")
    if any(row.jump > 1e-3 * max(1.0, abs(row.difference)) for row in wrong):
        lines.append(
            "The differences to the left and to the right disagree: a kink (relu, abs, a tie) is the likely cause."
        )
    return "\n".join(lines)
