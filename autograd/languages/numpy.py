"""NumPy, the language of arrays in which recorded programs are written (and every library with its namespace `xp`)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd.languages import code
from autograd.languages.assignments import Function
from autograd.languages.code import Code
from autograd.languages.forms import (
    ATOM,
    COMPARE,
    INFIX,
    MATHEMATICS,
    MATRIX,
    POWER,
    SIGN,
    SUM,
    Form,
    Language,
    calls,
    python_literal,
)


def _power(kind: type[Code], a: Any, b: Any) -> Any:
    if isinstance(b, float) and b.is_integer() and abs(b) < 100:
        return a if b == 1.0 else kind("whole_power", (a,), (int(b),))
    return kind("power_of", (a, b))


def _where(kind: type[Code], c: Any, a: Any, b: Any) -> Any:
    if not isinstance(c, Code):  # both branches are computed all the same: one may be out of its domain
        return kind("choose", (float(c), a, b))
    test = c.args[0] if c.word == "mask" else c if c.word in COMPARISONS else kind("nonzero", (c,))
    if isinstance(a, Code) or isinstance(b, Code):
        return kind("choose", (test, a, b))
    # Of two plain numbers NumPy makes 64 bits.
    return kind("mask", (test,)) if (a, b) == (1, 0) else kind("choose_number", (test, a, b))


def _size(r: int, c: int, batched: bool) -> str:
    return f"({r}, {c})" if not batched else f"({r}, {c} * n)" if c > 1 else f"({r}, n)"


COMPARISONS = (*code.COMPARISONS, "nonzero")

_SAID: dict[str, Form | Callable[..., Any]] = {"power": _power, "where": _where}  # by other words

NUMPY = Language(
    _SAID
    | INFIX
    | calls("xp.{}({{}})", MATHEMATICS)
    | calls("xp.{}({{}}, {{}})", {"maximum": "maximum", "minimum": "minimum"})
    | {
        "absolute": Form("abs({})"),
        "whole_power": Form("{} ** {}", POWER, (ATOM,)),
        "power_of": Form("{} ** {}", POWER, (ATOM, ATOM)),
        "choose": Form("xp.where({}, {}, {})"),
        "choose_number": Form("xp.where({}, {}, {}).astype(theta.dtype)"),
        "mask": Form("({}).astype(theta.dtype)"),  # 1.0 where a comparison holds, in the parameters' precision
        "nonzero": Form("{} != 0", COMPARE, (SUM,)),
    }
    | {  # words for arrays
        "matmul": Form("{} @ {}", MATRIX, (SIGN, SIGN)),  # in brackets beside other products, though Python needs none
        "picked": Form("{}.take({}, axis=0)", ATOM, (ATOM, 0)),  # in half the time of x[index]
        "slice": Form("{}[{}:{}]", ATOM, (ATOM,)),
        "every": Form("{}[{}:{}:{}]", ATOM, (ATOM,)),
        "reshape": Form("{}.reshape({}, {})", ATOM, (ATOM,)),
        "flatten": Form("{}.reshape(-1)", ATOM, (ATOM,)),
        "split": Form("{}.reshape({}, {}, -1)", ATOM, (ATOM,)),
        "transpose": Form("{}.T", ATOM, (ATOM,)),
        "repeat": Form("xp.repeat({}, n, axis=1)"),
        "broadcast": Form(lambda *shape: f"xp.broadcast_to({{}}, {_size(*shape)})"),
        "full": Form(lambda *shape: f"xp.full({_size(*shape)}, {{}}, dtype=theta.dtype)"),
        "stack": Form("xp.concat([{*}])"),
        "sum_rows": Form("{}.sum(axis=0, keepdims=True)", ATOM, (ATOM,)),
        "sum_columns": Form("{}.sum(axis=1, keepdims=True)", ATOM, (ATOM,)),
        "sum_batch": Form("{}.sum(axis=2)", ATOM, (ATOM,)),
        "max_rows": Form("{}.max(axis=0, keepdims=True)", ATOM, (ATOM,)),
        "others": Form("others({})"),
        "scatter": Form("scatter({2}, {1})"),
        "gather": Form("gather({}, {})"),
        "element": Form("element({}, {})"),
        "sums_at": Form("sums_at({}, {}, {})"),
        "each": Form(lambda name, rule: f'each(rows["{name}"].{rule}, {{*}})'),
    },
    python_literal,
    reserved=frozenset(
        {"theta", "xp", "n", "np", "constants", "scatter", "forward", "sum_and_grad", "gradient", "abs", "float"}
        | {"others", "gather", "element", "sums_at", "each", "rows"}
        | {"file", "allow_pickle", "one", "outputs", "len", "_rows", "_known"}  # names in np.savez, and in `predict`
    ),
)

# What some functions call beside NumPy, by name.
HELPERS = {
    "scatter": '''
def scatter(first, rows):
    """Sums of successive rows, from each of the places `first` to the next."""
    xp = rows.__array_namespace__()
    if hasattr(rows, "at"):  # JAX's arrays have no reduceat
        index = xp.cumsum(xp.zeros(rows.shape[0], dtype=int).at[first].add(1)) - 1
        return xp.zeros((first.shape[0], *rows.shape[1:]), dtype=rows.dtype).at[index].add(rows)
    return np.add.reduceat(rows, first, axis=0)

''',
    "each": '''
def each(f, *arrays):
    """A function of Python on each number, one after the other."""
    try:
        with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
            return np.frompyfunc(f, len(arrays), 1)(*arrays).astype(arrays[-1].dtype)
    except (ValueError, ArithmeticError, LookupError):
        raise FloatingPointError("some number is out of the function's domain")

''',
    "gather": '''
def gather(x, index):
    """The columns of x whose numbers stand in `index`, a row; nan for a number that is none."""
    xp = x.__array_namespace__()
    at = index.astype(int)
    there = (at == index) & (at >= 0) & (at < x.shape[1])
    return xp.where(there, xp.take(x, at[0], axis=1, mode="clip"), xp.nan)

''',
    "element": '''
def element(x, index):
    """Of every column of x the entry whose number stands in `index`, a row; nan for a number that is none."""
    xp = x.__array_namespace__()
    at = index.astype(int)
    there = (at == index) & (at >= 0) & (at < x.shape[0])
    return xp.where(there, xp.take(x, at * x.shape[1] + xp.arange(x.shape[1]), mode="clip"), xp.nan)

''',
    "sums_at": '''
def sums_at(x, index, size):
    """The columns of x added up at their places in `size` columns."""
    xp = x.__array_namespace__()
    at = index[0].astype(int) % size
    if hasattr(x, "at"):  # JAX's arrays have no bincount of rows
        return xp.zeros((x.shape[0], size), dtype=x.dtype).at[:, at].add(x)
    places = at + size * xp.arange(x.shape[0])[:, None]
    return xp.bincount(places.ravel(), x.ravel(), x.shape[0] * size).reshape(-1, size).astype(x.dtype, copy=False)

''',
    "others": '''
def others(x):
    """Of every row the sum of all other rows; x.sum(axis=0) - x would lose the digits of small ones."""
    xp = x.__array_namespace__()
    none = xp.zeros_like(x[:1])
    above = xp.concat([none, xp.cumsum(x, axis=0)[:-1]])
    below = xp.concat([none, xp.cumsum(x[::-1], axis=0)[:-1]])[::-1]
    return above + below

''',
}


_ROWS = """

