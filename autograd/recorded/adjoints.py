"""The backward pass of a program: adjoints of operands, added into the arrays from which the operands were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np

from autograd.languages.code import Code, Context
from autograd.recorded import words
from autograd.recorded.groups import Group, Operand, Plan
from autograd.recorded.operands import narrowed
from autograd.recorded.words import Grid, full, is_array, is_run, picked, plus, rows, stacked, summed

Part = tuple[Grid, Code]  # places in a group, and what is to be added there
FEW = 4  # arrays that are added up faster than one array is over its sorted places


class Adjoints:
    """The adjoints returned to each group so far."""

    def __init__(self, plan: Plan, context: Context, loss: str) -> None:
        self.plan, self.context, self.loss = plan, context, loss
        # By group: where, how much, and whether that is still to be summed over the rows of data.
        self._returned: dict[int, list[tuple[Grid, Any, bool]]] = defaultdict(list)

    def wanted(self, x: Operand) -> bool:
        """Whether an adjoint is wanted there: of parameters and of what is computed."""
        return bool((self.plan.group_of[x.grid] >= self.plan.theta).any())

    def give_back(self, x: Operand, bar: Any) -> None:
        """Add an adjoint of what is read of an operand to the adjoints of the groups it was read out of."""
        grid = narrowed(self.plan, x)
        if is_array(bar):
            bar = full(self.context, bar, (*x.grid.shape, x.batched))
            for axis in (0, 1):
                bar = summed(bar, axis) if grid.shape[axis] < x.grid.shape[axis] else bar
        elif x.grid.size > grid.size:
            bar *= x.grid.size // grid.size
        groups = self.plan.group_of[grid]
        for group in dict.fromkeys(groups[groups >= self.plan.theta].tolist()):
            at, part, here = self.plan.place_in_group[grid], bar, groups == group
            if not here.all():
                at = at[here].reshape(-1, 1)
                part = picked(rows(bar), np.flatnonzero(here)) if is_array(bar) else bar
            over = x.batched and not self.plan.groups[group].batched and (not is_array(part) or part.shape[2])
            self._returned[group].append((at, part, over))

    def total(self, k: int) -> Any:
        """The sum of what was returned to a group: an array, a number, or None for nothing."""
        group = self.plan.groups[k]
        sums = _by_place(self._returned.pop(k, []))
        if not group.batched:
            sums = _by_place(self._over_data(*part) for part in sums)
        if all(isinstance(bar, float) for _, bar, _ in sums):
            return self._numbers([(at, bar) for at, bar, _ in sums], group)
        total, parts = None, list[tuple[Grid, Code]]()
        for at, bar, _ in sorted(sums, key=lambda part: int(part[0][0, 0])):
            if at.shape == group.grid.shape and is_run(at):
                total = bar
            else:
                parts.append((at, full(self.context, bar, (*at.shape, group.batched))))
        for at, part in parts if k == self.plan.theta else ():
            if is_run(at) and (name := self.plan.columns.shared_name(group.grid[at.ravel()])):
                self.context.named(f"d{self.loss}_d{name}", part)
        layers, rest = _layers([self._once([(at.ravel(), rows(part))]) for at, part in parts], group.grid.size)
        for layer in [*layers, [self._once(rest)]] if rest else layers:
            total = plus(total, words.laid_out(self._gathered(layer, group), *group.grid.shape))
        return total

    def _over_data(self, at: Grid, bar: Any, over: bool) -> tuple[Grid, Any, bool]:
        """An adjoint at its places, summed over the rows of data if that is still to be done."""
        bar = words.over_data(bar, over, self.context)
        if not is_run(at) and is_run(at.T):
            return at.T, words.turned(bar) if is_array(bar) else bar, False
        return at, bar, False

    def _once(self, parts: list[Part]) -> Part:
        """The sum of parts as one that has each of its places once."""
        at, pool = _places(parts), stacked([part for _, part in parts])
        places, index = np.unique(at, return_inverse=True)
        if len(places) == len(at):
            return at, pool
        order, counts = np.argsort(at, kind="stable"), np.bincount(index)
        if (counts == counts[0]).all() and counts[0] <= FEW:
            return places, reduce(plus, (picked(pool, order[k :: counts[0]]) for k in range(counts[0])))
        first = self.context.constant("first", np.cumsum(counts) - counts)
        of_sorted = self.context.constant("index", index[order]), picked(pool, order), first
        return places, Code("scatter", of_sorted, (len(places),), (len(places), 1, pool.shape[2]))

    def _gathered(self, parts: list[Part], group: Group) -> Code:
        """Parts as an array of the group's size, zeros in the gaps: laid end to end, and taken in the order of the places."""

        def zeros(count: int) -> Code:
            return full(self.context, 0.0, (count, 1, group.batched))

        gaps = np.setdiff1d(np.arange(group.grid.size), _places(parts))
        runs = np.split(gaps, np.flatnonzero(np.diff(gaps) > 1) + 1) if gaps.size else []
        pieces = sorted([*parts, *((gap, zeros(gap.size)) for gap in runs)], key=lambda part: int(part[0][0]))
        if is_run(_places(pieces)):
            return stacked([part for _, part in pieces])
        pool = stacked([part for _, part in parts] + [zeros(1)] * bool(gaps.size))
        order = np.argsort(np.concatenate([_places(parts), gaps]))
        return picked(pool, np.minimum(order, pool.shape[0] - 1))  # for all gaps one row of zeros is enough

    def _numbers(self, returned: list[tuple[Grid, float]], group: Group) -> Any:
        data = np.zeros(group.grid.size)
        for at, number in returned:
            np.add.at(data, at.ravel(), number)
        if (data == data[:1]).all():
            return float(data[:1].sum()) or None
        column = self.context.constant("one_hot", data.reshape(group.grid.shape))
        return full(self.context, column, group.shape) if group.grid.shape[1] > 1 else column


def _by_place(parts: Iterable[tuple[Grid, Any, bool]]) -> list[tuple[Grid, Any, bool]]:
    """The sums of what was returned to the same places, in the same way."""
    sums: dict[Any, tuple[Grid, Any, bool]] = {}
    for at, bar, over in parts:
        key = at.shape, at.tobytes(), over
        sums[key] = at, plus(sums[key][1] if key in sums else None, bar), over
    return [*sums.values()]


def _places(parts: list[Part]) -> Grid:
    return np.concatenate([at for at, _ in parts])


def _layers(parts: list[Part], size: int) -> tuple[list[list[Part]], list[Part]]:
    """A few lists of parts that have no place in common, and the parts that would need more of them."""
    layers, taken = [list[Part]() for _ in range(FEW + 1)], np.zeros((FEW + 1, size), bool)
    for at, part in parts:
        k = next((k for k in range(FEW) if not taken[k, at].any()), FEW)
        layers[k].append((at, part))
        taken[k, at] = True
    return [layer for layer in layers[:FEW] if layer], layers[FEW]
