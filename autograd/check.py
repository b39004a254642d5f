"""check_grad: both modes of differentiation against central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd import nesting, refusals
from autograd.arrays import array, values
from autograd.transforms import as_array, grad, jacobian, jvp

STEP = np.finfo(float).eps ** (1 / 3)  # balances truncation h² against rounding eps/h, where f varies on a scale of 1
TOLERANCE = 1e-6


def check_grad(f: Callable[..., Any], *args: Any, order: int = 1) -> float:
    """The largest error of ∂f/∂args, by the reverse and by the forward mode, against central differences.

    Errors are relative to max(1, |difference|), the best of steps on the scales of 1 and of the operand. With
    order=2 the gradient's own derivatives are checked too, and so on; f then returns one Value. AssertionError,
    with a table of both numbers, above 1e-6.

    >>> check_grad(lambda x: x**3, 2.0) < 1e-8
    True
    """
    if not callable(f):
        raise TypeError(f"check_grad takes a function and its arguments; got {type(f).__name__}")
    rows = [row for n in range(len(args)) for row in _rows(f, args, n)]
    if wrong := [row for row in rows if not row[4] <= TOLERANCE]:
        raise AssertionError(_report(f, wrong))
    deeper = [check_grad(grad(f, n), *args, order=order - 1) for n in range(len(args)) if order > 1]
    return float(max([row[4] for row in rows] + deeper, default=0.0))


def _rows(f: Callable[..., Any], args: tuple[Any, ...], n: int) -> Iterator[tuple[Any, ...]]:
    """A row for each output and each number of args[n]: name, both modes' derivatives, difference, error, jump."""

    def outputs(vector: Any) -> list[Any]:
        return nesting.flat(f(*args[:n], as_array(_like(args[n], nesting.flat(vector))), *args[n + 1 :]))

    names = nesting.positional(f)
    x, name = values(nesting.flat(args[n])), names[n] if n < len(names) else f"args[{n}]"
    reverse = jacobian(outputs)(x)
    for k, unit in enumerate(np.eye(x.size)):
        forward = values(jvp(outputs, (x,), (unit,))[1])
        steps = list(_differences(lambda moved: values(outputs(array(moved))), x, unit))
        for j, (back, ahead) in enumerate(zip(reverse[:, k], forward, strict=True)):
            entry = f"∂f{f'[{j}]' if len(forward) > 1 else ''}/∂{name}{f'.flat[{k}]' if x.size > 1 else ''}"
            tried = [
                (d[j], max(abs(back - d[j]), abs(ahead - d[j])) / max(1.0, abs(d[j])), jump[j]) for d, jump in steps
            ]
            yield entry, back, ahead, *min(tried, key=lambda t: t[1], default=(np.nan, np.nan, 0.0))


def _differences(at: Callable[[Any], Any], x: Any, unit: Any) -> Iterator[tuple[Any, Any]]:
    """The central difference and the jump of the slope for each step; at the edge of a domain, that of one side."""
    size = float(np.abs(x @ unit))
    for h in {STEP, STEP * size or STEP}:
        for a, b, c in ((1, 0, -1), (2, 1, 0), (-2, -1, 0)):
            try:
                far, middle, near = (at(x + k * h * unit) for k in (a, b, c))
            except refusals.ERRORS:  # the edge is nearer than h
                continue
            slope = (far - near) / (2 * h) if a == 1 else (4 * middle - 3 * near - far) / (a * h)
            yield slope, np.abs(far - 2 * middle + near) / h
            break


def _like(x: Any, numbers: list[Any]) -> Any:
    """The numbers in the nesting of x."""
    if isinstance(x, list | tuple):
        ends = np.cumsum([len(nesting.flat(part)) for part in x]).tolist()
        return nesting.like(x, [_like(part, numbers[a:b]) for part, a, b in zip(x, [0, *ends], ends, strict=False)])
    return array(numbers).reshape(x.shape) if isinstance(x, np.ndarray) else numbers[0]


def _report(f: Any, wrong: list[tuple[Any, ...]]) -> str:
    heading = f"{'':24} {'reverse':>14} {'forward':>14} {'difference':>14} {'error':>9}"
    lines = [f"the gradient of {getattr(f, '__name__', 'f')} is not its central difference:", heading]
    lines += [f"{entry:24} {a:14.8g} {b:14.8g} {d:14.8g} {error:9.1e}" for entry, a, b, d, error, _ in wrong[:20]]
    lines += [f"… {len(wrong) - 20} more"] * (len(wrong) > 20)
    if any(jump > 1e-3 * max(1.0, abs(d)) for _, _, _, d, _, jump in wrong):
        lines.append("The slopes to the left and to the right disagree: a kink (relu, abs, a tie) is the likely cause.")
    if any(d != d for _, _, _, d, _, _ in wrong):
        lines.append(
            "A difference is nan where f has no value beside the number; an index i is no argument: lambda x: f(x, i)."
        )
    return "\n".join(lines)
