"""The leaves of a graph by their gradients, and by how many percent the output changes for one percent of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd.tape import reverse_sweep
from autograd.value import Value
from viz.names import names
from viz.numbers import number
from viz.picture.scene import unchanged
from viz.text.tabular import Tabular, amount, counted

ALL = 40  # leaves up to which each has a row


class Leaf(NamedTuple):
    """A leaf, its number, and what it does to the output."""

    name: str
    value: float
    gradient: float
    elasticity: float | None  # ∂y/∂x · x/y; None where x or y is 0, or a number is not finite


@dataclass(frozen=True, repr=False)
class Sensitivity(Tabular):
    """The leaves that take a gradient, the largest |∂y/∂x| first: readable text under `str`, a table in Jupyter."""

    output: str
    leaves: tuple[Leaf, ...]
    top: int  # so many have a row
    digits: int

    @property
    def cells(self) -> Sequence[Sequence[str]]:
        """The texts, row by row; the first row is the headings."""
        rows = [("leaf", "value", "gradient", "elasticity", "in words"), *map(self._texts, self.leaves[: self.top])]
        more = len(self.leaves[self.top :])
        return [*rows, (counted(more, "more leaf", "more leaves"), *[""] * 4)] if more else rows

    @property
    def notes(self) -> Sequence[str]:
        """The meaning of an elasticity, where there is one."""
        y = self.output
        text = f"Elasticity is ∂{y}/∂leaf · leaf / {y}: by so many percent {y} changes where the leaf changes by 1 %."
        return [text] * any(leaf.elasticity is not None for leaf in self.leaves)

    def _texts(self, leaf: Leaf) -> tuple[str, ...]:
        share, words = "–", ""
        if leaf.elasticity is not None:
            share, size = number(leaf.elasticity, self.digits), number(abs(leaf.elasticity), self.digits)
            more = "more" if leaf.elasticity > 0 else "less"
            change = f"about {size} % {more} of" if leaf.elasticity else "no change of"
            words = f"1 % more of {leaf.name} gives {change} {self.output}"
        return leaf.name, amount(leaf.value, self.digits), amount(leaf.gradient, self.digits), share, words


def leaves(order: list[Value], top: int, digits: int) -> Sensitivity:
    """The leaves of the graph of the last value."""
    *_, y = unchanged(order)
    slope, name = reverse_sweep(order, {y: 1.0}), names(order, digits)
    taken = [v for v in order if v.op is None and v.role != "constant"]
    found = [Leaf(name[v], v.data, slope[v], _elasticity(slope[v], v.data, y.data)) for v in taken]
    found.sort(key=lambda leaf: -abs(leaf.gradient))
    return Sensitivity(name[y], tuple(found), top, digits)


def _elasticity(slope: float, x: float, y: float) -> float | None:
    share = slope / y * x if x and y and math.isfinite(y) else math.nan
    return share if math.isfinite(share) else None
