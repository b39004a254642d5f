"""What an operand takes out of the arrays of a recorded graph, and how its adjoint comes back to them.

Every array is a matrix with a row per node; its columns are the rows of data, or nodes too where there are none.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.groups import FIXED, Grid, Group, Groups
from autograd.source import Code, Dialect, Shape

RESERVED = frozenset(
    {"theta", "xp", "n", "np", "constants", "scatter", "forward", "value_and_grad", "gradient", "abs", "float"}
    | {"file", "allow_pickle"}  # np.savez has arguments of these names
)


class Matrices:
    """The arrays of the groups, the names they go by, and the adjoints returned to them so far."""

    def __init__(self, groups: Groups, arguments: Sequence[str], dialect: Dialect) -> None:
        self.groups, self.dialect = groups, dialect
        self.names: dict[int, str] = {}  # of expressions that are to have one, by key
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self._known: dict[Any, Code] = {}  # the constants by what is in them
        self._used = {*RESERVED, *arguments}
        self._returned: dict[int, list[tuple[Grid, Any]]] = defaultdict(list)  # by group: where, how much
        groups.theta.name, groups.theta.code = "theta", self._leaf("theta", (len(groups.parameters), 1, False))
        for name, group in zip(arguments, groups.inputs, strict=True):
            group.name, group.code = name, self._leaf(name, group.shape)

    # --- names --------------------------------------------------------------------------------------------------------

    def _leaf(self, name: str, shape: Shape) -> Code:
        return Code(name, dialect=self.dialect, shape=shape)

    def unique(self, wanted: str) -> str:
        """A name like the wanted one that nothing else has."""
        base = name = identifier(wanted)
        k = 2
        while name in self._used:
            name, k = f"{base}_{k}", k + 1
        self._used.add(name)
        return name

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
            rows, columns = (*data.shape, 1)[:2]
            self._known[content] = self._leaf(name, (rows, columns, False))
        return self._known[content]

    def _index(self, at: Grid) -> Code:
        return self.constant("index", at)

    # --- taking -------------------------------------------------------------------------------------------------------

    def take(self, grid: Grid, batched: bool, whole: bool = False) -> Any:
        """The array of the nodes in the grid, one row or column where they repeat, unless all of it is asked for.

        A plain number where that is one for all.
        """
        grid = grid if whole else self._narrow(grid, batched)
        homes = self.groups.home[grid]
        if (homes == FIXED).all() and grid.size == 1 and not whole:
            return self.groups.numbers[grid[0, 0]]
        code = self._from(int(homes[0, 0]), grid) if (homes == homes[0, 0]).all() else self._pool(grid, homes, batched)
        if batched and code.shape[1] > 1 and not code.shape[2]:
            code = Code("xp.repeat({}, n, axis=1)", code, shape=(*grid.shape, True))
        return code

    def _narrow(self, grid: Grid, batched: bool) -> Grid:
        if grid.size == 1:
            return grid
        plain = not batched or not any(self.groups.batched[k] for k in grid.flat)
        if plain and (grid == grid[:, :1]).all():
            grid = grid[:, :1]
        return grid[:1] if (grid == grid[:1]).all() else grid

    def _from(self, home: int, grid: Grid) -> Code:
        """Nodes of one group: all of it, a slice, or an index."""
        if home == FIXED:
            data = np.array([self.groups.numbers[k] for k in grid.flat]).reshape(grid.shape)
            return self.constant(base([self.groups.order[k].name for k in grid.flat]) or "c", data)
        group, at = self.groups.all[home], self.groups.at[grid]
        x, (r, c), columns, shape = group.array, at.shape, group.grid.shape[1], (*at.shape, group.batched)
        if home == 0:
            code = self._cut(x, at, group)
            if code.key not in self.names:
                self.call(base([self.groups.parameters[k].name for k in at.flat]) or "p", code)
            return code
        if is_run(at) and at.shape == group.grid.shape:
            return x
        if is_run(at) and c == columns and at[0, 0] % c == 0:
            return Code(f"{{}}[{at[0, 0] // c}:{at[-1, -1] // c + 1}]", x, shape=shape)
        if not group.batched:
            turned = is_run(at.T) and (c, r) == group.grid.shape
            return Code("{}.T", x, shape=shape) if turned else self._cut(Code("{}.reshape(-1)", x), at, group)
        picked = Code("{}[{}]", self.rows(x), self._index(at.ravel()), shape=(r * c, 1, True))
        return picked if c == 1 else Code(f"{{}}.reshape({r}, -1)", picked, shape=shape)

    def _cut(self, flat: Code, at: Grid, group: Group) -> Code:
        """Entries of a flat array as a matrix."""
        part = "{}" if at.size == group.grid.size else f"{{}}[{at.min()}:{at.max() + 1}]"
        for grid, turn in ((at, ""), (at.T, ".T")):
            if is_run(grid):
                return Code(f"{part}.reshape({grid.shape[0]}, {grid.shape[1]}){turn}", flat, shape=(*at.shape, False))
        return Code("{}[{}]", flat, self._index(at), shape=(*at.shape, False))

    def _pool(self, grid: Grid, homes: Grid, batched: bool) -> Code:
        """Nodes of several groups: what each gives, one under the other, and then in the grid's order."""
        pieces, index, count = [], np.empty(grid.shape, np.int64), 0
        for home in dict.fromkeys(homes.ravel().tolist()):
            nodes = grid[homes == home]
            _, first, inverse = np.unique(
                nodes if home == FIXED else self.groups.at[nodes], return_index=True, return_inverse=True
            )
            piece = self._from(home, nodes[first].reshape(-1, 1))
            pieces.append(self.full(piece, (len(first), 1, batched)))
            index[homes == home] = count + inverse
            count += len(first)
        pool, (r, c) = self.stacked(pieces), grid.shape
        if not is_run(index) or count != index.size:
            pool = Code("{}[{}]", pool, self._index(index.ravel()), shape=(r * c, 1, batched))
        return pool if c == 1 else Code(f"{{}}.reshape({r}, -1)", pool, shape=(r, c, batched))

    # --- shapes -------------------------------------------------------------------------------------------------------

    def full(self, code: Any, shape: Shape) -> Code:
        """The array at its full shape, where it is a number, or one row or column for all."""
        rows, columns, batched = shape
        if isinstance(code, Code) and code.shape == shape:
            return code
        width = "n" if batched and columns == 1 else f"{columns} * n" if batched else f"{columns}"
        if isinstance(code, Code) and code.shape[0]:
            return Code(f"xp.broadcast_to({{}}, ({rows}, {width}))", code, shape=shape)
        filled = f"xp.full(({rows}, {width}), {{}}, dtype=theta.dtype)"
        return Code(filled, code, dialect=self.dialect, shape=shape)

    def rows(self, x: Code) -> Code:
        """The array with one row per node, whatever its columns."""
        r, c, batched = x.shape
        return x if c == 1 else Code(f"{{}}.reshape({r * c}, -1)", x, shape=(r * c, 1, batched))

    def stacked(self, pieces: list[Code]) -> Code:
        """Arrays one under the other."""
        shape = (sum(p.shape[0] for p in pieces), 1, any(p.shape[2] for p in pieces))
        several = f"xp.concat([{', '.join(['{}'] * len(pieces))}])"
        return pieces[0] if len(pieces) == 1 else Code(several, *pieces, shape=shape)

    # --- returning ----------------------------------------------------------------------------------------------------

    def leads_on(self, grid: Grid) -> bool:
        """Whether an adjoint is wanted there: of parameters and of what is computed."""
        return any(home == 0 or home > len(self.groups.inputs) for home in self.groups.home[grid].flat)

    def give_back(self, grid: Grid, batched: bool, bar: Any, whole: bool = False) -> None:
        """Add an adjoint of what `take` gives to the adjoints of the groups it was taken from; None is 0."""
        narrow = grid if whole else self._narrow(grid, batched)
        if isinstance(bar, Code):
            bar = self.full(bar, (*grid.shape, batched))
            for axis in (0, 1):
                bar = summed(bar, axis) if narrow.shape[axis] < grid.shape[axis] else bar
        elif bar is not None:
            bar *= grid.size // narrow.size
        homes = self.groups.home[narrow]
        for home in dict.fromkeys(homes.ravel().tolist()):
            if bar is not None and (home == 0 or home > len(self.groups.inputs)):
                at, part = self._part(self.groups.at[narrow], homes == home, bar)
                if not self.groups.all[home].batched:
                    part = self._over_rows(part, batched)
                    if not is_run(at) and is_run(at.T):
                        at, part = at.T, turned(part) if isinstance(part, Code) else part
                self._returned[home].append((at, part))

    def _part(self, at: Grid, here: npt.NDArray[np.bool_], bar: Any) -> tuple[Grid, Any]:
        """The places in one group, and what of the adjoint belongs there."""
        if here.all():
            return at, bar
        if isinstance(bar, Code):
            picked, rows = np.flatnonzero(here), self.rows(bar)
            shape = (len(picked), 1, bar.shape[2])
            if is_run(picked):
                bar = Code(f"{{}}[{picked[0]}:{picked[-1] + 1}]", rows, shape=shape)
            else:
                bar = Code("{}[{}]", rows, self._index(picked), shape=shape)
        return at[here].reshape(-1, 1), bar

    def _over_rows(self, bar: Any, batched: bool) -> Any:
        """The sum over the rows of data, where there are any."""
        if not isinstance(bar, Code):
            return bar * self._leaf("n", (0, 0, False)) if batched else bar
        r, c, rows = bar.shape
        if not rows:
            return bar
        return summed(bar, 1) if c == 1 else Code(f"{{}}.reshape({r}, {c}, -1).sum(axis=2)", bar, shape=(r, c, False))

    def adjoint(self, home: int, loss: str) -> Any:
        """The sum of what was returned to a group: an array, a number, or None for nothing."""
        group, returned, total = self.groups.all[home], self._returned.pop(home, []), None
        if home and returned and all(isinstance(bar, float) for _, bar in returned):
            return self._numbers(returned, group)
        slices: dict[tuple[int, Any], Any] = {}
        for at, bar in returned:
            part, place = self.full(bar, (*at.shape, group.batched)), (int(at[0, 0]), at.shape)
            if at.shape == group.grid.shape and is_run(at):
                total = plus(total, bar)
            elif is_run(at):
                slices[place] = plus(slices.get(place), part)
            else:
                spread = f"scatter({{}}, {{}}, {group.grid.size})"
                part = Code(spread, self._index(at.ravel()), self.rows(part), shape=(group.grid.size, 1, group.batched))
                total = plus(total, self._laid_out(part, group))
        for (start, (r, c)), part in slices.items():
            if not home and (name := base([p.name for p in self.groups.parameters[start : start + r * c]])):
                self.call(f"d{loss}_d{name}", part)
        for layer in self._layers([(start, self.rows(slices[start, shape])) for start, shape in sorted(slices)], group):
            total = plus(total, self._laid_out(layer, group))
        return total

    def _numbers(self, returned: list[tuple[Grid, float]], group: Group) -> Any:
        data = np.zeros(group.grid.size)
        for at, number in returned:
            np.add.at(data, at.ravel(), number)
        if (data == data[0]).all():
            return float(data[0]) or None
        column = self.constant("one_hot", data.reshape(group.grid.shape))
        many = group.grid.shape[1] > 1 and group.batched
        return Code("xp.repeat({}, n, axis=1)", column, shape=group.shape) if many else column

    def _laid_out(self, rows: Code, group: Group) -> Code:
        r, c, _ = group.shape
        return rows if c == 1 else Code(f"{{}}.reshape({r}, -1)", rows, shape=group.shape)

    def _layers(self, slices: list[tuple[int, Code]], group: Group) -> Iterator[Code]:
        """Slices laid end to end, zeros between them, in as few arrays as hold them all."""
        layers: list[list[Code]] = []
        ends: list[int] = []
        for start, part in slices:
            k = next((k for k, end in enumerate(ends) if end <= start), len(ends))
            if k == len(ends):
                layers.append([])
                ends.append(0)
            layers[k] += [self.full(0.0, (start - ends[k], 1, group.batched))] * (start > ends[k])
            layers[k].append(part)
            ends[k] = start + part.shape[0]
        for pieces, end in zip(layers, ends, strict=True):
            gap = group.grid.size - end
            yield self.stacked(pieces + [self.full(0.0, (gap, 1, group.batched))] * (gap > 0))


def is_run(at: Grid) -> bool:
    """Whether these are successive places."""
    return at.size == 1 or bool((at.ravel() == np.arange(at.flat[0], at.flat[0] + at.size)).all())


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


def base(names: Sequence[str | None]) -> str:
    """The name that elements called W[0,1] and W[1,1] share; "" for none."""
    shared = (names[0] or "").partition("[")[0]
    return shared if all(name and name.partition("[")[0] == shared for name in names) else ""


def identifier(text: str) -> str:
    """The text as a name in Python, whatever stands in it."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")[:40]
    if not name.isidentifier() or keyword.iskeyword(name) or re.fullmatch(r"t\d+", name):
        name = f"v_{name}"
    return name if name.isidentifier() else "v"
