"""What an operand takes out of the arrays of a recorded graph, and how its adjoint comes back to them.

Every array is a matrix with a row per node; its columns are the rows of data, or nodes too where there are none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.languages.code import RESERVED, Code, Dialect, Shape, unused
from autograd.recorded.groups import FIXED, Grid, Group, Groups, Operand


class Matrices:
    """The arrays of the groups, the names they go by, and the adjoints returned to them so far."""

    def __init__(self, groups: Groups, arguments: Sequence[str], dialect: Dialect) -> None:
        self.groups, self.dialect = groups, dialect
        self.names: dict[int, str] = {}  # of expressions that are to have one, by key
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self._known: dict[Any, Code] = {}  # the constants by what is in them
        self._used = {*RESERVED, *arguments}
        self._returned: dict[int, list[tuple[Grid, Any]]] = defaultdict(list)  # by group: where, how much
        for name, group in zip(arguments, groups.inputs, strict=True):
            group.name, group.code = name, self._leaf(name, group.shape)
        groups.theta.code = self._leaf("theta", (len(groups.parameters), 0, False))

    # --- names --------------------------------------------------------------------------------------------------------

    def _leaf(self, name: str, shape: Shape) -> Code:
        return Code(name, dialect=self.dialect, shape=shape)

    def unique(self, wanted: str) -> str:
        """A name like the wanted one that nothing else has."""
        return unused(wanted, self._used)

    def call(self, wanted: str, code: Any) -> Any:
        """The expression, which gets a name of its own."""
        if isinstance(code, Code) and code.args and code.key not in self.names:
            self.names[code.key] = self.unique(wanted)
        return code

    def constant(self, wanted: str, data: npt.NDArray[Any]) -> Code:
        """An array that the code reads; the same one for the same numbers."""
        content = (data.shape, data.dtype.kind, data.tobytes())
        if content not in self._known:
            name = self.unique(wanted)
            self.constants[name] = data
            rows, columns = (*data.shape, 0)[:2]
            self._known[content] = self._leaf(name, (rows, columns, False))
        return self._known[content]

    # --- taking -------------------------------------------------------------------------------------------------------

    def take(self, x: Operand) -> Any:
        """The array of the nodes in the grid, one row or column where they repeat, unless all of it is asked for.

        A plain number where that is one for all.
        """
        grid = self._narrow(x)
        homes = self.groups.home[grid]
        if (homes == FIXED).all() and grid.size == 1 and not x.whole:
            return self.groups.numbers[grid[0, 0]]
        alone = (homes == homes[0, 0]).all()
        code = self._from(int(homes[0, 0]), grid) if alone else self._pool(grid, homes, x.batched)
        return self.full(code, (*grid.shape, True)) if x.batched and code.shape[1] > 1 else code

    def _narrow(self, x: Operand) -> Grid:
        grid = x.grid
        if x.whole:
            return grid
        apart = x.batched and any(self.groups.batched[k] for k in grid.flat)
        if not apart and (grid == grid[:, :1]).all():
            grid = grid[:, :1]
        return grid[:1] if (grid == grid[:1]).all() else grid

    def _from(self, home: int, grid: Grid) -> Code:
        """Nodes of one group."""
        if home == FIXED:
            data = np.array([self.groups.numbers[k] for k in grid.flat]).reshape(grid.shape)
            return self.constant(self.groups.called(grid) or "c", data)
        group, at = self.groups.all[home], self.groups.at[grid]
        x, (r, c) = group.code, at.shape
        if c == x.shape[1] and not (at[:, 0] % c).any() and (at == at[:, :1] + np.arange(c)).all():
            return self._picked(x, at[:, 0] // c)
        turn = not group.batched and is_run(at.T) and (not is_run(at) or x.shape[:2] == (c, r))
        at = at.T if turn else at
        code = laid_out(self._picked(x if group is self.groups.theta else rows(x), at), *at.shape)
        code = turned(code) if turn else code
        return self.call(self.groups.called(grid) or "p", code) if group is self.groups.theta else code

    def _pool(self, grid: Grid, homes: Grid, batched: bool) -> Code:
        """Nodes of several groups: what each gives, one under the other, and then in the grid's order."""
        pieces, index, count = [], np.empty(grid.shape, np.int64), 0
        for home in dict.fromkeys(homes.ravel().tolist()):
            nodes = grid[homes == home]
            places = nodes if home == FIXED else self.groups.at[nodes]
            _, first, inverse = np.unique(places, return_index=True, return_inverse=True)
            pieces.append(self.full(self._from(home, nodes[first].reshape(-1, 1)), (len(first), 1, batched)))
            index[homes == home] = count + inverse
            count += len(first)
        return laid_out(self._picked(stacked(pieces), index), *grid.shape)

    def _picked(self, x: Code, at: Grid) -> Code:
        """Rows of an array: all of it, a slice, or by index."""
        shape = (at.size, *x.shape[1:])
        if is_run(at):
            return x if shape == x.shape else Code(f"{{}}[{at.flat[0]}:{at.flat[-1] + 1}]", x, shape=shape)
        if not x.shape[1]:  # entries, which may lie in rows and columns at once
            return Code("{}[{}]", x, self.constant("index", at), shape=(*at.shape, False))
        return Code("{}[{}]", x, self.constant("index", at.ravel()), shape=shape)

    def full(self, code: Any, shape: Shape) -> Code:
        """The array at its full shape, where it is a number, or one row or column for all."""
        r, c, batched = shape
        if isinstance(code, Code) and batched and c > 1 and code.shape[1:] == (c, False):
            code = Code("xp.repeat({}, n, axis=1)", code, shape=(code.shape[0], c, True))
        if isinstance(code, Code) and code.shape == shape:
            return code
        size = f"({r}, {c})" if not batched else f"({r}, {c} * n)" if c > 1 else f"({r}, n)"
        narrow = isinstance(code, Code) and code.shape[0]
        form = f"xp.broadcast_to({{}}, {size})" if narrow else f"xp.full({size}, {{}}, dtype=theta.dtype)"
        return Code(form, code, dialect=self.dialect, shape=shape)

    # --- returning ----------------------------------------------------------------------------------------------------

    def leads_on(self, x: Operand) -> bool:
        """Whether an adjoint is wanted there: of parameters and of what is computed."""
        return bool((self.groups.home[x.grid] >= len(self.groups.inputs)).any())

    def give_back(self, x: Operand, bar: Any) -> None:
        """Add an adjoint of what `take` gives to the adjoints of the groups it was taken from."""
        grid = self._narrow(x)
        if is_array(bar):
            bar = self.full(bar, (*x.grid.shape, x.batched))
            for axis in (0, 1):
                bar = summed(bar, axis) if grid.shape[axis] < x.grid.shape[axis] else bar
        elif x.grid.size > grid.size:
            bar *= x.grid.size // grid.size
        homes = self.groups.home[grid]
        for home in dict.fromkeys(homes[homes >= len(self.groups.inputs)].tolist()):
            at, part, here = self.groups.at[grid], bar, homes == home
            if not here.all():
                at = at[here].reshape(-1, 1)
                part = self._picked(rows(bar), np.flatnonzero(here)) if is_array(bar) else bar
            if not self.groups.all[home].batched:
                part = self._over_rows(part, x.batched)
                if not is_run(at) and is_run(at.T):
                    at, part = at.T, turned(part) if is_array(part) else part
            self._returned[home].append((at, part))

    def _over_rows(self, bar: Any, batched: bool) -> Any:
        """The sum over the rows of data, where there are any."""
        if not is_array(bar):
            return bar * self._leaf("n", (0, 0, False)) if batched else bar
        r, c, over = bar.shape
        if not over or c == 1:
            return summed(bar, 1) if over else bar
        apart = Code(f"{{}}.reshape({r}, {c}, -1)", bar)
        return Code("{}.sum(axis=2)", apart, shape=(r, c, False))

    def adjoint(self, home: int, loss: str) -> Any:
        """The sum of what was returned to a group: an array, a number, or None for nothing."""
        group, returned = self.groups.all[home], self._returned.pop(home, [])
        if all(isinstance(bar, float) for _, bar in returned):
            return self._numbers(returned, group)
        whole, sums = (0, group.grid.shape), dict[Any, Any]()  # by place: the first entry, and the shape
        for at, bar in returned:
            place = int(at[0, 0]), at.shape
            part = self.full(bar, (*at.shape, group.batched)) if place != whole or not is_run(at) else bar
            if not is_run(at):
                place, size = whole, group.grid.size
                pair = self.constant("index", at.ravel()), rows(part)
                part = Code(f"scatter({{}}, {{}}, {size})", *pair, shape=(size, 1, group.batched))
                part = laid_out(part, *group.grid.shape)
            sums[place] = plus(sums.get(place), part)
        total = sums.pop(whole, None)
        for (start, (r, c)), part in sums.items() if group is self.groups.theta else ():
            if name := self.groups.called(group.grid[start : start + r * c]):
                self.call(f"d{loss}_d{name}", part)
        for layer in self._layers([(place[0], rows(sums[place])) for place in sorted(sums)], group):
            total = plus(total, laid_out(layer, *group.grid.shape))
        return total

    def _numbers(self, returned: list[tuple[Grid, float]], group: Group) -> Any:
        data = np.zeros(group.grid.size)
        for at, number in returned:
            np.add.at(data, at.ravel(), number)
        if (data == data[:1]).all():
            return float(data[:1].sum()) or None
        column = self.constant("one_hot", data.reshape(group.grid.shape))
        return self.full(column, group.shape) if group.grid.shape[1] > 1 else column

    def _layers(self, slices: list[tuple[int, Code]], group: Group) -> Iterator[Code]:
        """Slices laid end to end, zeros between them, in as few arrays as hold them all."""

        def zeros(count: int) -> list[Code]:
            return [self.full(0.0, (count, 1, group.batched))] * (count > 0)

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


