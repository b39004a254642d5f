"""Derivatives of functions and of graphs, of every order: grad, jacobian, hessian, jvp, vjp, hvp.

A derivative that is to be differentiated again is a graph of Values, made by feeding the rows' rules the
nodes themselves; otherwise it is a float, from the local partials that the forward pass stored. Function
transforms work on leaves (or copies) of their own, so nesting and closures cannot be confused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, cast

import numpy as np

from autograd import nesting, ops, refusals, tape
from autograd.arrays import Array, T, array, named, values
from autograd.guards import differentiating, graph_of, inside, transforming
from autograd.nesting import real
from autograd.stale import changed
from autograd.value import Value, lift

MOST = 256  # outputs that one sweep takes together


# --- of functions -----------------------------------------------------------------------------------------------------


def grad(f: Callable[..., Any], argnum: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function x ↦ ∂f/∂x for the argument `argnum`, or a tuple of them; f returns one Value.

    Floats in, floats out; Values in, Values out; inside another transform, Values always. TypeError for an f
    that returns a plain number, for it has lost its graph.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    pair = value_and_grad(f, argnum)
    return wraps(f)(lambda *args, **by_name: pair(*args, **by_name)[1])


def value_and_grad(f: Callable[..., Any], argnum: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function x ↦ (f(x), ∂f/∂x), both from one forward and one reverse sweep; as `grad`.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    _a_function(f, "grad", "gradients(output, inputs)")

    @wraps(f)
    def transformed(*args: Any, **by_name: Any) -> tuple[Any, Any]:
        numbers = argnum if isinstance(argnum, tuple) else (argnum,)
        if not all(isinstance(n, int) and -len(args) <= n < len(args) for n in numbers):
            raise ValueError(f"argnum {argnum} of a call with {len(args)} argument{'s' * (len(args) != 1)}")
        keep = _graph_wanted(args)
        primals, y = _called(f, args, numbers, by_name)
        y = _one(y, f)
        inputs = tuple(primals[n] for n in numbers)
        g = _pulled({y: 1.0}, inputs, keep)
        return (y if keep else y.data), g if isinstance(argnum, tuple) else g[0]

    return transformed


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(primals), the tangent ḟ = Σ ∂f/∂x · ẋ), in one forward sweep; an entry of each sequence per argument.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    _a_function(f, "jvp", "gradients(output, inputs)")
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple) or len(primals) != len(tangents):
        raise TypeError("jvp takes a tuple of primals and a tuple of tangents, one entry of each per argument of f")
    keep = _graph_wanted((*primals, *tangents))
    xs, out = _called(f, primals, range(len(primals)))
    seeds = dict(_paired(xs, tangents, "tangent"))
    nodes = nesting.flat(out)
    order = _current(_active(nodes, seeds)) if keep else tape.wengert_list(nodes)
    tangent = tape.forward_sweep(order, seeds, tape.rederived if keep else tape.stored, nodes)
    dot = nesting.mapped(lambda v: lift(tangent.get(v, 0.0)), out)
    return (out, dot) if keep else (_numbers(out), _numbers(dot))


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(f(primals), the pullback ȳ ↦ (ȳ · ∂f/∂x, …)), with one entry per argument.

    >>> y, pullback = vjp(lambda x, y: x * y, 3.0, 4.0)
    >>> pullback(1.0)
    (4.0, 3.0)
    """
    _a_function(f, "vjp", "gradients(output, inputs)")
    keep = _graph_wanted(primals)
    xs, out = _called(f, primals, range(len(primals)))

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        graph = keep or _graph_wanted((cotangent,))
        seeds: dict[Value, Any] = {}
        for v, bar in _paired(out, cotangent, "cotangent"):  # an output that stands twice takes the sum
            seeds[v] = tape.total(seeds.get(v, 0.0), bar)
        return tuple(_pulled(seeds, xs, graph))

    return (out if keep else _numbers(out)), pullback


