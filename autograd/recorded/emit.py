"""The groups of a graph written down as NumPy a person could have written: forward, then backward.

Values and local partials come from the table's own rules, fed operands that write source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate, takewhile
from threading import RLock
from typing import Any

import numpy as np

from autograd.languages.code import MASK, PRODUCT, WIDTH, Code, Script, array_dialects, identifier
from autograd.ops import BUILT_IN
from autograd.recorded.groups import FIXED, Group, Groups, Operand
from autograd.recorded.matrices import Matrices, laid_out, plus, turned

SMALL = 32  # rows up to which a product with a matrix of ones and zeros is the fastest sum

Back = Iterator[tuple[Operand, Any]]  # adjoints that go back through operands; None is 0


class Emitter:
    """The functions of a recorded graph, as text. `arguments` has the shapes of an example."""

    def __init__(self, groups: Groups, arguments: Mapping[str, tuple[int, ...]]) -> None:
        self.groups, self.arguments, self.checked = groups, arguments, False
        self._texts: dict[str, str] = {}
        self._comments: dict[str, str] = {}  # on constants, by name
        self._writing = RLock()  # names and adjoints are noted meanwhile
        values, self.partials, self.stacks = array_dialects(self._others, lambda name, x: self.arrays.call(name, x))
        self.arrays = Matrices(groups, list(arguments), values)
        self._last: dict[str, Group] = {}  # of every scope what it gives
        self._christen()
        for group in groups.computed:
            self._compute(group)
        shape = (*groups.outputs.grid.shape, groups.outputs.batched)
        self.output = self.arrays.full(self.arrays.take(groups.outputs), shape)
        names = self.arrays.names
        self.loss = names.get(self.output.key) or self.arrays.unique(groups.called(groups.outputs.grid) or "L")
        names[self.output.key] = self.loss

    def _others(self, x: Code) -> Code:
        """Of every row the sum of all others: x.sum(axis=0) - x would lose the digits of small ones."""
        k = x.shape[0]
        if k > SMALL:
            return Code("others({})", x, shape=x.shape)
        matrix = self.arrays.constant(f"others_{k}", 1.0 - np.eye(k))
        self._comments[str(matrix)] = "multiplied by it, every entry becomes the sum of all others"
        return _product(matrix, x)

    # --- the text -----------------------------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """`forward`, `sum_and_grad`, or `sum_and_grad_checked`, where an adjoint of 0 passes nothing on."""
        with self._writing:
            if name not in self._texts:
                if name == "sum_and_grad_checked":
                    self.text("sum_and_grad")  # so that its names come first
                self.checked = name == "sum_and_grad_checked"
                self._texts[name] = self._outputs() if name == "forward" else self._sums(name)
            return self._texts[name]

    def _outputs(self) -> str:
        """The function of theta and the data that gives the outputs, a row each."""
        rows = self.groups.outputs.batched
        sizes = ", ".join(["n"] * rows + [str(k) for k in self.groups.shape])
        taken = f".T.reshape({sizes})" if self.groups.shape else "[0]" if rows else "[0, 0]"
        lines, _ = self._forward([])
        lines.append(f"return {self.loss}{taken}")
        return self._function("forward", "The output of every row of data.", lines)

    def _sums(self, name: str) -> str:
        """The function that gives the sum of the output over the rows, and its gradient."""
        adjoints = list(self._differentiate())
        gradient = self.arrays.adjoint(len(self.arguments), self.loss)
        gradient = self.arrays.full(0.0 if gradient is None else gradient, self.groups.theta.shape)
        gradient = laid_out(gradient, len(self.groups.parameters), 0)
        lines, script = self._forward([*adjoints, gradient])
        lines.append("# backward")
        for bar in adjoints:
            lines += script.assigned(bar)
        total = ".sum()" if self.groups.outputs.batched else "[0, 0]"
        lines += [*script.lines("gradient", gradient), f"return {self.loss}{total}, gradient"]
        return self._function(name, "The sum of the output over the rows of data, and its gradient.", lines)

    def _forward(self, others: list[Code]) -> tuple[list[str], Script]:
        """The lines that compute the output, and the script that goes on with other expressions."""
        named = [group for group in self.groups.computed if group.code.key in self.arrays.names]
        script = Script([*(group.code for group in named), self.output, *others], self.arrays.names, WIDTH)
        lines, scope = [], ""
        for group in named:
            gives = self._last[group.scope]
            if group.scope != scope and (given := self.arrays.names.get(gives.code.key)):
                scope = group.scope
                title = f"{identifier(scope)}: " if scope and identifier(scope) != given else ""
                lines.append(f"# {title}{given} = {gives.formula}")
            lines += script.assigned(group.code)
        return lines + script.assigned(self.output), script

    def _function(self, name: str, doc: str, lines: list[str]) -> str:
        text = "\n".join(lines)
        head = [f'"""{doc}"""', "xp = theta.__array_namespace__()"]
        if re.search(r"\bn\b", text) or any(len(shape) != 1 for shape in self.arguments.values()):
            head += [f"n = {x}.shape[0]" for x in list(self.arguments)[:1]]
        for x, shape in self.arguments.items():
            columns = f"reshape(n, {int(np.prod(shape))}).T" if len(shape) > 1 else "T" if shape else "reshape(1, n)"
            head.append(f"{x} = {x}.{columns}  # a column per row of data")
        for c, data in self.arrays.constants.items():
            precision = ", dtype=theta.dtype" if data.dtype.kind == "f" else ""
            comment = f"  # {self._comments[c]}" if c in self._comments else ""
            head += [f'{c} = xp.asarray(constants["{c}"]{precision}){comment}'] * bool(re.search(rf"\b{c}\b", text))
        body = "\n    ".join([*head, *lines])
        return f"def {name}({', '.join(['theta', *self.arguments])}):\n    {body}\n"

    def _formula(self, group: Group) -> str:
        """How the operation of a group reads, operands that have no name of their own written out."""
        op, parts = group.op, [self._mentioned(x) for x in group.operands]
        if op.infix and op.name in BUILT_IN:
            bare = [part if re.fullmatch(r"[\w.·]+", part) else f"({part})" for part in parts]
            text = op.written.format(*bare)
        else:
            text = "·".join(parts) if group.product else f"{op.name}({', '.join(parts)})"
        return text if len(text) < WIDTH else f"{op.name}(…)"

    def _mentioned(self, x: Operand) -> str:
        home, *others = dict.fromkeys(self.groups.home[x.grid].flat)
        group: Group = self.groups.all[home]
        if not others and home != FIXED and group is not self.groups.theta:
            return group.name or group.formula
        if name := self.groups.called(x.grid):
            return identifier(name)
        number, *more = {self.groups.numbers[k] for k in x.grid.flat}
        return "…" if others or more or home != FIXED else f"{number:g}"

    def _christen(self) -> None:
        """Groups are called as their Values are, or as their scope if they are what it gives."""
        scopes = {str(v.scope) for v in self.groups.nodes if v.scope}
        paths = {path for scope in scopes for path in accumulate(scope.split("/"), "{}/{}".format)}
        inside = Counter(path.rpartition("/")[0] for path in paths)
        for group in self.groups.computed:
            held = group.grid[group.grid >= 0]
            group.name = self.groups.called(held) if held.size == group.grid.size else ""
            scopes = {str(self.groups.nodes[k].scope or "") for k in held}
            levels = zip(*(scope.split("/") for scope in scopes), strict=False)
            group.scope = "/".join(level[0] for level in takewhile(lambda level: len({*level}) == 1, levels))
            while "/" in group.scope and inside[outer := group.scope.rpartition("/")[0]] == 1:
                group.scope = outer  # a layer of one neuron is the layer
            self._last[group.scope] = group
        for scope, group in self._last.items():
            group.name = group.name or scope.rpartition("/")[2]
        for group in self.groups.computed:
            group.name = self.arrays.unique(group.name) if group.name else ""

    # --- forward and backward -----------------------------------------------------------------------------------------

    def _compute(self, group: Group) -> None:
        codes = map(self.arrays.take, group.operands)
        group.taken = [x.under(self.stacks) if group.whole else x for x in codes]
        # On a stack every component is the own: its index is that of the only operand.
        own = [0] * (group.whole and group.op.indexed)
        code: Any = _product(*group.taken) if group.product else group.op.value(*own, *group.taken)
        group.code = self.arrays.full(code, group.shape).under(self.arrays.dialect)
        group.formula = self._formula(group)
        if group.name and group.code.args:
            self.arrays.names.setdefault(group.code.key, group.name)

    def _differentiate(self) -> Iterator[Code]:
        """The adjoint of every group, ∂(sum of the output over the rows)/∂array, the last group first."""
        self.arrays.give_back(self.groups.outputs, 1.0)
        for home, group in reversed([*enumerate(self.groups.all)][len(self.arguments) + 1 :]):
            bar = self.arrays.adjoint(home, self.loss)
            if isinstance(bar, Code):
                yield self.arrays.call(f"d{self.loss}_d{group.name}", bar) if group.name else bar
            for x, back in self._through(group, bar) if bar is not None else ():
                if back is not None:
                    self.arrays.give_back(x, back)

    def _through(self, group: Group, bar: Any) -> Back:
        """What the adjoint of a group gives each operand that leads to a parameter: v̄ · ∂v/∂operand."""
        if group.product:
            return self._through_product(group, bar)
        components = group.whole and group.op.indexed
        return self._through_components(group, bar) if components else self._through_each(group, bar)

    def _through_product(self, group: Group, bar: Any) -> Back:
        (left, right), (a, b) = group.operands, group.taken
        single = group.shape == (1, 1, False)
        if single and np.array_equal(left.grid, right.grid.T):  # the square of a vector
            yield right, _times(bar * 2.0, b)
            return
        bar = bar if single else self.arrays.full(bar, group.shape)
        if self.arrays.leads_on(left):
            yield left, _times(bar, turned(b)) if single else _product(bar, turned(b))
        if self.arrays.leads_on(right):
            yield right, _times(bar, turned(a)) if single else _product(turned(a), bar)

    def _through_components(self, group: Group, bar: Any) -> Back:
        # On a stack c = 0 is the operand's own place and c = -1 is not, though it finds the same operand.
        y, stack, k = group.code.under(self.stacks), group.taken, group.shape[0]
        own, other = (group.op.partials(c, y, *stack)[0] for c in (0, -1))
        rest = self._others(bar) if isinstance(bar, Code) and bar.shape[0] == k else bar * (k - 1.0)
        yield group.operands[0], plus(_times(other, rest), _times(bar, own))

    def _through_each(self, group: Group, bar: Any) -> Back:
        dialect, rules = self.stacks if group.whole else self.partials, group.op.partials
        y, *xs = (x.under(dialect) if isinstance(x, Code) else x for x in (group.code, *group.taken))
        d = rules if isinstance(rules, tuple) else group.op.local(y, *xs)
        for x, partial in zip(group.operands, d, strict=True):
            if self.arrays.leads_on(x):
                yield x, self._passed(bar, partial(y, *xs) if isinstance(rules, tuple) else partial)

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
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, float | int) and a in (-1.0, 0.0, 1.0):
            return b if a == 1.0 else -b if a else None
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, Code) and a.form == "-{}":
            return -_times(a.args[0], b)
        if isinstance(a, Code) and isinstance(b, Code) and a.form == MASK:
            return b * a.args[0]
    if isinstance(bar, float) and isinstance(d, Code) and d.form == "{} * {}" and d.args[0].number is not None:
        return _times(bar * d.args[0].number, d.args[1])
    return bar * d
