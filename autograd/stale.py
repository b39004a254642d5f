"""Whether a graph still follows from its leaves: their data may be changed after the forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from autograd.makers import maker
from autograd.refusals import ERRORS
from autograd.value import Value


def changed(order: Sequence[Value]) -> str:
    """The names of the leaves changed since the forward pass, `w` or `w or b`; "" where every node comes out again."""
    nodes = [v for v in order if v.op is not None]
    wrong = [v for v in nodes if not all(_same(v, v.parents))]
    if not wrong:
        return ""
    leaves = dict.fromkeys(p for v in wrong for p in v.parents if p.op is None)
    edges = ((v, k, p) for v in nodes for k, p in enumerate(v.parents) if p in leaves)
    cleared = {p for v, k, p in islice(edges, 2000) if _unchanged(v, k)}  # enough to tell, and soon done
    names = list(dict.fromkeys(str(p.name or f"a {p.role}") for p in leaves if p not in cleared)) or ["a value"]
    return " or ".join(names if len(names) < 5 else [*names[:3], f"{len(names) - 3} others"])


def _same(v: Value, operands: Sequence[Value], refused: bool = False) -> list[bool]:
    """Whether the row gives the value of v, and each of its partials, on these operands; `refused` where it has none."""
    old = (v.data, *v.partials)
    try:
        again = maker(v.op)(*operands)
    except ERRORS:
        return [refused] * len(old)
    return [a == b or (a != a and b != b) for a, b in zip(old, (again.data, *again.partials), strict=True)]


def _unchanged(v: Value, k: int) -> bool:
    """Whether something that depends on the k-th operand of v comes out again, so that this operand is as it was."""
    nudged = list(v.parents)
    nudged[k] = Value(1.1 * nudged[k].data + 0.1, role=nudged[k].role or "input")
    then = _same(v, nudged, refused=True)  # an operand without a value, such as an index between two, tells nothing
    return any(now and not other for now, other in zip(_same(v, v.parents), then, strict=True))
