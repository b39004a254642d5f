"""The functions of a program, forward and backward, written group by group in a language.

Values and local partials come from the table's own rules, fed operands that write. Each function is written from the
plan alone, in a context of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.languages.assignments import Function
from autograd.languages.code import Code, Context, Partial, identifier, opaque, unused
from autograd.languages.forms import Language
from autograd.ops import Components, take
from autograd.recorded.adjoints import Adjoints
from autograd.recorded.array_names import formulas, titles
from autograd.recorded.groups import Group, Operand, Plan
from autograd.recorded.operands import Reading
from autograd.recorded.words import Stack, full, laid_out, others, plus, product, times, turned
from autograd.refusals import ERRORS

Back = Iterator[tuple[Operand, Any]]  # adjoints that go back through operands; None is 0


class Forward:
    """The arrays of a plan, computed group by group."""

    def __init__(self, plan: Plan, arguments: Mapping[str, tuple[int, ...]], language: Language) -> None:
        self.plan, self.arguments = plan, arguments
        self.context = Context(language, {*language.reserved, *arguments})
        self.titles = titles(plan)
        computed = (title.name and self.context.unique(title.name) for title in self.titles[plan.theta + 1 :])
        names = [*arguments, "", *computed]
        self.names, self.formulas = names, formulas(plan, names)
        self.codes = [self.context.variable(x, plan.groups[k].shape) for k, x in enumerate(arguments)]
        self.codes.append(self.context.variable("theta", (len(plan.parameters), 0, False)))
        self.operands: list[list[Any]] = [[] for _ in self.codes]  # of each group, as arrays or plain numbers
        self._reading = Reading(plan, self.context, self.codes)
        for k, group in enumerate(plan.groups[plan.theta + 1 :], plan.theta + 1):
            self._compute(k, group)
        shape = (*plan.outputs.grid.shape, plan.outputs.batched)
        self.output = full(self.context, self._reading.taken(plan.outputs), shape)
        known = self.context.names
        name = plan.columns.shared_name(plan.outputs.grid) or "L"
        self.loss = known[self.output.key] = known.get(self.output.key) or self.context.unique(name)

    def _compute(self, k: int, group: Group) -> None:
        kind = Stack if group.whole else Code
        operands = [kind.of(self._reading.taken(x)) for x in group.operands]
        if group.product and group.op is take:
            operands[1] = Code("one_hot", operands[1:], (), (group.operands[0].grid.shape[1], *operands[1].shape[1:]))
        code = Code.of(full(self.context, _value(group, operands), group.shape))
        if self.names[k] and code.args:
            self.context.names.setdefault(code.key, self.names[k])
        self.operands.append(operands)
        self.codes.append(code)

    def steps(self) -> list[Code | str]:
        """The arrays that have names, with a comment before each scope, and the output."""
        last = {title.scope: k for k, title in enumerate(self.titles) if k > self.plan.theta}
        steps: list[Code | str] = []
        scope = ""
        for k in (k for k in range(self.plan.theta + 1, len(self.codes)) if self.codes[k].key in self.context.names):
            gives = last[self.titles[k].scope]
            if self.titles[k].scope != scope and (name := self.context.names.get(self.codes[gives].key)):
                scope = self.titles[k].scope
                title = f"{identifier(scope)}: " if scope and identifier(scope) != name else ""
                steps.append(f"{title}{name} = {self.formulas[gives]}")
            steps.append(self.codes[k])
        return [*steps, self.output]

    def function(self, name: str, doc: str, steps: Sequence[Code | str], slope: Code | None = None) -> Function:
        """The function that takes these steps."""
        shape, over_data = self.plan.shape, self.plan.outputs.batched
        return Function(name, doc, self.arguments, self.context, steps, self.output, slope, shape, over_data)


def _value(group: Group, operands: list[Any]) -> Any:
    if group.product:
        return product(*operands)
    if not group.whole:
        return group.op.apply(*operands)
    # A stack is the own operand of every component: its index is that of the only operand.
    return group.op.value(*[0] * group.op.indexed, *operands)


def forward(plan: Plan, arguments: Mapping[str, tuple[int, ...]], language: Language) -> Function:
    """The function of theta and the data that gives the outputs, one for each row of data."""
    written = Forward(plan, arguments, language)
    return written.function("forward", "The output of every row of data.", written.steps())


def backward(
    plan: Plan, arguments: Mapping[str, tuple[int, ...]], language: Language, times: Any = times, seed: str = ""
) -> Function:
    """The function that gives the sum of the output over the rows of data, and its gradient; `times` is v̄ · d.

    `seed` is the name of a number of each row of data by which its output counts; without it that is 1.
    """
    written = Forward(plan, arguments, language)
    sweep = _Backward(written, times)
    bars = list(sweep.adjoints(written.context.variable(seed, (1, 1, True)) if seed else 1.0))
    gradient = sweep.returned.total(plan.theta)
    gradient = full(written.context, 0.0 if gradient is None else gradient, plan.groups[plan.theta].shape)
    gradient = laid_out(gradient, len(plan.parameters), 0)
    doc = "The sum of the output over the rows of data, and its gradient."
    return written.function("sum_and_grad", doc, [*written.steps(), "backward", *bars], gradient)


def functions(
    plan: Plan, arguments: Mapping[str, tuple[int, ...]], language: Language, seed: str = ""
) -> list[Function]:
    """`forward`, and of one output `sum_and_grad`, in a language that spells the names of arguments in its own way."""
    used = {*language.reserved, *(f"{language.spelled(name)}_rows" for name in arguments)}  # where their data lie
    spelled = {unused(language.spelled(name), used): shape for name, shape in arguments.items()}
    language = replace(language, reserved=frozenset([*used, *(f"{name}_rows" for name in spelled)]))
    written = [forward(plan, spelled, language)]
    return written if plan.shape else [*written, backward(plan, spelled, language, seed=seed)]


class _Backward:
    """The reverse sweep over the groups; `times` is v̄ · d."""

    def __init__(self, written: Forward, times: Any) -> None:
        self.written, self.times = written, times
        self.returned = Adjoints(written.plan, written.context, written.loss)

    def adjoints(self, seed: Any) -> Iterator[Code]:
        """The adjoint of each group, ∂(sum of the output over the rows)/∂array, the last group first."""
        plan, context = self.written.plan, self.written.context
        self.returned.give_back(plan.outputs, seed)
        for k in reversed(range(plan.theta + 1, len(plan.groups))):
            bar, name = self.returned.total(k), self.written.names[k]
            if isinstance(bar, Code):
                yield context.named(f"d{self.written.loss}_d{name}", bar) if name else bar
            for x, back in self._through(k, plan.groups[k], bar) if bar is not None else ():
                if back is not None:
                    self.returned.give_back(x, back)

    def _through(self, k: int, group: Group, bar: Any) -> Back:
        """v̄ · ∂v/∂operand for each operand of a group that leads to a parameter."""
        if group.product:
            return self._through_product(k, group, bar)
        if group.whole and group.op.indexed:
            return self._through_components(k, group, bar)
        return self._through_each(k, group, bar)

    def _through_product(self, k: int, group: Group, bar: Any) -> Back:
        (left, right), (a, b) = group.operands, self.written.operands[k]
        single = group.shape == (1, 1, False) and group.op is not take
        if single and np.array_equal(left.grid, right.grid.T):  # the square of a vector
            yield right, times(bar * 2.0, b)
            return
        bar = bar if single else full(self.written.context, bar, group.shape)
        if self.returned.wanted(left):
            yield left, times(bar, turned(b)) if single else product(bar, turned(b))
        if group.op is not take and self.returned.wanted(right):
            yield right, times(bar, turned(a)) if single else product(turned(a), bar)

    def _through_components(self, k: int, group: Group, bar: Any) -> Back:
        partials: Components = group.op.partials
        shared = partials.shared(*self.written.operands[k])
        rest = others(bar) if isinstance(bar, Code) and bar.shape[0] == group.shape[0] else bar * (group.shape[0] - 1.0)
        yield group.operands[0], plus(times(partials.other(shared[0]), rest), times(bar, partials.own(0, shared)))

    def _through_each(self, k: int, group: Group, bar: Any) -> Back:
        kind, op = Stack if group.whole else Partial, group.op
        y, *xs = (kind.of(x) for x in (self.written.codes[k], *self.written.operands[k]))
        called = opaque(op, len(xs))
        d = op.local(y, *xs, rules=op.slopes) if op.vectors and not called else []
        for j, x in enumerate(group.operands):
            if self.returned.wanted(x):
                try:
                    partial = Code.called(op, f"slope({j})", y, *xs) if called else d[j] if d else op.slopes[j](y, *xs)
                except ERRORS:  # of a plain number; a row that it reaches is computed on Values
                    partial = math.nan
                if isinstance(bar, float) and isinstance(partial, float) and bar and partial and not bar * partial:
                    bar = self.written.context.number(bar)  # their product is not 0 whatever it meets
                yield x, self.times(bar, partial)
