"""A derivation by stages: Jacobians with their shapes, then the products and transposes they simplify to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from autograd import ops, softmax
from autograd.arrays import Floats
from autograd.languages.forms import ATOM, OPEN, POWER, SUM, Form
from autograd.value import Value
from viz.picture import jacobians
from viz.picture.stage_graph import Stage, Vector
from viz.text.chainrule import ONE, ChainRule, Factor, Line, equal, matrix, quotient
from viz.text.rational import Zeros
from viz.text.scalars import printed
from viz.text.terms import Slope, Term, composed, joined, symbols

DIAGONAL = Form(r"\operatorname{{diag}}\left({}\right)", ATOM, (OPEN,)), Form("diag({})", ATOM, (OPEN,))
TRANSPOSED = Form(r"{}^{{\top}}", POWER, (ATOM,)), Form("{}ᵀ", POWER, (ATOM,))
Y_HAT = Term.symbol("ŷ")
EXPONENTIALS = {"exp", "logsumexp", "log_softmax", "neg_log_softmax"}  # every cross-entropy computes one of them


class Edge(NamedTuple):
    """The dependence of a vector of a stage on another vector, the stage's others held as they are."""

    of: Vector
    by: Vector
    jacobian: Floats
    nodes: Sequence[Value]  # of the stage
    operands: Sequence[Vector]


def edges(s: Stage, u: Vector) -> Iterator[Edge]:
    """An edge for each vector that u is computed from."""
    others = [x for x in s.vectors if x is not u]
    held = {v for x in others for v in x.members}
    local = jacobians.local([v for v in s.nodes if v not in held], u.members)
    operands = [x for p in s.sources for x in p.vectors] + others
    for x in operands:
        if not local.keys().isdisjoint(x.members):
            yield Edge(u, x, jacobians.of(local, x.members, u.values.size), s.nodes, operands)


# --- products of matrices -----------------------------------------------------------------------------------------------


class Operand(NamedTuple):
    """A factor of a product of matrices."""

    formula: Term
    numbers: Any  # an array, or a Term that is written in its place
    row: bool = False

    @property
    def T(self) -> Operand:  # noqa: N802
        """The transpose, of a vector a row."""
        return Operand(composed(TRANSPOSED, [self.formula]), self.numbers.T, self.numbers.ndim == 1)

    @property
    def grid(self) -> Operand:
        """The same as a matrix, a vector as its only row."""
        return self._replace(numbers=np.atleast_2d(self.numbers))


def _is_left(e: Edge, w: Floats) -> bool:
    """Test for U = W·X, where ∂U/∂X is the Jacobian and W the operand; a vector counts as a row."""
    w, columns = np.atleast_2d(w), np.atleast_2d(e.of.values).shape[1]
    return e.by.values.shape == (w.shape[1], columns) and np.array_equal(e.jacobian, np.kron(w, np.eye(columns)))


def _is_right(e: Edge, w: Floats) -> bool:
    """Test for U = X·W."""
    w, rows = np.atleast_2d(w), np.atleast_2d(e.of.values).shape[0]
    return e.by.values.shape == (rows, w.shape[0]) and np.array_equal(e.jacobian, np.kron(np.eye(rows), w.T))


# Jacobians ∂u/∂x that consist of an operand w of the stage: the form that `jacobians.named` finds, "" where it finds
# none; a condition on the edge and on w; then ∂L/∂x as a product of w and g = ∂L/∂u.
# fmt: off
PRODUCTS: Sequence[tuple[str, Callable[[Edge, Any], bool], Callable[[Any, Any], Sequence[Operand]]]] = (
    ("{} in each row", lambda e, w: e.by.values.shape == (e.of.values.size, w.size), lambda w, g: (g, w.T)),
    ("{} as a row",    lambda e, w: e.by.values.shape == w.shape,                    lambda w, g: (g, w)),
    ("{} transposed",  lambda e, _: e.by.values.ndim == 1,                           lambda w, g: (w, g)),
    ("{}",             lambda e, _: e.by.values.ndim == 1,                           lambda w, g: (w.T, g)),
    ("",               lambda e, w: e.of.values.ndim == 2 and _is_left(e, w),        lambda w, g: (w.grid.T, g)),
    ("",               lambda e, w: e.of.values.ndim == 1 and _is_left(e, w),        lambda w, g: (w, g.T)),
    ("",               _is_right,                                                    lambda w, g: (g, w.grid.T)),
)
# fmt: on


def product(e: Edge, g: Operand, forms: Sequence[tuple[str, Vector]]) -> Sequence[Operand]:
    """∂L/∂x by the first of these forms, each with its operand, that is in the table; [] if none is."""
    for form, w in forms:
        for pattern, holds, factors in PRODUCTS:
            if form == pattern and holds(e, w.data):
                return factors(Operand(Term.symbol(w.name), w.data), g)
    return []


