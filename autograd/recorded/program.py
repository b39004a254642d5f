"""Program: a graph recorded once, on one example, and run on all examples."""

from __future__ import annotations

import keyword
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import nesting
from autograd.arrays import array
from autograd.files import written
from autograd.guards import graph_of, numbers_of, recording
from autograd.languages import numpy
from autograd.languages.assignments import Function
from autograd.languages.code import opaque, unused
from autograd.recorded.derivatives import Derivatives, LanguageName, Reduction
from autograd.recorded.execution import Run
from autograd.recorded.groups import Plan, plan
from autograd.recorded.inputs import Data, Floats, Shape, rows_of_numbers
from autograd.recorded.recipe import Recipe, recipe
from autograd.recorded.words import times, times_in_branch
from autograd.recorded.writing import backward, forward, functions
from autograd.value import Value

__all__ = ["Program", "Reduction", "record"]


def record(f: Callable[..., Any], *examples: Any, language: LanguageName = "numpy") -> Program:
    """The graph of f on one example, as a Program that runs on many: record(loss, X[0], Y[0]).

    f is called once, with arrays of Values of role input in place of the numbers. A function of no argument is a graph
    without data. Whatever f computes from other Values is recorded: their data is read anew by every call, those
    of role constant excepted. What is added to the graph afterwards is not seen, nor are numbers that f reads
    out of it by `.data` or in another thread, if that does not run in `contextvars.copy_context()`. TypeError for an
    f that compares or converts a Value, or gives no Value.

    With language="c" the program is compiled and gives the same numbers; RuntimeError where there is no C compiler.

    >>> w = Value(2.0, "w")
    >>> step = record(lambda x, y: (w * x - y) ** 2, 1.0, 3.0)
    >>> step([1.0, 2.0], [3.0, 3.0])
    array([1., 1.])
    >>> step.backward([1.0, 2.0], [3.0, 3.0]), w.grad
    (1.0, 1.0)
    """
    if isinstance(f, Value | np.ndarray) or not callable(f):
        raise TypeError(f"record takes a function; got {type(f).__name__}: for a graph write record(lambda: L)")
    if language not in ("numpy", "c"):
        raise ValueError(f"language is 'numpy' or 'c'; got {language!r}")
    arguments = dict(zip(_names(f, len(examples)), map(_example, examples), strict=True))
    leaves = {name: array(data if data.ndim else data[()], name, "input") for name, data in arguments.items()}
    inputs = [nesting.flat(x) for x in leaves.values()]
    with recording(v for column in inputs for v in column) as notes:
        out = f(*leaves.values())
    outputs = graph_of(out, f)
    if not outputs:
        raise TypeError(f"a graph has at least one output; the function returned an empty {type(out).__name__}")
    shapes = {name: data.shape for name, data in arguments.items()}
    try:
        shape = np.shape(out)
    except ValueError:
        raise ValueError("the outputs lie in rows of different length: give them one, or record each alone") from None
    return Program(f, plan(outputs, shape, inputs, notes.inputs), Data(shapes, inputs, notes.demands), language)


def _again(graph: Recipe, language: LanguageName) -> Program:
    return Program(graph, graph.plan(), Data(dict(graph.arguments), graph.inputs, graph.demands), language)


def _names(f: Callable[..., Any], count: int) -> list[str]:
    """Names for the arguments of f that the program's code does not use itself."""
    given, used = nesting.positional(f), set(numpy.NUMPY.reserved)
    return [unused(given[k] if k < len(given) else f"x{k}", used) for k in range(count)]


def _example(x: Any) -> Floats:
    wanted, advice = "a row of numbers, such as X[0]", {"O": ": record makes Values of it itself"}
    data = rows_of_numbers(x, "an example", wanted, advice)
    if not data.size:
        raise ValueError(f"an example is {wanted}; got an empty one")
    return data.astype(float)


