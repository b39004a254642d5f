"""Engines: a function of an example run on many, as a recorded Program or as a graph of Values for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np

from autograd import Value, nesting, record, refusals, values, wengert_list
from autograd.guards import numbers_of
from autograd.recorded.examples import Floats, inputs, output, rows, targets
from autograd.recorded.program import Reduction
from autograd.tape import reverse_sweep

Engine = Literal["recorded", "eager", "c"]


class EagerProgram:
    """Program's interface, computed on Values: one graph per example."""

    def __init__(self, function: Callable[..., Any], *_: Any) -> None:
        self.function = function
        self.parameters: dict[Value, None] = {}  # those it was found to depend on, in order

    def theta(self) -> Floats:
        """The data of the parameters, of shape (P,)."""
        return np.array([v.primal for v in self.parameters])

    def __call__(self, *data: Any) -> Floats:
        """The output for every example."""
        outputs = []
        for y in self.graphs(data):
            numbers_of(nodes := wengert_list(nesting.flat(y)), ())
            outputs.append(values(y))
            self.parameters |= dict.fromkeys(v for v in nodes if v.role == "parameter")
        return np.array(outputs)

    def value_and_grad(self, theta: Floats, *data: Any, reduction: Reduction = "mean") -> tuple[float, Floats]:
        """The mean or the sum of the outputs, and its gradient, at theta, which the parameters hold from then on."""
        for v, x in zip(self.parameters, theta.tolist(), strict=True):
            v.primal = x
        n = len(data[0]) if reduction == "mean" else 1
        total, gradient = 0.0, np.zeros(len(self.parameters))
        for y in self.graphs(data):
            adjoint = reverse_sweep(wengert_list([y]), {y: 1.0 / n})
            total += y.data / n
            with np.errstate(all="ignore"):  # ∞ − ∞ is nan, as between floats
                gradient += [adjoint.get(v, 0.0) for v in self.parameters]
        return total, gradient

    def graphs(self, data: Sequence[Any]) -> Iterator[Any]:
        """The output for every example as a graph, with the number of its row in an error."""
        for k, (x, *more) in enumerate(zip(*data, strict=True)):
            try:
                yield self.function(inputs(x), *more)
            except refusals.ERRORS as error:
                raise type(error)(f"row {k}: {error}") from None


class ByShape:
    """Program's interface over examples of several shapes, such as names of different lengths: a program for each."""

    def __init__(self, engine: Engine, function: Callable[..., Any], *data: Any) -> None:
        self.engine, self.function = engine, function
        self._programs: dict[Any, Any] = {}
        for shapes, at in by_shape(*data).items():
            self._program(shapes, [x[at[0]] for x in data])
        self.parameters = [*dict.fromkeys(v for program in self._programs.values() for v in program.parameters)]
        place = {v: k for k, v in enumerate(self.parameters)}
        self._places = {s: [place[v] for v in program.parameters] for s, program in self._programs.items()}

    def theta(self) -> Floats:
        """The data of the parameters, of shape (P,)."""
        return np.array([v.primal for v in self.parameters])

    def __call__(self, *data: Any) -> Floats:
        """The output for every example."""
        outputs: dict[int, Any] = {}
        for shapes, at, arrays in self._parts(data):
            with among(shapes):
                program = self._program(shapes, [x[0] for x in arrays])
                outputs |= zip(at, program(*arrays), strict=True)
        if len({np.shape(y) for y in outputs.values()}) > 1:
            raise ValueError("the outputs of the examples have different shapes: predict those of each length alone")
        return np.array([outputs[k] for k in range(len(outputs))])

    def value_and_grad(self, theta: Floats, *data: Any, reduction: Reduction = "mean") -> tuple[float, Floats]:
        """The mean or the sum of the outputs, and its gradient, at theta."""
        total, gradient = 0.0, np.zeros_like(theta)
        for shapes, _, arrays in self._parts(data):
            places = self._places[shapes]
            with among(shapes):
                loss, slopes = self._programs[shapes].value_and_grad(theta[places], *arrays, reduction="sum")
            total += loss
            gradient[places] += slopes
        n = len(data[0]) if reduction == "mean" else 1
        return total / n, gradient / n

    def graphs(self, data: Sequence[Any]) -> Iterator[Any]:
        """The graph of an example of each shape."""
        for at in by_shape(*data).values():
            x, *more = (column[at[0]] for column in data)
            yield self.function(inputs(x), *more)

    def _program(self, shapes: Any, example: Sequence[Any]) -> Any:
        if shapes not in self._programs:  # such as that of validation data
            self._programs[shapes] = engine_for(self.engine, self.function, *example)
        return self._programs[shapes]

    def _parts(self, data: Sequence[Any]) -> Iterator[tuple[Any, list[int], list[Floats]]]:
        for shapes, at in by_shape(*data).items():
            yield shapes, at, [np.array([x[k] for k in at]) for x in data]


