"""The backward pass of a program: adjoints of operands, added into the arrays from which the operands were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.languages.code import Code, Context
from autograd.recorded.groups import Group, Operand, Plan
from autograd.recorded.operands import narrowed
from autograd.recorded.words import (
    Grid,
    full,
    is_array,
    is_run,
    laid_out,
    over_data,
    picked,
    plus,
    rows,
    stacked,
    summed,
    turned,
)  # fmt: skip


class Adjoints:
    """The adjoints returned to each group so far."""

    def __init__(self, plan: Plan, context: Context, loss: str) -> None:
        self.plan, self.context, self.loss = plan, context, loss
        self._returned: dict[int, list[tuple[Grid, Any]]] = defaultdict(list)  # by group: where, how much

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
            if not self.plan.groups[group].batched:
                part = over_data(part, x.batched, self.context)
                if not is_run(at) and is_run(at.T):
                    at, part = at.T, turned(part) if is_array(part) else part
            self._returned[group].append((at, part))

    def total(self, k: int) -> Any:
        """The sum of what was returned to a group: an array, a number, or None for nothing."""
        group, returned = self.plan.groups[k], self._returned.pop(k, [])
        if all(isinstance(bar, float) for _, bar in returned):
            return self._numbers(returned, group)
        whole, sums = (0, group.grid.shape), dict[Any, Any]()  # by place: the first entry, and the shape
        for at, bar in returned:
            place = int(at[0, 0]), at.shape
            part = full(self.context, bar, (*at.shape, group.batched)) if place != whole or not is_run(at) else bar
            if not is_run(at):
                place, part = whole, self._scattered(at, part, group)
            sums[place] = plus(sums.get(place), part)
        total = sums.pop(whole, None)
        for (start, (r, c)), part in sums.items() if k == self.plan.theta else ():
            if name := self.plan.columns.shared_name(group.grid[start : start + r * c]):
                self.context.named(f"d{self.loss}_d{name}", part)
        for layer in self._layers([(place[0], rows(sums[place])) for place in sorted(sums)], group):
            total = plus(total, laid_out(layer, *group.grid.shape))
        return total

    def _scattered(self, at: Grid, part: Code, group: Group) -> Code:
        """Entries added up at their places in an array of the group's size."""
        index, size = self.context.constant("index", at.ravel()), group.grid.size
        return laid_out(Code("scatter", (index, rows(part)), (size,), (size, 1, group.batched)), *group.grid.shape)

    def _numbers(self, returned: list[tuple[Grid, float]], group: Group) -> Any:
        data = np.zeros(group.grid.size)
        for at, number in returned:
            np.add.at(data, at.ravel(), number)
        if (data == data[:1]).all():
            return float(data[:1].sum()) or None
        column = self.context.constant("one_hot", data.reshape(group.grid.shape))
        return full(self.context, column, group.shape) if group.grid.shape[1] > 1 else column

    def _layers(self, slices: list[tuple[int, Code]], group: Group) -> Iterator[Code]:
        """Slices laid end to end, zeros between them, in as few arrays as hold them all."""

        def zeros(count: int) -> list[Code]:
            return [full(self.context, 0.0, (count, 1, group.batched))] * (count > 0)

        layers: list[list[Code]] = []
        ends: list[int] = []
        for start, part in slices:
            k = next((k for k, end in enumerate(ends) if end <= start), len(ends))
            if k == len(ends):
                layers.append([])
                ends.append(0)
            layers[k] += [*zeros(start - ends[k]), part]
            ends[k] = start + part.shape[0]
        for pieces, end in zip(layers, ends, strict=True):
            yield stacked(pieces + zeros(group.grid.size - end))
