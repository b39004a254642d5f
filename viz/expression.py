"""An expression written in a terminal: read without being run, then shown as table, picture, formula or lesson."""

from __future__ import annotations

import ast
import math
import re
import sys
import warnings
from argparse import ArgumentParser, Namespace
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from keyword import iskeyword
from pathlib import Path
from typing import Any, get_args
from unicodedata import normalize

import viz
from autograd import ops
from autograd.numpy_ufuncs import EXTREMES
from autograd.value import Value
from viz.arguments import Theme
from viz.numbers import printable

CONSTANTS = {"pi": math.pi, "e": math.e}
ROWS: Mapping[type[ast.AST], ops.Op] = {
    ast.Add: ops.add, ast.Sub: ops.subtract, ast.Mult: ops.multiply, ast.Div: ops.divide, ast.Pow: ops.power,
    ast.USub: ops.negative, ast.UAdd: ops.positive,
}  # fmt: skip
SHORT = {"abs": ops.absolute, "max": ops.maximum, "min": ops.minimum, "ln": ops.log, "σ": ops.sigmoid}
SIGNS = str.maketrans({"−": "-", "·": "*", "×": "*", "^": "**"})  # as formulas are written
BEYOND = "beyond the largest float, 1.8e308: write a smaller one"
LONGEST = 10_000  # characters: more would take seconds, and are no formula that a person reads


def parsed(text: str, numbers: Mapping[str, float]) -> Value:
    """The Value of an expression, its names as parameters that hold the given numbers.

    An expression consists of names, numbers, `+ - * / **` (or `− · ^`), parentheses, and calls of this library's functions;
    sum, dot and logsumexp take lists. abs, max and min are what they are in Python; pi and e are constants unless
    they are given. ValueError for anything else, with its column, for names without a number, and for numbers without
    a name; an operand outside of a domain is refused as everywhere. Nothing is ever evaluated as Python.

    >>> parsed("tanh(w*x + b)", {"w": 0.5, "x": 2, "b": -1})
    Value(data=0.0, grad=None)
    """
    text = re.sub(r"\s", " ", text).strip()
    leaves: dict[str, Any] = {}
    nodes, steps = [_tree(text)], {}
    done: dict[ast.expr, Any] = {}
    for node in nodes:  # the list grows while it is read
        steps[node] = _step(text, node, leaves)
        nodes += steps[node][1]
    names = dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name))
    leaves |= _leaves(names, {normalize("NFKC", name): x for name, x in numbers.items()})
    for node in reversed(nodes):
        operation, operands = steps[node]
        try:
            done[node] = operation(*(done[x] for x in operands))
        except TypeError as error:
            raise _refused(text, node, str(error)) from None
    result: Value = done[nodes[0]]
    return result


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ValueError(
            f"{_short(text)} has {len(text):,} characters; an expression has at most {LONGEST:,}: build the graph in Python"
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # of what is refused in any case
            return ast.parse(text.translate(SIGNS), mode="eval").body
    except SyntaxError as error:
        why, place = error.msg, f" at column {_column(text, error.offset)}" if error.offset else ""
        if re.search(r"(?<![\w.])[0-9.]+\s*[^\W\d]|\)\s*\w", text):
            why, place = "a product is written with *, as in 2*x", ""
        if taken := next(filter(iskeyword, re.findall(r"\w+", text)), ""):
            why, place = f"{taken} is a word of Python and cannot be a name: write {taken}_", ""
        if "limit" in why:  # of the digits of a whole number
            why, place = f"a number in it is {BEYOND}", ""
        raise ValueError(f"{_short(text)} is no expression: {why}{place}") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"{_short(text)} is nested too deep") from None


# Twin: evaluated in page/script/answer.js, kept equal by test_steps_typed.py, test_the_page_evaluates_an_expression_as_python_does.
def _step(text: str, node: ast.expr, leaves: Mapping[str, Any]) -> tuple[Callable[..., Any], list[ast.expr]]:
    """The operation of a node, and the nodes it is computed from; ValueError for a node that no expression has."""
    match node:
        case ast.Name(name):
            return partial(leaves.__getitem__, name), []
        case ast.Constant(int() | float() as x) if not isinstance(x, bool) and x <= sys.float_info.max:
            return partial(float, x), []
        case ast.Constant(int() | float() as x) if not isinstance(x, bool):
            raise _refused(text, node, f"the number is {BEYOND}")
        case ast.BinOp(left, op, right) if type(op) in ROWS:
            return ROWS[type(op)], [left, right]
        case ast.UnaryOp(op, operand) if type(op) in ROWS:
            return ROWS[type(op)], [operand]
        case ast.Call(ast.Name(name), args, []) if row := _functions().get(name):
            lists = [len(a.elts) if row.vectors and isinstance(a, ast.List) else None for a in args]
            parts = [a.elts if row.vectors and isinstance(a, ast.List) else [a] for a in args]
            return partial(_called, row, lists), [x for part in parts for x in part]
        case ast.Call(ast.Name(name), _, []) if name in _vectors():
            advice = "write one component with exp and sum, such as exp(x)/sum([exp(x), exp(y)])"
            raise _refused(text, node, f"{name} gives a vector, and an expression is one number: {advice}")
        case ast.Call(ast.Name(name), _, []):
            there = ", ".join(sorted(_functions()))
            raise _refused(text, node, f"no function here is called {name}; there are {there}")
        case ast.Call(ast.Attribute(x, name), args, []) if row := _functions().get(name):
            operands = args if args and row.arity in (None, len(args)) else [x, *args]  # np.tanh(x), and x.tanh()
            called = ", ".join(filter(None, (ast.get_source_segment(text.translate(SIGNS), x) for x in operands)))
            raise _refused(text, node, f"write {name}({called})")
        case ast.Call(ast.Constant() | ast.BinOp()):
            raise _refused(text, node, "a product is written with *, as in 2*x")
    raise _refused(text, node, "an expression has only names, numbers, + - * / ** and calls such as sin(x)")


