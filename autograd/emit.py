"""The groups of a graph written down as NumPy a person could have written: forward, then backward.

Values and local partials come from the table's own rules, fed operands that write source. Every array is a matrix
with a row per node; its columns are the rows of data, or nodes too where there are none. What an operand takes out
of other arrays on the way forward (`_taken`) its adjoint brings back to them (`_return`).
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.groups import FIXED, Grid, Group, Groups
from autograd.ops import BUILT_IN
from autograd.source import PRODUCT, STEP, WIDTH, Code, Script, Shape, array_dialects

RESERVED = frozenset({"theta", "xp", "n", "np", "constants", "scatter", "forward", "value_and_grad", "gradient"})


class Emitter:
    """The two functions of a recorded graph, and the constant arrays they read."""

    def __init__(
        self, groups: Groups, arguments: Mapping[str, tuple[int, ...]], shape: tuple[int, ...] = ()
    ) -> None:
        self.groups, self.arguments, self.shape = groups, arguments, shape
        self.values, self.partials, self.stacks = array_dialects(self._others)
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self._known: dict[Any, Code] = {}  # the constant arrays by what is in them
        self._names: dict[int, str] = {}  # of expressions that are to have one, by key
        self._taken_names = set(RESERVED) | set(arguments)
        self._adjoints: dict[int, list[tuple[Grid, Any]]] = defaultdict(list)  # by group: at which places, how much
        groups.theta.code = self._leaf("theta", (len(groups.parameters), 1, False))
        for name, group in zip(arguments, groups.inputs, strict=True):
            group.name, group.code = name, self._leaf(name, (group.grid.size, 1, True))
        self._last: dict[str, Group] = {}  # of every scope what it gives
        self._christen()
        for group in groups.computed:
            self._compute(group)
        self.batched = any(groups.batched[k] for k in groups.outputs[:, 0])
        self.loss = self._unique(_base([groups.order[k].name for k in groups.outputs[:, 0]]) or "L")
        self.output: Code = self._taken(groups.outputs, self.batched, whole=True)

    # --- the text -----------------------------------------------------------------------------------------------------

    def forward(self) -> str:
        """The function of theta and the data that gives the outputs, a row each."""
        lines, script = self._forward([self.output])
        lines += script.lines(self.loss, self.output)
        rows, text = bool(self.arguments), self.loss
        if rows and not self.batched:
            text = f"xp.broadcast_to({text}, ({self.output.shape[0]}, n))"
        if not self.shape:
            text += "[0]" if rows else "[0, 0]"
        else:
            text += ".T" * (rows or len(self.shape) == 1)
            if len(self.shape) > 1:
                text += f".reshape({'n, ' * rows}{', '.join(map(str, self.shape))})"
            elif not rows:
                text += "[0]"
        return self._function("forward", "The output, a row per row of data.", [*lines, f"return {text}"])

    def value_and_grad(self) -> str:
        """The function that gives the sum of the output over the rows, and its gradient."""
        back = []
        for group, bar in self.differentiate():
            if group.name:
                self._call(bar, f"d{self.loss}_d{group.name}")
            back.append((group, bar))
        gradient = self._full(0.0, self.groups.theta.shape) if (bar := back.pop()[1]) is None else bar
        gradient = Code("{}.reshape(-1)", gradient)
        adjoints = [bar for _, bar in back if isinstance(bar, Code)]
        lines, script = self._forward([self.output, *adjoints, gradient])
        lines += script.lines(self.loss, self.output) + ["# backward"]
        for bar in adjoints:
            if bar.key in self._names:
                lines += script.assigned(bar)
        lines += script.lines("gradient", gradient)
        total = f"{self.loss}.sum()" if self.batched else f"{self.loss}[0, 0]"
        times = "n * " if self.groups.inputs and not self.batched else ""
        lines.append(f"return {times}{total}, {times}gradient")
        return self._function("value_and_grad", "The sum of the output over the rows of data, and its gradient.", lines)

    def _forward(self, targets: list[Code]) -> tuple[list[str], Script]:
        named = [group for group in self.groups.computed if group.name]
        script = Script([*(group.array for group in named), *targets], self._names, WIDTH)
        lines, scope = [], ""
        for group in named:
            if group.scope != scope:
                scope, gives = group.scope, self._last[group.scope]
                title = "" if identifier(scope) == gives.name else f"{identifier(scope)}: "
                lines.append(f"# {title}{gives.name} = {gives.formula}")
            lines += script.assigned(group.array)
        return lines, script

    def _function(self, name: str, doc: str, lines: list[str]) -> str:
        text = "\n".join(lines)
        head = [f'"""{doc}"""', "xp = theta.__array_namespace__()"]
        if self.arguments:
            head.append(f"n = {next(iter(self.arguments))}.shape[0]")
        for x, shape in self.arguments.items():
            columns = f"reshape(n, {int(np.prod(shape))}).T" if len(shape) > 1 else "T" if shape else "reshape(1, n)"
            head.append(f"{x} = {x}.{columns}")
        used = [c for c in self.constants if re.search(rf"\b{c}\b", text)]
        for c in used:
            cast = ", dtype=theta.dtype" if self.constants[c].dtype.kind == "f" else ""
            head.append(f'{c} = xp.asarray(constants["{c}"]{cast})')
        body = "\n    ".join([*head, *lines])
        return f"def {name}({', '.join(['theta', *self.arguments])}):\n    {body}\n"

    def _formula(self, group: Group) -> str:
        """How the operation of a group reads, operands that have no name of their own written out."""
        op, parts = group.op, [self._mentioned(grid) for grid in group.operands]
        assert op is not None, "leaves have no formula"
        if op.infix and op.name in BUILT_IN:
            text = op.written.format(*(part if re.fullmatch(r"[\w.·]+", part) else f"({part})" for part in parts))
        else:
            text = "·".join(parts) if group.product else f"{op.name}({', '.join(parts)})"
        return text if len(text) < WIDTH else f"{op.name}(…)"

    def _mentioned(self, grid: Grid) -> str:
        homes, nodes = set(self.groups.home[grid].flat), [self.groups.order[k] for k in grid.flat]
        if len(homes) == 1 and 0 not in homes and FIXED not in homes:
            group = self.groups.all[homes.pop()]
            return group.name or group.formula
        numbers = {v.data for v in nodes} if homes == {FIXED} else set()
        return identifier(base) if (base := _base([v.name for v in nodes])) else f"{numbers.pop():g}" if len(numbers) == 1 else "…"

    # --- names and leaves ---------------------------------------------------------------------------------------------

    def _leaf(self, name: str, shape: Shape) -> Code:
        return Code(name, dialect=self.values, shape=shape)

    def _unique(self, wanted: str) -> str:
        name, k = identifier(wanted), 2
        while name in self._taken_names:
            name, k = f"{identifier(wanted)}_{k}", k + 1
        self._taken_names.add(name)
        return name

    def _call(self, code: Any, wanted: str) -> None:
        if isinstance(code, Code) and code.args and code.key not in self._names:
            self._names[code.key] = self._unique(wanted)

    def _constant(self, wanted: str, data: npt.NDArray[Any]) -> Code:
        content = (data.shape, data.dtype.kind, data.tobytes())
        if content not in self._known:
            name = self._unique(wanted)
            self.constants[name] = data
            self._known[content] = self._leaf(name, (*data.shape, 1)[:2] + (False,))
        return self._known[content]

    def _others(self, k: int) -> Code:
        return self._constant(f"others_{k}", 1.0 - np.eye(k))

    def _christen(self) -> None:
        """Groups are called as their Values are, or as their scope if they are what it gives."""
        children: dict[str, set[str]] = defaultdict(set)
        for path in {str(v.scope) for v in self.groups.order if v.scope}:
            while path:
                outer, _, inner = path.rpartition("/")
                children[outer].add(inner)
                path = outer
        for group in self.groups.computed:
            nodes = [self.groups.order[k] for k in group.grid.ravel().tolist() if k >= 0]
            group.name = _base([v.name for v in nodes]) if len(nodes) == group.grid.size else ""
            group.scope = _common([str(v.scope or "") for v in nodes])
            while "/" in group.scope and len(children[outer := group.scope.rpartition("/")[0]]) == 1:
                group.scope = outer  # a layer of one neuron is the layer
            self._last[group.scope] = group
        for scope, group in self._last.items():
            group.name = group.name or scope.rpartition("/")[2]
        for group in self.groups.computed:
            group.name = self._unique(group.name) if group.name else ""

    # --- forward ------------------------------------------------------------------------------------------------------

    def _compute(self, group: Group) -> None:
        assert group.op is not None, "leaves are not computed"
        if group.product:
            left, right = self._factors(group)
            code: Any = left @ right
            code.shape = (*group.grid.shape, group.batched)
        elif group.stacked:
            code = group.op.value(*[0] * group.op.indexed, *self._stack(group))  # on a stack every component is the own
        else:
            code = group.op.value(*(self._taken(grid, group.batched) for grid in group.operands))
        group.code = self._full(code, group.shape).under(self.values)
        group.formula = self._formula(group)
        if group.name and group.code.args and group.code.key not in self._names:
            self._names[group.code.key] = group.name

    def _factors(self, group: Group) -> tuple[Code, Code]:
        left, right = group.operands
        return self._taken(left, False, whole=True), self._taken(right, group.batched, whole=True)

    def _stack(self, group: Group) -> list[Code]:
        return [self._taken(grid, group.batched, whole=True).under(self.stacks) for grid in group.operands]

    def _full(self, code: Any, shape: Shape) -> Code:
        """The array at its full shape, where it is a number, or one row or column for all."""
        rows, columns, batched = shape
        if isinstance(code, Code) and code.shape == shape:
            return code
        width = f"{columns} * n" if batched and columns > 1 else "n" if batched else columns
        if isinstance(code, Code):
            return Code(f"xp.broadcast_to({{}}, ({rows}, {width}))", code, shape=shape)
        return Code(f"xp.full(({rows}, {width}), {float(code)!r}, dtype=theta.dtype)", dialect=self.values, shape=shape)

    def _narrow(self, grid: Grid, batched: bool) -> Grid:
        """One column for all where they are the same, and one row: arithmetic repeats it."""
        if grid.size == 1:
            return grid
        homes = set(self.groups.home[grid].ravel().tolist())
        plain = not batched or not any(h >= 0 and self.groups.all[h].batched for h in homes)
        if grid.shape[1] > 1 and plain and (grid == grid[:, :1]).all():
            grid = grid[:, :1]
        return grid[:1] if grid.shape[0] > 1 and (grid == grid[:1]).all() else grid

    def _taken(self, grid: Grid, batched: bool, whole: bool = False) -> Any:
        """The array of the nodes in the grid, or a number for all of them."""
        grid = grid if whole else self._narrow(grid, batched)
        homes = self.groups.home[grid]
        if (homes == FIXED).all():
            if grid.size == 1 and not whole:
                return self.groups.order[grid[0, 0]].data
            code = self._numbers(grid)
        elif (homes == homes[0, 0]).all():
            code = self._from(homes[0, 0], self.groups.at[grid])
        else:
            code = self._pooled(grid, homes, batched)
        if batched and code.shape[1] > 1 and not code.shape[2]:
            code = Code("xp.repeat({}, n, axis=1)", code, shape=(*grid.shape, True))
        return code

    def _numbers(self, grid: Grid) -> Code:
        nodes = [self.groups.order[k] for k in grid.ravel().tolist()]
        data = np.array([v.data for v in nodes]).reshape(grid.shape)
        return self._constant(_base([v.name for v in nodes]) or "c", data)

    def _from(self, home: int, at: Grid) -> Code:
        """Nodes of one group: all of it, a slice, or an index."""
        group, (r, c) = self.groups.all[home], at.shape
        rows, columns = group.grid.shape
        shape, start, stop = (r, c, group.batched), int(at[0, 0]), int(at[0, 0]) + at.size
        if home == 0:
            return self._weights(at)
        if _run(at) and at.shape == group.grid.shape:
            return group.array
        if _run(at) and c == columns and start % columns == 0:
            return Code(f"{{}}[{start // columns}:{stop // columns}]", group.array, shape=shape)
        if not group.batched and at.T.shape == group.grid.shape and _run(at.T):
            return Code("{}.T", group.array, shape=shape)
        if not group.batched:
            return Code("{}.reshape(-1)[{}]", group.array, self._constant("index", at), shape=shape)
        if c == columns == 1:
            return Code("{}[{}]", group.array, self._constant("index", at.ravel()), shape=shape)
        index = self._constant("index", at)
        return Code(f"{{}}.reshape({rows * columns}, -1)[{{}}].reshape({r}, -1)", group.array, index, shape=shape)

    def _weights(self, at: Grid) -> Code:
        theta, (r, c) = self.groups.theta.array, at.shape
        start, stop = int(at.min()), int(at.min()) + at.size
        part = "{}" if at.size == len(self.groups.parameters) else f"{{}}[{start}:{stop}]"
        if _run(at):
            code = Code(f"{part}.reshape({r}, {c})", theta, shape=(r, c, False))
        elif _run(at.T):
            code = Code(f"{part}.reshape({c}, {r}).T", theta, shape=(r, c, False))
        else:
            code = Code("{}[{}]", theta, self._constant("index", at), shape=(r, c, False))
        self._call(code, _base([self.groups.parameters[k].name for k in at.ravel()]) or "p")
        return code

    def _pooled(self, grid: Grid, homes: Grid, batched: bool) -> Code:
        """Nodes of several groups: what each gives, one under the other, and then in the grid's order."""
        pieces, index, count = [], np.empty(grid.shape, np.int64), 0
        for home in dict.fromkeys(homes.ravel().tolist()):
            nodes = grid[homes == home]
            ranks = self.groups.at[nodes] if home != FIXED else nodes
            _, first, inverse = np.unique(ranks, return_index=True, return_inverse=True)
            column = nodes[first].reshape(-1, 1)
            piece = self._numbers(column) if home == FIXED else self._from(home, self.groups.at[column])
            if batched and not piece.shape[2]:
                piece = Code(f"xp.broadcast_to({{}}, ({len(column)}, n))", piece, shape=(len(column), 1, True))
            pieces.append(piece)
            index[homes == home] = count + inverse
            count += len(column)
        pool, (r, c) = self._under_one_another(pieces), grid.shape
        if _run(index):
            return pool if c == 1 else Code(f"{{}}.reshape({r}, -1)", pool, shape=(r, c, batched))
        picked = Code("{}[{}]", pool, self._constant("index", index.ravel()), shape=(r * c, 1, batched))
        return picked if c == 1 else Code(f"{{}}.reshape({r}, -1)", picked, shape=(r, c, batched))

    def _under_one_another(self, pieces: list[Code]) -> Code:
        if len(pieces) == 1:
            return pieces[0]
        shape = (sum(p.shape[0] for p in pieces), 1, any(p.shape[2] for p in pieces))
        return Code(f"xp.concat([{', '.join(['{}'] * len(pieces))}])", *pieces, shape=shape)

    # --- backward -----------------------------------------------------------------------------------------------------

    def differentiate(self) -> Iterator[tuple[Group, Any]]:
        """Every group with its adjoint, ∂(sum of the output over the rows)/∂array, the last group first."""
        groups = self.groups
        self._return(groups.outputs, self.batched, 1.0, whole=True)
        for home in reversed(range(1 + len(groups.inputs), len(groups.all))):
            group = groups.all[home]
            if (bar := self._adjoint(home)) is not None:
                yield group, bar
                for back in self._locals(group, bar):
                    self._return(*back)
        yield groups.theta, self._adjoint(0)

    def _locals(self, group: Group, bar: Any) -> Iterator[tuple[Grid, bool, Any, bool]]:
        """What the adjoint of a group gives each operand that leads to a parameter: v̄ · ∂v/∂operand."""
        op, y = group.op, group.array
        assert op is not None, "leaves have no operands"
        wanted = [self._leads_on(grid) for grid in group.operands]
        if group.product:
            (left, right), bar = self._factors(group), self._full(bar, group.shape)
            sides = [(False, lambda: _product(bar, _turned(right))), (group.batched, lambda: _product(_turned(left), bar))]
            yield from ((grid, b, d(), True) for grid, (b, d), on in zip(group.operands, sides, wanted, strict=True) if on)
        elif group.stacked and op.indexed:
            y = y.under(self.stacks)
            own, other = (op.partials(c, y, *self._stack(group))[0] for c in (0, -1))  # type: ignore[operator]
            d = _times(bar, own) + _times(_product(self._others(group.shape[0]), bar), other)
            yield group.operands[0], group.batched, d, True
        else:
            dialect = self.stacks if group.stacked else self.partials
            codes = [self._taken(grid, group.batched, group.stacked) for grid in group.operands]
            operands = [x.under(dialect) if isinstance(x, Code) else x for x in codes]
            rules = op.partials if isinstance(op.partials, tuple) else op.partials(y.under(dialect), *operands)
            for grid, d, on in zip(group.operands, rules, wanted, strict=True):
                if on:
                    d = d(y.under(dialect), *operands) if callable(d) else d
                    yield grid, group.batched, _times(bar, d), group.stacked

    def _leads_on(self, grid: Grid) -> bool:
        homes = self.groups.home[grid]
        return bool(((homes == 0) | (homes > len(self.groups.inputs))).any())

    def _return(self, grid: Grid, batched: bool, bar: Any, whole: bool) -> None:
        """Add an adjoint of what `_taken` gives to the adjoints of the groups it came from."""
        if bar is None:
            return
        narrow = grid if whole else self._narrow(grid, batched)
        homes = self.groups.home[narrow]
        alone = (homes == homes[0, 0]).all() and self.groups.all[homes[0, 0]].batched == batched
        if isinstance(bar, Code) or narrow.shape != grid.shape or not alone:
            bar = self._full(bar, (*grid.shape, batched))
            if narrow.shape[0] < grid.shape[0]:
                bar = _summed(bar, 0)
            if narrow.shape[1] < grid.shape[1]:
                bar = _summed(bar, 1)
        for home in dict.fromkeys(homes.ravel().tolist()):
            if home == 0 or home > len(self.groups.inputs):
                self._credit(home, narrow, homes == home, bar)

    def _credit(self, home: int, grid: Grid, mask: npt.NDArray[np.bool_], bar: Any) -> None:
        group, rows = self.groups.all[home], np.flatnonzero(mask.all(axis=1))
        at = self.groups.at[grid]
        if mask.all():
            pass
        elif mask.sum() == len(rows) * grid.shape[1] and _run(rows):
            bar = Code(f"{{}}[{rows[0]}:{rows[-1] + 1}]", bar, shape=(len(rows), *bar.shape[1:]))
            at = at[rows]
        else:
            index = self._constant("index", np.flatnonzero(mask.ravel()))
            bar = Code("{}[{}]", self._rows(bar), index, shape=(index.shape[0], 1, bar.shape[2]))
            at = at[mask].reshape(-1, 1)
        if isinstance(bar, Code) and bar.shape[2] and not group.batched:
            bar = _summed(bar, 1) if bar.shape[1] == 1 else self._summed_rows(bar)
        self._adjoints[home].append((at, bar))

    def _summed_rows(self, bar: Code) -> Code:
        r, c, _ = bar.shape
        return Code(f"{{}}.reshape({r}, {c}, -1).sum(axis=2)", bar, shape=(r, c, False))

    def _rows(self, bar: Code) -> Code:
        """An array with one row per node, whatever its columns."""
        r, c, batched = bar.shape
        return bar if c == 1 else Code(f"{{}}.reshape({r * c}, -1)", bar, shape=(r * c, 1, batched))

    def _adjoint(self, home: int) -> Any:
        """The sum of what was returned to a group."""
        group, total, runs = self.groups.all[home], None, {}
        if home and all(isinstance(bar, float) for _, bar in self._adjoints[home]):
            return self._numbers_returned(self._adjoints.pop(home), group)
        for at, bar in self._adjoints.pop(home, []):
            if at.shape[::-1] == group.grid.shape and _run(at.T) and at.size > 1 and not group.batched:
                at, bar = at.T, bar if isinstance(bar, float) else _turned(bar)
            if at.shape == group.grid.shape and _run(at):
                total = _plus(total, bar)
                continue
            if not _run(at) and _run(at.T) and not group.batched:
                at, bar = at.T, bar if isinstance(bar, float) else _turned(bar)
            bar = self._full(bar, (*at.shape, group.batched))
            if _run(at):
                runs[int(at[0, 0]), at.shape] = _plus(runs.get((int(at[0, 0]), at.shape)), bar)
            else:
                spread = f"scatter({{}}, {{}}, {group.grid.size})"
                index = self._constant("index", at.ravel())
                bar = Code(spread, index, self._rows(bar), shape=(group.grid.size, 1, group.batched))
                total = _plus(total, self._shaped(bar, group))
        for (start, (r, c)), bar in runs.items():
            if not home and (base := _base([p.name for p in self.groups.parameters[start : start + r * c]])):
                self._call(bar, f"d{self.loss}_d{base}")
        for layer in self._layers([(start, self._rows(runs[start, shape])) for start, shape in sorted(runs)], group):
            total = _plus(total, self._shaped(layer, group))
        return total

    def _numbers_returned(self, numbers: list[tuple[Grid, float]], group: Group) -> Any:
        data = np.zeros(group.grid.size)
        for at, number in numbers:
            np.add.at(data, at.ravel(), number)
        column = data.reshape(group.grid.shape)
        if (data == data[0]).all():
            return float(data[0]) or None
        seed = self._constant("seed", column)
        alone = group.grid.shape[1] == 1 or not group.batched
        return seed if alone else Code("xp.repeat({}, n, axis=1)", seed, shape=group.shape)

    def _shaped(self, bar: Code, group: Group) -> Code:
        r, c, batched = group.shape
        return bar if c == 1 else Code(f"{{}}.reshape({r}, -1)", bar, shape=(r, c, batched))

    def _layers(self, runs: list[tuple[int, Code]], group: Group) -> Iterator[Code]:
        """Slices laid end to end, zeros between them, in as few arrays as hold them all."""
        layers: list[tuple[int, list[Code]]] = []
        for start, bar in runs:
            k = next((k for k, (end, _) in enumerate(layers) if end <= start), len(layers))
            end, pieces = layers[k] if k < len(layers) else (0, [])
            pieces = pieces + [self._full(0.0, (start - end, 1, group.batched))] * (start > end) + [bar]
            layers[k : k + 1] = [(start + bar.shape[0], pieces)]
        for end, pieces in layers:
            gap = group.grid.size - end
            yield self._under_one_another(pieces + [self._full(0.0, (gap, 1, group.batched))] * (gap > 0))


