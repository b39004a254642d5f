"""The groups of a graph written down as NumPy a person could have written: forward, then backward.

Values and local partials come from the table's own rules, fed operands that write source.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from autograd.groups import FIXED, Grid, Group, Groups
from autograd.matrices import Matrices, base, identifier, plus, turned
from autograd.ops import BUILT_IN
from autograd.source import MASK, PRODUCT, WIDTH, Code, Script, array_dialects

Back = Iterator[tuple[Grid, bool, Any, bool]]  # what goes back through operands, as Matrices.give_back takes it


class Emitter:
    """The functions of a recorded graph, as text. `arguments` has the shapes of an example."""

    def __init__(self, groups: Groups, arguments: Mapping[str, tuple[int, ...]]) -> None:
        self.groups, self.arguments, self.checked = groups, arguments, False
        values, self.partials, self.stacks = array_dialects(self._others, lambda name, x: self.arrays.call(name, x))
        self.arrays = Matrices(groups, list(arguments), values)
        self._last: dict[str, Group] = {}  # of every scope what it gives
        self._christen()
        for group in groups.computed:
            self._compute(group)
        self.batched = any(groups.batched[k] for k in groups.outputs[:, 0])
        self.output: Code = self.arrays.take(groups.outputs, self.batched, whole=True)
        self.loss = self.arrays.names.get(self.output.key, "")
        if not self.loss:
            self.loss = self.arrays.unique(base([groups.order[k].name for k in groups.outputs[:, 0]]) or "L")
            self.arrays.names[self.output.key] = self.loss

    def _others(self, k: int) -> Code:
        return self.arrays.constant(f"others_{k}", 1.0 - np.eye(k))

    # --- the text -----------------------------------------------------------------------------------------------------

    def function(self, name: str) -> str:
        """`forward`, `value_and_grad`, or `value_and_grad_checked`, where an adjoint of 0 passes nothing on."""
        self.checked = name == "value_and_grad_checked"
        return self.forward() if name == "forward" else self.value_and_grad(name)

    def forward(self) -> str:
        """The function of theta and the data that gives the outputs, a row each."""
        lines, script = self._forward([self.output])
        rows, out = bool(self.arguments), self.loss
        if rows and not self.batched:
            out = f"xp.broadcast_to({out}, ({self.output.shape[0]}, n))"
        sizes = ["n"] * rows + [str(k) for k in self.groups.shape]
        result = (
            f"{out}.T.reshape({', '.join(sizes)})" if self.groups.shape else f"{out}[0]" if rows else f"{out}[0, 0]"
        )
        lines += [*script.assigned(self.output), f"return {result}"]
        return self._function("forward", "The output of every row of data.", lines)

    def value_and_grad(self, name: str) -> str:
        """The function that gives the sum of the output over the rows, and its gradient."""
        adjoints = list(self._differentiate())
        gradient = self.arrays.adjoint(0, self.loss)
        nothing = gradient is None
        gradient = Code("{}.reshape(-1)", self.arrays.full(0.0 if nothing else gradient, self.groups.theta.shape))
        lines, script = self._forward([self.output, *adjoints, gradient])
        lines += [*script.assigned(self.output), "# backward"]
        for bar in adjoints:
            lines += script.assigned(bar) if bar.key in self.arrays.names else []
        times = "n * " if self.arguments and not self.batched else ""
        total = f"{self.loss}.sum()" if self.batched else f"{times}{self.loss}[0, 0]"
        lines += [*script.lines("gradient", gradient), f"return {total}, {times}gradient"]
        return self._function(name, "The sum of the output over the rows of data, and its gradient.", lines)

    def _forward(self, targets: list[Code]) -> tuple[list[str], Script]:
        named = [group for group in self.groups.computed if group.array.key in self.arrays.names]
        script = Script([*(group.array for group in named), *targets], self.arrays.names, WIDTH)
        lines, scope = [], ""
        for group in named:
            gives = self._last[group.scope]
            if group.scope != scope and (given := self.arrays.names.get(gives.array.key)):
                scope = group.scope
                title = f"{identifier(scope)}: " if scope and identifier(scope) != given else ""
                lines.append(f"# {title}{given} = {gives.formula}")
            lines += script.assigned(group.array)
        return lines, script

    def _function(self, name: str, doc: str, lines: list[str]) -> str:
        text = "\n".join(lines)
        head = [f'"""{doc}"""', "xp = theta.__array_namespace__()"]
        if re.search(r"\bn\b", text) or any(len(shape) != 1 for shape in self.arguments.values()):
            head += [f"n = {x}.shape[0]" for x in list(self.arguments)[:1]]
        for x, shape in self.arguments.items():
            columns = f"reshape(n, {int(np.prod(shape))}).T" if len(shape) > 1 else "T" if shape else "reshape(1, n)"
            head.append(f"{x} = {x}.{columns}")
        for c, data in self.arrays.constants.items():
            precision = ", dtype=theta.dtype" if data.dtype.kind == "f" else ""
            head += [f'{c} = xp.asarray(constants["{c}"]{precision})'] * bool(re.search(rf"\b{c}\b", text))
        body = "\n    ".join([*head, *lines])
        return f"def {name}({', '.join(['theta', *self.arguments])}):\n    {body}\n"

    def _formula(self, group: Group) -> str:
        """How the operation of a group reads, operands that have no name of their own written out."""
        op, parts = group.row, [self._mentioned(grid) for grid in group.operands]
        if op.infix and op.name in BUILT_IN:
            bare = [part if re.fullmatch(r"[\w.·]+", part) else f"({part})" for part in parts]
            text = op.written.format(*bare)
        else:
            text = "·".join(parts) if group.product else f"{op.name}({', '.join(parts)})"
        return text if len(text) < WIDTH else f"{op.name}(…)"

    def _mentioned(self, grid: Grid) -> str:
        homes, nodes = set(self.groups.home[grid].flat), [self.groups.order[k] for k in grid.flat]
        if len(homes) == 1 and 0 not in homes and FIXED not in homes:
            group: Group = self.groups.all[homes.pop()]
            return group.name or group.formula
        if name := base([v.name for v in nodes]):
            return identifier(name)
        numbers = {self.groups.numbers[k] for k in grid.flat}
        return f"{numbers.pop():g}" if homes == {FIXED} and len(numbers) == 1 else "…"

    def _christen(self) -> None:
        """Groups are called as their Values are, or as their scope if they are what it gives."""
        inside: dict[str, set[str]] = defaultdict(set)
        for path in {str(v.scope) for v in self.groups.order if v.scope}:
            parts = path.split("/")
            for k, part in enumerate(parts):
                inside["/".join(parts[:k])].add(part)
        for group in self.groups.computed:
            nodes = [self.groups.order[k] for k in group.grid.flat if k >= 0]
            group.name = base([v.name for v in nodes]) if len(nodes) == group.grid.size else ""
            group.scope = _common([str(v.scope or "") for v in nodes])
            while "/" in group.scope and len(inside[outer := group.scope.rpartition("/")[0]]) == 1:
                group.scope = outer  # a layer of one neuron is the layer
            self._last[group.scope] = group
        for scope, group in self._last.items():
            group.name = group.name or scope.rpartition("/")[2]
        for group in self.groups.computed:
            group.name = self.arrays.unique(group.name) if group.name else ""

    # --- forward and backward -----------------------------------------------------------------------------------------

    def _compute(self, group: Group) -> None:
        if group.product:
            code: Any = _product(*self._operands(group))
        else:
            # On a stack every component is the own: its index is that of the only operand.
            code = group.row.value(*[0] * group.whole * group.row.indexed, *self._operands(group))
        group.code = self.arrays.full(code, group.shape).under(self.arrays.dialect)
        group.formula = self._formula(group)
        if group.name and group.code.args:
            self.arrays.names.setdefault(group.code.key, group.name)

    def _operands(self, group: Group) -> list[Any]:
        """The operands' arrays, or plain numbers, in the dialect that the row's rules are to write."""
        over = [group.batched] * len(group.operands) if not group.product else [False, group.batched]
        codes = [self.arrays.take(grid, b, group.whole) for grid, b in zip(group.operands, over, strict=True)]
        return [x.under(self.stacks) if group.whole else x for x in codes]

    def _differentiate(self) -> Iterator[Code]:
        """The adjoint of every group, ∂(sum of the output over the rows)/∂array, the last group first."""
        self.arrays.give_back(self.groups.outputs, self.batched, 1.0, whole=True)
        for home in reversed(range(1 + len(self.groups.inputs), len(self.groups.all))):
            group, bar = self.groups.all[home], self.arrays.adjoint(home, self.loss)
            if bar is None:
                continue
            if isinstance(bar, Code):
                yield self.arrays.call(f"d{self.loss}_d{group.name}", bar) if group.name else bar
            for back in self._through(group, bar):
                self.arrays.give_back(*back)

    def _through(self, group: Group, bar: Any) -> Back:
        """What the adjoint of a group gives each operand that leads to a parameter: v̄ · ∂v/∂operand."""
        if group.product:
            return self._through_product(group, bar)
        return (
            self._through_components(group, bar)
            if group.whole and group.row.indexed
            else self._through_each(group, bar)
        )

    def _through_product(self, group: Group, bar: Any) -> Back:
        (left, right), (a, b) = group.operands, self._operands(group)
        single = group.shape == (1, 1, False)
        bar = bar if single else self.arrays.full(bar, group.shape)
        if self.arrays.leads_on(left):
            yield left, False, _times(bar, turned(b)) if single else _product(bar, turned(b)), True
        if self.arrays.leads_on(right):
            yield right, group.batched, _times(bar, turned(a)) if single else _product(turned(a), bar), True

    def _through_components(self, group: Group, bar: Any) -> Back:
        # On a stack c = 0 is the operand's own place and c = -1 is not, though it finds the same operand.
        y, stack, k = group.array.under(self.stacks), self._operands(group), group.shape[0]
        own, other = (cast(Any, group.row.partials)(c, y, *stack)[0] for c in (0, -1))
        rest = _product(self._others(k), bar) if isinstance(bar, Code) else bar * (k - 1.0)
        yield group.operands[0], group.batched, plus(_times(other, rest), _times(bar, own)), True

    def _through_each(self, group: Group, bar: Any) -> Back:
        dialect, rules = self.stacks if group.whole else self.partials, group.row.partials
        y, *xs = (x.under(dialect) if isinstance(x, Code) else x for x in (group.array, *self._operands(group)))
        d = rules if isinstance(rules, tuple) else group.row.local(y, *xs)
        for grid, partial in zip(group.operands, d, strict=True):
            if self.arrays.leads_on(grid):
                local = partial(y, *xs) if isinstance(rules, tuple) else partial
                yield grid, group.batched, self._passed(bar, local), group.whole

    def _passed(self, bar: Any, d: Any) -> Any:
        """v̄ · d, as a checked function has it: 0 where v̄ is, though d be infinite or missing."""
        if self.checked and isinstance(bar, Code) and isinstance(d, Code):
            return Code("xp.where({0} == 0, 0.0, ({0}) * ({1}))", bar, d)
        return _times(bar, d)


def _product(left: Code, right: Code) -> Code:
    # One column by one row: broadcasting is faster than a call of the linear algebra library.
    sign = "*" if left.shape[1:] == (1, False) else "@"
    return Code(f"{{}} {sign} {{}}", left, right, binds=PRODUCT, shape=(left.shape[0], *right.shape[1:]))


def _times(bar: Any, d: Any) -> Any:
    """v̄ · d; None where that is 0 whatever v̄ is."""
    if isinstance(d, float | int) and d == 0.0:
        return None
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, float | int) and abs(a) == 1.0:
            return b if a > 0 else -b
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, Code) and a.form == "-{}":
            return -_times(a.args[0], b)
        if isinstance(a, Code) and isinstance(b, Code) and a.form == MASK:
            return b * a.args[0]
    if isinstance(bar, float) and isinstance(d, Code) and d.form == "{} * {}" and d.args[0].number is not None:
        return _times(bar * d.args[0].number, d.args[1])
    return bar * d


def _common(paths: Sequence[str]) -> str:
    """The scope that holds all of these."""
    parts = [path.split("/") for path in dict.fromkeys(paths)]
    same = 0
    while all(len(p) > same and p[same] == parts[0][same] for p in parts):
        same += 1
    return "/".join(parts[0][:same])
