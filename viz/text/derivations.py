"""The chain rule of a graph line by line, in scalars: symbols, local derivatives, numbers, result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd import kinds
from autograd.languages.forms import PRODUCT, SUM
from autograd.tape import reverse_sweep, wengert_list
from autograd.value import Value
from viz.names import MANY, given, names
from viz.numbers import few
from viz.text.terms import ELLIPSIS, Slope, Term, joined, symbols

LONG = 90  # characters of a formula above which a part of it gets an equation of its own
LINES = 40  # equations that are shown; of more the first and the last
PATHS, STEPS = 4, 8  # up to so many paths, of so many steps each, are written out


class Line(NamedTuple):
    """An equation; without a left side it goes on with the one before: a further step, a further term, or a remark."""

    left: Term | None
    right: Term
    sign: str = "="  # "+" before a further term of a long sum, "" before a remark


class Factor(NamedTuple):
    """One derivative of a product: its symbol, what it is, that with the numbers put in, and its number."""

    symbol: Term
    local: Term
    put: Term
    number: Term


def remark(text: str) -> Line:
    """A line of words."""
    return Line(None, Term((rf"\text{{{text.translate(_WORDS)}}}", text)), "")


_WORDS = str.maketrans({c: f"\\{c}" for c in "%#_$"} | {"&": "＆"})


class Page:
    """The names and the formulas of a graph's values: `own` have an equation of their own, and how others stand in one."""

    def __init__(self, order: Sequence[Value], own: Collection[Value]) -> None:
        called = {v: name for v, name in names(order).items() if given(v) or v.role != "constant"}
        latex = symbols(list(called.values()))
        uses = Counter(p for v in order for p in v.parents)
        self.symbol = {v: Term.symbol(name, v.data, latex[name]) for v, name in called.items()}
        self.stands: dict[Value, Term] = {}
        self.formula: dict[Value, Term] = {}
        for v in order:
            if v.op is None:
                self.stands[v] = self.symbol.get(v) or Term.of(v.data)
                continue
            term = v.op.apply(*(self.stands[p] for p in v.parents))
            term.number = v.data
            if v in own or given(v) or uses[v] > 1 or len(str(term)) > LONG:
                self.formula[v], term = term, self.symbol[v]
            self.stands[v] = term

    def local(self, v: Value, digits: int = 0) -> dict[Value, Term]:
        """∂v/∂parent as a formula, the row's rule on the names of its operands, or on their numbers; one for each parent."""
        y, *operands = (
            (Slope.put(x.data, digits) if digits else Slope.of(self.stands[x])) if x in self.symbol else x.data
            for x in (v, *v.parents)
        )
        found: dict[Value, Any] = {}
        rules = v.op.partials
        every = () if isinstance(rules, tuple) else v.op.local(y, *operands)
        for k, p in ((k, p) for k, p in enumerate(v.parents) if p in self.symbol):
            try:
                d = rules[k](y, *operands) if isinstance(rules, tuple) else every[k]
            except kinds.ERRORS:
                d = v.partials[k]
            found[p] = found[p] + d if p in found else Slope.of(d)
        return found


def quotient(of: Term, by: Term, held: Sequence[Term] = ()) -> Term:
    """∂of/∂by; with others held as they are where `by` reaches `of` through these too."""
    latex, text = rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}", f"∂{of}/∂{by}"
    if held:
        names = [", ".join(parts) for parts in zip(*(x.texts for x in held), strict=True)]
        latex, text = rf"\left.{latex}\right|_{{{names[0]}}}", f"{text}|{names[1]}"
    return Term((latex, text), binds=(PRODUCT, PRODUCT))


def equal(a: Term, b: Term) -> Term:
    """a = b."""
    return Term(f"{x} = {y}" for x, y in zip(a.texts, b.texts, strict=True))


