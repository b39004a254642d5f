"""The Jacobian of a stage by each of its operands, and the name of one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.arrays import Floats
from autograd.value import Value
from autograd.zeros import Zeros
from viz.names import glyph
from viz.numbers import few, number, printable
from viz.picture.scene import Edge

Many = Sequence[Any]  # vectors

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
    d, parent, gone = node.partials[k], node.parents[k], zeros.vanishes(node, k, bar)
    if math.isfinite(d):  # an adjoint of 0 passes nothing on, and neither does a branch not taken
        return np.where((bar == 0.0) | ((d == 0.0) & ~np.isfinite(bar)), 0.0, bar * d)
    entries = np.eye(len(bar))
    lost = [x == 0.0 and not zeros.stay(node, parent, 1.0 - entry) for x, entry in zip(bar, entries, strict=True)]
    return np.where(gone | np.array(lost), math.nan, np.where(bar == 0.0, 0.0, bar * d))


def of(local: Mapping[Value, Floats], inputs: Sequence[Value], rows: int) -> Floats:
    """The Jacobian by these values, (rows, inputs): 0 by a value on which nothing depends."""
    return np.array([local.get(v, np.zeros(rows)) for v in inputs]).T


def named(J: Floats, wrt: Many, operands: Many) -> tuple[str, Any]:  # noqa: N803
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
    if x.ndim == 1 < x.size and J.shape[1] == len(J) * x.size and _blocks(J, x):
        return "{} as a row" if len(J) == 1 else "{} in each row"
    matrix = x.reshape(len(x), -1)
    return "{}" if np.array_equal(J, matrix) else "{} transposed" if np.array_equal(J, matrix.T) else ""


class Last(NamedTuple):
    """The last operation of a stage, if all its outputs are this function of something: its derivatives are a diagonal."""

    name: str  # of the derivative, such as σ′
    slopes: Floats
    inner: Mapping[Value, Floats]  # ∂something/∂v, as `local` has it


def last(nodes: Sequence[Value], outputs: Sequence[Value]) -> Last | None:
    """The function that a stage ends in; None if it ends in none, or in several."""
    op, ends = outputs[0].op, set(outputs)
    taken = {p for v in nodes for p in v.parents}
    if op is None or op.infix or op.arity != 1 or any(v.op is not op for v in outputs) or taken & ends:
        return None
    inner = local([v for v in nodes if v not in ends], [v.parents[0] for v in outputs])
    return Last(f"{glyph(op)}′", np.array([v.partials[0] for v in outputs]), inner)


def _blocks(J: Floats, x: Floats) -> bool:  # noqa: N803
    """True where each row holds x at its own place, and 0 elsewhere."""
    own = J.reshape(len(J), len(J), x.size)[range(len(J)), range(len(J))]
    return bool((own == x).all()) and np.count_nonzero(J) == np.count_nonzero(own)


# Twin: jacobianName in page/script/narration.js, kept equal by test_steps_typed.py,
# test_stages_follow_too_and_their_jacobians_are_named_as_python_names_them.
def label(J: Floats, wrt: Many, operands: Many, digits: int, heads: Many = (), end: Last | None = None) -> str:  # noqa: N803
    """The name of a Jacobian; of one without a name its numbers, or its size. `heads` are the vectors it is one of."""
    rows, columns = J.shape
    if J.size == 1:
        return number(J.item(), digits)
    form, x = whole(J, wrt, operands, end)
    name, numbers = form.format(x.name if x else ""), f"diag({_listed(np.diag(J), digits)})"
    if form:
        return f"{name} = {numbers}" if form.endswith("′)") and rows <= FEW else name
    if len(heads) == 1 and rows == columns and _softmax(J, heads[0].data.ravel()):
        return f"diag({heads[0].name}) − {heads[0].name}·{heads[0].name}ᵀ"
    if rows == columns and not J[~np.eye(rows, dtype=bool)].any():
        return numbers
    if rows == 1 and columns <= FEW:
        return f"[{_listed(J[0], digits)}]"
    if columns == 1 and rows <= FEW:
        return f"column [{_listed(J[:, 0], digits)}]"
    return _regular(J, wrt, operands, digits) or f"{rows}×{columns} matrix"


def whole(J: Floats, wrt: Many, operands: Many, end: Last | None) -> tuple[str, Any]:  # noqa: N803
    """The form of a Jacobian as `named` finds it, or of that before the last function, as diag(σ′)·W; "" for neither."""
    form, x = named(J, wrt, operands)
    if form not in ("", "diag") or end is None:
        return form.removesuffix("diag"), x
    inner = of(end.inner, [v for w in wrt for v in w.members], len(J))
    form, x = named(inner, wrt, operands)
    if form in ("", "diag", "0") or not np.allclose(end.slopes[:, None] * inner, J, rtol=1e-14, atol=0):
        return "", None
    rest = "" if form == "I" else f"·({form})" if " " in form or form == "−I" else f"·{form}"
    return f"diag({end.name})" + rest, x


def _softmax(J: Floats, p: Floats) -> bool:  # noqa: N803
    """True of diag(p) − p·pᵀ, to the rounding of one entry."""
    return np.allclose(np.diag(p) - np.outer(p, p), J, rtol=0, atol=4e-16 * float(abs(p).max(initial=0.0)))


def _regular(J: Floats, wrt: Many, operands: Many, digits: int) -> str:  # noqa: N803
    """The name of a Jacobian of one number, of choices among the operands, or of a convolution; "" for any other."""
    if np.all(J[0, 0] == J):
        return f"{number(float(J[0, 0]), digits)} in each place"
    if set(J.ravel()) <= {0.0, 1.0} and (J.sum(axis=1) == 1.0).all():
        return "a permutation" if len(J) == J.shape[1] and (J.sum(axis=0) == 1.0).all() else "a choice"
    for x in operands if len(wrt) == 1 else ():
        by, of_x = wrt[0].values.shape, x.values.shape
        kernel, long = sorted((by, of_x), key=math.prod)
        if by == of_x or len(by) != len(of_x) or any(k > n for k, n in zip(kernel, long, strict=True)):
            continue
        places = np.arange(math.prod(long)).reshape(long)
        windows = np.lib.stride_tricks.sliding_window_view(places, kernel).reshape(-1, math.prod(kernel))
        if kernel == by and np.array_equal(J, x.data.ravel()[windows]):
            return f"windows of {x.name}"
        band = np.zeros((len(windows), len(places.ravel())))
        np.put_along_axis(band, windows, x.data.ravel()[None] if kernel == of_x else 0.0, axis=1)
        if kernel == of_x and np.array_equal(J, band):
            return f"band of {x.name}"
    return ""


# What a Jacobian of some form makes of the gradient g of its rows, as the gradient of what it is taken by.
# fmt: off
PRODUCTS = {"I": "{g}", "−I": "−{g}", "{}": "{x}ᵀ·{g}", "{} transposed": "{x}·{g}", "{} as a row": "{g}·{x}", "{} in each row": "{g}·{x}ᵀ"}
# fmt: on


def product(J: Floats, wrt: Any, head: Any, operands: Many, end: Last | None) -> str:  # noqa: N803
    """The gradient of `wrt` as a product with that of `head`, {g}, in their own shapes; "" where it has no such form."""
    g = "{g}"
    form, x = whole(J, [wrt], operands, end)
    if form.startswith("diag("):
        slopes, _, form = form.partition(")")
        g, form = f"{slopes[5:]} ⊙ {g}", form.removeprefix("·").strip("()") or "I"
        g = g if form == "I" else f"({g})"
    shape = {"I": head.values.shape, "−I": head.values.shape, "{} in each row": (len(J), x.values.size if x else 0)}
    shape["{} as a row"] = x.values.shape if x else ()
    fits = wrt.values.shape == shape[form] if form in shape else wrt.values.ndim == head.values.ndim == 1
    return PRODUCTS[form].format(g=g, x=x and x.name) if fits and form in PRODUCTS else ""


def flow(J: Floats, wrt: Any, head: Any, edges: Sequence[Edge], form: str, loss: str) -> str:  # noqa: N803
    """The product that flows back along these edges to a vector, if it is true in every entry; "" where it is not."""
    bars = [[v.grad for v in x.members] for x in (head, wrt)]
    if any(x is None or not math.isfinite(x) for bar in bars for x in bar) or not np.isfinite(J).all():
        return ""
    g, own = (np.array(bar) for bar in bars)
    added = dict.fromkeys(wrt.members, 0.0)
    for v, k in edges:
        added[v.parents[k]] += v.partials[k] * v.grad if v.grad else 0.0
    flown, room = np.array(list(added.values())), 1e-12 * (abs(J).T @ abs(g))
    if (abs(J.T @ g - flown) > room).any():
        return ""
    sign = "=" if (abs(own - flown) <= room).all() else "+="
    return printable(f"∂{loss}/∂{wrt.name} {sign} {form.format(g=f'∂{loss}/∂{head.name}')}", 80)


def _listed(x: Floats, digits: int) -> str:
    return ", ".join(few([number(float(v), digits) for v in x], FEW, 2))


def text(J: Floats, digits: int) -> str:  # noqa: N803
    """A Jacobian row by row."""
    return "; ".join(_listed(row, digits) for row in J) if J.size <= 64 else f"{J.shape[0]}×{J.shape[1]} matrix"
