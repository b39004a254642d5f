"""0 · ∞: an adjoint of 0 meets a missing derivative. It passes nothing on if it is 0 around the point, else it is refused.

2·sqrt(x) is 0 at 0 and at no other point, so in sqrt(x)**2 it meets the slope ∞ as 0 · ∞, which has no value. The adjoint
of a branch not taken is 0 at every point nearby. The two are told apart by moving: the graph is computed once more, in
floats, from leaves that lie a little aside. An adjoint that a product below the smallest float has made 0, such as
1e-200 · 1e-200, is no zero: it is refused where it meets an infinite or missing derivative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.guards import behind, current, differentiable, fixed
from autograd.ops import CHOOSING, multiply
from autograd.refusals import ERRORS, MISSED, finite, no_derivative, overflowed, underflowed

if TYPE_CHECKING:
    from autograd.value import Value

SCALES = (1e-30, 1e-22, 1e-15, 1e-11, 1e-7, 1e-4)  # of a move; the smallest one that moves the operand is taken


def lost(bar: Any, d: float) -> bool:
    """Whether an ∞ has met −∞, or meets a factor below 1: where it is an overflow, that may be any number."""
    bar = getattr(bar, "primal", bar)
    if isinstance(bar, np.ndarray) or (math.isfinite(bar) and math.isfinite(d)):
        return False  # of several outputs at once it is asked afterwards, one by one
    small, large = sorted((abs(bar), abs(d)))
    return math.isnan(bar) or (large == math.inf and 0.0 < small < 1.0)


class Side(NamedTuple):
    """The graph a little aside: the numbers that differ there, and every adjoint."""

    data: Mapping[Value, float]
    adjoint: Mapping[Value, Any]


class Zeros:
    """The zeros among the adjoints of one reverse sweep; nodes of which no parent is in `order` are its leaves."""

    def __init__(self, order: Sequence[Value], seeds: Mapping[Value, Any]) -> None:
        self.order, self.seeds = order, {v: getattr(bar, "primal", bar) for v, bar in seeds.items()}
        self._inside = set(order)
        self._leaves = [v for v in order if v.role != "constant" and self._inside.isdisjoint(v.parents)]
        self._known: dict[Any, Side] = {}
        #: The nodes whose adjoint, or an entry of it, was lost to an underflow: a 0 there is no zero.
        self.vanished: dict[Value, Any] = {}
        self._meets = bool(MISSED) and not all(finite(v.partials) for v in order)

    def passes(self, node: Value, k: int, bar: Any) -> bool:
        """Whether the adjoint `bar` meets a derivative along the k-th edge; raises where that is missing."""
        d, parent, number = node.partials[k], node.parents[k], getattr(bar, "primal", bar)
        self.whole(parent, bar, d)
        if self._meets and np.any(self.vanishes(node, k, number)) and self._finite and not fixed(parent):
            raise underflowed(node, parent)
        if math.isfinite(d):  # an adjoint that is 0 here, or a partial, may have a derivative of its own, and passes
            return d != 0.0 or number is not bar or bool(np.isfinite(number).all())  # no branch not taken, of 0 · ∞
        if d == d:
            # Through a partial that overflows an adjoint of 0 passes nothing, but its own derivative does.
            return bool(np.any(number)) or getattr(bar, "role", "constant") != "constant"
        if fixed(parent):
            return False
        if np.any(number) and parent.data == parent.data and node.data == node.data:
            raise no_derivative(node, k, np.ravel(number)[np.argmax(np.abs(number))])
        if not np.all(number):
            differentiable(node, k)
            if not self.stay(node, parent, number):
                raise no_derivative(node, k, 0.0)
        return bool(np.any(number))

    def vanishes(self, node: Value, k: int, number: Any) -> Any:
        """The entries of an adjoint that were lost to an underflow and meet an infinite or missing derivative.

        Called on every edge in order, it notes where a product underflows.
        """
        d, nothing = node.partials[k], self.vanished.get(node, False)
        if not math.isfinite(d):
            return nothing & (number == 0.0)
        gone = ((number != 0.0) | nothing) & (number * d == 0.0)
        if np.any(gone) and (d or underflowing(node, k)):
            parent = node.parents[k]
            self.vanished[parent] = self.vanished.get(parent, False) | gone
        return False

    def kept(self, node: Value, k: int, bar: Any, d: Any, product: Any) -> Any:
        """The product v̄ · d in a graph; where plain numbers overflow or vanish in it, as a node that knows its factors."""
        if product.__class__ is float and bar and d and (product == 0.0 or math.isinf(product)):
            return type(node)(bar, role="constant") * d
        if current() and _lost_constant(bar) and not bar.data and getattr(d, "role", "constant") != "constant":
            raise underflowed(node, node.parents[k], "is recorded for other numbers")
        return product

    @cached_property
    def _finite(self) -> bool:
        """Whether every number of the graph is finite, so that an ∞ among its derivatives is an overflow."""
        over: set[Value] = set()  # behind constants whose product overflowed
        for v in self.order:
            if not math.isfinite(v.data):
                if over.isdisjoint(v.parents) and not any(map(_lost_constant, (v, *v.parents))):
                    return False
                over.add(v)
        return all(np.isfinite(bar).all() for bar in self.seeds.values())

    def whole(self, node: Value, bar: Any, d: float = 1.0) -> None:
        """Raise where what reaches a node is a number that was lost to an overflow."""
        if lost(bar, d) and self._finite and not fixed(node):
            raise overflowed(node)

    def stay(self, node: Value, operand: Value, bar: Any) -> bool:
        """Whether the entries of node's adjoint `bar` that are 0 stay 0 when the leaves behind its operand move.

        A side on which the adjoint has no value does not count; if neither side counts, the answer is no.
        """
        # All leaves at once, the same for every operand, is enough where the answer is yes.
        if self._stay(node, operand, bar, self._leaves):
            return True
        own = set(behind(operand))
        return self._stay(node, operand, bar, [v for v in self._leaves if v in own])

    def _stay(self, node: Value, operand: Value, bar: Any, leaves: Sequence[Value]) -> bool:
        here, up, down = np.broadcast_arrays(
            bar, *(self._side(operand, tuple(leaves), sign).adjoint[node] for sign in (1.0, -1.0))
        )
        stays = ((up == 0.0) | (down == 0.0)) & ((up == 0.0) | np.isnan(up)) & ((down == 0.0) | np.isnan(down))
        return bool(stays[here == 0.0].all())

    def _side(self, operand: Value, leaves: tuple[Value, ...], sign: float) -> Side:
        """One side, at the smallest scale that moves the operand, or the largest."""
        for scale in SCALES:
            key = leaves, sign, scale
            if key not in self._known:
                self._known[key] = self._moved(leaves, sign * scale)
            side = self._known[key]
            if operand in side.data:
                break
        return side

    def _moved(self, leaves: Iterable[Value], step: float) -> Side:
        # Irregular steps: by equal ones x − y would not move.
        data = {v: v.data + step * max(1.0, abs(v.data)) * (1 + 0.61803 * k % 1) for k, v in enumerate(leaves)}
        data = {v: x for v, x in data.items() if x != v.data}
        partials: dict[Value, Sequence[float]] = {}
        for v in self.order:
            if v not in data and any(p in data for p in v.parents):
                numbers = [data.get(p, p.data) for p in v.parents]
                if v.op in CHOOSING:  # a branch not taken here is not taken aside
                    numbers[0] = v.parents[0].data
                y, partials[v] = _derived(v, numbers)
                if y != v.data:
                    data[v] = y
        return Side(data, self._adjoints(partials))

    def _adjoints(self, partials: Mapping[Value, Sequence[float]]) -> dict[Value, Any]:
        """A reverse sweep in which an adjoint of 0 passes nothing on, whatever it meets, and a partial of 0 nothing either."""
        adjoint: dict[Value, Any] = dict.fromkeys(self.order, 0.0) | self.seeds
        with np.errstate(all="ignore"):
            for v in reversed(self.order):
                if np.any(bar := adjoint[v]):
                    for p, d in zip(v.parents, partials.get(v) or v.partials, strict=True):
                        if p in adjoint:
                            adjoint[p] = adjoint[p] + np.where((bar == 0.0) | (d == 0.0), 0.0, bar * d)
        return adjoint


def underflowing(node: Value, k: int) -> bool:
    """Whether the k-th partial, where it is 0, is a product of constants that is below the smallest float."""
    return node.op is multiply and _lost_constant(node.parents[1 - k])


def _lost_constant(x: Any) -> bool:
    """Whether a 0 or ∞ is a product of constants, each a number between, that is kept as a node."""
    if getattr(x, "op", None) is not multiply or (x.data and math.isfinite(x.data)) or not fixed(x):
        return False
    return all(v.op is multiply or (v.op is None and v.data and math.isfinite(v.data)) for v in behind(x))


def _derived(v: Value, numbers: Sequence[float]) -> tuple[float, Sequence[float]]:
    """The value and the partials of a node on other operands; nan where there are none."""
    y, nothing = math.nan, [math.nan] * len(numbers)
    try:
        y = float(v.op.value(*numbers))
        return y, v.op.local(y, *numbers, rules=v.op.slopes)
    except ERRORS:
        return y, nothing
