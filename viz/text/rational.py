"""Zeros that rounding hides: 0.1 + 0.2 − 0.3 is 0, and 5.6e−17 in floats. A zero is one only where exact arithmetic proves it.

The graph is computed again, modulo a prime, from the decimals of its leaves, with a letter for what is no fraction, such as
tanh(0.3): a number at random, the same for the same operands. What comes out 0 is 0 whatever the letters are (Schwartz
1980), but for one chance in 10¹⁵⁰. The sine of π to 16 digits is a letter, and stays 1.2e−16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, Self

from autograd.ops import Op
from autograd.refusals import ERRORS
from autograd.tape import reverse_sweep
from autograd.value import Operand, Value
from viz.text.terms import TESTS

SUSPECT = 1e-9  # a number above it is taken as it stands; one below is only a reason to compute again
MOST = 10_000  # values
PRIME = 2**521 - 1


class Zeros:
    """The numbers of a graph, 0 where they are 0 in exact arithmetic on the decimals of its leaves."""

    def __init__(self, order: list[Value], output: Value) -> None:
        self.adjoint, self.data = reverse_sweep(order, {output: 1.0}), {v: v.data for v in order}
        self.exact: dict[Value, Exact] = {}
        numbers = (x for v in order for x in (self.adjoint[v], v.data if v.op else 0.0))
        if len(order) > MOST or not any(0 < abs(x) < SUSPECT for x in numbers):
            return
        for v in order:
            with suppress(ValueError, KeyError):  # divided by what is 0 in exact arithmetic only
                self.exact[v] = v.op.apply(*(self.exact[p] for p in v.parents)) if v.op else Exact.of(v.data)
        bars = dict.fromkeys(order, 0) | {output: 1}
        for v in reversed(order):
            for p, d in self._partials(v) if v.op else ():
                bars[p] = (bars[p] + bars[v] * d) % PRIME
        self.data |= {v: 0.0 for v, x in self.exact.items() if not x.rest}
        self.adjoint |= {v: 0.0 for v, bar in bars.items() if not bar}

    def slope(self, u: Value, x: Value) -> float:
        """∂u/∂x, the sum over all places of x."""
        hidden = self.exact and sum(d for p, d in self._partials(u) if p is x) % PRIME == 0
        return 0.0 if hidden else stored(u, x)

    def _partials(self, u: Value) -> list[tuple[Value, int]]:
        """∂u/∂operand by the rule of u's operation; where that says nothing, a letter of its own, which nothing cancels."""
        slopes = [_letter("∂", id(u), k) for k in range(len(u.parents))]
        with suppress(TypeError, KeyError, *ERRORS):  # a rule of the reader's own that takes floats alone
            operands = [self.exact[p] for p in u.parents]
            slopes = [Exact.of(d).rest for d in u.op.local(self.exact[u], *operands, rules=u.op.textbook)]
        return list(zip(u.parents, slopes, strict=True))


def stored(u: Value, x: Value) -> float:
    """The number ∂u/∂x, the sum over all places of x."""
    return sum(d for p, d in zip(u.parents, u.partials, strict=True) if p is x)


class Exact(Operand):
    """A number modulo the prime, with its float, by which rules compare it, and with e to its power."""

    __slots__ = ("data", "power", "rest")

    def __init__(self, rest: int, data: float, power: int = 0) -> None:
        self.rest, self.data = rest % PRIME, data
        self.power = power % PRIME or _exponential(self.rest)

    @classmethod
    def of(cls, x: Any) -> Self:
        """A float as the fraction that its shortest decimal is; ValueError for one that is not finite."""
        if isinstance(x, cls):
            return x
        above, below = Fraction(repr(float(x))).as_integer_ratio()
        return cls(above * _inverse(below), float(x))

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Self:
        args = [cls.of(x) for x in operands]
        data = math.nan
        with suppress(*ERRORS):
            data = float(op.value(*(x.data for x in args)))
        if rule := _RULES.get(op.name):
            rest, *power = rule(args[0], args[-1])
            return cls(rest, data, *power)
        with suppress(TypeError):  # of a function that takes floats alone, such as one of math
            found = cls.of(op.formula(*args))
            return cls(found.rest, data, found.power)
        return cls(_letter(op.label, *(x.rest for x in args)), data)

    def __word__(self, name: str) -> Callable[..., Any] | None:
        words = {"shift": lambda *_: 0.0, "where": lambda c, a, b: a if getattr(c, "data", c) else b}  # a shift cancels
        return words.get(name)

    def __compare__(self, test: str, other: Any) -> bool:
        return bool(TESTS[test](self.data, Exact.of(other).data))


def _inverse(rest: int) -> int:
    return pow(rest, -1, PRIME)


def _letter(name: str, *rests: int) -> int:
    """A number at random, the same for the same function and operands; of a function that is 0 at 0 that."""
    from hashlib import sha512  # loads OpenSSL: where it is needed

    zero = name in ("sqrt", "sin", "tan", "arcsin", "arctan", "tanh", "erf") and not rests[0]
    return 0 if zero else int.from_bytes(sha512(repr((name, rests)).encode()).digest())


def _exponential(rest: int) -> int:
    """A letter for e to this power, and its inverse for e to the opposite one."""
    positive = min(rest, PRIME - rest)
    letter = _letter("exp", positive) if rest else 1
    return letter if rest == positive else _inverse(letter)


# The rest of a row's value, and e to its power where that is known.
_RULES: Mapping[str, Callable[[Exact, Exact], tuple[int, ...]]] = {
    "add": lambda a, b: (a.rest + b.rest, a.power * b.power),
    "subtract": lambda a, b: (a.rest - b.rest, a.power * _inverse(b.power)),
    "negative": lambda a, _: (-a.rest, _inverse(a.power)),
    "positive": lambda a, _: (a.rest, a.power),
    "absolute": lambda a, _: (a.rest if a.data > 0 else -a.rest,),
    "multiply": lambda a, b: (a.rest * b.rest,),
    "divide": lambda a, b: (a.rest * _inverse(b.rest),),
    "power": lambda a, b: (pow(a.rest, int(b.data), PRIME) if b.data.is_integer() else _letter("pow", a.rest, b.rest),),
    "exp": lambda a, _: (a.power,),
    "log": lambda a, _: (_letter("log", a.rest), _inverse(_inverse(a.rest))),  # which 0 has not
}
