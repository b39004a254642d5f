"""Refusals: each names the operation, the operand and where it comes from, and says what to do instead."""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Mapping, Sequence
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.scope import here

if TYPE_CHECKING:
    from autograd.ops import Op

ERRORS = (ValueError, ZeroDivisionError, OverflowError)


def refusal(op: Op, operands: Sequence[Any], error: Exception) -> Exception:
    """The error for operands outside the domain: the operation, the input, the node, and what to do instead."""
    got = " and ".join(described(x) for x in operands[: op.leading or None])
    if isinstance(error, OverflowError):
        reason = f"{op.label} is beyond the largest float here"
    else:
        reason = f"{op.label} is defined for {op.domain or 'other operands'}"
    scope = here()
    return type(error)(f"{reason}; got {got}{f' in {scope}' if scope else ''}. {op.instead}".rstrip())


def untaken(op: Op, operands: Sequence[Any]) -> TypeError:
    """The error for operands of types that are no numbers."""
    return TypeError(f"{op.label} takes numbers and Values; got {', '.join(type(x).__name__ for x in operands)}")


def described(x: Any) -> str:
    """A number and where it comes from: `0.0 from ŷ[2]`."""
    if not hasattr(x, "parents"):
        return repr(x)
    made = f"the result of {x.op.label}{_on(x.parents)}" if x.op else f"{'an' if x.role == 'input' else 'a'} {x.role}"
    return f"{x.data!r} from {x.name or made}"


def _on(operands: Sequence[Any]) -> str:
    """The operands of a row, where there are few and each has a name or is a constant: `(a, 2.0)`."""
    called = [p.name or repr(p.data) * (p.role == "constant") for p in operands]
    return f"({', '.join(map(str, called))})" if len(called) < 4 and all(called) else ""


def refuse_row(op: Op, built_in: Collection[str], reserved: Collection[str]) -> None:
    """Refuse a row whose name or rules the table cannot take."""
    if not isinstance(op.name, str) or not op.name.isidentifier() or iskeyword(op.name):
        raise ValueError(f"an operation's name is an identifier; got {op.name!r}")
    if not op.vectors and not isinstance(op.partials, tuple):
        raise ValueError(f"the partials of {op.name} are a tuple, a function for each operand: (lambda y, x: …,)")
    for word, rules in (("computed_partials", op.computed_partials), ("textbook", op.textbook)):
        if rules and (op.vectors or len(rules) != op.arity):
            raise ValueError(f"the {word} of {op.name} stand beside its partials, a function for each operand")
    if op.vectors == 2 and op.indexed:
        raise ValueError(f"{op.name} has a component for each number of one vector: an indexed row takes no second one")
    takes = [p for p in inspect.signature(op.formula).parameters.values() if p.default is p.empty]
    if op.arity not in (None, len(takes)) and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in takes):
        raise ValueError(f"{op.name} takes {len(takes)} operands: give a partial for each, got {op.arity}")
    if not op.vectors and not all(_takes(rule, 1 + len(op.partials)) for rule in op.partials):
        raise ValueError(f"the partials of {op.name} take the result before the operands, as lambda y, x: … does")
    if op.name in built_in:
        raise ValueError(f"{op.name} is a row of the library; give yours another name")
    if op.written and (op.written.count("{}") != op.arity or {"{", "}"} & set(op.written.replace("{}", ""))):
        raise ValueError(
            f"{op.name} is written with a {{}} for each of its {op.arity or 0} operands; got {op.written!r}"
        )
    if op.name in reserved or op.name.startswith("__"):
        raise ValueError(f"{op.name} is a part of every Value or array; give the operation another name")


def _takes(rule: Any, n: int) -> bool:
    try:
        return bool(inspect.signature(rule).bind(*range(n)))
    except (TypeError, ValueError) as error:
        return isinstance(error, ValueError)  # a function in C that has no signature


def unknown(what: str, given: Mapping[str, object], ours: Mapping[str, str]) -> TypeError:
    """The error for arguments under names that are another library's: it says ours."""
    name = next(iter(given))
    return TypeError(
        f"{what} takes no {name}={given[name]!r}{f': {ours[name].format(given[name])}' if name in ours else ''}"
    )


QUOTIENTS = (
    "x // n and x % n jump where x / n is whole, and have no rows in the table. Take math.floor(v / n) for a plain "
    "number. For x % n make a row: Op('remainder', lambda x: x % n, (lambda y, x: 1.0,))"
)
MISSED: list[bool] = []  # empty until a derivative is missing or infinite somewhere: graphs without one pay nothing


def finite(partials: Sequence[float]) -> bool:
    """Whether every derivative exists and is no ∞."""
    return all(map(math.isfinite, partials))


def missing(op: Op, y: float, parents: Sequence[Any]) -> list[float]:
    """The partials one by one: nan where a rule has no value, ±∞ where it is too large, 0 for a constant."""
    MISSED[:] = [True]
    if op.vectors:
        return [math.nan] * len(parents)
    # NumPy's floats overflow to ±∞ where Python's raise; what has no value still has none.
    numbers = [np.float64(x) for x in (y, *(p.primal for p in parents))]
    d = []
    for parent, rule in zip(parents, op.slopes, strict=True):
        try:
            with np.errstate(over="ignore", divide="raise", invalid="raise"):
                d.append(float(rule(*numbers)))
        except (FloatingPointError, *ERRORS):
            d.append(0.0 if parent.role == "constant" else math.nan)
    return d


def no_derivative(node: Any, k: int, bar: Any) -> Exception:
    """The error for a derivative that does not exist and that a gradient reaches: ZeroDivisionError or ValueError."""
    parent, rules = node.parents[k], node.op.slopes
    kind: type[Exception] = ValueError
    try:
        (rules[k] if isinstance(rules, tuple) else rules)(node.data, *(p.data for p in node.parents))
    except ERRORS as error:
        kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
    where = f" in {node.scope}" if node.scope else ""
    reason, advice = f"a gradient of {float(bar)!r} reaches it", "Keep the operand off this point"
    if not bar:
        reason = "the gradient that reaches it is 0 at this point only, and 0 · ∞ has no value"
        advice = "Write x for sqrt(x)**2 and dot(x, x) for the square of a norm, or keep the operand off this point"
    return kind(
        f"{node.op.label} has no derivative here: its operand is {described(parent)}{where}, and {reason}. "
        f"{advice}, for example by adding a small constant to it."
    )


def overflowed(node: Any) -> OverflowError:
    """The error for a gradient in which a number is beyond the largest float, and another one may make it smaller."""
    where = f" in {node.scope}" if node.scope else ""
    return OverflowError(
        f"the gradient overflows at {described(node)}{where}: a part of it is beyond the largest float, and the rest may "
        "make it any number. Keep divisors away from 0, and scale the data to about 1."
    )


def underflowed(node: Any, parent: Any, what: str = "is infinite, or there is none") -> OverflowError:
    """The error for a gradient that is below the smallest float where its product with a derivative is unknown."""
    where = f" in {node.scope}" if node.scope else ""
    return OverflowError(
        f"the gradient that reaches {node.op.label}{where} is below the smallest float, so it has become 0. The derivative "
        f"of {node.op.label} at {described(parent)} {what}. Their product may be any number: scale the data to about 1."
    )
