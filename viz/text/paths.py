"""A gradient as a sum over paths: for each path its local derivatives, their product and its share.

The chain rule multiplies along a path and adds over paths: ∂y/∂x = Σ over paths Π ∂node/∂operand (Griewank & Walther
2008, §3.2). There may be more paths than a computer could follow one by one. Facts about all paths are therefore computed
as a sweep computes them, node by node, and the largest paths are found by a search that follows no others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, overload

from autograd import nesting, refusals
from autograd.tape import checked_sweep, stored, wengert_list
from autograd.value import Value
from viz.arguments import whole
from viz.names import names
from viz.numbers import few, number, printable
from viz.picture.scene import outdated
from viz.text.leaves import ALL, Sensitivity, leaves
from viz.text.tabular import Tabular, counted

LISTED = 10  # paths that are listed
LONG = 12  # nodes of a path that are all written


class Path(NamedTuple):
    """One way from the leaf to the output, operand by operand."""

    nodes: tuple[str, ...]  # the leaf first
    partials: tuple[float, ...]  # ∂node/∂operand, one fewer
    product: float  # 0 where a partial is 0
    share: float | None  # of the gradient; None where either is not finite, or the gradient 0


@dataclass(frozen=True)
class Remainder:
    """The paths that are not listed: how many, and the sum of their products."""

    count: int
    sum: float


class Visits(NamedTuple):
    """Visits of a recursion along every path to nodes, and those of one reverse sweep to nodes and edges."""

    naive: int
    nodes: int
    edges: int


@dataclass(frozen=True, repr=False)
class Explanation(Tabular):
    """A gradient as a sum over paths: readable text under `str`, a table in Jupyter, numbers in its fields.

    >>> x = Value(3.0, "x")
    >>> found = explain(x * x, x)
    >>> found.count, found.total
    (2, 6.0)
    """

    output: str
    leaf: str
    paths: tuple[Path, ...]  # the largest |product| first
    count: int  # of all paths
    total: float  # the gradient, by one reverse sweep; nan where a derivative is missing
    remainder: Remainder
    visits: Visits
    cautions: tuple[str, ...]
    digits: int

    @property
    def cells(self) -> Sequence[Sequence[str]]:
        """The texts, row by row; the first row is the headings."""
        rows = [("path", "local derivatives", "product", "share")]
        for path in self.paths:
            written = (d if isinstance(d, str) else number(d, self.digits) for d in few(path.partials, LONG, 3, 2))
            factors = " · ".join(f"({d})" if k and d[0] == "−" else d for k, d in enumerate(written))
            rows.append((" → ".join(few(path.nodes, LONG, 3, 2)), factors, *self._result(path.product)))
        if self.remainder.count:
            rows.append((counted(self.remainder.count, "more path"), "", *self._result(self.remainder.sum)))
        every = f"sum of {counted(self.count, 'path')}"
        return [*rows, (f"∂{self.output}/∂{self.leaf}", every, *self._result(self.total))]

    @property
    def notes(self) -> Sequence[str]:
        """The cost of following every path, where it is twice that of a sweep, and the cautions."""
        naive, nodes, edges = self.visits
        cost = (
            f"A recursion without topological order, along every path, would visit {counted(naive, 'node')}; "
            f"one reverse sweep visits {counted(nodes, 'node')} and {counted(edges, 'edge')}, each once."
        )
        return [cost] * (naive >= 2 * nodes) + [*self.cautions]

    def _result(self, product: float) -> tuple[str, str]:
        share = _share(product, self.total)
        return f"= {number(product, self.digits)}", "–" if share is None else f"{number(100 * share, 3)} %"


@overload
def explain(output: Value, leaf: None = None, *, top: int | None = None, digits: int = 4) -> Sensitivity: ...
@overload
def explain(output: Value, leaf: Value, *, top: int | None = None, digits: int = 4) -> Explanation: ...
def explain(output: Value, leaf: Value | None = None, *, top: int | None = None, digits: int = 4) -> Tabular:
    """∂output/∂leaf as the sum over all paths from the leaf, or from any other node, to the output.

    The `top` paths of the largest |product| are listed, 10 if it is left out; however many others there are, they are
    counted exactly and their products summed. A partial of 0 makes a product 0, beside an infinite or a missing one too; where a gradient
    meets a missing derivative, the total is nan, and the reason is added. TypeError for anything but Values;
    ValueError for an array of them, for a constant, and for a node from which the output is not computed.

    >>> w, x = Value(0.35, "w"), Value(2.0, "x", role="input")
    >>> print(explain((w * x).tanh() * w, w))
    path             local derivatives  product   share
    ───────────────  ─────────────────  ────────  ──────
    w → y            0.6044             = 0.6044  57.6 %
    w → v1 → v2 → y  2 · 0.6347 · 0.35  = 0.4443  42.4 %
    ∂y/∂w            sum of 2 paths     = 1.049   100 %

    Without a leaf: all leaves that take a gradient, up to 40 or `top` of them with a row, the largest |gradient| first.
    A gradient has the units of output / leaf; the elasticity ∂output/∂leaf · leaf / output has none, so that leaves can
    be compared: where the leaf grows by 1 %, the output grows by so many percent. There is none at 0.

    >>> print(explain((w * x).tanh()))
    leaf  value  gradient  elasticity  in words
    ────  ─────  ────────  ──────────  ────────────────────────────────────────────
    w     0.35   1.269     0.7352      1 % more of w gives about 0.7352 % more of y
    x     2      0.2222    0.7352      1 % more of x gives about 0.7352 % more of y
    Elasticity is ∂y/∂leaf · leaf / y: by so many percent y changes where the leaf changes by 1 %.
    """
    order = _graph(output, leaf, top, digits)
    if leaf is None:
        return leaves(order, top or ALL, digits)
    reach = _reach(order, leaf)
    ways, rest = _largest(output, leaf, reach, top or LISTED)
    count, visits = _visits(order, leaf)
    total, cautions = math.nan, outdated(order)
    try:
        total = float(checked_sweep(reach, {output: 1.0}, stored)[leaf])
        refused = False
    except refusals.ERRORS as error:
        refused = True
        cautions.append(printable(str(error), 400))
    name = names(order, digits)
    paths = []
    for way in ways:
        nodes, partials = zip(*((name[step.node], step.partial) for step in way.steps()), strict=True)
        # A 0 makes the product 0 where the sweep found that it stays 0; 0 · ∞ has no value.
        product = math.nan if refused and not all(map(math.isfinite, partials)) else way.product
        paths.append(Path(nodes, partials[:-1], product, _share(product, total)))
    beyond = refused or (math.isinf(rest) and math.isfinite(total))  # a product left the floats, and the sum did not
    remainder = Remainder(count - len(paths), math.nan if beyond and count > len(paths) else rest)
    facts = total, remainder, visits, tuple(cautions), digits
    return Explanation(name[output], name[leaf], tuple(paths), count, *facts)


def _graph(output: Any, leaf: Any, top: Any, digits: Any) -> list[Value]:
    """The Wengert list of the output; raises if an argument is not as `explain` needs it."""
    for word, v in (("output", output), ("leaf", output if leaf is None else leaf)):
        if isinstance(v, nesting.NEST):
            count = len(nesting.flat(v))
            raise ValueError(f"explain takes one {word}; got {count} of them: pick an element, as W[0, 1]")
        if not isinstance(v, Value):
            raise TypeError(f"explain follows paths between Values; its {word} is {type(v).__name__} {v!r}")
    whole("top", LISTED if top is None else top, 1)
    whole("digits", digits, 2)
    order = wengert_list([output])
    if leaf is None:
        return order
    if leaf.role == "constant":
        raise ValueError(f"{leaf!r} takes no gradient: make it a Value of role 'input' or 'parameter'")
    if leaf not in set(order):
        raise ValueError(f"{output!r} is not computed from {leaf!r}: pass a node of its graph")
    return order


# --- over all paths at once -----------------------------------------------------------------------------------------


class _Reach(NamedTuple):
    """The sum and the largest of the paths from the leaf to a node."""

    slope: float  # the sum of their products
    size: float  # the logarithm of the largest |product|
    edges: list[tuple[Value, float, float]]  # the last ones: operand, partial and its logarithm


def _reach(order: Sequence[Value], leaf: Value) -> dict[Value, _Reach]:
    reach = {leaf: _Reach(1.0, 0.0, [])}
    for node in order:
        edges = [(p, d, _log(d)) for p, d in zip(node.parents, node.partials, strict=True) if p in reach]
        if edges and node is not leaf:
            slope = sum((_times(d, reach[p].slope) for p, d, _ in edges), 0.0)
            reach[node] = _Reach(slope, max(_plus(log, reach[p].size) for p, _, log in edges), edges)
    return reach


def _visits(order: Sequence[Value], leaf: Value) -> tuple[int, Visits]:
    """The number of paths from the output to the leaf, and the visits: a recursion visits a node once for each path."""
    ways = {order[-1]: 1}
    paths = naive = edges = 0
    for node in reversed(order):
        here = ways.pop(node)  # complete, and not needed again: each may have thousands of digits
        naive += here
        paths = here if node is leaf else paths
        for p in node.parents:
            ways[p] = ways.get(p, 0) + here
            edges += 1
    return paths, Visits(naive, len(order), edges)


# Products may leave the range of floats on the way, so they are compared by their logarithms. A factor 0 wins over all.


def _log(d: float) -> float:
    return -math.inf if d == 0 else math.log(abs(d)) if math.isfinite(d) else math.inf


def _plus(a: float, b: float) -> float:
    return -math.inf if -math.inf in (a, b) else a + b


def _times(a: float, b: float) -> float:
    return a * b if a and b else 0.0


# --- the largest paths ----------------------------------------------------------------------------------------------


class _Way(NamedTuple):
    """From the output down to a node: the last edge, and the way before it."""

    node: Value
    partial: float
    before: _Way | None
    product: float
    size: float  # its logarithm
    bound: float  # the size of the largest path that begins so

    def steps(self) -> Iterator[_Way]:
        """The way itself and those that it extends, the longest first."""
        way: _Way | None = self
        while way is not None:
            yield way
            way = way.before


def _largest(output: Value, leaf: Value, reach: Mapping[Value, _Reach], top: int) -> tuple[list[_Way], float]:
    """The ways of the largest |product| to the leaf, and the sum of the products of all others.

    Best first: bounds are exact, so the best steps from the way with the largest bound lead to the next path. Every
    other path continues exactly one of the ways that wait.
    """
    found: list[_Way] = []
    waiting, rest = [_Way(output, 1.0, None, 1.0, 0.0, reach[output].size)], 0.0
    while waiting and len(found) < top:
        way = waiting.pop(0)
        while way.node is not leaf:
            steps = []
            for p, d, log in reach[way.node].edges:
                size = _plus(way.size, log)
                steps.append(_Way(p, d, way, _times(way.product, d), size, _plus(size, reach[p].size)))
            way = max(steps, key=_bound)
            waiting += (step for step in steps if step is not way)
        found.append(way)
        waiting.sort(key=_bound, reverse=True)
        for step in waiting[top - len(found) :]:
            rest += _times(step.product, reach[step.node].slope)
        del waiting[top - len(found) :]
    return found, rest


_bound = attrgetter("bound")


def _share(product: float, total: float) -> float | None:
    return product / total if total and math.isfinite(total) and math.isfinite(product) else None
