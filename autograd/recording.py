"""While a graph is recorded: no number may be read out of it, and what its data must satisfy is noted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import kinds
from autograd.tape import wengert_list

if TYPE_CHECKING:
    from autograd.value import Value


class Demand(NamedTuple):
    """What rows of data must satisfy: `holds` of the numbers (K, N) of K nodes in N rows says so, (K, N) or (N,)."""

    nodes: list[Value]
    holds: Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]]
    message: str


_demands: ContextVar[list[Demand] | None] = ContextVar("what a recording demands of its data", default=None)
running = _demands.get  # None where nothing is recorded


@contextmanager
def recording() -> Iterator[list[Demand]]:
    """Record what is computed inside; gives the demands made there."""
    demands: list[Demand] = []
    token = _demands.set(demands)
    try:
        yield demands
    finally:
        _demands.reset(token)


def demand(targets: Sequence[Any], holds: Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]], message: str) -> None:
    """Refuse plain numbers of which `holds` is false, ValueError; of traced ones it is demanded of every row of data."""
    values = [v for v in targets if hasattr(v, "parents")]
    if (demands := running()) is not None and values:
        demands.append(Demand(list(targets), holds, message))
    numbers = [v.data if hasattr(v, "parents") else v for v in targets]
    if (demands is not None or not values) and not holds(np.array(numbers, dtype=float).reshape(-1, 1)).all():
        raise ValueError(f"{message}; got {numbers[0] if len(numbers) == 1 else numbers}")


def number(v: Value) -> float:
    """The number of v, where Python asks for one; TypeError while a graph is recorded, for every row would get it."""
    if running() is not None and any(leaf.role != "constant" for leaf in wengert_list([v]) if leaf.op is None):
        raise TypeError(
            f"{_line()} asks for the number of {kinds.described(v)}: a recorded graph would give every row the answer "
            "of this one. Write where(step(x), a, b) for `a if x > 0 else b`, or maximum and minimum"
        )
    return v.primal


def _line() -> str:
    """The line of the user's code that is running."""
    import linecache

    ours, frame = os.path.dirname(__file__), sys._getframe(1)
    while frame.f_back and os.path.dirname(frame.f_code.co_filename) == ours:
        frame = frame.f_back
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    return f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}{f' ({text})' if text else ''}"
