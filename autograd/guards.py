"""A graph while it is recorded: no number may be read out of it, and what its data must satisfy is noted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import nesting, refusals

if TYPE_CHECKING:
    from autograd.value import Value


class Demand(NamedTuple):
    """A condition on the data: `holds` says of the numbers (K, N) of K nodes in N examples where it is met, (K, N) or (N,)."""

    targets: list[Any]  # Values and plain numbers
    holds: Callable[[npt.NDArray[Any]], Any]
    message: str


class Notes(NamedTuple):
    """Notes on a graph that is being recorded."""

    demands: list[Demand]
    inputs: list[Value]  # made by the recorded function: nobody else holds them, so they are data of the graph


class Graph(NamedTuple):
    """The graph that is being computed: the notes on a recording, and the leaves of the transforms and recordings around."""

    notes: Notes | None
    primals: frozenset[Value] | None


_NONE = Graph(None, None)
_graph: ContextVar[Graph] = ContextVar("the graph that is being computed", default=_NONE)


def current() -> Notes | None:
    """The notes on the running recording; None where nothing is recorded."""
    return _graph.get().notes


def differentiating() -> bool:
    """Whether a transform or a recording is running, so that what is computed is part of a graph."""
    return _graph.get().primals is not None


def own(v: Value) -> bool:
    """Whether v is a leaf of a running transform, or an input of a running recording."""
    return v in (_graph.get().primals or ())


class _Inside:
    """A block in which another graph is computed. No generator: an interrupted one would end when it is freed, any time."""

    def __init__(self, **parts: Any) -> None:
        self.before = _graph.get()
        self.graph = self.before._replace(**parts)

    def __enter__(self) -> Any:
        try:
            _graph.set(self.graph)
            return self.graph.notes
        except BaseException:  # an interruption before the block begins
            _graph.set(self.before)
            raise

    def __exit__(self, *error: object) -> None:
        _graph.set(self.before)


def transforming(primals: Iterable[Value], **parts: Any) -> _Inside:
    """A block whose results are differentiated by these leaves, and by those of the transforms around."""
    return _Inside(primals=frozenset(primals) | (_graph.get().primals or frozenset()), **parts)


def recording(inputs: Iterable[Value] = ()) -> _Inside:
    """A block in which the graph on these inputs is recorded: `with recording(inputs) as notes:`."""
    return transforming(inputs, notes=Notes([], []))


def demand(targets: Sequence[Any], holds: Callable[[npt.NDArray[Any]], Any], message: str) -> None:
    """ValueError for plain numbers that do not meet the condition; recorded ones must meet it in every example."""
    values = [v for v in targets if hasattr(v, "parents")]
    if (notes := current()) and values:
        notes.demands.append(Demand(list(targets), holds, message))
    numbers = [v.data if hasattr(v, "parents") else v for v in targets]
    try:
        floats = np.array(numbers, dtype=float).reshape(-1, 1)
    except OverflowError:
        raise ValueError(f"{message}; got a number beyond the largest float") from None
    if (notes or not values) and not holds(floats).all():
        raise ValueError(f"{message}; got {numbers[0] if len(numbers) == 1 else numbers}")


@dataclass(frozen=True)
class Below:
    """The condition that each number is a whole one from 0 on, below `n`."""

    n: int

    def __call__(self, numbers: Any) -> Any:
        return (numbers >= 0) & (numbers < self.n) & (numbers == np.floor(numbers))


def index_below(n: int, i: Any, taker: str) -> None:
    """Refuse an index that is none of n places, in every example of a recording."""
    if not hasattr(i, "parents") and (type(i) in (bool, np.bool_, np.timedelta64) or not isinstance(i, nesting.REAL)):
        raise TypeError(f"{taker} takes one index, a whole number or a Value with one; got {type(i).__name__} {i!r}")
    demand([i], Below(n), f"the index of {taker} is a whole number from 0 to {n - 1}")


def graph_of(out: Any, f: Any) -> list[Any]:
    """The Values that f, or the function of that name, returned, in reading order; TypeError for what has no graph."""
    outputs = nesting.flat(out)
    for kind in dict.fromkeys(map(type, outputs)):
        if not hasattr(kind, "parents"):
            name = f if isinstance(f, str) else getattr(f, "__name__", "the function")
            got = f"a plain number ({kind.__name__})" if issubclass(kind, nesting.REAL) else f"a {kind.__name__}"
            got += " (is its call missing?)" * callable(out)
            raise TypeError(
                f"{name} returned {'None (is its return missing?)' if out is None else got}, so there is no graph to "
                "record or differentiate: use autograd's functions (math.sin(v), float(v) and writing into a float "
                "array lose the graph), or return constant(c)"
            )
    return outputs


def note_input(v: Value) -> None:
    """Tell the running recording, if there is one, about a new input."""
    if notes := current():
        notes.inputs.append(v)


def differentiable(v: Value, k: int) -> None:
    """While a graph is recorded, ValueError if v has no derivative by operand k: every example would lack it."""
    if current():
        where = refusals.described(v.parents[k])
        raise ValueError(f"{v.op.label} has no derivative at this example, {where}: record it on another one")


def number(v: Value) -> float:
    """The number of v, where Python asks for one; TypeError while a graph is recorded: every example would get it."""
    if current() and not fixed(v):
        raise TypeError(
            f"{line()} asks for the number of {refusals.described(v)}: a recorded graph would give every row the answer "
            "of this one. Write where(step(x), a, b) for `a if x > 0 else b`, or maximum and minimum; for math.sin(x) "
            "autograd's sin(x); and for x[i] take(x, i)"
        )
    return v.primal


def fixed(v: Value) -> bool:
    """Whether v is computed from constants alone."""
    return all(node.op is not None or node.role == "constant" for node in behind(v))


def behind(v: Value) -> Iterator[Value]:
    """v and every node it is computed from."""
    seen, stack = {id(v)}, [v]
    while stack:
        node = stack.pop()
        yield node
        stack += (p for p in node.parents if id(p) not in seen)
        seen.update(map(id, node.parents))


def taken_out(v: Value) -> float:
    """The number of v as a plain float, which leaves the graph; TypeError where a derivative would lose it."""
    x = number(v)
    if (primals := _graph.get().primals) and any(node in primals for node in behind(v)):
        raise TypeError(
            f"{line()} takes the number of {refusals.described(v)} out of the graph, and the derivative would lose this "
            "part: use autograd's functions in place of those of math, put Values into array([…]) and not into an array "
            "of floats, look at a number by v.data, or return constant(c)"
        )
    return x


def uncut(v: Value) -> None:
    """TypeError for a copy of a leaf of the running transform, or of an input of the recording."""
    if own(v):
        raise TypeError(
            f"a copy of {refusals.described(v)} would be cut off from the graph that is being differentiated or recorded: "
            "use the Value itself; list(state) is a new list of the same Values, and constant(v.data) is cut off on purpose"
        )


def numbers_of(nodes: Iterable[Value], read: Sequence[Value]) -> None:
    """TypeError where a program computes numbers from nodes, and reads leaves, of a graph that would lose this part."""
    for v in (*filter(own, nodes), *(read if kept() else ())) if differentiating() else ():
        lost = "belongs to the graph that is being differentiated or recorded, which would lose this part"
        frozen = "would keep its number of now in the graph that is being differentiated or recorded"
        what = lost if own(v) else frozen
        raise TypeError(f"a program computes numbers, and {refusals.described(v)} {what}: call the function itself")


def kept() -> bool:
    """Whether all that is computed is part of a graph: in a recording, and in a transform that is taken at Values."""
    return bool(current()) or any(v.op is not None for v in _graph.get().primals or ())


def inside(outputs: Iterable[Any]) -> bool:
    """Whether these are part of the running transform's graph, or of one that is kept."""
    return kept() or any(own(node) for v in outputs if hasattr(v, "parents") for node in behind(v))


def line() -> str:
    """The line of the user's code that is running."""
    import linecache

    inside, frame = tuple(os.path.dirname(f) + os.sep for f in (__file__, np.__file__)), sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(inside):
        frame = frame.f_back
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    return f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}{f' ({text})' if text else ''}"
