"""The Jacobian of a stage by each of its operands, and the name of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.value import Value
from viz.text import number

Floats = npt.NDArray[np.float64]

FEW = 4  # numbers of a vector that are written out


def local(nodes: Sequence[Value], outputs: Sequence[Value]) -> dict[Value, Floats]:
    """∂outputs/∂v, (n,), for the values v that the nodes of a stage are computed from: a reverse sweep inside of it."""
    inside = set(nodes)
    bars: dict[Value, Floats] = {}
    for k, v in enumerate(outputs):
        bars.setdefault(v, np.zeros(len(outputs)))[k] = 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        for node in reversed(nodes):
            if (bar := bars.get(node)) is None:
                continue
            for parent, d in zip(node.parents, node.partials, strict=True):
                passed = np.where(bar == 0.0, 0.0, bar * d)  # an adjoint of 0 passes nothing on
                bars[parent] = bars[parent] + passed if parent in bars else passed
    return {v: bar for v, bar in bars.items() if v not in inside}


def called(J: Floats, wrt: Sequence[Any], operands: Sequence[Any], digits: int) -> str:  # noqa: N803
    """The name of a Jacobian by one of its operands, true in every entry; of one without a name its numbers, or its size.

    `wrt` are the vectors it is taken by and `operands` all vectors of the stage: it may be one of them, as ∂(W·x)/∂x is W.
    """
    rows, columns = J.shape
    if J.size == 1:
        return number(float(J[0, 0]), digits)
    if not J.any():
        return "0"
    if rows == columns and (np.abs(J) == np.eye(rows)).all() and len(set(np.diag(J))) == 1:
        return "I" if J[0, 0] > 0 else "−I"
    for x in operands:
        if x not in wrt and (name := _of(J, x.name, x.data)):
            return name
    if rows == columns and not J[~np.eye(rows, dtype=bool)].any():
        return f"diag({_listed(np.diag(J), digits)})"
    if rows == 1 and columns <= FEW:
        return f"[{_listed(J[0], digits)}]"
    return f"column [{_listed(J[:, 0], digits)}]" if columns == 1 and rows <= FEW else f"{rows}×{columns} matrix"


def _of(J: Floats, name: str, x: Floats) -> str:  # noqa: N803
    """How J is made of an operand x: itself, its transpose, or a vector in each row; "" if it is not."""
    if x.ndim == 1 and x.size > 1:
        if J.shape[1] == len(J) * x.size and (np.kron(np.eye(len(J)), x) == J).all():
            return f"{name} as a row" if len(J) == 1 else f"{name} in each row"
        return name if J.shape == (x.size, 1) and (J[:, 0] == x).all() else ""
    if x.ndim == 2 and J.shape == x.shape and (x == J).all():
        return name
    return f"{name} transposed" if x.ndim == 2 and J.shape == x.shape[::-1] and (J == x.T).all() else ""


def _listed(x: Floats, digits: int) -> str:
    texts = [number(float(v), digits) for v in x]
    return ", ".join(texts if len(texts) <= FEW else [*texts[:2], "…", texts[-1]])


def text(J: Floats, digits: int) -> str:  # noqa: N803
    """A Jacobian row by row."""
    return "; ".join(_listed(row, digits) for row in J) if J.size <= 64 else f"{J.shape[0]}×{J.shape[1]} matrix"
