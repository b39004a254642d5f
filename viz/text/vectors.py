"""The chain rule from stage to stage: Jacobians with their shapes, then the products and transposes that they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from autograd import ops, softmax
from autograd.languages.forms import ATOM, OPEN, POWER, SUM, Form
from autograd.tape import reverse_sweep
from autograd.value import Value
from viz.picture import jacobians
from viz.picture.jacobians import Floats
from viz.picture.stages import Stage, Vector
from viz.text.derivations import Factor, Line, block, equal, quotient
from viz.text.terms import Slope, Term, composed, joined, symbols

SHAPE = (r"\left[{}\right]", r" \times "), ("[{}]", "×")
EXPONENTIALS = {"exp", "logsumexp", "log_softmax", "neg_log_softmax"}  # of which cross-entropies are made
LARGEST = 6  # rows or columns up to which a matrix is written out
DIAGONAL = Form(r"\operatorname{{diag}}\left({}\right)", ATOM, (OPEN,)), Form("diag({})", ATOM, (OPEN,))


class Edge(NamedTuple):
    """How a vector of a stage depends on another vector, the stage's others held as they are."""

    of: Vector
    by: Vector
    jacobian: Floats
    stage: Stage
    operands: Sequence[Vector]


def edges(s: Stage, u: Vector) -> Iterator[Edge]:
    """How u depends on each vector that it is computed from."""
    others = [x for x in s.vectors if x is not u]
    held = {v for x in others for v in x.members}
    local = jacobians.local([v for v in s.nodes if v not in held], u.members)
    operands = [x for p in s.sources for x in p.vectors] + others
    for x in operands:
        if not local.keys().isdisjoint(x.members):
            yield Edge(u, x, jacobians.of(local, x.members, u.values.size), s, operands)


def matrix(x: Any, digits: int, row: bool = False) -> Term:
    """The numbers of a vector, a column unless it is to be a row, or of a matrix; of a large one its shape."""
    x = np.asarray(x, dtype=float)
    if x.size == 1 and x.ndim < 2:
        return Term.of(x.item(), digits)
    grid = np.atleast_2d(x) if row or x.ndim == 2 else x[:, None]
    if max(grid.shape) > LARGEST:
        return Term(template.format(sign.join(map(str, grid.shape))) for template, sign in SHAPE)
    cells = [[Term.of(number, digits) for number in line] for line in grid]
    latex = r" \\ ".join(" & ".join(cell.latex for cell in line) for line in cells)
    lines = [", ".join(map(str, line)) for line in cells]
    text = f"[[{'], ['.join(lines)}]]" if x.ndim == 2 else f"[{', '.join(lines)}]" + "ᵀ" * row
    return Term((rf"\begin{{pmatrix}} {latex} \end{{pmatrix}}", text))


def transposed(x: Term) -> Term:
    """xᵀ."""
    return composed((Form(r"{}^{{\top}}", POWER, (ATOM,)), Form("{}ᵀ", POWER, (ATOM,))), [x])