def block(left: Term, products: Sequence[Sequence[Factor]], result: Term) -> Iterator[Line]:
    """The lines of one derivative, a sum of products: no line that says the same as the one before."""
    last = str(left)
    rights = [[_product([factor[k] for factor in product]) for product in products] for k in range(len(Factor._fields))]
    first: Term | None = left
    for terms in (*map(_kept, rights), [result]):
        whole = joined(terms, " + ", SUM)
        if str(whole) != last:
            long = len(terms) > 1 and len(str(whole)) > LONG
            yield Line(first, terms[0] if long else whole)
            for term in few(terms[1:], MANY, MANY // 2, MANY // 2, ELLIPSIS) if long else ():
                yield Line(None, term, "+")
            first, last = None, str(whole)


def _product(factors: Sequence[Term]) -> Term:
    kept = [x for x in factors if not _is(x, 1.0)]
    zero = next((x for x in factors if _is(x, 0.0)), None)
    return zero or (joined(kept, " · ", PRODUCT, r" \cdot ") if kept else Slope.of(1.0))


def _kept(terms: Sequence[Term]) -> Sequence[Term]:
    return [x for x in terms if not _is(x, 0.0)] or terms[:1]


def _is(x: Term, number: float) -> bool:
    return isinstance(x, Slope) and x.args is None and x.number == number  # a Term's number was put in, to be read


def flattened(blocks: Sequence[Any], lines: Any, most: int = LINES) -> Iterator[Line]:
    """The lines of some blocks, of many those of the first and the last and between them how many were left out."""
    half = most // 2
    for x in few(blocks, most, half, half, gap=None):
        yield from [remark(f"… {len(blocks) - 2 * half} equations left out …")] if x is None else lines(x)


class Scalars:
    """The derivative of an output by some values of its graph, one scalar at a time."""

    def __init__(self, output: Value, order: Sequence[Value], targets: Sequence[Value], digits: int) -> None:
        self.output, self.order, self.targets, self.digits = output, order, dict.fromkeys(targets), digits
        self.way = dict.fromkeys(targets)
        self.takers: dict[Value, list[Value]] = {}
        for v in order:
            for p in dict.fromkeys(p for p in v.parents if p in self.way):
                self.way[v] = None
                self.takers.setdefault(p, []).append(v)
        self.page = Page(order, {output, *self.way})
        self.adjoint = reverse_sweep(list(order), {output: 1.0})

    def lines(self) -> Iterator[Line]:
        """The formulas on the way, and the chain rule: along each path, or node by node where there are many."""
        yield from flattened([v for v in self._needed() if v in self.page.formula], self._defined)
        if len(self.targets) == 1 and (paths := self._paths(*self.targets)):
            (target,) = self.targets
            products = [[self._step(u, v) for u, v in pairwise(path)] for path in paths]
            yield from block(self._slope(target), products, self._number(self.adjoint[target]))
        else:
            between = [v for v in reversed(self.order) if v in self.takers and v not in self.targets]
            yield from flattened(between, self._collected, LINES // 2)
            yield from flattened(list(self.targets), self._collected)

    def _needed(self) -> list[Value]:
        """The values on the way, and the nameless ones that their formulas speak of."""
        needed = {v for v in self.way if v.op is not None and (v in self.takers or v is self.output)}
        needed -= self.targets.keys() - {self.output}
        for v in reversed(self.order):
            if v in needed:
                needed.update(p for p in v.parents if not given(p))
        return [v for v in self.order if v in needed]

    def _defined(self, v: Value) -> Iterator[Line]:
        yield Line(self.page.symbol[v], equal(self.page.formula[v], self._number(v.data)))

    def _paths(self, target: Value) -> list[list[Value]]:
        """The paths from the output to a value, [] if there are many."""
        found: list[list[Value]] = []
        open_paths = [[self.output]]
        for _ in range(PATHS * STEPS):
            if not open_paths:
                return found
            path = open_paths.pop()
            if path[-1] is target:
                found.append(path)
                continue
            parents = dict.fromkeys(p for p in path[-1].parents if p in self.way)
            open_paths += [[*path, p] for p in reversed(parents)]
        return []

    def _collected(self, v: Value) -> Iterator[Line]:
        """∂L/∂v as the sum over the values that take v."""
        products = []
        for u in self.takers.get(v, ()):
            bar, upstream = self._slope(u), self._number(self.adjoint[u])
            products.append([Factor(bar, bar, upstream, upstream)] * (u is not self.output) + [self._step(u, v)])
        yield from block(self._slope(v), products or [[]], self._number(self.adjoint[v]))

    def _step(self, u: Value, v: Value) -> Factor:
        d = sum(d for p, d in zip(u.parents, u.partials, strict=True) if p is v)
        others = [w for w in self.takers[v] if w is not u]
        behind = set(wengert_list([u])) if others else set()
        held = [self.page.symbol[w] for w in others if w in behind]
        local, put = self.page.local(u)[v], self.page.local(u, self.digits)[v]
        number = local if local.args is None else self._number(d)  # a 1 that the line above leaves out
        return Factor(quotient(self.page.symbol[u], self.page.symbol[v], held), local, put, number)

    def _slope(self, v: Value) -> Term:
        return quotient(self.page.symbol[self.output], self.page.symbol[v])

    def _number(self, x: float) -> Term:
        return Term.of(x, self.digits)


def equations(order: Sequence[Value], outputs: Iterable[Value]) -> Iterator[Line]:
    """The formula of every output, after those of the values it speaks of."""
    ends = dict.fromkeys(outputs)
    page = Page(order, ends)
    if not page.formula or (len(page.formula) == 1 == len(ends) and not any(map(given, ends))):
        yield from (Line(None, page.formula.get(v, page.stands[v])) for v in ends)
    else:
        yield from flattened(list(page.formula), lambda v: [Line(page.symbol[v], page.formula[v])])