def is_array(x: Any) -> bool:
    """Whether this is code for an array, and not a number or code for one."""
    return isinstance(x, Code) and x.shape[0] > 0


def is_run(at: Grid) -> bool:
    """Whether these are successive places."""
    return at.size == 1 or bool((at.ravel() == np.arange(at.flat[0], at.flat[0] + at.size)).all())


def laid_out(x: Code, r: int, c: int) -> Code:
    """The same entries in other rows and columns; on one axis alone if c is 0."""
    x = x.args[0] if x.form.startswith("{}.reshape(") else x
    shape = (r, c, x.shape[2])
    sizes = f"{r}, {-1 if x.shape[1] else c}" if c else "-1"
    return x if x.shape == shape else Code(f"{{}}.reshape({sizes})", x, shape=shape)


def rows(x: Code) -> Code:
    """One row per node, whatever the columns."""
    return laid_out(x, x.shape[0] * x.shape[1], 1)


def stacked(pieces: list[Code]) -> Code:
    """Arrays one under the other."""
    shape = (sum(p.shape[0] for p in pieces), 1, any(p.shape[2] for p in pieces))
    several = f"xp.concat([{', '.join(['{}'] * len(pieces))}])"
    return pieces[0] if len(pieces) == 1 else Code(several, *pieces, shape=shape)


def turned(x: Code) -> Code:
    """The transpose."""
    r, c, _ = x.shape
    return x.args[0] if x.form == "{}.T" else Code("{}.T", x, shape=(c, r, False))


def summed(x: Code, axis: int) -> Code:
    """The sum along an axis, which stays; along columns it is the sum over the rows of data too."""
    r, c, batched = x.shape
    return Code(f"{{}}.sum(axis={axis}, keepdims=True)", x, shape=(r, 1, False) if axis else (1, c, batched))


def plus(a: Any, b: Any) -> Any:
    """a + b; a None is 0."""
    if isinstance(b, Code) and b.form == "-{}" and a is not None:
        return a - b.args[0]
    return b if a is None else a + b
