"""The formula of a graph and the derivation of a derivative, as LaTeX and as readable text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

from autograd import nesting
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import Detail, choice, values_in, whole
from viz.files import Text
from viz.names import given
from viz.picture.scene import outdated, unchanged
from viz.picture.stage_graph import by_scope
from viz.text.chainrule import LINES, Line, flattened, remark
from viz.text.scalars import Notation, Scalars
from viz.text.tabular import columns
from viz.text.terms import Term
from viz.text.vectors import Vectors


@dataclass(frozen=True)
class Formula(Text):
    r"""Equations, one below the other: readable text under `str`, LaTeX in `latex`, typeset in Jupyter.

    >>> x = Value(2.0, "x")
    >>> formula = latex((x + 1).sqrt())
    >>> print(formula, formula.latex, formula.lines)
    √(x + 1) \sqrt{x + 1} (('', '\\sqrt{x + 1}'),)
    """

    equations: tuple[Line, ...]

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The left and the right side of every line in LaTeX; a left side that goes on is ""."""
        return tuple((line.left.latex if line.left else "", line.right.latex) for line in self.equations)

    @property
    def latex(self) -> str:
        """The source, for a line of its own in a text: several equations stand in `aligned`."""
        (left, right), *more = self.lines
        if not more:
            return f"{left} = {right}" if left else right
        lines = zip(self.lines, self.equations, strict=True)
        rows = [f"{left} &{line.sign} {right}".lstrip() for (left, right), line in lines]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def __str__(self) -> str:
        first, *more = self.equations
        if not more and not first.left:
            return str(first.right)
        lefts = [str(line.left or "") for line in self.equations]
        wide = max(map(columns, lefts))
        rows = zip(lefts, self.equations, strict=True)
        return "\n".join(f"{' ' * (wide - columns(left))}{left} {line.sign or ' '} {line.right}" for left, line in rows)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    @property
    def markdown(self) -> str:
        """The formula between the signs that Markdown, and a document in LaTeX, have for one on lines of its own."""
        return f"{self._repr_latex_()}\n"

    @property
    def html(self) -> str:
        """The readable text as an HTML element."""
        return f"<pre>{escape(str(self))}</pre>"

    formats: ClassVar = Text.formats | {".tex": "markdown"}


def latex(output: Any, wrt: Any = None, *, detail: Detail = "auto", digits: int = 4) -> Formula:
    r"""The formula of a Value, or of several; with `wrt`, a Value of its graph or an array of them, ∂output/∂wrt.

    A named value has an equation of its own, as has one that is used more than once (v1, v2, … as in `table`), and a part
    of a very long formula. Constants of a formula stand with all their digits, numbers put in with `digits`.

    The derivation goes line by line: the formulas on the way; the chain rule in symbols, a product for each path,
    or one sum per value where there are many; the local derivatives, by the rules of the table; the numbers; the
    result. It is the derivative of the forward pass that happened; `.grad` is neither read nor changed. detail="stages"
    goes from scope to scope, with vectors and matrices: the product of the Jacobians with their shapes, then each
    ∂output/∂vector in the shape of the vector, with transposes. "auto" does so for a whole array in a graph of scopes.

    TypeError for what is no Value; ValueError for a constant, a value of another graph, a leaf that has changed since, and
    stages where there are none. A derivative that does not exist raises as `backward` does.

    >>> w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.7, "b")
    >>> L = (w * x + b) ** 2
    >>> latex(L)
    (w·x + b)²
    >>> print(latex(L).latex)
    \left(w \cdot x + b\right)^{2}
    >>> latex(L, wrt=w)
       v1 = w·x = 1
       v2 = v1 + b = 0.3
        y = v2² = 0.09
    ∂y/∂w = ∂y/∂v2 · ∂v2/∂v1 · ∂v1/∂w
          = 2·v2 · 1 · x
          = 2·0.3 · 1 · 2
          = 0.6 · 1 · 2
          = 1.2
    """
    choice("detail", detail, Detail)
    whole("digits", digits, 2)
    outputs = values_in(output)
    order = wengert_list(outputs)
    if wrt is None and detail == "stages":
        raise ValueError("a formula is written in scalars; detail='stages' goes with wrt=")
    if wrt is not None:
        return Formula(tuple(_derivation(outputs, unchanged(order), wrt, detail, digits)))
    return Formula((*_equations(order, outputs), *map(remark, outdated(order))))


def _equations(order: Sequence[Value], outputs: Sequence[Value]) -> Iterator[Line]:
    """The formula of every output, after those of the values that it names."""
    ends = dict.fromkeys(outputs)
    notation = Notation(order, ends)
    formula, symbol = notation.formula, notation.symbol
    if len(ends) == 1 and (not formula or (len(formula) == 1 and not any(map(given, ends)))):
        yield from (Line(None, formula.get(v, notation.written[v])) for v in ends)
    else:
        leaves = {v: Term.of(v.data) for v in ends if v.op is None}
        yield from flattened([*leaves, *formula], lambda v: [Line(symbol.get(v), (leaves | formula)[v])])


def _derivation(outputs: Sequence[Value], order: list[Value], wrt: Any, detail: str, digits: int) -> Any:
    if len(outputs) > 1:
        raise ValueError(f"a derivative is that of one output; got {len(outputs)}: take them one by one, or their sum")
    if not all(isinstance(v, Value) for v in nesting.flat(wrt)):
        raise TypeError(f"wrt is a Value of the graph, or an array of them; got {type(wrt).__name__} {wrt!r}")
    targets = values_in(wrt)
    known = set(order)
    for v in targets:
        if v not in known:
            raise ValueError(f"{_name(v)} is not in the graph of {_name(outputs[0])}: nothing leads from it to there")
        if v.role == "constant":
            raise ValueError(f"{_name(v)} is a constant, and takes no derivative: make it a parameter or an input")
    if detail == "stages" or (detail == "auto" and len(targets) > 1 and any(v.scope for v in order if v.op)):
        found, _ = by_scope(order, outputs, 1)
        held = next((x for s in found for x in s.vectors if set(targets) <= set(x.members)), None)
        if held and (detail == "stages" or len(targets) == held.values.size):
            return Vectors(order, found, held, digits).lines()
        if detail == "stages":
            raise ValueError(f"no vector between two stages holds {_name(targets[0])}: take detail='values'")
    lines = [*Scalars(outputs[0], order, targets, digits).lines()]
    one_array = len({given(v).array for v in targets}) == 1 < len(targets)
    unscoped = detail == "auto" and one_array and len(lines) > LINES and not any(v.scope for v in order)
    advice = 'Put the layers into scopes, as with scope("f1"), to read this stage by stage.'
    return [*lines, *[remark(advice)] * unscoped]


def _name(v: Value) -> str:
    return given(v) or repr(v)
