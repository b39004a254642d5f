"""The run of a program on rows of data, in blocks: a row that holds nan or leaves a domain is found and named.

An operation outside its domain raises a flag, or shows in the result. Only then are the rows looked at, half by half. A
derivative that is missing in a branch that a `where` has not taken passes nothing on; any other row at fault is computed
on Values, which raise the error that names the node, or whose result stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import ops, refusals
from autograd.arrays import values
from autograd.makers import maker
from autograd.recorded.columns import COMPUTED, GIVEN, PARAMETER, Columns
from autograd.recorded.groups import Plan
from autograd.recorded.inputs import Floats
from autograd.scope import _current
from autograd.value import Role, Value

ALARM: Any = {"divide": "raise", "over": "raise", "invalid": "raise", "under": "ignore"}
# Bytes of a block's widest array: the C library hands larger ones back to the system, and asks for them anew, at every
# operation until a program has freed some large array. They also stay in a processor's cache.
BLOCK = 120_000
LEAST = 64, 256  # rows of a block that pay for the calls of NumPy; that are enough, whatever the number of parameters
MAX_EAGER = 64  # rows of a sum that are inf or nan on Values too; the sum is so then, and no further row is looked at

Arrays = Sequence[npt.NDArray[Any]]
Written = Callable[[Any], Callable[..., Any]]  # a function of that name, or for that precision


class Run:
    """A program's functions, run on rows of data at given parameters.

    A call gives what the function of that name gives: `forward` the outputs of every row, or of the graph without data;
    `sum_and_grad` the sum over the rows of the one output, and of its gradient.
    """

    def __init__(self, function: Written, plan: Plan, names: Sequence[str], native: Written | None = None) -> None:
        self.function, self.plan, self.names, self.native = function, plan, names, native
        self.again = partial(_again, plan)  # the outputs and the parameters as Values, from the numbers of the columns
        #: Whether an ∞ may be that of a constant that overflowed at the example: `again` judges it.
        self.derived = False
        arrays: list[Any] = [*plan.groups[plan.theta :], *(x for group in plan.groups for x in group.operands)]
        widest = max((x.grid.size for x in arrays if x.batched), default=1)
        # Every block reads the parameters and writes their gradient, so it should have more numbers than they are.
        least = sorted((*LEAST, len(plan.parameters) // widest))[1]
        #: The largest number of rows that are computed at once.
        self.most = max(least, BLOCK // (8 * widest))

    def __call__(self, name: str, theta: Floats, arrays: Arrays) -> Any:
        result = self.native(theta.dtype)(name, theta, arrays) if self.native else None
        if result is not None and (name != "forward" or not self.derived or self._known(result)):
            return result  # else some row has to be looked at
        try:
            return self._from(0, name, theta, arrays, [])
        except refusals.ERRORS as error:
            raise error.with_traceback(None) from None  # the way through blocks and halves of blocks tells nothing

    def _from(self, first: int, name: str, theta: Floats, arrays: Arrays, unsound: list[int]) -> Any:
        """The result on rows numbered from `first`; `unsound` collects the rows whose eager result is inf or nan."""
        n = len(arrays[0]) if arrays else 1
        if n > self.most:
            return self._in_blocks(self.most, first, name, theta, arrays, unsound)
        arrays = [x if x.dtype == theta.dtype else x.astype(theta.dtype) for x in arrays]
        result = self._if_sound(name, theta, arrays)
        if result is None and name != "forward" and self._if_sound("forward", theta, arrays) is not None:
            # All rows are in their domains: only a derivative is missing.
            result = self._unchecked("in_branches", theta, arrays)
            result = result if all(np.isfinite(x).all() for x in result) else None
        if result is not None:
            return result
        if name != "forward" and len(unsound) >= MAX_EAGER:  # the sum is inf or nan, whatever else is found
            return self._unchecked(name, theta, arrays)
        if n > 1:
            return self._in_blocks(-(-n // 2), first, name, theta, arrays, unsound)
        return self._eagerly(first, name, theta, arrays, unsound)

    def _in_blocks(self, most: int, first: int, name: str, theta: Floats, arrays: Arrays, unsound: list[int]) -> Any:
        """The same in blocks of at most `most` rows, all about as long, added up as they come."""
        n = len(arrays[0])
        rows = -(-n // -(-n // most))
        blocks = ((first + at, [x[at : at + rows] for x in arrays]) for at in range(0, n, rows))
        parts = (self._from(at, name, theta, block, unsound) for at, block in blocks)
        if name == "forward":
            return np.concatenate([*parts])
        return reduce(added, parts)

    def _if_sound(self, name: str, theta: Floats, arrays: Arrays) -> Any:
        """The function's result, or None where some operation is out of its domain."""
        try:
            with np.errstate(**ALARM):
                result = self.function(name)(theta, *arrays)
                if name == "forward":
                    sound = self._known(result) and not any(math.isnan(x.min()) for x in arrays)
                else:
                    # A sum of squares is nan or ∞ if a number is: the cheapest look at all, if none is too large.
                    gradient, *data = (x.ravel().dot(x.ravel()) for x in (result[1], *arrays))
                    sound = math.isfinite(result[0]) and math.isfinite(gradient) and not any(map(math.isnan, data))
        except FloatingPointError:
            return None
        return result if sound else None

    def _known(self, outputs: npt.NDArray[Any]) -> bool:
        """Whether all outputs stand. An ∞ without a flag came with the data, but for that of a derivative's constant."""
        return bool(np.isfinite(outputs).all()) if self.derived else not np.isnan(outputs).any()

    def _unchecked(self, name: str, theta: Floats, arrays: Arrays) -> Any:
        """The function's result, whatever flags it raises."""
        with np.errstate(all="ignore"):
            return self.function(name)(theta, *arrays)

    def _eagerly(self, row: int, name: str, theta: Floats, arrays: Arrays, unsound: list[int]) -> Any:
        """The result of one row on Values, or their error."""
        for argument, x in zip(self.names, arrays, strict=True):
            if np.isnan(x).any():
                raise ValueError(f"row {row} of {argument} holds nan: leave such rows out, or fill them in")
        plan = self.plan
        data = np.array(plan.columns.numbers)
        for group, x in zip(plan.groups, [*arrays, theta], strict=False):
            data[group.grid[:, 0]] = x.ravel()
        try:
            outputs, leaves = self.again(data.tolist(), float(np.finfo(theta.dtype).max))
            if name != "forward":
                outputs[0].backward()
        except (LookupError, *refusals.ERRORS) as error:  # LookupError of a user's table
            raise type(error)(f"row {row}: {error}" if arrays else str(error)) from None
        output = values(outputs).reshape(1, *plan.shape)
        if not np.isfinite(output).all():
            unsound.append(row)
        with np.errstate(over="ignore"):  # beyond 32 bits
            output = output.astype(theta.dtype)
            if name == "forward":
                return output if arrays else output[0]
            slopes = np.array([v.grad or 0.0 for v in leaves])
            return output[0], slopes.astype(theta.dtype)


