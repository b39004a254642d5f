"""The chain rule line by line: ∂output/∂x is a sum over the variables computed from x, of a product each."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from autograd.languages.forms import PRODUCT, SUM
from viz.names import MANY
from viz.numbers import few
from viz.picture.selection import nearest
from viz.text.terms import ELLIPSIS, Slope, Term, joined

X = TypeVar("X")

LONG = 90  # characters of a formula above which its parts get equations or lines of their own
LINES = 40  # equations that are shown; of more the first and the last
LARGEST = 6  # rows or columns up to which a matrix is written out
WIDE = 120  # characters of a product up to which all its factors are written
ONE = Slope.of(1.0)  # a factor that leaves no trace
ZERO, NOTHING = Term.of(0.0), Term(("", ""))


class Line(NamedTuple):
    """An equation; without a left side it continues the one before: a further step, a further term, or a remark."""

    left: Term | None
    right: Term
    sign: str = "="  # "+" before a further term of a long sum, "" before a remark


class Factor(NamedTuple):
    """One factor at four stages: symbol, formula, formula with numbers, number."""

    symbol: Term
    formula: Term
    put: Term
    number: Term


class ChainRule(Generic[X]):
    """The derivative of an output by some targets, through variables that are numbers, or vectors and matrices.

    `edges` are pairs (u, x) where u is computed from x. They come in the order of the computation, so one pass over
    them finds the variables between the targets and the output.
    """

    symbol: Mapping[X, Term]
    adjoint: Mapping[X, Any]  # ∂output/∂x in numbers

    def __init__(self, output: X, targets: Iterable[X], edges: Iterable[tuple[X, X]], digits: int) -> None:
        self.output, self.targets, self.digits = output, dict.fromkeys(targets), digits
        self.takers: dict[X, list[X]] = {x: [] for x in self.targets}  # for each variable, those computed from it
        self.operands: dict[X, list[X]] = {}
        self.held: Term | None = None  # the first derivative with others held, once written
        for u, x in edges:
            if x in self.takers:
                self.takers[x].append(u)
                self.takers.setdefault(u, [])
                self.operands.setdefault(u, []).append(x)
        # Back from the output.
        self.between = [x for x in reversed(self.takers) if x not in self.targets and x is not output]

    def factors(self, u: X, x: X) -> Sequence[Factor]:
        """The product that u adds to ∂output/∂x."""
        raise NotImplementedError

    def collected(self, x: X) -> Iterator[Line]:
        """∂output/∂x as the sum over the variables that are computed from x."""
        return block(self.slope(x), [self.factors(u, x) for u in self.takers[x]], self.gradient(x))

    def slope(self, x: X) -> Term:
        """∂output/∂x in symbols."""
        return quotient(self.symbol[self.output], self.symbol[x])

    def gradient(self, x: X) -> Term:
        """∂output/∂x in numbers."""
        return matrix(self.adjoint[x], self.digits)

    def local(self, u: X, x: X, element: Term | None = None) -> Term:
        """∂u/∂x, or that of an element of u, in symbols; takers of x that u depends on too are written as held."""
        others = [w for w in self.takers[x] if w is not u]
        behind = nearest([u], lambda v: self.operands.get(v, ()), sys.maxsize) if others else ()
        fixed = [self.symbol[w] for w in others if w in behind]
        written = quotient(element or self.symbol[u], self.symbol[x], fixed)
        self.held = self.held or (written if fixed else None)
        return written

    def explained(self) -> Iterator[Line]:
        """The meaning of the bar, where a derivative has one."""
        if bar := self.held:
            words = ": what stands behind the bar is held fixed"
            yield Line(None, Term((rf"{bar.latex}\text{{{words}}}", f"{bar}{words}")), "")


def block(left: Term, products: Sequence[Sequence[Factor]], result: Term) -> Iterator[Line]:
    """The lines of one derivative: a sum of products stage by stage, then the result; no two lines that say the same."""
    written = [[*_stages(factors)] for factors in products]
    if any(len(str(term)) > WIDE for terms in written for term in terms):
        written = [[*_stages(factors, MANY)] for factors in products]
    first: Term | None = left
    last = str(left)
    for terms in (*zip(*written, strict=True), [result]):
        total = joined(terms, " + ", SUM)
        if str(total) != last:
            long = len(terms) > 1 and len(str(total)) > LONG
            yield Line(first, terms[0] if long else total)
            for term in few(terms[1:], MANY, MANY // 2, MANY // 2, ELLIPSIS) if long else ():
                yield Line(None, joined((NOTHING, term), "", SUM), "+")  # in brackets where it has a sign
            first, last = None, str(total)


def _stages(factors: Sequence[Factor], most: int = sys.maxsize) -> Iterator[Term]:
    """A product of factors at each stage; of more than `most` factors the first and the last."""
    numbers = [x.number.number for x in factors]
    nothing = 0.0 in numbers and not all(map(math.isfinite, numbers))  # a 0 passes nothing on: 0 · ∞ says no number
    for k, stage in enumerate(zip(*factors, strict=True)):
        kept = [x for x in stage if x is not ONE] or [ONE]
        yield ZERO if nothing and k else joined(kept, " · ", PRODUCT, r" \cdot ", most)


# --- how it is written --------------------------------------------------------------------------------------------------


def flattened(blocks: Sequence[X], lines: Callable[[X], Iterable[Line]], most: int = LINES) -> Iterator[Line]:
    """The lines of all blocks; of many blocks those of the first and the last, and how many are left out between."""
    half = most // 2
    for x in few(blocks, most, half, half, gap=None):
        yield from [remark(f"… {len(blocks) - 2 * half} equations left out …")] if x is None else lines(x)


def remark(text: str) -> Line:
    """A line of words."""
    return Line(None, Term((rf"\text{{{text.translate(_WORDS)}}}", text)), "")


_WORDS = str.maketrans({c: f"\\{c}" for c in "%#_$"} | {"&": "＆"})


def equal(a: Term, b: Term) -> Term:
    """a = b."""
    return Term(f"{x} = {y}" for x, y in zip(a.texts, b.texts, strict=True))


def quotient(of: Term, by: Term, held: Sequence[Term] = ()) -> Term:
    """∂of/∂by, and the terms that are held."""
    latex, text = rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}", f"∂{of}/∂{by}"
    if held:
        names = [", ".join(parts) for parts in zip(*(x.texts for x in held), strict=True)]
        latex, text = rf"\left.{latex}\right|_{{{names[0]}}}", f"{text}|{names[1]}"
    return Term((latex, text), binds=(PRODUCT, PRODUCT))


def matrix(x: Any, digits: int, row: bool = False) -> Term:
    """The numbers of a matrix, or of a vector as a column or a row; the shape instead, if that is large."""
    x = np.asarray(x, dtype=float)
    if x.size == 1 and x.ndim < 2:
        return Term.of(x.item(), digits)
    grid = np.atleast_2d(x) if row or x.ndim == 2 else x[:, None]
    rows, columns = grid.shape
    if max(rows, columns) > LARGEST:
        return Term((rf"\left[{rows} \times {columns}\right]", f"[{rows}×{columns}]"))
    cells = [[Term.of(number, digits) for number in line] for line in grid]
    latex = r" \\ ".join(" & ".join(cell.latex for cell in line) for line in cells)
    lines = [", ".join(map(str, line)) for line in cells]
    text = f"[[{'], ['.join(lines)}]]" if x.ndim == 2 else f"[{', '.join(lines)}]" + "ᵀ" * row
    return Term((rf"\begin{{pmatrix}} {latex} \end{{pmatrix}}", text))
