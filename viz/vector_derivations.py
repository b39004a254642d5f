"""The chain rule from stage to stage: Jacobians with their shapes, then the products and transposes that they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import ops
from autograd.tape import reverse_sweep
from autograd.value import Value
from viz import jacobians, stages
from viz.derivations import Factor, Line, block, quotient
from viz.jacobians import Floats
from viz.names import given
from viz.stages import Stage, Vector
from viz.terms import ATOM, OPEN, POWER, SUM, Form, Slope, Term, composed, joined, symbols

LARGEST = 6  # rows or columns up to which a matrix is written out
DIAGONAL = Form(r"\operatorname{{diag}}\left({}\right)", ATOM, (OPEN,)), Form("diag({})", ATOM, (OPEN,))


@dataclass(frozen=True, eq=False)
class Edge:
    """How a vector of a stage depends on another vector, the stage's others held as they are."""

    of: Vector
    jacobian: Floats
    stage: Stage
    operands: Sequence[Vector]


def matrix(x: Any, digits: int, row: bool = False) -> Term:
    """The numbers of a vector, a column unless it is to be a row, or of a matrix; of a large one its shape."""
    x = np.asarray(x, dtype=float)
    if x.size == 1 and x.ndim < 2:
        return Term.of(x.item(), digits)
    grid = np.atleast_2d(x) if row or x.ndim == 2 else x[:, None]
    if max(grid.shape) > LARGEST:
        size = r" \times ".join(map(str, grid.shape))
        return Term((rf"\left[{size}\right]", f"[{'×'.join(map(str, grid.shape))}]"))
    cells = [[Term.of(number, digits) for number in numbers] for numbers in grid]
    body = r" \\ ".join(" & ".join(cell.latex for cell in numbers) for numbers in cells)
    lists = cells if x.ndim == 2 else [[cell for numbers in cells for cell in numbers]]
    rows = [f"[{', '.join(map(str, numbers))}]" for numbers in lists]
    text = f"[{', '.join(rows)}]" if x.ndim == 2 else rows[0] + "ᵀ" * row
    return Term((rf"\begin{{pmatrix}} {body} \end{{pmatrix}}", text))


def transposed(x: Term) -> Term:
    """xᵀ."""
    return composed((Form(r"{}^{{\top}}", POWER, (ATOM,)), Form("{}ᵀ", POWER, (ATOM,))), [x])


