"""Derivatives of a recorded graph, recorded in their turn: the gradient of each example, and the gradient along a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import nesting
from autograd.guards import recording
from autograd.ops import dot
from autograd.recorded.columns import FIXED
from autograd.recorded.execution import again
from autograd.recorded.groups import Plan, plan
from autograd.recorded.inputs import Data, Floats
from autograd.transforms import gradients
from autograd.value import Value

Reduction = Literal["mean", "sum"]
LanguageName = Literal["numpy", "c"]


class Derived(NamedTuple):
    """The plan of a graph that was made of another one, and where its parameters stand in that one's and the directions."""

    plan: Plan
    order: npt.NDArray[np.int64]  # of each of its parameters the place in theta, or P + that in the directions
    again: Callable[[Sequence[float], float], tuple[list[Value], list[Value]]]  # derived anew, from a row's own numbers

    def theta(self, theta: Floats, v: Floats) -> Floats:
        """Its theta: the parameters and the directions in the order in which it takes them."""
        return np.concatenate([theta, v.astype(theta.dtype, copy=False)])[self.order]


class Derivatives:
    """The derivatives that a program has beside its gradient, each recorded when it is first asked for."""

    function: Callable[..., Any]
    parameters: list[Value]
    language: LanguageName
    _plan: Plan
    _data: Data

    def hvp(self, theta: Floats, v: Floats, *data: Any, reduction: Reduction = "mean") -> Floats:
        """H · v of the loss at parameters theta, both (P,): the recorded derivative along v, differentiated.

        >>> from autograd import record
        >>> w = Value(2.0)
        >>> record(lambda x: (w * x) ** 3, 1.0).hvp(np.array([2.0]), np.array([1.0]), [1.0, 2.0])
        array([54.])
        """
        self.refuse(theta, "theta", np.ndarray)
        self.refuse(v, "v", np.ndarray)
        self.divisor(self._data.checked(data, theta.dtype), reduction)
        program, derived = self._along
        _, slopes = program.value_and_grad(derived.theta(theta, v), *data, reduction=reduction)
        found = np.zeros(2 * len(theta), theta.dtype)
        found[derived.order] = slopes
        return found[: len(theta)]

    def hessian(self, theta: Floats, *data: Any, reduction: Reduction = "mean") -> Floats:
        """The second derivatives (P, P) of the loss at parameters theta, the mean or the sum over the rows."""
        self.refuse(theta, "theta", np.ndarray)
        unit = np.eye(len(theta), dtype=theta.dtype)
        return np.array([self.hvp(theta, v, *data, reduction=reduction) for v in unit]).reshape(unit.shape)

    def jacobian(self, theta: Floats, *data: Any) -> Floats:
        """∂output/∂theta of every row, (N, …, P), at parameters theta; of a graph without data (…, P).

        >>> from autograd import array, record
        >>> w = array([2.0, 1.0], "w")
        >>> record(lambda x: w @ x, [1.0, 1.0]).jacobian(np.array([2.0, 1.0]), [[1.0, 2.0], [3.0, 4.0]])
        array([[1., 2.],
               [3., 4.]])
        """
        self.refuse(theta, "theta", np.ndarray)
        arrays = self._data.checked(data, theta.dtype)
        if not self.parameters:
            return np.zeros((*(len(x) for x in arrays[:1]), *self._plan.shape, 0))
        program, derived = self._of_each
        found: Floats = program._run("forward", derived.theta(theta, theta), arrays)
        return found

    def refuse(self, theta: Any, name: str, kind: Any = object) -> None:
        """TypeError or ValueError for another thing than an array of P floats."""
        if not hasattr(nesting.unmasked(theta), "__array_namespace__") or not isinstance(theta, kind):
            raise TypeError(f"{name} is an array of NumPy or JAX, as theta() gives it; got {type(theta).__name__}")
        if theta.shape != (len(self.parameters),):
            raise ValueError(f"{name} has shape ({len(self.parameters)},), as theta() gives it; got {theta.shape}")
        if isinstance(theta, np.ndarray) and theta.dtype.char not in "fd":
            raise TypeError(f"{name} is {theta.dtype}: give it as theta() does, in 64 or in 32 bits")

    def divisor(self, data: Sequence[Any], reduction: Reduction) -> int:
        """The number that makes the loss of a sum over the rows; ValueError where there is no loss."""
        if self._plan.shape:
            raise ValueError(f"a gradient is of one output; this program gives {self._plan.shape}: reduce it to a loss")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum'; got {reduction!r}")
        return len(data[0]) if data and reduction == "mean" else 1

    @cached_property
    def _along(self) -> tuple[Any, Derived]:
        """Of one output the derivative along v, Σ v_j · ∂L/∂θ_j: its gradient by θ is H·v."""
        return self._derived(lambda outputs, theta, v: [dot(gradients(outputs[0], theta), v)], ())

    @cached_property
    def _of_each(self) -> tuple[Any, Derived]:
        """The gradient of every output by θ."""
        shape = (*self._plan.shape, len(self.parameters))
        return self._derived(lambda outputs, theta, _: nesting.flat([gradients(y, theta) for y in outputs]), shape)

    def _derived(self, build: Callable[..., list[Value]], shape: tuple[int, ...]) -> tuple[Any, Derived]:
        make: Any = type(self)
        derived = _derived(self._plan, build, shape)
        program = make(self.function, derived.plan, Data(self._data.arguments, [], []), self.language)
        program._run.again, program._run.derived = derived.again, True
        return program, derived


def _derived(base: Plan, build: Callable[..., list[Value]], shape: tuple[int, ...]) -> Derived:
    columns = base.columns

    def derived(data: Sequence[float], largest: float, v: Sequence[float]) -> tuple[list[Value], ...]:
        twins = copy_context().run(again, columns, data, largest, "input")
        theta, directions = [twins[k] for k in base.groups[base.theta].grid[:, 0]], list(map(Value, v))
        return build([twins[k] for k in base.outputs.grid[:, 0]], theta, directions), theta, directions, twins

    with recording():
        outputs, theta, directions, twins = derived(columns.numbers, np.inf, [1.0] * len(base.parameters))
    inputs = [[twins[k] for k in group.grid[:, 0]] for group in base.groups[: base.theta]]
    fixed = [v for v, kind in zip(twins, columns.kind, strict=True) if kind == FIXED and v.op is None]
    made = plan(outputs, shape, inputs, fixed)
    place = {v: k for k, v in enumerate(theta + directions)}
    order = np.array([place[v] for v in made.parameters], np.int64)

    def at_row(data: Sequence[float], largest: float) -> tuple[list[Value], list[Value]]:
        given = {v: x for v, x in zip(made.columns.nodes, data, strict=True) if v.op is None}
        numbers = [given.get(v, x) for v, x in zip(twins, columns.numbers, strict=True)]
        outputs, theta, v, _ = derived(numbers, largest, [given.get(v, 1.0) for v in directions])
        return outputs, [(theta + v)[k] for k in order]

    return Derived(made, order, at_row)
