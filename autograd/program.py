"""A graph recorded once, on one example, and run on all rows of data as NumPy code."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from autograd import kinds
from autograd.arrays import array, values
from autograd.emit import Emitter
from autograd.groups import Groups
from autograd.makers import maker
from autograd.matrices import RESERVED, identifier
from autograd.recording import Notes, recording
from autograd.scope import _current
from autograd.value import Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Program", "record"]

Floats = npt.NDArray[np.floating[Any]]

CACHE = 1 << 18  # numbers in all the arrays of a block of rows: what stays in a processor's cache is fast

SCATTER = '''
def scatter(index, rows, size):
    """The rows added up at their places in an array of `size` rows."""
    xp = rows.__array_namespace__()
    out = xp.zeros((size, *rows.shape[1:]), dtype=rows.dtype)
    if hasattr(out, "at"):  # JAX's arrays cannot be written into
        return out.at[index].add(rows)
    np.add.at(out, index, rows)
    return out

'''


def record(f: Callable[..., Any], *examples: Any) -> Program:
    """The graph of f on one example, as a Program that runs on rows of data: record(loss, X[0], Y[0]).

    f is called once, with arrays of Values of role input in place of the numbers; without examples it is a graph
    without rows. Whatever f computes from other Values is recorded: their data is read anew by every call, those
    of role constant excepted. What is added to the graph afterwards is not seen, nor are numbers that f reads
    out of it by `.data` or `values`. TypeError for an f that compares or converts a Value, or gives no Value.

    >>> w = Value(2.0, "w")
    >>> step = record(lambda x, y: (w * x - y) ** 2, 1.0, 3.0)
    >>> step([1.0, 2.0], [3.0, 3.0])
    array([1., 1.])
    >>> step.backward([1.0, 2.0], [3.0, 3.0]), w.grad
    (1.0, 1.0)
    """
    if isinstance(f, Value | np.ndarray) or not callable(f):
        raise TypeError(f"record takes a function; got {type(f).__name__}: for a graph write record(lambda: L)")
    arguments = dict(zip(_names(f, len(examples)), map(_example, examples), strict=True))
    leaves = {name: array(data if data.ndim else data[()], name, "input") for name, data in arguments.items()}
    with recording() as notes:
        out = f(*leaves.values())
    outputs = kinds.flat(out)
    if out is None or not outputs or not all(isinstance(v, Value) for v in outputs):
        raise TypeError(
            f"{getattr(f, '__name__', 'the function')} returned {'None' if out is None else 'a plain number'}, so there "
            "is no graph to record: use autograd's functions, or return constant(c)"
        )
    shapes = {name: data.shape for name, data in arguments.items()}
    return Program(outputs, np.shape(out), [kinds.flat(x) for x in leaves.values()], shapes, notes)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """What the arguments are called, as names that the program has free."""
    try:
        given = [p.name for p in inspect.signature(f).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # a callable without a signature
        given = []
    wanted = [identifier(given[k] if k < len(given) else f"x{k}") for k in range(count)]
    return [f"{name}_" if name in RESERVED or name in wanted[:k] else name for k, name in enumerate(wanted)]


def _example(x: Any) -> Floats:
    data = np.asarray(x)
    if data.dtype.kind not in "fiub":
        kind = type(kinds.flat(x)[0]).__name__ if data.dtype == object and data.size else data.dtype
        raise TypeError(f"an example is a row of numbers, such as X[0]; got {kind}: record makes Values of it itself")
    if not data.size:
        raise ValueError("an example is a row of numbers, such as X[0]; got an empty one")
    return data.astype(float)


class Program:
    """A recorded graph. Called on rows of data it gives an output per row; `source` is the code that runs.

    Data are arrays with one row per example, (N, …) for every argument of the recorded function, of whole numbers
    or of 32- or 64-bit floats, all of one precision. TypeError or ValueError for others, for no rows and for nan;
    a row that leaves an operation's domain raises that operation's error, with the row's number and the node.
    """

    def __init__(
        self,
        outputs: list[Value],
        shape: tuple[int, ...],
        inputs: list[list[Value]],
        arguments: dict[str, tuple[int, ...]],
        notes: Notes,
    ) -> None:
        self._outputs, self._shape, self._inputs, self._arguments = outputs, shape, inputs, arguments
        self._groups = Groups(outputs, inputs, notes.inputs)
        self._emitter = Emitter(self._groups, arguments, shape)
        places = [{v: j for j, v in enumerate(leaves)} for leaves in inputs]
        # What an argument's own numbers must satisfy; targets computed from them are not known beforehand.
        self._demands = [
            (k, _slice([place[v] for v in demand.nodes]), demand)
            for demand in notes.demands
            for k, place in enumerate(places)
            if all(v in place for v in demand.nodes)
        ]
        width = sum(group.grid.size for group in self._groups.all if group.batched)
        self._rows = max(256, CACHE // max(1, width))
        #: The leaves that take a gradient, in the order of theta.
        self.parameters: list[Value] = self._groups.parameters

    def theta(self) -> npt.NDArray[np.float64]:
        """The data of the parameters, of shape (P,)."""
        return np.array([p.primal for p in self.parameters])

    def __call__(self, *data: Any) -> Any:
        """The output of every row: (N,) for one Value, (N, K) for a vector; without rows its own shape."""
        arrays = self._rows_of(data)
        self.check(*arrays)
        if not arrays:
            return self._forward_rows(self.theta(), (), 0)
        theta = self.theta().astype(arrays[0].dtype)
        return np.concatenate([self._forward_rows(theta, block, at) for at, block in self._blocks(arrays)])

    def backward(self, *data: Any, reduction: str = "mean") -> float:
        """The mean of the output over the rows, its gradient added to every parameter's `.grad`, as Value.backward does.

        With reduction="sum" the sum. ValueError for a program with more than one output; an error leaves every
        `.grad` as it was.
        """
        arrays = self._rows_of(data)
        loss, gradient = self.value_and_grad(
            self.theta().astype(arrays[0].dtype if arrays else float), *arrays, reduction=reduction
        )
        for p, g in zip(self.parameters, gradient.tolist(), strict=True):
            p.grad = g if p.grad is None else p.grad + g
        return float(loss)

    def value_and_grad(self, theta: Any, *data: Any, reduction: str = "mean") -> tuple[Any, Any]:
        """(loss, ∂loss/∂theta) at parameters theta (P,), the mean or the sum over the rows; touches no Value.

        A pure function in the namespace of its arrays: of NumPy's with every check, and of JAX's under jit, over as
        many devices and processes as its arrays are laid out on, where a bad row gives nan.
        """
        if self._shape:
            raise ValueError(f"a gradient is of one output; this program gives {self._shape}: reduce it to a loss")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum'; got {reduction!r}")
        if getattr(theta, "shape", None) != (len(self.parameters),):
            raise ValueError(f"theta has shape ({len(self.parameters)},), as theta() gives it; got {np.shape(theta)}")
        if isinstance(theta, np.ndarray):
            arrays = self._rows_of(data, theta.dtype)
            self.check(*arrays)
            total, gradient = self._sums(theta, arrays)
        else:
            self._sizes(data)
            total, gradient = self._value_and_grad[1](theta, *data)
        n = len(data[0]) if data and reduction == "mean" else 1
        return total / n, gradient / n

    # --- running ------------------------------------------------------------------------------------------------------

    def check(self, *data: Any) -> None:
        """Refuse targets that the recorded losses do not take, ValueError with the row; without running anything."""
        for k, picked, demand in self._demands:
            rows = data[k].reshape(len(data[k]), -1)[:, picked]
            holds = demand.holds(rows.T)
            if not holds.all():
                row = int(np.argmin(holds.reshape(-1, len(rows)).all(axis=0)))
                got = rows[row].tolist()
                raise ValueError(f"row {row}: {demand.message}; got {got[0] if len(got) == 1 else got}")

    def _rows_of(self, data: Sequence[Any], dtype: Any = None) -> Sequence[Floats]:
        """The data as float arrays of one precision."""
        if dtype is not None and data and self._fits(data, dtype):
            return data  # as in training, step after step
        arrays = [x if isinstance(x, np.ndarray) else np.asarray(x) for x in data]
        for name, x in zip(self._arguments, arrays, strict=False):
            if x.dtype.char not in "fd" and x.dtype.kind not in "iub":
                raise TypeError(f"{name} is rows of numbers, of 32 or 64 bits; got an array of {x.dtype}")
        self._sizes(arrays)
        floats = [x.dtype for x in arrays if x.dtype.kind == "f"] + [dtype] * (dtype is not None)
        kind = floats[0] if floats else np.dtype(float)
        if any(other != kind for other in floats):
            given = ", ".join(f"{name} is {x.dtype}" for name, x in zip(self._arguments, arrays, strict=True))
            raise TypeError(f"{given}{f', theta is {dtype}' if dtype else ''}: give all one precision, with astype")
        return [x if x.dtype == kind else x.astype(kind) for x in arrays]

    def _fits(self, data: Sequence[Any], dtype: Any) -> bool:
        n = np.shape(data[0])[:1]
        return (
            len(data) == len(self._arguments)
            and n > (0,)
            and all(x.__class__ is np.ndarray and x.dtype == dtype for x in data)
            and all(x.shape == n + shape for x, shape in zip(data, self._arguments.values(), strict=True))
            and dtype.char in "fd"
        )

    def _sizes(self, arrays: Sequence[Any]) -> None:
        if len(arrays) != len(self._arguments):
            wanted = f"takes {', '.join(self._arguments)}" if self._arguments else "has no rows and takes no data"
            raise TypeError(f"this program {wanted}; got {len(arrays)} array{'s' * (len(arrays) != 1)}")
        n = arrays[0].shape[:1] if arrays else ()
        for (name, shape), x in zip(self._arguments.items(), arrays, strict=True):
            if x.shape == n + shape != shape:
                continue
            if x.shape[1:] != shape or not x.ndim:
                wanted = f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"
                advice = f": one example is {name}[None]" if x.shape == shape else ""
                raise ValueError(f"{name} has shape {wanted}, a row per example; got {x.shape}{advice}")
            rows = " and ".join(f"{x.shape[0]} of {name}" for name, x in zip(self._arguments, arrays, strict=True))
            raise ValueError(f"every argument has a row per example; got {rows}")
        if n == (0,):
            raise ValueError("there are no rows: a mean over none is not defined")

    def _blocks(self, arrays: Sequence[Floats], rows: int | None = None) -> Iterator[tuple[int, list[Floats]]]:
        """Blocks of rows, each with the number of its first."""
        rows = rows or self._rows
        for at in range(0, len(arrays[0]), rows):
            yield at, [x[at : at + rows] for x in arrays]

    def _sums(self, theta: Floats, arrays: Sequence[Floats], first: int = 0) -> tuple[Any, Any]:
        """The sum over the rows of the output and of its gradient."""
        if len(arrays) and len(arrays[0]) > self._rows:
            parts = [self._sums(theta, block, first + at) for at, block in self._blocks(arrays)]
            return sum(p[0] for p in parts), np.sum([p[1] for p in parts], axis=0)
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                total, gradient = self._value_and_grad[1](theta, *arrays)
                if math.isfinite(total) and math.isfinite(gradient.dot(gradient)):  # nan and ∞ show in the sum
                    return total, gradient
        except FloatingPointError:
            pass
        if not len(arrays) or len(arrays[0]) == 1:
            output, gradient = self._eagerly(theta, arrays, first, gradient=True)
            return output.sum(), gradient
        parts = [self._sums(theta, block, first + at) for at, block in self._blocks(arrays, -(-len(arrays[0]) // 2))]
        return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]

    def _forward_rows(self, theta: Floats, arrays: Sequence[Floats], first: int) -> Any:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                output = self._forward[1](theta, *arrays)
                if np.isfinite(output).all():
                    return output
        except FloatingPointError:
            pass
        if not arrays or len(arrays[0]) == 1:
            output, _ = self._eagerly(theta, arrays, first, gradient=False)
            return output if arrays else output[0]
        halves = self._blocks(arrays, -(-len(arrays[0]) // 2))
        return np.concatenate([self._forward_rows(theta, block, first + at) for at, block in halves])

    def _eagerly(self, theta: Floats, arrays: Sequence[Floats], row: int, gradient: bool) -> tuple[Any, Any]:
        """One row on Values, which raise the error that names the node; where they are content, what they give."""
        for name, x in zip(self._arguments, arrays, strict=True):
            if np.isnan(x).any():
                raise ValueError(f"row {row} of {name} holds nan: leave such rows out, or fill them in")
        data = dict(zip(self.parameters, theta.tolist(), strict=True))
        for leaves, x in zip(self._inputs, arrays, strict=True):
            data |= dict(zip(leaves, x.ravel().tolist(), strict=True))
        try:
            twins = _again(self._groups.order, data)
            if gradient:
                twins[self._outputs[0]].backward()
        except kinds.ERRORS as error:
            raise type(error)(f"row {row}: {error}" if arrays else str(error)) from None
        output = values([twins[v] for v in self._outputs]).reshape(1, *self._shape)
        return output, np.array([twins[p].grad or 0.0 for p in self.parameters]) if gradient else None

    # --- the code -----------------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> str:
        """The code that runs, NumPy a person could have written: `forward`, and of one output `value_and_grad`."""
        text = "\n\n".join([self._forward[0]] + [self._value_and_grad[0]] * (not self._shape))
        return "import numpy as np\n\n" + SCATTER * ("scatter(" in text) + "\n" + text

    @cached_property
    def _forward(self) -> tuple[str, Callable[..., Any]]:
        return self._compiled("forward", self._emitter.forward())

    @cached_property
    def _value_and_grad(self) -> tuple[str, Callable[..., Any]]:
        return self._compiled("value_and_grad", self._emitter.value_and_grad())

    def _compiled(self, name: str, text: str) -> tuple[str, Callable[..., Any]]:
        """A function and its text; it is compiled when it is first asked for."""
        scene: dict[str, Any] = {"np": np, "constants": self._emitter.arrays.constants}
        exec(compile(SCATTER * ("scatter(" in text) + text, "<recorded>", "exec"), scene)
        return text, scene[name]

    def save_source(self, path: str | os.PathLike[str]) -> Path:
        """Write the code as a module that needs NumPy alone, with the parameters' data in an .npz of its name beside it.

        `import network; network.predict(X)` then gives the outputs on rows. ValueError for another suffix than .py.
        """
        from pathlib import Path

        path = Path(path)
        if path.suffix != ".py" or not path.stem.isidentifier():
            raise ValueError(f"a module is called like network.py; got {path.name!r}")
        arguments = ", ".join(self._arguments)
        call = ", ".join(["theta", *self._arguments])
        text = (
            '"""A recorded computation and its parameters: predict gives its outputs on rows of data."""\n\n'
            "from pathlib import Path\n\n"
            f"{self.source}\n\n"
            'constants = dict(np.load(Path(__file__).with_suffix(".npz")))\n'
            'theta = constants.pop("theta")\n\n\n'
            f"def predict({arguments}):\n"
            '    """The output of every row, with the parameters saved beside this file."""\n'
            f"    return forward({call})\n"
        )
        _written(
            path.with_suffix(".npz"),
            lambda file: np.savez(file, theta=self.theta(), **cast(Any, self._emitter.arrays.constants)),
        )
        _written(path, lambda file: file.write(text.encode()))
        return path

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {shape}" if shape else name for name, shape in self._arguments.items())
        return (
            f"Program({rows + ' → ' if rows else ''}{self._shape or 'one output'}, {len(self.parameters)} parameters)"
        )


def _slice(columns: list[int]) -> Any:
    """The columns, as a slice where they lie together: that copies nothing."""
    start, stop = columns[0], columns[0] + len(columns)
    return slice(start, stop) if columns == list(range(start, stop)) else columns


def _again(order: Sequence[Value], data: dict[Value, float]) -> dict[Value, Value]:
    """The nodes of a graph computed once more from other data, under their names and scopes."""
    twins: dict[Value, Value] = {}
    for v in order:
        token = _current.set(v.scope)
        try:
            if v.op is None:
                twins[v] = Value(data.get(v, v.data), v.name, v.role or "input")
            else:
                twins[v] = maker(v.op)(*(twins[p] for p in v.parents))
                twins[v].name = v.name
        finally:
            _current.reset(token)
    return twins


def _written(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file aside and rename it, so that an interruption leaves the old one."""
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as file:
            write(file)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