class Stages:
    """The derivative of an output by a vector or a matrix of its graph, from stage to stage."""

    def __init__(self, output: Value, order: Sequence[Value], targets: Sequence[Value], digits: int) -> None:
        self.output, self.digits = output, digits
        self.found, _ = stages.by_scope(order, [output], 1)
        held = [x for s in self.found for x in s.vectors if set(targets) <= set(x.values.ravel())]
        self.target = held[0] if held else None
        self.whole = bool(held) and len(targets) == held[0].values.size
        self.adjoint = reverse_sweep(list(order), {output: 1.0})
        self.edges: dict[Vector, list[Edge]] = {}
        way = dict.fromkeys(held[:1])
        for s in self.found:
            for u in s.vectors if s.role is None else ():
                for x, edge in self._into(s, u):
                    if x in way:
                        way[u] = None
                        self.edges.setdefault(x, []).append(edge)
        self.way = list(way)
        named = symbols([x.name for x in self.way])
        self.symbol = {x: Term.symbol(x.name, latex=named[x.name]) for x in self.way}
        self.loss = self.symbol.get(self.way[-1], Term.symbol(given(output)))

    def _into(self, s: Stage, u: Vector) -> Iterator[tuple[Vector, Edge]]:
        """The vectors that u is computed from, and how."""
        others = {v for x in s.vectors if x is not u for v in x.values.ravel()}
        local = jacobians.local([v for v in s.nodes if v not in others], list(u.values.ravel()))
        taken = [x for p in s.sources for x in p.vectors] + [x for x in s.vectors if x is not u]
        none = np.zeros(u.values.size)
        for x in taken:
            members = x.values.ravel()
            if any(v in local for v in members):
                yield x, Edge(u, np.array([local.get(v, none) for v in members]).T, s, taken)

    def lines(self) -> Iterator[Line]:
        """The product of the Jacobians with their shapes, then ∂L/∂x of each vector, back from the output."""
        takers = [self.edges.get(x, []) for x in self.way]
        if len(self.way) > 2 and all(len(edges) == 1 for edges in takers[:-1]):
            yield self._chain([edges[0] for edges in takers[:-1]])
        for x in reversed(self.way):
            if x is self.target or not self._is_output(x):
                yield from self._collected(x)

    def _chain(self, edges: Sequence[Edge]) -> Line:
        """∂L/∂W2 = ∂L/∂x6 · ∂x6/∂x5 · ∂x5/∂W2, and the shapes of the factors."""
        pairs = [(e.of, x) for e, x in zip(edges, self.way, strict=False)][::-1]
        product = joined([self._d(u, x) for u, x in pairs], " · ", SUM, r" \cdot ")
        sizes = [f"{u.values.size}×{f'({x.shape})' if x.values.ndim > 1 else x.shape}" for u, x in pairs]
        return Line(self._slope(self.way[0]), _sized(product, " · ".join(sizes)))

    def _collected(self, x: Vector) -> Iterator[Line]:
        bar = self._bar(x)
        edges = self.edges.get(x, [])
        parts = [self._applied(e, x) for e in edges]
        whole = sum((e.jacobian.T @ self._bar(e.of).ravel() for e in edges), np.zeros(x.values.size))
        # Elements of one vector may be computed from one another: the sum then says less than the truth.
        true = np.allclose(whole, bar.ravel(), rtol=1e-9, atol=1e-300, equal_nan=True)
        if edges and true:
            for e in edges:
                yield from self._definitions(e, x)
            lines = list(block(self._slope(x), parts, matrix(bar, self.digits)))
        else:
            lines = [Line(self._slope(x), matrix(bar, self.digits))]
        yield from lines[:-1]
        yield lines[-1]._replace(right=_sized(lines[-1].right, x.shape) if bar.size > 1 else lines[-1].right)

    def _applied(self, e: Edge, x: Vector) -> list[Factor]:
        """What u adds to ∂L/∂x: in symbols, in the products and transposes that it comes to, and in numbers."""
        symbol, actual = self._symbols(e, x), self._actual(e, x)
        pairs = actual or [(transposed(self._d(e.of, x)), matrix(e.jacobian.T, self.digits)), *self._upstream(e.of)]
        one = Slope.of(1.0)
        rows = [symbol, [term for term, _ in pairs], [number for _, number in pairs]]
        size = max(map(len, rows))
        return [Factor(*column) for column in zip(*(row + [one] * (size - len(row)) for row in rows), strict=True)]

    def _symbols(self, e: Edge, x: Vector) -> list[Term]:
        if self._is_output(e.of):
            return [self._slope(x)]
        if e.of.values.size == 1:
            return [self._slope(e.of), self._d(e.of, x)]
        if x.values.ndim == 1:
            return [transposed(self._d(e.of, x)), self._slope(e.of)]
        u = Term((rf"{{{self.symbol[e.of].latex}}}_{{k}}", f"{e.of.name}[k]"))
        over, loss = quotient(u, self.symbol[x]), quotient(self.loss, u)
        return [Term((rf"\sum_{{k}} {loss.latex}", f"Σₖ {loss}")), over]

    def _actual(self, e: Edge, x: Vector) -> list[tuple[Term, Term]]:
        """The factors in the order of matrix products, where the Jacobian has a name."""
        up, J, d = self._upstream(e.of), e.jacobian, self.digits  # noqa: N806
        word = jacobians.called(J, [x], e.operands, d)
        for w in e.operands:
            name, numbers = Term.symbol(w.name), w.data
            if word == f"{w.name} in each row" and x.values.ndim == 2:
                return [*up, (transposed(name), matrix(numbers, d, row=True))]
            if word == f"{w.name} as a row" and w.values.shape == x.values.shape:
                return [*up, (name, matrix(numbers, d))]
            if word == f"{w.name} transposed" and x.values.ndim == 1:
                return [(name, matrix(numbers, d)), *up]
            if word == w.name and x.values.ndim == 1:
                flat = numbers.ndim == 1
                return [(transposed(name), matrix(numbers if flat else numbers.T, d, row=flat)), *up]
        if word == "I" and up:
            return up
        if self._is_cross_entropy(e, x):
            y_hat, y = (matrix(y, d) for y in self._y(x))
            return [(Term.symbol("ŷ") - Term.symbol("y"), y_hat - y)]
        if word.startswith("diag("):
            return [self._diagonal(e, x), *up]
        if self._is_output(e.of):
            return [(self._slope(x), matrix(J.reshape(x.values.shape), d))]
        return []

    def _diagonal(self, e: Edge, x: Vector) -> tuple[Term, Term]:
        """diag(…) of the row's own rule, where one operation made every component; else of the Jacobian's name."""
        numbers = [Term.of(d, self.digits) for d in np.diag(e.jacobian)]
        written = composed(DIAGONAL, [joined(numbers, ", ", OPEN)])
        u = e.of.values.ravel()
        op, *more = {v.op: None for v in u}
        if more or op.arity != 1 or any(v.parents[0] is not p for v, p in zip(u, x.values.ravel(), strict=True)):
            return self._d(e.of, x), written
        (rule,) = op.local(Slope.of(self.symbol[e.of]), Slope.of(self.symbol[x]))
        return composed(DIAGONAL, [Slope.of(rule)]), written

    def _is_cross_entropy(self, e: Edge, x: Vector) -> bool:
        row = self.output.op.family if e.stage.nodes == [self.output] else None
        free = all(v.name not in ("y", "ŷ") for s in self.found for v in s.vectors)
        return row is ops.neg_log_softmax and list(x.values.ravel()) == list(self.output.parents) and free

    def _y(self, x: Vector) -> tuple[Floats, Floats]:
        """ŷ and y of a cross entropy: ∂L/∂x is ŷ − y."""
        y = np.zeros(x.values.size)
        y[self.output.op.index] = 1.0
        return self._bar(x) + y, y

    def _definitions(self, e: Edge, x: Vector) -> Iterator[Line]:
        if self._is_cross_entropy(e, x):
            y_hat, y = (matrix(numbers, self.digits) for numbers in self._y(x))
            softmax = Term((rf"\operatorname{{softmax}}\left({self.symbol[x].latex}\right)", f"softmax({x.name})"))
            yield Line(Term.symbol("ŷ"), Term(f"{a} = {b}" for a, b in zip(softmax.texts, y_hat.texts, strict=True)))
            yield Line(Term.symbol("y"), y)

    def _upstream(self, u: Vector) -> list[tuple[Term, Term]]:
        return [] if self._is_output(u) else [(self._slope(u), matrix(self._bar(u), self.digits))]

    def _is_output(self, u: Vector) -> bool:
        return u.values.size == 1 and u.values.item() is self.output

    def _bar(self, x: Vector) -> Floats:
        return np.array([self.adjoint[v] for v in x.values.ravel()]).reshape(x.values.shape)

    def _d(self, u: Vector, x: Vector) -> Term:
        return quotient(self.symbol[u], self.symbol[x])

    def _slope(self, x: Vector) -> Term:
        return quotient(self.loss, self.symbol[x])


def _sized(term: Term, size: str) -> Term:
    latex = size.replace("×", r" \times ").replace("·", r"\cdot")
    return Term((rf"{term.latex} \quad ({latex})", f"{term}   ({size})"))