def hvp(f: Any, x: Any, v: Any) -> Any:
    """H · v in the shape of x, H the Hessian of f at x, without forming H: the gradient of ∇f · v.

    f is a function of x, or a Value computed from the Values x. ValueError for v of another shape.

    >>> hvp(lambda x: x[0] ** 2 * x[1], [3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    if isinstance(f, Value):
        keep, inputs, y = _graph_wanted((v,)), x, f
    else:
        _a_function(f, "hvp", "a Value as its first argument")
        keep = _graph_wanted((x, v))
        (inputs,), y = _called(f, (x,), (0,))
        y = _one(y, f)
    slope: Any = 0.0
    for g, (_, direction) in zip(nesting.flat(gradients(y, inputs)), _paired(inputs, v, "vector"), strict=True):
        if not tape.zero(direction):
            slope = tape.total(slope, tape.product(g, direction))
    return _pulled({lift(slope): 1.0}, inputs, keep)


# --- of graphs --------------------------------------------------------------------------------------------------------


def gradients(output: Value, inputs: T) -> T:
    """∂output/∂input as Values, in the shape of `inputs`: a graph that can be differentiated again.

    Inputs are Values of any place in the graph; where the output does not depend on one, 0. ValueError for a
    constant, and where a leaf has changed since the graph was computed.

    >>> x = Value(3.0)
    >>> (dy,) = gradients(x**3, [x])
    >>> dy.data, gradients(dy, [x])[0].data
    (27.0, 18.0)
    """
    if not isinstance(output, Value):
        raise TypeError(f"gradients takes one output Value; got {type(output).__name__}: use jacobian for several")
    _inputs(inputs)
    return cast(T, _pulled({output: 1.0}, inputs, graph=True))


def jacobian(outputs: Any, inputs: Any = None) -> Any:
    """∂outputs/∂inputs of a graph, a float array of shape outputs.shape + inputs.shape; or jacobian(f), a function
    of f's arguments that differentiates by the first.

    A list of arrays as `inputs` gives a list of Jacobians. Inside another transform or a recording, Values.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([3.0, 4.0])
    array([[4., 3.],
           [1., 0.]])
    """
    if inputs is None:
        return _of_the_first(outputs, "jacobian(outputs, inputs)", _rows)
    _inputs(inputs)
    graph_of(outputs, "the computation")
    return _rows(outputs, inputs, inside(nesting.flat(outputs)))


def _of_the_first(f: Any, of_a_graph: str, derivatives: Callable[..., Any]) -> Callable[..., Any]:
    """The function of f's arguments that gives such derivatives of its outputs by the first one."""
    _a_function(f, of_a_graph.partition("(")[0], of_a_graph)

    @wraps(f)
    def transformed(x: Any, /, *args: Any, **by_name: Any) -> Any:
        keep = _graph_wanted((x, *args))
        primals, out = _called(f, (x, *args), (0,), by_name)
        return derivatives(out, primals[0], keep)

    return transformed


def hessian(output: Any, inputs: Any = None) -> Any:
    """∂²output/∂inputs∂inputs, a float array of shape inputs.shape twice over; or hessian(f), a function
    of f's arguments that differentiates by the first.

    A list of arrays as `inputs` gives a list of lists of blocks. Inside another transform or a recording, Values.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    array([[4., 6.],
           [6., 0.]])
    """
    if inputs is None:
        return _of_the_first(output, "hessian(output, inputs)", _curvatures)
    return _curvatures(output, inputs, inside([output]))


def _curvatures(output: Any, inputs: Any, graph: bool) -> Any:
    """The Hessian, as `_rows` gives the Jacobian; of a list of arrays, a list of lists of blocks."""
    slopes = gradients(output, inputs)
    if _of_arrays(inputs):
        return nesting.like(inputs, [_rows(part, inputs, graph) for part in slopes])
    return _rows(slopes, inputs, graph)


# --- how ----------------------------------------------------------------------------------------------------------------


def _graph_wanted(args: Sequence[Any]) -> bool:
    return differentiating() or any(isinstance(x, Value) for x in nesting.flat(list(args)))


def _a_function(f: Any, transform: str, instead: str) -> None:
    if isinstance(f, Value | np.ndarray) or not callable(f):
        raise TypeError(f"{transform} takes a function; got {type(f).__name__}: for a graph use {instead}")


def _called(
    f: Any, args: Sequence[Any], numbers: Sequence[int], by_name: Mapping[str, Any] = {}
) -> tuple[list[Any], Any]:
    """The arguments, those of `numbers` as leaves of their own, and what f makes of them."""
    names = getattr(getattr(f, "__code__", None), "co_varnames", ())[hasattr(f, "__self__") :]
    primals = list(args)
    for n in numbers:
        primals[n] = _copied(args[n], names[n] if 0 <= n < len(names) else None)
    handed = list(primals)
    for n in numbers:
        handed[n] = as_array(primals[n])
    with transforming(v for n in numbers for v in nesting.flat(primals[n])):
        out = f(*handed, **by_name)
    graph_of(out, f)
    return primals, out


def _copied(x: Any, name: str | None) -> Any:
    # A Value gets a copy of its own, lest a closure's use of it be counted.
    if isinstance(x, np.ndarray):
        x = x.astype(object).view(Array) if x.ndim else x[()]
    copy = nesting.mapped(lambda v: ops.positive.apply(v) if isinstance(v, Value) else Value(v, role="input"), x)
    return named(name, copy) if name else copy


def as_array(x: Any) -> Any:
    """A list of Values, or of such lists of one length, as an Array: NumPy's functions are then ours. Else x itself."""
    if not isinstance(x, list) or any(isinstance(part, np.ndarray) for part in x):
        return x
    parts = [as_array(part) for part in x]
    alike = len({part.shape if isinstance(part, Array) else type(part) for part in parts}) == 1
    return np.array(parts, dtype=object).view(Array) if alike and isinstance(parts[0], Array | Value) else x


def _one(out: Any, f: Any) -> Value:
    if isinstance(out, np.ndarray) and not out.ndim:
        out = out[()]
    if not isinstance(out, Value):
        name = getattr(f, "__name__", "the function")
        raise TypeError(f"a gradient is of one output, and {name} returned {type(out).__name__}: use jacobian or vjp")
    return out