def _written(plan: Plan, arguments: Mapping[str, Shape], name: str) -> Function:
    """`forward`, `sum_and_grad`, or that `in_branches`: a branch not taken gets nothing, though a derivative be missing."""
    if name == "forward":
        return forward(plan, arguments, numpy.NUMPY)
    return backward(plan, arguments, numpy.NUMPY, times if name == "sum_and_grad" else times_in_branch)


def _native() -> ModuleType:
    from autograd.recorded import native  # with what it needs to compile, which nobody else waits for

    return native


def _compiled(plan: Plan, arguments: Mapping[str, Shape], name: str) -> Callable[..., Any]:
    f = _written(plan, arguments, name)
    namespace = dict[str, Any](np=np, constants=f.context.constants, rows=f.context.rows)
    exec(compile(numpy.source([f]), "<recorded>", "exec"), namespace)
    return namespace[f.name]  # type: ignore[no-any-return]


_WRITE = "write them in arithmetic, where(…) and autograd's functions"


class Program(Derivatives):
    """A recorded graph. Called on data it gives an output for each example; `source` is the code that runs.

    Data are arrays with a row for each example, (N, …) for every argument of the recorded function, of whole numbers
    or of 32- or 64-bit floats, all of one precision. TypeError or ValueError for others, for no rows and for nan;
    a row that leaves an operation's domain raises that operation's error, with the row's number and the node.

    >>> w = Value(2.0, "w")
    >>> program = record(lambda x: w * x, 1.0)
    >>> program
    Program(x → one output, 1 parameters)
    >>> program([1.0, 2.0, 3.0])
    array([2., 4., 6.])
    """

    def __init__(self, function: Callable[..., Any], plan: Plan, data: Data, language: LanguageName = "numpy") -> None:
        #: The function that was recorded.
        self.function = function
        #: The leaves that take a gradient, in the order of theta.
        self.parameters: list[Value] = plan.parameters
        self.language: LanguageName = language
        self._plan, self._data = plan, data
        self._compiled = cache(partial(_compiled, plan, data.arguments))  # each when it is first asked for
        if language == "c" and self._called:
            raise TypeError(f"C cannot call the rules of {self._called[0]}, which are Python: {_WRITE}")
        native = None
        if language == "c":
            _native().compiler()  # is there one?
            native = cache(partial(_native().native, plan, data.arguments))
        self._run = Run(self._compiled, plan, list(data.arguments), native)

    def theta(self) -> npt.NDArray[np.float64]:
        """The data of the parameters, of shape (P,); TypeError inside a transform or recording that would lose them."""
        numbers_of(self._plan.columns.nodes, self.parameters)
        return np.fromiter([v.primal for v in self.parameters], float, len(self.parameters))

    def __call__(self, *data: Any) -> Any:
        """The output of every row: (N,) for one Value, (N, K) for a vector; without data its own shape."""
        arrays = self._data.checked(data)
        return self._run("forward", self._theta(arrays), arrays)

    def backward(self, *data: Any, reduction: Reduction = "mean") -> float:
        """The mean of the output over the rows, its gradient added to every parameter's `.grad`, as Value.backward does.

        With reduction="sum" the sum; the mean is that divided by the number of rows. ValueError for a program with
        more than one output; an error leaves every `.grad` as it was.
        """
        arrays = self._data.checked(data)
        n = self.divisor(arrays, reduction)
        total, gradient = self._run("sum_and_grad", self._theta(arrays), arrays)
        with nesting.put_back("grad", self.parameters, [p.grad for p in self.parameters]):
            for p, g in zip(self.parameters, (gradient / n).tolist(), strict=True):
                p.grad = g if (old := p.grad) is None else old + g  # read and written in one go: other threads add too
        return float(total / n)

    def value_and_grad(self, theta: Any, *data: Any, reduction: Reduction = "mean") -> tuple[Any, Any]:
        """(loss, ∂loss/∂theta) at parameters theta (P,), the mean or the sum over the rows; touches no Value.

        A pure function in the namespace of its arrays: of NumPy's with every check, and of JAX's under jit, over as
        many devices and processes as its arrays are laid out on, where a bad row gives a loss of nan.
        """
        self.refuse(theta, "theta")
        if not isinstance(theta, np.ndarray):
            self._data.check_shapes(data)
            n = self.divisor(data, reduction)
            total, gradient = self._compiled("sum_and_grad")(theta, *data)
        else:
            arrays = self._data.checked(data, theta.dtype)
            n = self.divisor(arrays, reduction)
            total, gradient = self._run("sum_and_grad", theta, arrays)
        return (total, gradient) if n == 1 else (total / n, gradient / n)

    def _theta(self, arrays: Sequence[npt.NDArray[Any]]) -> Floats:
        """The data of the parameters in the precision of these arrays."""
        theta = self.theta()
        dtype = next((x.dtype for x in arrays if x.dtype.kind == "f"), theta.dtype)
        if dtype == theta.dtype:
            return theta
        with np.errstate(over="ignore"):  # a parameter beyond 32 bits is infinite there
            return theta.astype(dtype.newbyteorder("="))

    @property
    def source(self) -> str:
        """The code that runs, as a person could have written it: `forward`, and of one output `sum_and_grad`."""
        if self.language == "c":
            return str(_native().source(self._plan, self._data.arguments))
        return f"import numpy as np\n\n{numpy.source(functions(self._plan, self._data.arguments, numpy.NUMPY))}"

    @property
    def javascript(self) -> str:
        """The same functions over typed arrays, for a page: an expression that makes `forward` and `sum_and_grad`.

        They take (rows, theta, x_rows, …, out) and (rows, theta, x_rows, …, gradient), all Float64Arrays, data row by row.
        `sum_and_grad` overwrites the gradient, and returns the sum of the output over the rows.
        """
        from autograd.languages import javascript_arrays

        return javascript_arrays.source(functions(self._plan, self._data.arguments, javascript_arrays.ARRAYS))

    def save_source(self, path: str | os.PathLike[str]) -> Path:
        """Write the code into a file of its own: `network.py` needs NumPy alone, `network.c` a C compiler.

        Beside network.py lies network.npz with the parameters' data, and `import network; network.predict(X)` gives the
        outputs on examples, and refuses a row whose output is nan or infinite. network.c holds `parameters`, `forward`,
        of one output `sum_and_grad`, and with -DMAIN a program that reads examples and writes their outputs. ValueError
        for another suffix.
        """
        path = Path(path)
        if path.suffix not in (".py", ".c") or not path.stem.isidentifier() or keyword.iskeyword(path.stem):
            raise ValueError(f"a module is called like network.py or network.c; got {path.name!r}")
        if self._called:
            raise TypeError(f"a file cannot hold the rules of {self._called[0]}, which are Python: {_WRITE}")
        if path.suffix == ".c":
            text = _native().program(self._plan, self._data.arguments, self.theta().tolist()).encode()
            return written({path: lambda f: f.write(text)})
        written_out = functions(self._plan, self._data.arguments, numpy.NUMPY)
        constants: Any = written_out[-1].context.constants  # those of the forward function among them
        module = numpy.module(numpy.source(written_out), self._data.arguments).encode()
        data = path.with_suffix(".npz")
        return written({data: lambda f: np.savez(f, theta=self.theta(), **constants), path: lambda f: f.write(module)})

    def __reduce__(self) -> Any:
        """A pickle or a copy has the graph, and is compiled anew; its `function` computes that graph on other inputs."""
        return _again, (recipe(self._plan, self._data), self.language)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {shape}" if shape else name for name, shape in self._data.arguments.items())
        made_by = f", in C by {_native().compiler().version}" if self.language == "c" else ""
        output = self._plan.shape or "one output"
        slowly = f", {' and '.join(self._called)} number by number" * bool(self._called)
        return f"Program({rows + ' → ' if rows else ''}{output}, {len(self.parameters)} parameters{made_by}{slowly})"

    @property
    def _called(self) -> list[str]:
        """The operations whose rules are Python, by name."""
        rows = dict.fromkeys((v.op, len(v.parents)) for v in self._plan.columns.nodes if v.op)
        return [op.label for op, n in rows if opaque(op, n)]