def _functions() -> Mapping[str, ops.Op]:
    """The rows that make one number of numbers, those made by the reader too."""
    return {name: row for name, row in ops.TABLE.items() if not row.infix and not row.indexed} | SHORT


def _vectors() -> set[str]:
    """The functions that give a vector."""
    return {"softmax"} | {name for name, row in ops.TABLE.items() if row.indexed}


def _called(row: ops.Op, lists: Iterable[int | None], *operands: Any) -> Any:
    """The row on its arguments: numbers, and lists of so many."""
    rest = iter(operands)
    given = [next(rest) if n is None else [next(rest) for _ in range(n)] for n in lists]
    extreme = EXTREMES.get(row) if len(given) > 2 else None
    return extreme(given) if extreme else row(*given)


def _leaves(names: Iterable[str], given: Mapping[str, float]) -> dict[str, Any]:
    """The number or Value of each name; ValueError where names and numbers do not go together."""
    missing = [printable(name) for name in names if name not in given and name not in CONSTANTS]
    for name in missing:
        if name in _functions():
            raise ValueError(f"{name} is a function: write {name}(…)")
    if missing:
        raise ValueError(f"give {' and '.join(missing)} a number: {' '.join(f'{name}=…' for name in missing)}")
    if unused := [name for name in given if name not in names]:
        raise ValueError(f"there is no {' and no '.join(unused)} in the expression")
    if not given:
        raise ValueError("the expression has no names, so there is nothing to differentiate: write x, and x=…")
    return CONSTANTS | {name: Value(x, name) for name, x in given.items()}


def _refused(text: str, node: ast.expr, why: str) -> ValueError:
    read = text.translate(SIGNS).encode()
    before, part = read[: node.col_offset].decode(), read[node.col_offset : node.end_col_offset].decode()
    return ValueError(f"{_short(part)} at column {_column(text, len(before) + 1)}: {why}")


def _column(text: str, column: int) -> int:
    """The column of the text for one of what is read for it, which has ** for ^."""
    return bisect_left(range(len(text)), column - 1, key=lambda k: len(text[:k].translate(SIGNS))) + 1


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:38]}…")


# --- in a terminal --------------------------------------------------------------------------------------------------


def add_options(parser: ArgumentParser) -> None:
    """Add the options of `python -m viz` for an expression."""
    group = parser.add_argument_group("an expression")
    group.add_argument("words", nargs="*", metavar="EXPR name=value", help='such as "tanh(w*x + b)" w=0.5 x=2 b=-1')
    group.add_argument(
        "-o", dest="file", type=Path, metavar="FILE", help="draw it: .svg, .png, .html, .dot, .mmd or .pdf"
    )
    kinds = group.add_mutually_exclusive_group()
    for kind, text in (
        ("table", "its values and derivatives as a table (the default without -o); -o x.md, .html, .tex or .txt"),
        ("latex", "its formula in LaTeX; -o x.tex"),
        ("steps", "a page that steps through forward and backward pass; -o lesson.html, or .svg"),
    ):
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, help=text)
    text = "of the picture or page (default: auto, as the reader's screen)"
    group.add_argument("--theme", choices=get_args(Theme), help=text)


def run(arguments: Namespace) -> str:
    """Compute and differentiate the expression, and show it as it is asked for: what to print."""
    pairs = [word for word in arguments.words if re.match(r"\s*\w+\s*=(?!=)", word)]
    texts = [word for word in arguments.words if word not in pairs]
    if len(texts) != 1:
        raise ValueError(
            f"one expression is needed, in quotes and without an equals sign; got {' '.join(map(_short, texts)) or 'none'}"
        )
    output = parsed(texts[0], _numbers(pairs))
    output.backward()
    kind, file = arguments.kind or ("draw" if arguments.file else "table"), arguments.file
    themed = {"theme": arguments.theme} if arguments.theme else {}
    if kind == "steps" and not file:
        raise ValueError("--steps makes a page: add -o lesson.html")
    if themed and kind not in ("draw", "steps"):
        raise ValueError("--theme is for pictures: add -o picture.svg")
    shown = getattr(viz, kind)(output, **themed)
    if not file:
        return str(shown.latex if kind == "latex" else shown)
    return f"wrote {shown.save(file)}"


def _numbers(pairs: Iterable[str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for pair in pairs:
        name, _, digits = (part.strip() for part in pair.partition("="))
        if name in numbers or not name.isidentifier():
            raise ValueError(f"{name} is given twice" if name in numbers else f"{name!r} in {pair!r} is no name")
        try:
            numbers[name] = float(digits)
        except ValueError:
            raise ValueError(f"{digits!r} in {pair!r} is not a number") from None
        if math.isinf(numbers[name]) and "inf" not in digits.lower():
            raise ValueError(f"{digits!r} in {pair!r} is {BEYOND}")
    return numbers
