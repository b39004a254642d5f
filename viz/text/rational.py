"""Zeros that rounding hides: 0.1 + 0.2 − 0.3 is 0, and 5.6e−17 in floats. A zero is one only where fractions prove it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from autograd import ops
from autograd.tape import reverse_sweep
from autograd.value import Value

RATIONAL = {ops.add, ops.subtract, ops.multiply, ops.divide, ops.negative, ops.positive, ops.sum, ops.dot, ops.power}
SUSPECT = 1e-9  # a number above it is taken as it stands; one below is only a reason to compute with fractions
MOST, BITS, EXPONENT = 10_000, 4096, 64  # values; of fractions and powers, as towers of squares have endless digits


class Zeros:
    """The numbers of a graph, 0 where they are 0 in exact arithmetic on the decimals of its leaves."""

    def __init__(self, order: list[Value], output: Value) -> None:
        self.adjoint, self.data = reverse_sweep(order, {output: 1.0}), {v: v.data for v in order}
        self.exact: dict[Value, Fraction] = {}
        numbers = (x for v in order for x in (self.adjoint[v], v.data if v.op else 0.0))
        if len(order) <= MOST and any(0 < abs(x) < SUSPECT for x in numbers):
            self.exact = _values(order)
            self.data |= {v: 0.0 for v, x in self.exact.items() if x == 0}
            self.adjoint |= {v: 0.0 for v, x in self._adjoints(order, output).items() if x == 0}

    def slope(self, u: Value, x: Value) -> float:
        """∂u/∂x, the sum over all places of x."""
        if u in self.exact and sum(d for p, d in self._partials(u) if p is x) == 0:
            return 0.0
        return stored(u, x)

    def _partials(self, u: Value) -> list[tuple[Value, Fraction]]:
        operands = [self.exact[p] for p in u.parents]
        if u.op is ops.power:
            base, exponent = operands
            return [(u.parents[0], Fraction(exponent * base ** (exponent - 1)) if exponent else exponent)]
        slopes = u.op.local(self.exact[u], *operands) if u.op else []
        return [(p, Fraction(d)) for p, d in zip(u.parents, slopes, strict=True)]

    def _adjoints(self, order: Sequence[Value], output: Value) -> dict[Value, Any]:
        """The adjoints that are rational; nan for the others."""
        bar: dict[Value, Any] = dict.fromkeys(order, Fraction(0)) | {output: Fraction(1)}
        for v in reversed(order):
            known = v in self.exact and bar[v] == bar[v]
            for p, d in self._partials(v) if known else [(p, math.nan) for p in v.parents if bar[v] != 0]:
                bar[p] += bar[v] * d
        return bar


def stored(u: Value, x: Value) -> float:
    """The number ∂u/∂x, the sum over all places of x."""
    return sum(d for p, d in zip(u.parents, u.partials, strict=True) if p is x)


def _values(order: Sequence[Value]) -> dict[Value, Fraction]:
    """The values that are rational: from the shortest decimals of the leaves, by the four operations and whole powers."""
    found: dict[Value, Fraction] = {}
    for v in order:
        operands = [found[p] for p in v.parents if p in found]
        if v.op is None and math.isfinite(v.data):
            found[v] = Fraction(repr(v.data))
        elif v.op in RATIONAL and len(operands) == len(v.parents) and _is_short(v, operands):
            with suppress(ZeroDivisionError):  # by what is 0 in fractions only
                found[v] = Fraction(v.op.formula(*operands))
    return found


def _is_short(v: Value, operands: Sequence[Fraction]) -> bool:
    if v.op is ops.power and (v.parents[1].role != "constant" or operands[1] not in range(-EXPONENT, EXPONENT)):
        return False
    return all(x.numerator.bit_length() + x.denominator.bit_length() <= BITS for x in operands)
