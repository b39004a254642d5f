"""The rows in JavaScript, for pages that compute: what their own rules write when they are fed such an operand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from autograd.languages.code import TEST, Code, Dialect, Script
from autograd.ops import Op

_MATH = ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "atan", "tanh", "abs", "pow")


def _call(name: str) -> Any:
    return lambda *operands: Code(f"{name}({', '.join(['{}'] * len(operands))})", *operands)


def _choice(form: str) -> Any:
    return lambda *operands: Code(form, *operands, binds=TEST)


JAVASCRIPT = SimpleNamespace(
    **{name: _call(f"Math.{name}") for name in _MATH},
    largest=_call("Math.max"),
    shift=_call("Math.max"),
    where=_choice("{0} ? {1} : {2}"),
    maximum=_choice("{0} > {1} ? {0} : {0} <= {1} ? {1} : {0} + {1}"),
    minimum=_choice("{0} < {1} ? {0} : {0} >= {1} ? {1} : {0} + {1}"),
)


def value_and_partials(op: Op, n: int) -> tuple[str, str]:
    """Two functions in JavaScript: (x0, …) => y of n operands, and (y, x0, …) => [∂y/∂x0, …].

    They differ from Python's in what has no value: it is NaN or Infinity there, and no error.

    >>> from autograd import tanh
    >>> value_and_partials(tanh, 1)[0]
    '(x0)=>{const y = Math.tanh(x0);return y}'
    """
    dialect = Dialect(JAVASCRIPT)
    operands = [Code(f"x{k}", dialect=dialect) for k in range(n)]
    y = Code("y", dialect=dialect)
    names = ", ".join(f"x{k}" for k in range(n))
    value = _function(names, {"y": op.value(*operands)}, "y")
    rules = {f"d{k}": rule for k, rule in enumerate(op.local(y, *operands))}
    return value, _function(f"y, {names}", rules, f"[{', '.join(rules)}]")


def _function(parameters: str, targets: dict[str, Any], result: str) -> str:
    codes = {name: x if isinstance(x, Code) else Code("{}", x) for name, x in targets.items()}
    script = Script(codes.values())
    lines = [line for name, target in codes.items() for line in script.lines(name, target)]
    text = "".join(f"const {line};" for line in lines)
    for number, name in (("inf", "Infinity"), ("-inf", "-Infinity"), ("nan", "NaN")):
        text = text.replace(f"float('{number}')", name)
    return f"({parameters})=>{{{text}return {result}}}"
