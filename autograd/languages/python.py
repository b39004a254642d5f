"""Python on single numbers: the language of the functions that make nodes, compiled by `makers`."""

from __future__ import annotations

from typing import Any

from autograd.languages.assignments import Script, nodes_of
from autograd.languages.code import Code, Context
from autograd.languages.forms import ATOM, COMPARE, INFIX, MATHEMATICS, TEST, Form, Language, calls, python_literal
from autograd.ops import BUILT_IN, Op
from autograd.value import apart

PYTHON = Language(
    INFIX
    | calls("{}({{}})", MATHEMATICS | {"absolute": "abs", "erf": "erf", "erfc": "erfc"})
    | calls("{}({{*}})", {"largest": "largest", "power": "pow", "take": "element"})
    | {
        # What the branches compute is computed beforehand.
        "where": Form("{1} if {0} else {2}", TEST, (COMPARE, COMPARE, COMPARE), uses=(1, 2, 2)),
        "maximum": Form("{0} if {0} > {1} else {1} if {0} <= {1} else {0} + {1}", TEST, (COMPARE, COMPARE)),
        "minimum": Form("{0} if {0} < {1} else {1} if {0} >= {1} else {0} + {1}", TEST, (COMPARE, COMPARE)),
        "unless_constant": Form("0.0 if {1}.role == 'constant' else {0}", TEST, (TEST, ATOM)),
    },
    python_literal,
)

_MAKER = """
def make({given}):
    {data}
    try:
        {value}
    except ERRORS as error:
        raise refusal(op, ({parents},), error) from None
    try:
        {partials}
    except ERRORS:
        {d}, = missing(op, y, ({parents},))
{alarm}    v = new(Value)
    v.primal = y; v.op = op; v.grad = v.role = v.name = None
    v.scope = here() if OPENED else None
    v.left = {left}; v.right = {right}; v.d_left = {d_left}; v.d_right = {d_right}
    return v
"""


def maker_source(op: Op, n: int) -> str:
    """The function from n parents to a node of the row, as the row's own rules write it."""
    context = Context(PYTHON)
    parents, operands = [f"a{k}" for k in range(n)], [context.variable(f"x{k}") for k in range(n)]
    y, *rules = (
        x if isinstance(x, Code) else context.number(x)
        for x in (op.apply(*operands), *op.local(context.variable("y"), *operands, rules=op.slopes))
    )
    if op.guarded:
        rules = [Code("unless_constant", (d, context.variable(a))) for d, a in zip(rules, parents, strict=True)]
    # What is an operand or a number stands as it is.
    texts = [PYTHON.literal(d.data[0]) if d.word == "number" else d.data[0] if d.word == "name" else "" for d in rules]
    targets = {"y": y} | {f"d{k}": rule for k, rule in enumerate(rules) if not texts[k]}
    script = Script(targets.values())
    lines = [line for name, target in targets.items() for line in script.lines(name, target)]
    split = next(k for k, line in enumerate(lines, 1) if line.startswith("y = "))
    steep = [name for name, d in targets.items() if name != "y" and _may_overflow(op, d)]
    partials = [text or f"d{k}" for k, text in enumerate(texts)]
    given = ["left", "right"][: op.vectors] or parents
    taken = [f"{_tuple(names)} = {side}" for side, names in zip(given, apart(op, parents), strict=False) if op.vectors]
    left, right = [*given, None][:2] if op.vectors or op.arity in (1, 2) else apart(op, parents)
    d_left, d_right = map(_tuple, apart(op, partials))
    return _MAKER.format(
        given=", ".join(given),
        left=_tuple(left),
        right=right,
        d_left=d_left,
        d_right=d_right,
        parents=", ".join(parents),
        data="; ".join([*taken, *(f"x{k} = {a}.primal" for k, a in enumerate(parents))]),
        value="; ".join(lines[:split]),
        partials="; ".join(lines[split:]) or "pass",
        d=", ".join("_" if text else f"d{k}" for k, text in enumerate(texts)),
        alarm=f"    if {' * '.join(['0.0', *steep])}:  # nan\n        MISSED[:] = [True]\n" if steep else "",
    )


def _tuple(side: Any) -> str:
    """One side of a node as code: a name, or a tuple of names."""
    return f"({', '.join(side)},)" if isinstance(side, tuple) else str(side)


def _may_overflow(op: Op, partial: Code) -> bool:
    """Whether a partial may be ∞ where the operands and the value are not; that of sums, products and their like is not."""
    return op.name not in BUILT_IN or any(node.word in ("divide", "power", "log") for node in nodes_of([partial], {}))
