"""The Jacobian of a stage by each of its operands, and the name of one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.value import Value
from autograd.zeros import Zeros
from viz.numbers import few, number

Floats = npt.NDArray[np.float64]

FEW = 4  # numbers of a vector that are written out


def local(nodes: Sequence[Value], outputs: Sequence[Value]) -> dict[Value, Floats]:
    """∂outputs/∂v, (n,), for the values v that the nodes of a stage are computed from: a reverse sweep inside of it."""
    inside = set(nodes)
    bars: dict[Value, Floats] = {}
    for k, v in enumerate(outputs):
        bars.setdefault(v, np.zeros(len(outputs)))[k] = 1.0
    zeros = Zeros([*dict.fromkeys(p for v in nodes for p in v.parents if p not in inside), *nodes], bars)
    with np.errstate(invalid="ignore", over="ignore"):
        for node in reversed(nodes):
            if (bar := bars.get(node)) is None:
                continue
            for k, parent in enumerate(node.parents):
                passed = _passed(zeros, node, k, bar)
                bars[parent] = bars[parent] + passed if parent in bars else passed
    return {v: bar for v, bar in bars.items() if v not in inside}


def _passed(zeros: Zeros, node: Value, k: int, bar: Floats) -> Floats:
    """The part of an adjoint that passes along the k-th edge; nan for 0 · ∞, where it is 0 at this point only."""
    d, parent = node.partials[k], node.parents[k]
    if math.isfinite(d):  # an adjoint of 0 passes nothing on, and neither does a branch not taken
        return np.where((bar == 0.0) | ((d == 0.0) & ~np.isfinite(bar)), 0.0, bar * d)
    entries = np.eye(len(bar))
    lost = [x == 0.0 and not zeros.stay(node, parent, 1.0 - entry) for x, entry in zip(bar, entries, strict=True)]
    return np.where(lost, math.nan, np.where(bar == 0.0, 0.0, bar * d))


def of(local: Mapping[Value, Floats], inputs: Sequence[Value], rows: int) -> Floats:
    """The Jacobian by these values, (rows, inputs): 0 by a value on which nothing depends."""
    return np.array([local.get(v, np.zeros(rows)) for v in inputs]).T


def named(J: Floats, wrt: Sequence[Any], operands: Sequence[Any]) -> tuple[str, Any]:  # noqa: N803
    """The name of a Jacobian, true in every entry: a form such as "{} transposed", and the operand in it, if any.

    `wrt` are the vectors it is taken by and `operands` all vectors of the stage: it may be one of them, as ∂(W·x)/∂x is W.
    The form is "" where it has no name, "diag" where all that is not 0 stands on the diagonal.
    """
    if J.size == 1:
        return "", None
    if not J.any():
        return "0", None
    unit = np.eye(len(J)) if J.shape[0] == J.shape[1] else None
    if unit is not None and (np.abs(J) == unit).all() and len(set(np.diag(J))) == 1:
        return "I" if J[0, 0] > 0 else "−I", None
    for x in operands:
        if x not in wrt and (form := _form(J, x.data)):
            return form.replace("as a row", "in each row") if any(v.values.ndim > 1 for v in wrt) else form, x
    return "diag" if unit is not None and not J[unit == 0].any() else "", None


def _form(J: Floats, x: Floats) -> str:  # noqa: N803
    """The form in which J holds an operand: a matrix or its transpose, a vector in each row; "" if it does not."""
    if x.ndim == 1 < x.size and J.shape[1] == len(J) * x.size and (np.kron(np.eye(len(J)), x) == J).all():
        return "{} as a row" if len(J) == 1 else "{} in each row"
    matrix = x.reshape(len(x), -1)
    return "{}" if np.array_equal(J, matrix) else "{} transposed" if np.array_equal(J, matrix.T) else ""


# Twin: jacobianName in page/script/narration.js, kept equal by test_steps.py,
# test_stages_follow_too_and_their_jacobians_are_named_as_python_names_them.
def label(J: Floats, wrt: Sequence[Any], operands: Sequence[Any], digits: int) -> str:  # noqa: N803
    """The name of a Jacobian, as `named` finds it; of one without a name its numbers, or its size."""
    rows, columns = J.shape
    form, x = named(J, wrt, operands)
    if J.size == 1:
        return number(J.item(), digits)
    if form == "diag":
        return f"diag({_listed(np.diag(J), digits)})"
    if form:
        return form.format(x.name if x else "")
    if rows == 1 and columns <= FEW:
        return f"[{_listed(J[0], digits)}]"
    return f"column [{_listed(J[:, 0], digits)}]" if columns == 1 and rows <= FEW else f"{rows}×{columns} matrix"


def _listed(x: Floats, digits: int) -> str:
    return ", ".join(few([number(float(v), digits) for v in x], FEW, 2))


def text(J: Floats, digits: int) -> str:  # noqa: N803
    """A Jacobian row by row."""
    return "; ".join(_listed(row, digits) for row in J) if J.size <= 64 else f"{J.shape[0]}×{J.shape[1]} matrix"