def _run(at: Grid) -> bool:
    return at.size == 1 or bool((at.ravel() == np.arange(at.flat[0], at.flat[0] + at.size)).all())


def _turned(x: Code) -> Code:
    r, c, _ = x.shape
    return x.args[0] if x.form == "{}.T" else Code("{}.T", x, shape=(c, r, False))


def _product(left: Code, right: Code) -> Code:
    # One column by one row: broadcasting is faster than a call of the linear algebra library.
    sign = "*" if left.shape[1:] == (1, False) else "@"
    return Code(f"{{}} {sign} {{}}", left, right, binds=PRODUCT, shape=(left.shape[0], *right.shape[1:]))


def _summed(bar: Code, axis: int) -> Code:
    r, c, batched = bar.shape
    shape = (1, c, batched) if axis == 0 else (r, 1, False)
    return Code(f"{{}}.sum(axis={axis}, keepdims=True)", bar, shape=shape)


def _times(bar: Any, d: Any) -> Any:
    """v̄ · d, None where that is 0 whatever v̄ is."""
    if isinstance(d, float | int) and d == 0.0:
        return None
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, float | int) and abs(a) == 1.0:
            return b if a > 0 else -b
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, Code) and a.form == "-{}":
            return -_times(a.args[0], b)
        if isinstance(a, Code) and a.form == STEP:
            return Code("{} * ({} > 0)", b, a.args[0], binds=PRODUCT)
    return bar * d


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else a + b


def _common(paths: Sequence[str]) -> str:
    """The scope that holds all of these."""
    parts = [path.split("/") for path in dict.fromkeys(paths)]
    same = 0
    while all(len(p) > same and p[same] == parts[0][same] for p in parts):
        same += 1
    return "/".join(parts[0][:same])


def _base(names: Sequence[str | None]) -> str:
    """The name that elements called W[0,1] or W[1,1] share."""
    bases = {name.partition("[")[0] if name else "" for name in dict.fromkeys(names)}
    return bases.pop() if len(bases) == 1 else ""


def identifier(text: str) -> str:
    """The text as a name in Python, whatever stands in it."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")[:40]
    if not name.isidentifier() or keyword.iskeyword(name) or re.fullmatch(r"t\d+", name):
        name = f"v_{name}"
    return name if name.isidentifier() else "v"