def added(total: Sequence[Any], part: Sequence[Any]) -> Any:
    """The sums of two parts; OverflowError where one of finite numbers is infinite."""
    try:
        with np.errstate(all="ignore", over="raise"):  # ∞ − ∞ is nan here as anywhere
            return tuple(a + b for a, b in zip(total, part, strict=True))
    except FloatingPointError:
        raise OverflowError("a sum over finite rows overflows: scale the loss or the data to about 1") from None


def _again(plan: Plan, data: Sequence[float], largest: float) -> tuple[list[Value], list[Value]]:
    twins = copy_context().run(again, plan.columns, data, largest)
    return [twins[k] for k in plan.outputs.grid[:, 0]], [twins[k] for k in plan.groups[plan.theta].grid[:, 0]]


def again(columns: Columns, data: Sequence[float], largest: float, given: Role = "constant") -> list[Value]:
    """The nodes of a graph computed again from other data, under their names and scopes; it leaves the last scope open.

    The numbers of an example get the role `given`. OverflowError where an operation that refuses to overflow gives more than the largest number of the precision.
    """
    twins: list[Value] = []
    for v, edges, kind, number in zip(columns.nodes, columns.edges, columns.kind, data, strict=True):
        _current.set(v.scope)  # in a context of its own, which ends with this function
        if kind == COMPUTED:
            operands = [twins[k] for k in edges]
            twins.append(maker(v.op)(*operands))
            twins[-1].name = v.name
            arithmetic = v.op.infix and v.op is not ops.power
            if v.op.domain and not arithmetic and largest < abs(twins[-1].data) < math.inf:
                raise refusals.refusal(v.op, operands, OverflowError())
        else:
            role = v.role if kind == PARAMETER else given if kind == GIVEN else "constant"
            twins.append(Value(number, v.name, role or "constant"))
    return twins