def _rows(name, x, shape):
    plain = np.asarray(x)
    plain = np.asarray(plain.tolist()) if plain.dtype == object else plain
    if plain.dtype.kind not in "biuf":
        raise TypeError(f"{name} is rows of real numbers; got an array of {plain.dtype}")
    x = np.ma.filled(np.ma.asarray(x, dtype=theta.dtype), np.nan)
    x = x[None] if x.shape == shape else x
    if x.ndim == 0 or x.shape[1:] != shape:
        wanted = f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"
        raise ValueError(f"{name} has shape {wanted}, a row per example, or {shape}; got {x.shape}")
    if np.isnan(x).any():
        row = int(np.isnan(x).reshape(len(x), -1).any(axis=1).argmax())
        raise ValueError(f"row {row} of {name} holds nan: leave such rows out, or fill them in")
    return x


def _known(y, n):
    if not np.isfinite(y).all():
        row = int(np.isfinite(y).reshape(n, -1).all(axis=1).argmin())
        raise ValueError(f"row {row} gives an output that is nan or infinite: some operation has left its domain")
    return y

"""


def function(f: Function) -> str:
    """The text of a function of theta and the data."""
    sizes = ", ".join(["n"] * f.over_data + [str(k) for k in f.shape])
    taken = f".T.reshape({sizes})" if f.shape else "[0]" if f.over_data else "[0, 0]"
    total = ".sum()" if f.over_data else "[0, 0]"
    result = f"{f.output}{total}, gradient" if f.slope is not None else f"{f.output}{taken}"
    lines = [*f.lines, f"return {result}"]
    text = "\n".join(lines)
    head = [f'"""{f.doc}"""', "xp = theta.__array_namespace__()"]
    if re.search(r"\bn\b", text) or any(len(shape) != 1 for shape in f.arguments.values()):
        head += [f"n = {x}.shape[0]" for x in list(f.arguments)[:1]]
    for x, shape in f.arguments.items():
        columns = f"reshape(n, {math.prod(shape)}).T" if len(shape) > 1 else "T" if shape else "reshape(1, n)"
        head.append(f"{x} = {x}.{columns}  # a column per row of data")
    for name, data in f.context.constants.items():
        precision = ", dtype=theta.dtype" if data.dtype.kind == "f" else ""
        comment = f"  # {f.context.comments[name]}" if f.context.comments[name] else ""
        line = f'{name} = xp.asarray(constants["{name}"]{precision}){comment}'
        head += [line] * bool(re.search(rf"\b{name}\b", text))
    body = "\n    ".join([*head, *lines])
    return f"def {f.name}({', '.join(['theta', *f.arguments])}):\n    {body}\n"


def source(functions: Iterable[Function]) -> str:
    """The text of some functions, after the helpers that they call."""
    text = "\n\n".join(map(function, functions))
    return "".join(helper for name, helper in HELPERS.items() if f"{name}(" in text) + "\n" + text


def module(code: str, arguments: Mapping[str, tuple[int, ...]]) -> str:
    """A module of its own around the code; its parameters and constants lie beside it in an .npz of its name."""
    checks = [f"    {name} = _rows({name!r}, {name}, {shape})\n" for name, shape in arguments.items()]
    first, shape = next(iter(arguments.items()), ("", ()))
    if len(arguments) > 1:
        checks.append(f"    if len({{{', '.join(f'len({x})' for x in arguments)}}}) > 1:\n")
        checks.append('        raise ValueError("every argument has a row per example")\n')
    one = f"    one = np.shape({first}) == {shape}\n" if arguments else ""
    run = f"_known(forward({', '.join(['theta', *arguments])}), {f'len({first})' if arguments else 1})"
    return (
        '"""A recorded computation and its parameters: predict gives its outputs on rows of data."""\n\n'
        "from pathlib import Path\n\n"
        f"import numpy as np\n\n{code}\n\n"
        'constants = dict(np.load(Path(__file__).with_suffix(".npz")))\n'
        'theta = constants.pop("theta")\n'
        f"{_ROWS}\n"
        f"def predict({', '.join(arguments)}):\n"
        '    """The output of every row, or of one example, with the parameters saved beside this file."""\n'
        f'{one}{"".join(checks)}    with np.errstate(all="ignore"):\n        outputs = {run}\n'
        f"    return outputs{'[0] if one else outputs' if arguments else ''}\n"
    )
