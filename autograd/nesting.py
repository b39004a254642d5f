"""Numbers, alone and in nestings of lists, tuples and arrays: read, mapped, and put back."""

from __future__ import annotations

import inspect
import operator
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import repeat
from numbers import Real
from typing import Any

import numpy as np

NEST = (list, tuple, np.ndarray)
_NUMPYS = (np.ndarray, np.generic)
_PARTS = (list, tuple, *_NUMPYS)
REAL = Real | Decimal | np.bool_


def real(x: Any) -> float:
    """One real number as a float; TypeError says what else was given and what to do with it."""
    if isinstance(x, float):
        return float(x)  # of NumPy's float64 too
    scalar = x[()] if isinstance(x, np.ndarray) and not x.ndim else x
    if isinstance(unmasked(scalar), REAL):
        try:
            if abs(number := float(scalar)) == np.inf and number != scalar:
                raise OverflowError
            return number
        except OverflowError:
            raise OverflowError(f"a Value holds a float; this {type(x).__name__} is beyond the largest one") from None
    if hasattr(x, "parents"):
        raise TypeError("a Value cannot hold a Value: use it as it is, or its number, v.data")
    several = getattr(x, "ndim", isinstance(x, list | tuple))
    advice = ": use array(…) for several" if several else ": convert it with float(…) first" * isinstance(x, str)
    raise TypeError(f"a Value holds one real number; got {type(x).__name__} {x!r}{advice}")


def flat(x: Any) -> list[Any]:
    """The numbers in a nesting of lists, tuples and arrays, in reading order, NumPy's as Python's."""
    if isinstance(x, np.ndarray):
        return list(unmasked(x).ravel().tolist())
    if not isinstance(x, list | tuple):
        return [real(x) if isinstance(x, np.number | np.bool_) else x]
    if not any(issubclass(kind, _PARTS) for kind in set(map(type, x))):  # a look per type, not per number
        return list(x)
    return [number for part in x for number in flat(part)]


def mapped(f: Callable[..., Any], *xs: Any) -> Any:
    """f of every number in a nesting, or of the numbers at one place in several; single numbers go with each."""
    if any(isinstance(unmasked(x), np.ndarray) for x in xs):
        with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
            if len(xs) < 64:
                return np.frompyfunc(f, len(xs), 1)(*xs)
            plain = [x.view(np.ndarray) if isinstance(x, np.ndarray) else x for x in xs[1:]]
            rest = np.broadcast_arrays(*plain)  # no ufunc takes so many: the others go by their places
            others = [x.ravel().tolist() for x in rest]
            places = np.arange(rest[0].size).reshape(rest[0].shape)
            return np.frompyfunc(lambda x, k: f(x, *(numbers[k] for numbers in others)), 2, 1)(xs[0], places)
    nests = [x for x in xs if isinstance(x, list | tuple)]
    if not nests:
        return f(*xs)
    if len({len(x) for x in nests}) > 1:
        raise ValueError(f"{f.__name__} got sequences of different lengths: {[len(x) for x in nests]}")
    rows = zip(*(x if isinstance(x, list | tuple) else repeat(x, len(nests[0])) for x in xs), strict=True)
    return like(nests[0], [mapped(f, *row) for row in rows])


def like(vector: Any, components: list[Any]) -> Any:
    """The components as a tuple, a named one too, an array or a list, as the vector is."""
    if isinstance(vector, np.ndarray):
        return np.array(components, dtype=object if vector.dtype == object else float).view(type(vector))
    return getattr(vector, "_make", tuple)(components) if isinstance(vector, tuple) else components


def positional(f: Any) -> list[str]:
    """The names of the parameters that f takes by their place; [] for a callable without a signature."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def objects(x: Any, taker: str) -> Any:
    """An array of the objects in a nesting; ValueError names the taker where rows differ in depth or length."""
    with suppress(ValueError):  # of rows that differ in depth
        found = np.array(all_unmasked(x), dtype=object)
        if not any(isinstance(part, NEST) and np.ndim(part) for part in found.flat):
            return found
    raise ValueError(f"{taker} needs rows of one length; got {x!r}")


def floats(x: Any) -> Any:
    """A nesting of numbers as a float array; ValueError where rows differ in depth or length."""
    with suppress(ValueError):
        return np.array(x, dtype=float)
    raise ValueError(f"an array of numbers needs rows of one length; got {x!r}")


def unmasked(x: Any) -> Any:
    """The array itself; TypeError for a masked one, and for a span of time, which NumPy counts among the integers."""
    if isinstance(x, _NUMPYS):
        if x.__class__ is not np.ndarray and hasattr(type(x), "mask"):
            raise TypeError(
                f"a {type(x).__name__} would lose its mask: fill it, x.filled(…), or leave out what is masked"
            )
        if x.dtype.kind == "m":
            raise TypeError(f"{x.dtype} is a span of time: divide it by a unit, as x / np.timedelta64(1, 's')")
    return x


def all_unmasked(x: Any) -> Any:
    """The array or the nesting itself; TypeError for a masked array, and for one within lists."""
    if isinstance(x, list | tuple) and any(issubclass(kind, NEST) for kind in set(map(type, x))):
        list(map(all_unmasked, x))
    return unmasked(x)


def write(slot: str, nodes: Iterable[Any], new: Iterable[Any]) -> None:
    """Put new things into that slot of the nodes, in one instruction: no interruption comes between two."""
    deque(map(setattr, nodes, repeat(slot), new), maxlen=0)


class put_back:
    """Put that slot of these nodes back, to what it is now, where an interruption or an error ends the block."""

    def __init__(self, slot: str, nodes: Collection[Any], before: Sequence[Any] | None = None) -> None:
        self.slot, self.nodes = slot, nodes
        self.before = list(map(operator.attrgetter(slot), nodes)) if before is None else before

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *error: object) -> None:
        if kind:
            write(self.slot, self.nodes, self.before)