def by_shape(*data: Any) -> dict[Any, list[int]]:
    """The numbers of the examples of each shape; of an example that is no array itself that is None."""
    if len({len(x) for x in data}) > 1:
        raise ValueError(f"every row of X has its target: got {' rows of X and '.join(str(len(x)) for x in data)} of Y")
    found: dict[Any, list[int]] = {}
    for k, example in enumerate(zip(*data, strict=True)):
        found.setdefault(tuple(None if ragged(x) else np.shape(x) for x in example), []).append(k)
    return found


def ragged(x: Any) -> bool:
    """Whether a list, or an array of arrays, has members of different shapes."""
    try:
        x = np.asarray(x) if isinstance(x, list | tuple) else x
        return isinstance(x, np.ndarray) and x.dtype == object and x.ndim > 0 and len(set(map(np.shape, x))) > 1
    except ValueError:
        return True


def examples(X: Any) -> Any:  # noqa: N803
    """The rows of X, or an array of arrays where examples have several shapes; TypeError or ValueError for other data."""
    return checked(lambda x: [rows(x)], X)[0]


def checked(check: Callable[..., Sequence[Floats]], *data: Any) -> Sequence[Any]:
    """The arrays that the check makes of the data; arrays of arrays where examples have several shapes, each for itself."""
    if not any(map(ragged, data)) or len(groups := by_shape(*data)) < 2:
        return check(*data)
    columns = [np.empty(len(data[0]), object) for _ in data]
    for shapes, at in groups.items():
        with among(shapes):
            found = check(*([x[k] for k in at] for x in data))
        for column, numbers in zip(columns, found, strict=True):
            column[at] = np.fromiter(numbers, object)
    return columns


@contextmanager
def among(shapes: Any) -> Iterator[None]:
    """Say in an error which examples its rows count."""
    try:
        yield
    except (TypeError, *refusals.ERRORS) as error:
        raise type(error)(f"among the examples of shape {shapes[0]}: {error}") from None


ENGINES: dict[Engine, Any] = {"recorded": record, "eager": EagerProgram, "c": partial(record, language="c")}


def engine_for(engine: Engine, function: Callable[..., Any], *examples: Any) -> Any:
    """The function as a Program that is recorded on one example, or as an EagerProgram."""
    if engine not in ENGINES:
        raise ValueError(f"engine is {' or '.join(map(repr, ENGINES))}; got {engine!r}")
    return ENGINES[engine](function, *examples)


def engine_on(engine: Engine, function: Callable[..., Any], data: Sequence[Floats]) -> Any:
    """The same for data, whose examples may have several shapes."""
    if data[0].dtype == object and engine != "eager":
        return ByShape(engine, function, *data)
    return engine_for(engine, function, *(x[0] for x in data))


def prepared(model: Any, X: Any, Y: Any, loss: Any) -> tuple[Callable[..., Value], Sequence[Floats], Value]:  # noqa: N803
    """(loss(model(x), y) as a function of x and y, the validated data (X, Y), its graph for the first example).

    Examples of several shapes, in lists, become arrays of arrays.
    """
    if not callable(loss):
        raise TypeError(f"a loss is a function of output and target, such as nn.cross_entropy; got {loss!r}")

    def pairs(X: Any, Y: Any) -> Sequence[Floats]:  # noqa: N803
        x = rows(X)
        return x, targets(Y, X, output(model, inputs(x[0])))

    def of_example(x: Any, y: Any) -> Any:
        return loss(output(model, x), y)

    data = checked(pairs, X, Y)
    example = of_example(inputs(data[0][0]), data[1][0])
    if not isinstance(example, Value):
        given = f"an array of shape {np.shape(example)}: take its sum" if np.ndim(example) else repr(example)
        raise TypeError(f"a loss gives one Value for one example, computed from parameters; this one gives {given}")
    return of_example, data, example
