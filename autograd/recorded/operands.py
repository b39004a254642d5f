"""Operands of a group, read from the arrays computed before: as a whole, by a slice or by indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.languages.code import Code, Context
from autograd.recorded.columns import FIXED
from autograd.recorded.groups import Operand, Plan
from autograd.recorded.words import Grid, full, is_run, laid_out, picked, rows, stacked, turned


def narrowed(plan: Plan, x: Operand) -> Grid:
    """The nodes of an operand, one row or column where they repeat, unless its matrix is wanted as it stands."""
    grid = x.grid
    if x.whole:
        return grid
    apart = x.batched and any(plan.columns.batched[k] for k in grid.flat)
    if not apart and (grid == grid[:, :1]).all():
        grid = grid[:, :1]
    return grid[:1] if (grid == grid[:1]).all() else grid


class Reading:
    """Reads operands out of the groups' arrays, `codes`, as far as these are written."""

    def __init__(self, plan: Plan, context: Context, codes: list[Code]) -> None:
        self.plan, self.context, self.codes = plan, context, codes

    def taken(self, x: Operand) -> Any:
        """The nodes of an operand as an array, kept once and broadcast where rows or columns repeat.

        A plain number where that is one for all.
        """
        grid = narrowed(self.plan, x)
        groups = self.plan.group_of[grid]
        if (groups == FIXED).all() and grid.size == 1 and not x.whole:
            return self.plan.columns.numbers[grid[0, 0]]
        alone = (groups == groups[0, 0]).all()
        code = self._from(int(groups[0, 0]), grid) if alone else self._pool(grid, groups, x.batched)
        return full(self.context, code, (*grid.shape, True)) if x.batched and code.shape[1] > 1 else code

    def _from(self, group: int, grid: Grid) -> Code:
        """Nodes of one group."""
        if group == FIXED:
            data = np.array([self.plan.columns.numbers[k] for k in grid.flat]).reshape(grid.shape)
            return self.context.constant(self.plan.columns.shared_name(grid) or "c", data)
        of_theta = group == self.plan.theta
        at, x = self.plan.place_in_group[grid], self.codes[group]
        r, c = at.shape
        if c == x.shape[1] and not (at[:, 0] % c).any() and (at == at[:, :1] + np.arange(c)).all():
            return picked(x, at[:, 0] // c)
        turn = not self.plan.groups[group].batched and is_run(at.T) and (not is_run(at) or x.shape[:2] == (c, r))
        at = at.T if turn else at
        code = laid_out(picked(x if of_theta else rows(x), at), *at.shape)
        code = turned(code) if turn else code
        return self.context.named(self.plan.columns.shared_name(grid) or "p", code) if of_theta else code

    def _pool(self, grid: Grid, groups: Grid, batched: bool) -> Code:
        """Nodes of several groups: what is read of each, one under the other, and then in the grid's order."""
        pieces, index, count = [], np.empty(grid.shape, np.int64), 0
        for group in dict.fromkeys(groups.ravel().tolist()):
            nodes = grid[groups == group]
            places = nodes if group == FIXED else self.plan.place_in_group[nodes]
            _, first, inverse = np.unique(places, return_index=True, return_inverse=True)
            numbers = {self.plan.columns.numbers[k] for k in nodes[first]} if group == FIXED else ()
            piece = numbers.pop() if len(numbers) == 1 else self._from(group, nodes[first].reshape(-1, 1))
            pieces.append(full(self.context, piece, (len(first), 1, batched)))
            index[groups == group] = count + inverse
            count += len(first)
        return laid_out(picked(stacked(pieces), index), *grid.shape)
