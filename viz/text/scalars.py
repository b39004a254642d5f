"""A derivation by scalars: the chain rule along each path, or node by node where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

from autograd import ops, refusals
from autograd.value import Value
from viz.names import given, names
from viz.text.chainrule import LINES, LONG, ChainRule, Factor, Line, block, equal, flattened
from viz.text.rational import Zeros, stored
from viz.text.terms import Slope, Term, symbols

EVERY = 17  # digits that tell each float from every other
PATHS, STEPS = 4, 8  # up to so many paths, of so many steps each, are written out


class Notation:
    """The symbol of each value, and its formula.

    Values in `own` get an equation; the others are written out where they are used, unless they have a name or several
    uses, or their formula is long.
    """

    def __init__(self, order: Sequence[Value], own: Collection[Value]) -> None:
        shown = {v: name for v, name in names(order).items() if given(v) or v.role != "constant"}
        latex = symbols(list(shown.values()))
        uses = Counter(p for v in order for p in v.parents)
        self.symbol = {v: Term.symbol(name, v.data, latex[name]) for v, name in shown.items()}
        self.formula: dict[Value, Term] = {}  # of a value that has an equation, its right side
        self.written: dict[Value, Term] = {}  # each value as it stands in the formulas of others
        for v in order:
            self.written[v] = self.symbol.get(v) or Term.of(v.data)
            if v.op is not None:
                term = v.op.apply(*(self.written[p] for p in v.parents))
                term.number = v.data
                equation = v in own or given(v) or uses[v] > 1 or len(str(term)) > LONG
                (self.formula if equation else self.written)[v] = term

    def partial(self, u: Value, x: Value, digits: int = 0, data: Mapping[Value, float] | None = None) -> Term:
        """∂u/∂x by the rule of u's operation, on the symbols of its operands; with `digits`, on their numbers `data`.

        Numbers have more digits where the rule would lose them: 1 − 0.9982² is a number of two digits.
        """
        if data is None:
            return Slope.of(self._rule(u, x, lambda v: Slope.of(self.written[v])))

        def gives(n: int) -> bool:
            return near(self._rule(u, x, lambda v: float(f"{data[v]:.{n - 1}e}")), stored(u, x), 10.0 ** (1 - digits))

        enough = next(filter(gives, range(digits, EVERY)), max(digits, EVERY))
        return Slope.of(self._rule(u, x, lambda v: Slope.put(data[v], enough)))

    def _rule(self, u: Value, x: Value, operand: Callable[[Value], Any]) -> Any:
        y, *operands = (operand(v) if v in self.symbol else v.data for v in (u, *u.parents))
        return by_rules(u, x, printed(u), y, operands)


def printed(u: Value) -> Any:
    """The rules for the partials of u as a textbook prints them, unless they would not give the number: 1 − 1² is 0."""
    op: Any = u.op
    numbers = u.data, [p.data for p in u.parents]
    good = op.textbook and all(near(by_rules(u, x, op.textbook, *numbers), stored(u, x), 1e-10) for x in u.parents)
    return op.textbook if good else op.partials


def by_rules(u: Value, x: Value, rules: Any, y: Any, operands: Sequence[Any]) -> Any:
    """∂u/∂x by these rules, the sum over all places of x among the operands of u."""
    terms = [_term(u, k, rules, y, operands) for k, p in enumerate(u.parents) if p is x]
    return reduce(ops.add.apply, terms)


def _term(u: Value, k: int, rules: Any, y: Any, operands: Sequence[Any]) -> Any:
    try:
        return rules[k](y, *operands) if isinstance(rules, tuple) else rules(y, *operands)[k]
    except refusals.ERRORS:
        return u.partials[k]


def near(a: float, b: float, most: float) -> bool:
    """Whether two numbers differ by at most this part of the second; a nan is near to a nan."""
    return a == b or abs(a - b) <= most * abs(b) or (a != a and b != b)


class Scalars(ChainRule[Value]):
    """The derivative of an output by some values of its graph, one scalar at a time."""

    def __init__(self, output: Value, order: list[Value], targets: Sequence[Value], digits: int) -> None:
        super().__init__(output, targets, ((v, p) for v in order for p in dict.fromkeys(v.parents)), digits)
        self.order, self.notation, self.zeros = order, Notation(order, self.takers), Zeros(order, output)
        self.symbol, self.adjoint = self.notation.symbol, self.zeros.adjoint

    def lines(self) -> Iterator[Line]:
        """The formulas that the derivatives name, and the chain rule."""
        yield from flattened(self._named(), self._definition)
        if len(self.targets) == 1 and (paths := self._paths()):
            (target,) = self.targets
            products = [[self._step(u, v) for u, v in pairwise(path)] for path in paths]
            yield from block(self.slope(target), products, self.gradient(target))
        else:
            yield from flattened(self.between, self.collected, LINES // 2)
            yield from flattened(list(self.targets), self.collected)
        yield from self.explained()

    def factors(self, u: Value, x: Value) -> Sequence[Factor]:
        """∂L/∂u · ∂u/∂x, or ∂L/∂x alone."""
        slope, number = self.slope(u), self.gradient(u)  # which has no formula: its symbol stands until its number does
        upstream = [] if u is self.output else [Factor(slope, slope, number, number)]
        return [*upstream, self._step(u, x)]

    def _named(self) -> list[Value]:
        """The values on the way that have an equation, and the nameless ones that stand in their formulas."""
        needed = {*self.between, self.output}
        for v in reversed(self.order):
            if v in needed:
                needed.update(p for p in v.parents if not given(p))
        return [v for v in self.order if v in needed and v in self.notation.formula]

    def _definition(self, v: Value) -> Iterator[Line]:
        yield Line(self.symbol[v], equal(self.notation.formula[v], Term.of(self.zeros.data[v], self.digits)))

    def _paths(self) -> list[list[Value]]:
        """The paths from the output to the target; [] if there are many."""
        found: list[list[Value]] = []
        waiting = [[self.output]]
        for _ in range(PATHS * STEPS):
            if not waiting:
                return found
            path = waiting.pop()
            waiting += [[*path, p] for p in reversed(self.operands.get(path[-1], ()))]
            found += [path] * (path[-1] in self.targets)
        return []

    def _step(self, u: Value, x: Value) -> Factor:
        formula, put = self.notation.partial(u, x), self.notation.partial(u, x, self.digits, self.zeros.data)
        return Factor(self.local(u, x), formula, put, Term.of(self.zeros.slope(u, x), self.digits))
