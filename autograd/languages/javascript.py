"""JavaScript on single numbers: the language of pages that compute in a browser."""

from __future__ import annotations

import math

from autograd.languages.assignments import Script
from autograd.languages.code import Code, Context
from autograd.languages.forms import COMPARE, INFIX, MATHEMATICS, TEST, Form, Language, calls
from autograd.ops import Op


def _literal(x: float) -> str:
    return repr(x) if math.isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


JAVASCRIPT = Language(
    INFIX
    | calls("Math.{}({{*}})", MATHEMATICS | {"absolute": "abs", "power": "pow", "largest": "max"})
    | {
        "where": Form("{0} ? {1} : {2}", TEST, COMPARE),
        "maximum": Form("{0} > {1} ? {0} : {0} <= {1} ? {1} : {0} + {1}", TEST, COMPARE),
        "minimum": Form("{0} < {1} ? {0} : {0} >= {1} ? {1} : {0} + {1}", TEST, COMPARE),
    },
    _literal,
    assign="const {} = {};",
)


def value_and_partials(op: Op, n: int) -> tuple[str, str]:
    """Two functions in JavaScript: (x0, …) => y of n operands, and (y, x0, …) => [∂y/∂x0, …].

    They differ from Python's in what has no value: it is NaN or Infinity there, and no error.

    >>> from autograd import tanh
    >>> value_and_partials(tanh, 1)[0]
    '(x0)=>{const y = Math.tanh(x0);return y}'
    """
    context = Context(JAVASCRIPT)
    operands, y = [context.variable(f"x{k}") for k in range(n)], context.variable("y")
    names = ", ".join(x.data[0] for x in operands)
    value = _function(context, names, {"y": op.apply(*operands)}, "y")  # first: a rule that is Python is refused here
    partials = op.local(y, *operands, rules=op.slopes)
    d = {f"d{k}": partial for k, partial in enumerate(partials)}
    return value, _function(context, f"y, {names}", d, f"[{', '.join(d)}]")


def _function(context: Context, parameters: str, targets: dict[str, Code | float], result: str) -> str:
    codes = {name: x if isinstance(x, Code) else context.number(x) for name, x in targets.items()}
    script = Script(codes.values())
    lines = [line for name, code in codes.items() for line in script.lines(name, code)]
    return f"({parameters})=>{{{''.join(lines)}return {result}}}"
