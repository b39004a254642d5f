"""Claims: the formulas of a lecture, what each is said to be, and where to look; also read from a Markdown table."""

from __future__ import annotations

import ast
import inspect
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import autograd

WHOLE = (int, np.integer)  # kept as they are: they may be an index or an exponent
Point = Mapping[str, Any]
COLUMNS = ("formula", "of", "printed", "at")  # that a table needs; it may have slide, by, right and note too
OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
    ast.MatMult: operator.matmul, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
SHORT = {"abs": autograd.absolute, "ln": autograd.log, "σ": autograd.sigmoid}  # as a lecture writes them
SIGNS = str.maketrans({"−": "-", "·": "*", "×": "*", "^": "**"})


@dataclass(frozen=True)
class Claim:
    """One formula of a lecture. Every function is called with those of the point's entries that its arguments name."""

    slide: str  # its title, the heading in the report
    says: str  # the formula, for the reader
    of: Callable[..., Any]  # the function that is differentiated; without `wrt`, what the formula should be equal to
    printed: Callable[..., Any]  # the formula as printed
    at: Sequence[Point]  # where it is evaluated: {argument: number, or a nesting of numbers}; an int stays an int
    wrt: str = ""  # the argument by which `of` is differentiated; ∂of/∂wrt has the shape of `of`, then that of `wrt`
    corrected: Callable[..., Any] | None = None  # what is right, where `printed` is not
    right: str = ""  # the same, for the reader
    note: str = ""  # a remark that is not about numbers
    within: float = 0.0  # for ≈: how far it may be off, absolutely; else 12 digits are to agree


def each(**numbers: Iterable[Any]) -> list[Point]:
    """Points for every combination of the numbers.

    >>> each(x=[0.5, 2.0], n=[3])
    [{'x': 0.5, 'n': 3}, {'x': 2.0, 'n': 3}]
    """
    return [dict(zip(numbers, row, strict=True)) for row in product(*numbers.values())]


def draws(count: int, **shapes: int | tuple[int, ...]) -> list[Point]:
    """`count` points of normal numbers in the given shapes, the same ones every time; () is a single number.

    >>> draws(1, w=2)
    [{'w': array([ 0.13, -0.13])}]
    """
    rng = np.random.default_rng(0)
    return [{name: rng.normal(size=shape).round(2) for name, shape in shapes.items()} for _ in range(count)]


# --- a table ----------------------------------------------------------------------------------------------------------


def read(table: str) -> list[Claim]:
    """The claims of a Markdown table with the columns formula, of, printed, at; and slide, by, right, note where they help.

    `of` and `printed` are expressions in Python, of arithmetic and this library's functions; `by` is the argument by which
    `of` is differentiated, `right` what should have been printed, and `at` the points: `x = 0.3, 2; n = 3`. Nothing else
    is run. ValueError names the row that cannot be read.

    >>> (claim,) = read('''
    ... | formula           | of     | by | printed | at         |
    ... |-------------------|--------|----|---------|------------|
    ... | (sin x)′ = cos x  | sin(x) | x  | cos(x)  | x = 0.3, 2 |
    ... ''')
    >>> claim.says, claim.wrt, claim.at
    ('(sin x)′ = cos x', 'x', [{'x': 0.3}, {'x': 2.0}])
    """
    rows = [_cells(line) for line in table.splitlines() if line.strip().startswith("|")]
    if not rows:
        raise ValueError(f"a line of a table begins with |; got {table[:80]!r}: of a file give Path(…).read_text()")
    head = [name.lower() for name in rows[0]]
    if missing := [name for name in COLUMNS if name not in head]:
        raise ValueError(f"a table of formulas has the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing")
    return [_claim(dict(zip(head, row, strict=False))) for row in rows[1:] if set("".join(row)) - set("-: ")]


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))  # a bar within a cell is written \|
    return [cell.replace("\\|", "|").strip().strip("`") for cell in cells]


def _claim(row: Mapping[str, str]) -> Claim:
    says, by, right = row["formula"], row.get("by", ""), row.get("right", "")
    try:
        at = each(**{name.strip(): _numbers(numbers, name.strip() == by) for name, numbers in _points(row["at"])})
        names = list(at[0])
        of, printed = (_function(row[column], names) for column in ("of", "printed"))
        corrected = _function(right, names) if right else None
    except (ValueError, KeyError) as error:
        raise ValueError(f"the row of {says!r} cannot be read: {error}") from error
    return Claim(row.get("slide", "Formulas"), says, of, printed, at, by, corrected, right, row.get("note", ""))


def _points(text: str) -> list[tuple[str, str]]:
    pairs = [part.split("=") for part in text.split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"the points are written as x = 0.3, 2; n = 3; got {text!r}")
    return [(name, numbers) for name, numbers in pairs]


def _numbers(text: str, real: bool) -> list[Any]:
    """Numbers and vectors, one for each point; what is differentiated by is no index."""
    try:
        found = ast.literal_eval(f"[{text.translate(SIGNS)}]")
    except (ValueError, SyntaxError):
        raise ValueError(
            f"the points are numbers, or lists of numbers, as in x = 0.3, 2; got {text.strip()!r}"
        ) from None
    return [float(x) if real and isinstance(x, int) else x for x in found]


def _function(text: str, names: Sequence[str]) -> Callable[..., Any]:
    """The function of these arguments that an expression is."""
    try:
        tree = ast.parse(text.translate(SIGNS), mode="eval").body
    except SyntaxError as error:
        product = re.search(r"(?<![\w.])[0-9.]+\s*[^\W\d]|\)\s*\w", text)
        why = "a product is written with *, as in 2*x" if product else error.msg
        raise ValueError(f"{text!r} is no expression: {why}") from None
    known = {name: getattr(autograd, name) for name in autograd.__all__} | SHORT
    used = [part.id for part in ast.walk(tree) if isinstance(part, ast.Name)]
    if unknown := [name for name in used if name not in {*names, *known}]:
        raise ValueError(f"{text!r} speaks of {unknown[0]}, which is no function of autograd and has no value in `at`")

    def function(**given: Any) -> Any:
        return _value(tree, known | given)

    arguments = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names if name in used]
    function.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return function


def _value(part: ast.expr, known: Mapping[str, Any]) -> Any:
    match part:
        case ast.Constant(value=int() | float() as x):
            return x
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=op, operand=x) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(x, known))
        case ast.BinOp(left=a, op=op, right=b) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(a, known), _value(b, known))
        case ast.Subscript(value=x, slice=k):
            return _value(x, known)[_value(k, known)]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(x, known) for x in parts]
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if callable(known[name]):
            return known[name](*(_value(x, known) for x in args))
        case ast.Call(func=ast.Constant() | ast.BinOp() | ast.Name(), keywords=[]):
            raise TypeError(f"{ast.unparse(part)!r} calls no function: a product is written with *")
    raise TypeError(f"{ast.unparse(part)!r} is more than arithmetic and functions of autograd")