class Stages:
    """The derivative of an output by a vector or a matrix of its graph, from stage to stage."""

    def __init__(self, output: Value, order: list[Value], found: Sequence[Stage], target: Vector, digits: int) -> None:
        self.output, self.target, self.digits = output, target, digits
        self.adjoint = reverse_sweep(order, {output: 1.0})
        self.takers: dict[Vector, list[Edge]] = {target: []}  # of each vector on the way
        for e in (e for s in found if s.role is None for u in s.vectors for e in edges(s, u)):
            if e.by in self.takers:
                self.takers[e.by].append(e)
                self.takers.setdefault(e.of, [])
        self.way = list(self.takers)
        latex = symbols([x.name for x in self.way])
        self.symbol = {x: Term.symbol(x.name, latex=latex[x.name]) for x in self.way}
        self.loss = self.symbol[self.way[-1]]
        self.errors: dict[str, Term] = {}  # what is ŷ − y, the derivatives by the logits and by what is added to them
        self.free = all(x.name not in ("y", "ŷ") for s in found for x in s.vectors)
        # Of two losses each has a ŷ and a y of its own: both are then written in numbers.
        self.free = self.free and sum(self._is_cross_entropy(e) for taken in self.takers.values() for e in taken) == 1

    def lines(self) -> Iterator[Line]:
        """The product of the Jacobians with their shapes, then ∂L/∂x of each vector, back from the output."""
        *inner, _ = self.takers.values()
        if len(inner) > 1 and all(len(taken) == 1 for taken in inner) and all(map(self._adds_up, self.way[:-1])):
            yield self._chain([e for (e,) in reversed(inner)])
        for x in reversed(self.way):
            if x is self.target or not self._is_output(x):
                yield from self._collected(x)

    def _chain(self, way: Sequence[Edge]) -> Line:
        """∂L/∂W2 = ∂L/∂x6 · ∂x6/∂x5 · ∂x5/∂W2, and the shapes of the factors."""
        product = joined([self._d(e) for e in way], " · ", SUM, r" \cdot ")
        sizes = [f"({e.of.values.size}×{f'({e.by.shape})' if e.by.values.ndim > 1 else e.by.shape})" for e in way]
        return Line(self._slope(self.target), _sized(product, "".join(sizes)))

    def _collected(self, x: Vector) -> Iterator[Line]:
        bar, taken = self._bar(x), self.takers[x]
        lines = [Line(self._slope(x), self._matrix(bar))]
        if taken and self._adds_up(x):
            yield from (line for e in taken if self._is_cross_entropy(e) for line in self._definitions(e))
            lines = list(block(self._slope(x), [self._factors(e) for e in taken], self._matrix(bar)))
        yield from lines[:-1]
        yield lines[-1]._replace(right=_sized(lines[-1].right, f"({x.shape})")) if bar.size > 1 else lines[-1]

    def _adds_up(self, x: Vector) -> bool:
        """Whether the products give ∂L/∂x: not where elements of one vector are computed from one another."""
        bar = self._bar(x).ravel()
        whole = sum((e.jacobian.T @ self._bar(e.of).ravel() for e in self.takers[x]), np.zeros(bar.size))
        return np.allclose(whole, bar, rtol=1e-9, atol=1e-300, equal_nan=True)

    def _factors(self, e: Edge) -> list[Factor]:
        """What u adds to ∂L/∂x: in symbols, in the products and transposes that it comes to, and in numbers."""
        pairs = self._products(e)
        if not pairs and e.of.values.ndim == 1:
            pairs = [(transposed(self._d(e)), self._matrix(e.jacobian.T)), *self._upstream(e.of)]
        # By a matrix of a matrix there is no product of matrices: the symbols say it all.
        pairs = pairs or [(symbol, symbol) for symbol in self._symbols(e)]
        put = [(symbol, self.errors.get(str(symbol), symbol), number) for symbol, number in pairs]
        if len(put) == len(self.takers[e.by]) == 1 and (self._is_cross_entropy(e) or str(put[0][0]) in self.errors):
            self.errors[str(self._slope(e.by))] = put[0][1]
        columns = zip_longest(self._symbols(e), *zip(*put, strict=True), fillvalue=Slope.of(1.0))
        return [Factor(*column) for column in columns]

    def _symbols(self, e: Edge) -> list[Term]:
        if self._is_output(e.of):
            return [self._d(e)]
        if e.of.values.size == 1:
            return [self._slope(e.of), self._d(e)]
        if e.by.values.ndim == 1:
            return [transposed(self._d(e)), self._slope(e.of)]
        u = Term((rf"{{{self.symbol[e.of].latex}}}_{{k}}", f"{e.of.name}[k]"))
        loss = quotient(self.loss, u)
        return [Term((rf"\sum_{{k}} {loss.latex}", f"Σₖ {loss}")), quotient(u, self.symbol[e.by])]

    def _products(self, e: Edge) -> list[tuple[Term, Term]]:
        """The factors in the order of matrix products, where the Jacobian has a name, and their numbers."""
        up, flat = self._upstream(e.of), e.by.values.ndim == 1
        form, w = jacobians.named(e.jacobian, [e.by], e.operands)
        name = Term.symbol(w.name) if w else self.loss
        match form:
            case "{} in each row" if e.by.values.shape == (e.of.values.size, w.data.size):
                return [*up, (transposed(name), self._matrix(w.data, row=True))]
            case "{} as a row" if w.data.shape == e.by.values.shape:
                return [*up, (name, self._matrix(w.data))]
            case "{} transposed" if flat:
                return [(name, self._matrix(w.data)), *up]
            case "{}" if flat:
                return [(transposed(name), self._matrix(w.data.T, row=w.data.ndim == 1)), *up]
            case "I" if up:
                return up
        if product := self._of_matrices(e, up):
            return product
        if self._is_cross_entropy(e):
            minus = ops.subtract.apply
            return [(minus(Term.symbol("ŷ"), Term.symbol("y")), minus(*map(self._matrix, self._shares(e))))]
        if form == "diag":
            return [self._diagonal(e), *up]
        return [(self._d(e), self._matrix(e.jacobian.reshape(e.by.values.shape)))] if self._is_output(e.of) else []

    def _of_matrices(self, e: Edge, up: list[tuple[Term, Term]]) -> list[tuple[Term, Term]]:
        """Of Z = X·W: ∂L/∂W = Xᵀ · ∂L/∂Z and ∂L/∂X = ∂L/∂Z · Wᵀ; of u = x·W: ∂L/∂W = x · (∂L/∂u)ᵀ."""
        rows, columns = e.of.values.shape if e.of.values.ndim == 2 else (1, e.of.values.size)
        for w in (w for w in e.operands if w is not e.by and up):
            x, name = np.atleast_2d(w.data), Term.symbol(w.name)
            if e.by.values.shape == (x.shape[1], columns) and _equal(e.jacobian, np.kron(x, np.eye(columns))):
                if e.of.values.ndim == 2:
                    return [(transposed(name), self._matrix(x.T)), *up]
                return [(name, self._matrix(w.data)), (transposed(up[0][0]), self._matrix(self._bar(e.of), row=True))]
            if e.by.values.shape == (rows, x.shape[0]) and _equal(e.jacobian, np.kron(np.eye(rows), x.T)):
                return [*up, (transposed(name), self._matrix(x.T))]
        return []

    def _diagonal(self, e: Edge) -> tuple[Term, Term]:
        """diag(…) of the row's own rule, where one operation made every component; else of the Jacobian's name."""
        numbers = [Term.of(d, self.digits) for d in np.diag(e.jacobian)]
        written = composed(DIAGONAL, [joined(numbers, ", ", OPEN)])
        op, *more = {v.op: None for v in e.of.members}
        if more or op.arity != 1 or not _same([v.parents[0] for v in e.of.members], e.by.members):
            return self._d(e), written
        (rule,) = op.local(Slope.of(self.symbol[e.of]), Slope.of(self.symbol[e.by]))
        return composed(DIAGONAL, [Slope.of(rule)]), written

    def _is_cross_entropy(self, e: Edge) -> bool:
        if not self._is_output(e.of) or not self.free or e.by.values.ndim != 1 or e.by.values.size < 2:
            return False
        if not any((v.op.family or v.op).name in EXPONENTIALS for v in e.stage.nodes):
            return False
        y_hat, y = self._shares(e)
        return np.allclose(y_hat - e.jacobian.ravel(), y, rtol=0, atol=1e-12)

    def _shares(self, e: Edge) -> tuple[Floats, Floats]:
        """ŷ and y of a cross entropy, in one operation or in several: ∂L/∂x is ŷ − y, with y one-hot."""
        y_hat = np.array(softmax(e.by.data))
        return y_hat, np.eye(len(y_hat))[(y_hat - e.jacobian.ravel()).argmax()]

    def _definitions(self, e: Edge) -> Iterator[Line]:
        y_hat, y = map(self._matrix, self._shares(e))
        softmax = Term((rf"\operatorname{{softmax}}\left({self.symbol[e.by].latex}\right)", f"softmax({e.by.name})"))
        yield Line(Term.symbol("ŷ"), equal(softmax, y_hat))
        yield Line(Term.symbol("y"), y)

    def _upstream(self, u: Vector) -> list[tuple[Term, Term]]:
        return [] if self._is_output(u) else [(self._slope(u), self._matrix(self._bar(u)))]

    def _is_output(self, u: Vector) -> bool:
        return _same(u.members, [self.output])

    def _bar(self, x: Vector) -> Floats:
        return np.array([self.adjoint[v] for v in x.members]).reshape(x.values.shape)

    def _matrix(self, x: Floats, row: bool = False) -> Term:
        return matrix(x, self.digits, row)

    def _d(self, e: Edge) -> Term:
        held = [
            self.symbol[other.of] for other in self.takers[e.by] if other is not e and self._reaches(other.of, e.of)
        ]
        return quotient(self.symbol[e.of], self.symbol[e.by], held)

    def _reaches(self, x: Vector, end: Vector) -> bool:
        """Whether `end` is computed from x."""
        reached = [x]
        for y in reached:  # the list grows while it is read
            reached += [e.of for e in self.takers[y] if e.of not in reached]
        return end in reached

    def _slope(self, x: Vector) -> Term:
        return quotient(self.loss, self.symbol[x])


def _same(a: Sequence[Value], b: Sequence[Value]) -> bool:
    """Whether these are the same values in the same order; == would compare their numbers."""
    return list(map(id, a)) == list(map(id, b))


def _equal(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and bool((a == b).all())


def _sized(term: Term, size: str) -> Term:
    latex = size.replace("×", r" \times ")
    return Term((rf"{term.latex} \quad {latex}", f"{term}   {size}"))