def before_function(e: Edge, upstream: Operand, digits: int) -> Sequence[Operand]:
    """diag(σ′) · ∂L/∂u · xᵀ, where the stage ends in a function of a product or a sum; [] where it does not."""
    if (end := jacobians.last(e.nodes, e.of.members)) is None:
        return []
    inner = e._replace(jacobian=jacobians.of(end.inner, e.by.members, e.of.values.size))
    if not np.allclose(end.slopes[:, None] * inner.jacobian, e.jacobian, rtol=1e-14, atol=0):
        return []
    form, w = jacobians.named(inner.jacobian, [e.by], e.operands)
    found = [upstream] if form == "I" else product(inner, upstream, [(form, w)] * bool(w))
    diagonal = Operand(composed(DIAGONAL, [Term.symbol(end.name)]), _entries(end.slopes, digits))
    return [x for f in found for x in ([diagonal, f] if f is upstream else [f])]


def _entries(diagonal: Floats, digits: int) -> Term:
    return composed(DIAGONAL, [joined([Term.of(d, digits) for d in diagonal], ", ", OPEN)])


# --- the derivation -----------------------------------------------------------------------------------------------------


class Vectors(ChainRule[Vector]):
    """The derivative of an output by a vector or a matrix of its graph, from stage to stage."""

    def __init__(self, order: list[Value], stages: Sequence[Stage], target: Vector, digits: int) -> None:
        found = (e for s in stages if s.role is None for u in s.vectors for e in edges(s, u))
        self.edges = {(e.of, e.by): e for e in found}
        super().__init__(stages[-1].vectors[-1], [target], self.edges, digits)
        latex = symbols([x.name for x in self.takers])
        self.symbol = {x: Term.symbol(x.name, latex=latex[x.name]) for x in self.takers}
        bar = Zeros(order, *self.output.members).adjoint
        self.adjoint = {x: np.array([bar[v] for v in x.members]).reshape(x.values.shape) for x in self.takers}
        self.back = [*self.between, target]
        self.sums = {x for x in self.back if self._adds_up(x)}
        taken = {x.name for s in stages for x in s.vectors}
        self.y = Term.symbol("t" if "y" in taken else "y")
        self.error = ops.subtract.apply(Y_HAT, self.y)
        self.losses = self._losses() if taken.isdisjoint({"ŷ", str(self.y)}) else {}
        self.errors = self._errors()

    def lines(self) -> Iterator[Line]:
        """The product of the Jacobians with their shapes, then ∂L/∂x of each vector, back from the output."""
        if len(self.back) > 1 and all(len(self.takers[x]) == 1 and x in self.sums for x in self.back):
            yield self._path([self.edges[u, x] for x in self.back for u in self.takers[x]])
        for x in self.back:
            *first, last = self.collected(x)
            yield from first
            yield last._replace(right=_sized(last.right, f"({x.shape})")) if x.values.size > 1 else last
        yield from self.explained()

    def collected(self, x: Vector) -> Iterator[Line]:
        """∂L/∂x, after the definitions of ŷ and y if x are logits; the numbers alone where no sum of products gives it."""
        if x not in self.sums:
            yield Line(self.slope(x), self.gradient(x))
            return
        if x in self.losses:
            y_hat, y = (matrix(numbers, self.digits) for numbers in self.losses[x])
            softmax = rf"\operatorname{{softmax}}\left({self.symbol[x].latex}\right)", f"softmax({x.name})"
            yield from (Line(Y_HAT, equal(Term(softmax), y_hat)), Line(self.y, y))
        yield from super().collected(x)

    def factors(self, u: Vector, x: Vector) -> Sequence[Factor]:
        """The Jacobian and ∂L/∂u, in symbols and as the product of matrices that they come to."""
        e = self.edges[u, x]
        local = Operand(self.local(u, x), e.jacobian)
        upstream = Operand(ONE, ONE) if u is self.output else Operand(self.slope(u), self.adjoint[u])
        plain = self._symbols(e, local.formula, upstream.formula)
        # By a matrix of a matrix there is no product of matrices: the symbols say it all.
        found = self._product(e, local, upstream) or [Operand(symbol, symbol) for symbol in plain]
        put = [self.error if f is upstream and u in self.errors else f.formula for f in found]
        numbers = [f.numbers if isinstance(f.numbers, Term) else matrix(f.numbers, self.digits, f.row) for f in found]
        stages = plain, [f.formula for f in found], put, numbers
        return [Factor(*terms) for terms in zip_longest(*stages, fillvalue=ONE)]

    def _adds_up(self, x: Vector) -> bool:
        """Test for ∂L/∂x being the sum of the products: it is not if elements of a vector depend on one another."""
        parts = [self.edges[u, x].jacobian.T @ self.adjoint[u].ravel() for u in self.takers[x]]
        total = sum(parts, np.zeros(x.values.size))
        return bool(parts) and np.allclose(total, self.adjoint[x].ravel(), rtol=1e-9, atol=1e-300, equal_nan=True)

    def _losses(self) -> dict[Vector, tuple[Floats, Floats]]:
        """ŷ and y of the cross-entropy, by its logits; of two, each would have a ŷ and a y of its own."""
        last = [self.edges[self.output, x] for x in self.takers if self.output in self.takers[x]]
        found = {e.by: pair for e in last if (pair := recognised(e.nodes, e.by.data, e.jacobian.ravel()))}
        return found if len(found) == 1 else {}

    def _errors(self) -> set[Vector]:
        """The vectors with ∂L/∂x = ŷ − y: the logits, and those that are only added to."""
        found: set[Vector] = set()
        for x in (x for x in self.back if x in self.sums and len(self.takers[x]) == 1):
            e = self.edges[self.takers[x][0], x]
            if x in self.losses or (e.of in found and np.array_equal(e.jacobian, np.eye(len(e.jacobian)))):
                found.add(x)
        return found

    def _path(self, way: Sequence[Edge]) -> Line:
        """∂L/∂W2 = ∂L/∂x6 · ∂x6/∂x5 · ∂x5/∂W2, and the shapes of the factors."""
        factors = joined([self.local(e.of, e.by) for e in way], " · ", SUM, r" \cdot ")
        sizes = [f"({e.of.values.size}×{f'({e.by.shape})' if e.by.values.ndim > 1 else e.by.shape})" for e in way]
        return Line(self.slope(way[-1].by), _sized(factors, "".join(sizes)))

    def _symbols(self, e: Edge, local: Term, upstream: Term) -> Sequence[Term]:
        if e.of.values.size == 1:
            return [upstream, local]
        if e.by.values.ndim == 1:
            return [composed(TRANSPOSED, [local]), upstream]
        u = Term((rf"{self.symbol[e.of].latex}[k]", f"{e.of.name}[k]"))
        by_u = quotient(self.symbol[self.output], u)
        return [Term((rf"\sum_{{k}} {by_u.latex}", f"Σₖ {by_u}")), self.local(e.of, e.by, u)]

    def _product(self, e: Edge, local: Operand, upstream: Operand) -> Sequence[Operand]:
        """The factors in the order of matrix products; [] if there is no such product."""
        is_output = e.of is self.output
        if is_output and e.by in self.losses:
            return [Operand(self.error, ops.subtract.apply(*(matrix(x, self.digits) for x in self.losses[e.by])))]
        form, w = jacobians.named(e.jacobian, [e.by], e.operands)
        if form == "I":
            return [upstream]
        others = [("", x) for x in e.operands if x is not e.by and not is_output]
        if found := product(e, upstream, [(form, w)] * bool(w) + others):
            return found
        if is_output:
            return [local._replace(numbers=e.jacobian.reshape(e.by.values.shape))]
        if e.of.values.ndim > 1:
            return []
        first = self._diagonal(e, local) if form == "diag" else local.T
        ruled = form == "diag" and first.formula is not local.formula
        return [first, upstream] if ruled else before_function(e, upstream, self.digits) or [first, upstream]

    def _diagonal(self, e: Edge, local: Operand) -> Operand:
        """diag(…) of the row's own rule, where one operation computes every component; else of the Jacobian's name."""
        numbers = _entries(np.diag(e.jacobian), self.digits)
        op, *more = {v.op: None for v in e.of.members}
        if more or op.arity != 1 or any(v.parents[0] is not p for v, p in zip(e.of.members, e.by.members, strict=True)):
            return local._replace(numbers=numbers)
        try:
            rules = op.textbook if all(printed(v) is op.textbook for v in e.of.members) else op.partials
            (rule,) = op.local(Slope.of(self.symbol[e.of]), Slope.of(self.symbol[e.by]), rules=rules)
        except TypeError:  # it compares the components, each of which decides for itself
            return local._replace(numbers=numbers)
        return Operand(composed(DIAGONAL, [Slope.of(rule)]), numbers)


def recognised(nodes: Iterable[Value], logits: Floats, slope: Floats) -> tuple[Floats, Floats] | None:
    """ŷ = softmax(logits) and a one-hot y, if these nodes compute an exponential and the derivative `slope` is ŷ − y."""
    known = any((v.op.family or v.op).name in EXPONENTIALS for v in nodes if v.op)
    if not known or logits.ndim != 1 or logits.size < 2:
        return None
    y_hat = np.array(softmax(logits))
    y = np.eye(y_hat.size)[(y_hat - slope).argmax()]
    return (y_hat, y) if np.allclose(y_hat - slope, y, rtol=0, atol=1e-12) else None


def _sized(term: Term, size: str) -> Term:
    latex = size.replace("×", r" \times ")
    return Term((rf"{term.latex} \quad {latex}", f"{term}   {size}"))
