"""A graph recorded once, on one example, and run on all rows of data as NumPy code."""

from __future__ import annotations

import inspect
import keyword
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
from autograd.rows import Floats, Rows
from autograd.scope import _current
from autograd.value import Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Program", "record"]

ALARM: Any = {"divide": "raise", "over": "raise", "invalid": "raise", "under": "ignore"}  # NumPy's floating-point flags

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
    plain = [v for v in outputs if not isinstance(v, Value)]
    if plain or not outputs:
        got = "None" if out is None else f"a {type(plain[0] if plain else out).__name__}, no Value"
        raise TypeError(
            f"{getattr(f, '__name__', 'the function')} returned {got}, so there is no graph to record: use autograd's "
            "functions, or return constant(c)"
        )
    shapes = {name: data.shape for name, data in arguments.items()}
    return Program(outputs, np.shape(out), [kinds.flat(x) for x in leaves.values()], shapes, notes)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """What the arguments are called, as names that the program has free."""
    try:
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        given = [p.name for p in inspect.signature(f).parameters.values() if p.kind in positional]
    except (TypeError, ValueError):  # a callable without a signature
        given = []
    names: list[str] = []
    for k in range(count):
        name = identifier(given[k] if k < len(given) else f"x{k}")
        while name in RESERVED or name in names:
            name += "_"
        names.append(name)
    return names


def _example(x: Any) -> Floats:
    try:
        data = np.asarray(x)
    except ValueError:
        raise ValueError(f"an example is a row of numbers, or rows of one length; got {x!r}") from None
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
        self._data = Rows(arguments, inputs, notes.demands)
        width = sum(group.grid.size for group in self._groups.all if group.batched)
        self._rows = max(256, CACHE // max(1, width))
        #: The leaves that take a gradient, in the order of theta.
        self.parameters: list[Value] = self._groups.parameters

    def theta(self) -> npt.NDArray[np.float64]:
        """The data of the parameters, of shape (P,)."""
        return np.array([p.primal for p in self.parameters])

    def _theta(self, arrays: Sequence[Floats]) -> Floats:
        with np.errstate(over="ignore"):  # a parameter beyond 32 bits is infinite there
            return self.theta().astype(self._data.precision(arrays))

    def __call__(self, *data: Any) -> Any:
        """The output of every row: (N,) for one Value, (N, K) for a vector; without rows its own shape."""
        arrays = self._data.arrays(data)
        self._data.check(arrays)
        theta = self._theta(arrays)
        if not arrays:
            return self._forward_rows(theta, (), 0)
        return np.concatenate([self._forward_rows(theta, block, at) for at, block in self._blocks(arrays, self._rows)])

    def backward(self, *data: Any, reduction: str = "mean") -> float:
        """The mean of the output over the rows, its gradient added to every parameter's `.grad`, as Value.backward does.

        With reduction="sum" the sum; the mean is that divided by the number of rows. ValueError for a program with more than one output; an error leaves every
        `.grad` as it was.
        """
        arrays = self._data.arrays(data)
        loss, gradient = self.value_and_grad(self._theta(arrays), *arrays, reduction=reduction)
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
            got = np.shape(theta) if hasattr(theta, "shape") else f"a {type(theta).__name__}, which is no array"
            raise ValueError(f"theta has shape ({len(self.parameters)},), as theta() gives it; got {got}")
        if isinstance(theta, np.ndarray):
            if theta.dtype.char not in "fd":
                raise TypeError(f"theta is {theta.dtype}: give it as theta() does, in 64 or in 32 bits")
            arrays = self._data.arrays(data, theta.dtype)
            self._data.check(arrays)
            total, gradient = self._sums(theta, arrays)
        else:
            self._data.sizes(data)
            total, gradient = self._value_and_grad[1](theta, *data)
        n = len(data[0]) if data and reduction == "mean" else 1
        return total / n, gradient / n

    # --- running ------------------------------------------------------------------------------------------------------

    def check(self, *data: Any) -> None:
        """Refuse data and targets that the recorded function does not take, without running anything."""
        self._data.check(self._data.arrays(data))

    def _blocks(self, arrays: Sequence[Floats], rows: int) -> Iterator[tuple[int, list[Floats]]]:
        """Blocks of so many rows, each with the number of its first."""
        for at in range(0, len(arrays[0]), rows):
            yield at, [x[at : at + rows] for x in arrays]

    def _sums(self, theta: Floats, arrays: Sequence[Floats], first: int = 0) -> tuple[Any, Any]:
        """The sum over the rows of the output and of its gradient."""
        n = len(arrays[0]) if arrays else 1
        if n > self._rows:
            return _added(self._sums(theta, block, first + at) for at, block in self._blocks(arrays, self._rows))
        arrays = [x if x.dtype == theta.dtype else x.astype(theta.dtype) for x in arrays]
        try:
            with np.errstate(**ALARM):
                total, gradient = self._value_and_grad[1](theta, *arrays)
                # A square is nan, or infinite, where anything is: one look at each array.
                if math.isfinite(total) and math.isfinite(gradient.dot(gradient)) and not _nan_in(arrays):
                    return total, gradient
        except FloatingPointError:
            pass
        if n == 1:
            output, gradient = self._eagerly(theta, arrays, first, gradient=True)
            return output.sum(), gradient
        return _added(self._sums(theta, block, first + at) for at, block in self._blocks(arrays, -(-n // 2)))

    def _forward_rows(self, theta: Floats, arrays: Sequence[Floats], first: int) -> Any:
        arrays = [x if x.dtype == theta.dtype else x.astype(theta.dtype) for x in arrays]
        try:
            with np.errstate(**ALARM):
                output = self._forward[1](theta, *arrays)
                if np.isfinite(output).all() and not _nan_in(arrays):
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
        data = dict(zip(self._groups.order, self._groups.numbers, strict=True))
        data |= dict(zip(self.parameters, theta.tolist(), strict=True))
        for leaves, x in zip(self._inputs, arrays, strict=True):
            data |= dict(zip(leaves, x.ravel().tolist(), strict=True))
        try:
            twins = _again(self._groups.order, data)
            if gradient:
                twins[self._outputs[0]].backward()
        except kinds.ERRORS as error:
            raise type(error)(f"row {row}: {error}" if arrays else str(error)) from None
        output = values([twins[v] for v in self._outputs]).reshape(1, *self._shape)
        slopes = np.array([twins[p].grad or 0.0 for p in self.parameters]) if gradient else theta
        with np.errstate(over="ignore"):
            return output.astype(theta.dtype), slopes.astype(theta.dtype)

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
        if path.suffix != ".py" or not path.stem.isidentifier() or keyword.iskeyword(path.stem):
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


def _added(parts: Iterator[tuple[Any, Any]]) -> tuple[Any, Any]:
    total, gradient = next(parts)
    with np.errstate(all="ignore"):  # ∞ − ∞ is nan here as anywhere
        for more, slope in parts:
            total, gradient = total + more, gradient + slope
    return total, gradient


def _nan_in(arrays: Sequence[Floats]) -> bool:
    return any(math.isnan(x.ravel().dot(x.ravel())) for x in arrays)


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