def _inputs(inputs: Any) -> list[Value]:
    wanted = nesting.flat(inputs)
    for v in wanted:
        if not isinstance(v, Value):
            raise TypeError(f"inputs are Values of the graph; got {type(v).__name__} {v!r}")
        if v.role == "constant":
            raise ValueError(f"{v!r} takes no gradient: make it a Value of role 'input' or 'parameter'")
    return wanted


def _of_arrays(inputs: Any) -> bool:
    return isinstance(inputs, list | tuple) and any(isinstance(part, nesting.NEST) for part in inputs)


def _paired(xs: Any, partners: Any, what: str) -> list[tuple[Value, Any]]:
    keys, numbers = nesting.flat(xs), nesting.flat(partners)
    shapes = [x.shape for x in (xs, partners) if isinstance(x, np.ndarray)]
    if len(keys) != len(numbers) or (len(shapes) == 2 and shapes[0] != shapes[1]):
        raise ValueError(f"the {what} has {len(numbers)} numbers for {len(keys)} Values: give it their shape")
    return [(v, t if isinstance(t, Value) else real(t)) for v, t in zip(keys, numbers, strict=True)]


def _active(outputs: Sequence[Value], inputs: Any) -> list[Value]:
    """The nodes on the way from the inputs to the outputs, in order: only their derivatives are needed."""
    wanted = set(inputs)
    order = tape.wengert_list(outputs)
    for node in order:
        if any(p in wanted for p in node.parents[node.op in ops.CHOOSING :]):  # a condition hands nothing on
            wanted.add(node)
    return [node for node in order if node in wanted]


def _adjoints(seeds: Mapping[Value, Any], inputs: list[Value], graph: bool) -> dict[Value, Any]:
    if not graph:
        try:
            return tape.reverse_sweep(tape.wengert_list(seeds), seeds)
        except refusals.ERRORS:  # perhaps on a way that does not lead to the inputs: look at the others only
            pass
    order = _active(list(seeds), inputs)
    reached = {v: bar for v, bar in seeds.items() if v in set(order)}
    return tape.checked_sweep(_current(order) if graph else order, reached, tape.rederived if graph else tape.stored)


def _pulled(seeds: Mapping[Value, Any], inputs: Any, graph: bool) -> Any:
    """The adjoints of the inputs in their nesting: Values if a graph is wanted, else floats."""
    adjoint = _adjoints(seeds, nesting.flat(inputs), graph)
    bars = nesting.mapped(lambda v: lift(adjoint.get(v, 0.0)), inputs)
    return bars if graph else _numbers(bars)


def _current(order: list[Value]) -> list[Value]:
    """The same list; ValueError names a leaf that has changed since, for the rules would see its new number."""
    if names := changed(order):
        raise ValueError(f"{names} has changed since this graph was computed: compute it again, then differentiate it")
    return order


def _numbers(x: Any) -> Any:
    """Floats for Values: a float for one, a float array for an array, a list or tuple for these."""
    if isinstance(x, list | tuple):
        return nesting.like(x, [_numbers(part) for part in x])
    return values(x) if isinstance(x, np.ndarray) else x.data


def _rows(outputs: Any, inputs: Any, graph: bool) -> Any:
    """The Jacobian, a row per output: Values if a graph is wanted; of a list of arrays, a list."""
    leaves, ends = nesting.flat(inputs), nesting.flat(outputs)
    rows: Any = np.full(1, np.nan)
    if not graph and len(ends) > 1:
        rows = np.concatenate([_at_once(ends[k : k + MOST], leaves) for k in range(0, len(ends), MOST)])
    if not np.isfinite(rows).all():  # what overflows is judged output by output
        adjoints = [_adjoints({y: 1.0}, leaves, graph) for y in ends]
        slopes = [adjoint.get(v, 0.0) for adjoint in adjoints for v in leaves]
        rows = array(list(map(lift, slopes))) if graph else np.array(slopes)
    return _blocks(rows.reshape(len(ends), len(leaves)), np.shape(outputs), inputs)


def _at_once(outputs: Sequence[Value], leaves: list[Value]) -> Any:
    """The Jacobian in one sweep, whose adjoints are vectors."""
    seeds: dict[Value, Any] = {}
    for y, unit in zip(outputs, np.eye(len(outputs)), strict=True):
        seeds[y] = seeds.get(y, 0.0) + unit
    with np.errstate(over="ignore", invalid="ignore"):
        adjoint = tape.checked_sweep(_active(outputs, leaves), seeds, tape.stored)
    return np.array([adjoint.get(v, 0.0) + np.zeros(len(outputs)) for v in leaves]).reshape(len(leaves), -1).T


def _blocks(J: Any, shape: tuple[int, ...], inputs: Any) -> Any:  # noqa: N803
    """The columns of a Jacobian in the shapes of the inputs: one array, or for a list of arrays a list."""
    if not _of_arrays(inputs):
        return J.reshape(shape + np.shape(inputs))[()]
    ends = np.cumsum([len(nesting.flat(part)) for part in inputs])[:-1]
    return nesting.like(inputs, [_blocks(part, shape, x) for part, x in zip(np.hsplit(J, ends), inputs, strict=True)])
