"""The recipe of a program, which its pickle holds: the graph as a function of the inputs, and the shapes of its examples."""

from __future__ import annotations

import inspect
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import nesting
from autograd.guards import Demand, demand, note_input
from autograd.makers import maker
from autograd.numpy_ufuncs import node
from autograd.recorded.columns import FIXED
from autograd.recorded.groups import Plan, plan
from autograd.recorded.inputs import Data
from autograd.scope import _current
from autograd.tape import wengert_list
from autograd.value import Value


@dataclass(frozen=True, eq=False)
class Recipe:
    """A recorded graph. Called on other inputs it makes the same graph on them, with the same names and scopes."""

    arguments: list[tuple[str, tuple[int, ...]]]  # name, and shape of an example
    inputs: list[list[Value]]  # of each argument
    outputs: list[Value]
    shape: tuple[int, ...]  # of the outputs
    data: list[Value]  # leaves that take no gradient, and are no constants
    demands: list[Demand]
    parameters: dict[Value, float]  # with their numbers when it was recorded, which may have changed

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(name, kind) for name, _ in self.arguments])

    def __call__(self, *given: Any) -> Any:
        """The outputs on other inputs."""
        shapes = [np.shape(x) for x in given]
        if shapes != [shape for _, shape in self.arguments]:
            wanted = " and ".join(f"{name} of shape {shape}" for name, shape in self.arguments)
            raise TypeError(f"this function takes {wanted or 'no arguments'}; got {shapes}")
        twins = dict(zip(nesting.flat(self.inputs), map(node, nesting.flat([*given])), strict=True))
        copy_context().run(self._made, twins)
        for leaf in self.data:
            note_input(leaf)
        for targets, holds, message in self.demands:
            demand([twins.get(t, t) if isinstance(t, Value) else t for t in targets], holds, message)
        found = [twins.get(v, v) for v in self.outputs]
        return np.array(found, object).reshape(self.shape) if self.shape else found[0]

    def _made(self, twins: dict[Value, Value]) -> None:
        for v in wengert_list(self.outputs):
            if v.parents and v not in twins:  # of parameters alone too: their data may have changed
                _current.set(v.scope)  # in a context of its own, which ends with this function
                twins[v] = maker(v.op)(*[twins.get(p, p) for p in v.parents])
                twins[v].name = v.name

    def plan(self) -> Plan:
        """The plan of the graph, with the numbers of the parameters that it was recorded with."""
        made = plan(self.outputs, self.shape, self.inputs, self.data)
        for v, number in self.parameters.items():
            made.columns.numbers[made.columns.place[v]] = number
        return made


def recipe(made: Plan, data: Data) -> Recipe:
    """That of a program; ValueError if a constant in it has another number than when it was recorded."""
    table = made.columns
    fixed = [(v, x) for v, x, kind in zip(table.nodes, table.numbers, table.kind, strict=True) if kind == FIXED]
    for v, number in fixed:
        if v.primal != number and number == number:
            raise ValueError(f"{v!r} was {number} when this program was recorded: record it anew, then pickle it")
    nodes: Any = lambda grid: [table.nodes[k] for k in np.ravel(grid).tolist()]  # noqa: E731
    inputs = [nodes(group.grid) for group in made.groups[: made.theta]]
    free = [v for v, _ in fixed if v.op is None and v.role != "constant"]
    outputs, parameters = nodes(made.outputs.grid), {v: table.numbers[table.place[v]] for v in made.parameters}
    return Recipe([*data.arguments.items()], inputs, outputs, made.shape, free, [*data.demands], parameters)
