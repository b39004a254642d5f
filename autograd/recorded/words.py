"""Words for arrays, such as picked, stack and matmul: the shape of each result, and the word that is fastest for it.

Every array is a matrix with a row per node; its columns are the rows of data, or nodes too where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import ops
from autograd.languages.code import Code, Context, Partial, Shape, broadcast

Grid = npt.NDArray[np.int64]  # numbers of nodes, or places in an array

WORDS = (  # beside the table's own, which an array takes entry by entry, under broadcasting
    "picked", "slice", "every", "reshape", "flatten", "transpose", "stack", "repeat", "broadcast", "full", "matmul", "others",
    "sum_rows", "sum_columns", "split", "sum_batch", "max_rows", "scatter", "mask", "gather", "sums_at", "element",
)  # fmt: skip

SMALL = 32  # rows up to which a product with a matrix of ones and zeros is the fastest sum


def is_array(x: Any) -> bool:
    """Whether this is code for an array, and not a number or code for one."""
    return isinstance(x, Code) and x.shape[0] > 0


def is_run(at: Grid) -> bool:
    """Whether these are successive places."""
    return at.size == 1 or bool((at.ravel() == np.arange(at.flat[0], at.flat[0] + at.size)).all())


# --- taking, laying out -----------------------------------------------------------------------------------------------


def picked(x: Code, at: Grid) -> Code:
    """Rows of an array: all of it, successive ones, every so many, or by index."""
    shape = (at.size, *x.shape[1:])
    if x.word in ("full", "broadcast") and x.args[0].shape[0] <= 1:  # the same in every row
        return full(x.context, x.args[0], shape)
    if is_run(at):
        return x if shape == x.shape else Code("slice", (x,), (at.flat[0], at.flat[-1] + 1), shape)
    start, step = int(at.flat[0]), int(at.flat[1] - at.flat[0])
    if step > 1 and (at.ravel() == np.arange(at.size) * step + start).all():
        return Code("every", (x,), (start, min(start + step * at.size, x.shape[0]), step), shape)
    if not x.shape[1]:  # entries, which may lie in rows and columns at once
        return Code("picked", (x, x.context.constant("index", at)), (), (*at.shape, False))
    return Code("picked", (x, x.context.constant("index", at.ravel())), (), shape)


def laid_out(x: Code, r: int, c: int) -> Code:
    """The same entries in other rows and columns; on one axis alone if c is 0."""
    x = x.args[0] if x.word in ("reshape", "flatten") else x
    shape = (r, c, x.shape[2])
    if x.shape == shape:
        return x
    return Code("reshape", (x,), (r, -1 if x.shape[1] else c), shape) if c else Code("flatten", (x,), (), shape)


def rows(x: Code) -> Code:
    """One row per node, whatever the columns."""
    return laid_out(x, x.shape[0] * x.shape[1], 1)


def turned(x: Code) -> Code:
    """The transpose."""
    r, c, _ = x.shape
    return x.args[0] if x.word == "transpose" else Code("transpose", (x,), (), (c, r, False))


def stacked(pieces: Sequence[Code]) -> Code:
    """Arrays one under the other."""
    shape = (sum(p.shape[0] for p in pieces), 1, any(p.shape[2] for p in pieces))
    return pieces[0] if len(pieces) == 1 else Code("stack", pieces, (), shape)


def full(context: Context, x: Any, shape: Shape) -> Code:
    """The array at its full shape, where it is a number, or one row or column for all."""
    c, batched = shape[1:]
    if isinstance(x, Code) and batched and c > 1 and x.shape[1:] == (c, False):
        x = Code("repeat", (x,), (), (x.shape[0], c, True))
    if isinstance(x, Code) and x.shape == shape:
        return x
    return Code("broadcast" if is_array(x) else "full", (x,), shape, shape, context)


# --- sums and products ------------------------------------------------------------------------------------------------


def summed(x: Code, axis: int) -> Code:
    """The sum along an axis, which stays; along columns it is the sum over the rows of data too."""
    r, c, batched = x.shape
    return Code("sum_columns", (x,), (), (r, 1, False)) if axis else Code("sum_rows", (x,), (), (1, c, batched))


def over_data(x: Any, batched: bool, context: Context) -> Any:
    """The sum over the rows of data, where there are any."""
    if not is_array(x):
        return x if not batched else context.variable("n") if x == 1.0 else x * context.variable("n")
    r, c, over = x.shape
    if not over or c == 1:
        return summed(x, 1) if over else x
    return Code("sum_batch", (Code("split", (x,), (r, c)),), (), (r, c, False))


def product(left: Code, right: Code) -> Code:
    """The matrix product. One column by one row is broadcast, which is faster than the linear algebra library.

    With columns of zeros and a one it picks columns, and with their transpose it adds up columns: neither is written out.
    """
    if right.word == "one_hot":
        return Code("gather", (left.context.named("table", left), right.args[0]), (), (left.shape[0], *right.shape[1:]))
    if right.word == "transpose" and right.args[0].word == "one_hot":
        return Code("sums_at", (left, right.args[0].args[0]), right.shape[1:2], (left.shape[0], right.shape[1], False))
    word = "multiply" if left.shape[1:] == (1, False) else "matmul"
    return Code(word, (left, right), (), (left.shape[0], *right.shape[1:]))


def others(x: Code) -> Code:
    """For each row the sum of all other rows: x.sum(axis=0) - x would lose the digits of small ones."""
    k = x.shape[0]
    if k > SMALL:
        return Code("others", (x,), (), x.shape)
    comment = "multiplied by it, every entry becomes the sum of all others"
    return product(x.context.constant(f"others_{k}", 1.0 - np.eye(k), comment), x)


def _places(x: Code) -> Code:
    return x.context.constant("places", np.arange(float(x.shape[0])).reshape(-1, 1))


class Stack(Partial):
    """All operands of a vector row as one array, a row each."""

    __slots__ = ()

    def __word__(self, name: str) -> Callable[..., Any] | None:
        return _ON_STACKS.get(name)


def _largest(x: Stack) -> Stack:
    return Stack("max_rows", (x,), (), (1, *x.shape[1:]))


_ON_STACKS: dict[str, Callable[..., Any]] = {
    "total": lambda x: Stack.of(summed(x, 0)),
    "largest": _largest,
    "shift": _largest,  # so that the forward pass's exponentials serve once more
    "y_hat": lambda e, whole: Stack.of(e.context.named("y_hat", e / whole)),
    "others": lambda _, x: Stack.of(others(x)),
    "element": lambda i, x: Stack("element", (x.context.named("table", x), i), (), (1, *broadcast(x, i)[1:])),
    "contributions": lambda i, x: [Stack("mask", (i == Stack.of(_places(x)),), (), (x.shape[0], *i.shape[1:]))],
}


def times(bar: Any, d: Any) -> Any:
    """v̄ · d; None where that is 0 whatever v̄ is."""
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, float | int) and a in (-1.0, 0.0, 1.0):
            return b if a == 1.0 else -b if a else None
    for a, b in ((bar, d), (d, bar)):
        if isinstance(a, Code) and a.word == "negative":
            return -times(a.args[0], b)
        if isinstance(a, Code) and isinstance(b, Code) and a.word == "mask":
            return b * a.args[0]
    if isinstance(bar, float) and isinstance(d, Code) and d.word == "multiply" and (first := d.args[0].literal):
        return times(bar * first, d.args[1]) if bar * first else bar * d
    return bar * d


def times_in_branch(bar: Any, d: Any) -> Any:
    """v̄ · d, and 0 where v̄ is that of a branch that a `where` has not taken, though d be infinite or missing there."""
    product = times(bar, d)
    for test, taken in _branches(bar) if is_array(bar) and is_array(product) else ():
        product = ops.where.apply(test, *(product, 0.0)[:: 1 if taken else -1])
    return product


def _branches(bar: Code) -> Iterator[tuple[Code, bool]]:
    """The conditions that are factors of an adjoint, and whether the branch is taken where they hold."""
    stack = [bar]
    for x in stack:  # the list grows while it is read
        match x.word, [y.literal for y in x.args]:
            case "multiply" | "negative" | "mask", _:
                stack += x.args
            case "nonzero", _:
                yield x, True
            case "choose" | "choose_number", [_, 0.0, _]:
                yield x.args[0], False
                stack.append(x.args[2])
            case "choose" | "choose_number", [_, _, 0.0]:
                yield x.args[0], True
                stack.append(x.args[1])


def plus(a: Any, b: Any) -> Any:
    """a + b; a None is 0."""
    if isinstance(b, Code) and b.word == "negative" and a is not None:
        return a - b.args[0]
    return b if a is None else a + b
