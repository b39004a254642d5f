"""The docstring of every row, made from the row: formula, derivatives, domain, convention and an example.

`help(tanh)` and `help(Value.tanh)` show it. It is made when it is first asked for.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from autograd import ops
from autograd.languages.assignments import Script
from autograd.languages.code import NUMBER, Code, Context
from autograd.languages.forms import INFIX, Form, Language, escaped
from autograd.languages.text import TEXT
from autograd.ops import Op, VectorOp
from autograd.transforms import grad, jacobian


class Docstring:
    """The `__doc__` of a class of rows: of the class its own, of a row the one that is made from it."""

    def __init__(self, of_the_class: str | None) -> None:
        self.of_the_class = of_the_class

    def __get__(self, op: Op | None, _: type[Op]) -> str | None:
        return self.of_the_class if op is None else docstring(op)


for _kind in (Op, VectorOp):
    setattr(_kind, "__doc__", Docstring(_kind.__doc__))


def docstring(op: Op) -> str:
    """The docstring of a row, here without its example. The row keeps it: it is made once.

    >>> print(docstring(ops.log).partition(">>>")[0].rstrip())
    y = log(x)
    <BLANKLINE>
    ∂y/∂x = 1/x
    <BLANKLINE>
    Takes floats, Values, arrays and nestings of these, and returns the like.
    Defined for x > 0; other numbers are refused. For cross-entropy use log_softmax, which never leaves its domain.
    """
    text = "\n\n".join("\n".join(part) for part in (*_formulas(op), _facts(op)) if part)
    vars(op)["__doc__"] = text  # which the example's transforms ask for
    example = contextvars.Context().run(lambda: [*_example(op)])  # of numbers, though it be made within a recording
    vars(op)["__doc__"] = "\n".join([text, *example])
    return cast(str, vars(op)["__doc__"])


def _facts(op: Op) -> list[str]:
    vectors = f"vectors of floats or Values, here of two numbers, and returns a {'vector' if op.indexed else 'number'}"
    taken = vectors if op.vectors else "floats, Values, arrays and nestings of these, and returns the like"
    domain = f"Defined for {op.domain}; other numbers are refused. {op.instead}".rstrip()
    kink = f"By convention, where there is no derivative: {op.kink}."
    return [f"Takes {taken}."] + [domain] * bool(op.domain) + [kink] * bool(op.kink)


def _example(op: Op) -> Iterator[str]:
    """The value and the gradient at one point; nothing where the row has none there."""
    n = len(op.partials) - len(op.defaults) if op.arity else op.vectors
    chosen = tuple(range(n)) if n > 1 else 0
    low, high = op.samples[0] if op.samples else (-3.0, 3.0)
    for first in (x for x in (-2.0, 0.5) if low <= x <= high):  # NumPy would see the flag that a refusal leaves behind
        operands: list[Any] = [[1.0, 2.0], [3.0, 4.0]][:n] + [1] * op.leading if op.vectors else [first, 2.0, 3.0][:n]
        try:
            y, dy = op(*operands), jacobian(op)(*operands) if op.indexed else grad(op, chosen)(*operands)
        except Exception:  # noqa: S112  # not defined there, or a user's rule, which may do anything
            continue
        called, transform = f"({', '.join(map(repr, operands))})", "jacobian" if op.indexed else "grad"
        yield f"\n>>> from autograd import {transform}, {op.name}" if op.name in ops.BUILT_IN and not op.infix else ""
        yield f">>> {op.name}{called}\n{y!r}"
        yield f">>> {transform}({op.name}{f', {chosen}' if chosen else ''}){called}\n{dy!r}"
        return


# --- formulas -----------------------------------------------------------------------------------------------------------


class Written(Code):
    """An operand that writes every row by its name; softmax stands in the textbook's form, without the shift."""

    __slots__ = ()

    @classmethod
    def said(cls, word: str, *operands: Any) -> Any:
        return operands[0] if operands[-1] is _SHIFT else super().said(word, *operands)

    def __word__(self, name: str) -> Callable[..., Any] | None:
        # What a row's library provides, such as exp, has no other formula than its name.
        return _WORDS.get(name) or (super().__word__(name) if name == "where" else None)


_SHIFT = "subtracted, it leaves an exponent as it is"
_WORDS: dict[str, Callable[..., Any]] = {
    "total": lambda *a: sum(a[1:], a[0]),
    "shift": lambda *_: _SHIFT,
    "y_hat": lambda share, whole: share / whole,
    "above": lambda a, b: ops.step.apply(a - b),
    "others": lambda c, *p: _WORDS["total"](*p[:c], *p[c + 1 :]),
}


def _formulas(op: Op) -> tuple[list[str], list[str]]:
    """y = log(x), with the definition where the row has one, and every ∂y/∂operand."""
    row = cast(VectorOp, op).at(0) if op.indexed else op
    calls = {name: Form(f"{escaped(name)}({'[{*}]' if row.vectors else '{*}'})") for name, row in ops.TABLE.items()}
    context = Context(Language({**calls, **INFIX, **TEXT.forms}, "{:.12g}".format, signs=("-", "−")))
    names = _operands(row)
    operands = [Written("name", (), (name,), NUMBER, context) for name in names]
    definition = _texts(context, lambda: [row.formula(*operands)])
    slopes = _texts(context, lambda: row.local(context.variable("y"), *operands, rules=row.textbook))
    first = " = ".join(dict.fromkeys(["y", _called(row, names), *definition]))
    return [first], [f"∂y/∂{name} = {slope}" for name, slope in zip(names, slopes, strict=False)]


def _texts(context: Context, made: Callable[[], Sequence[Any]]) -> list[str]:
    """The expressions in readable text; none where a rule is Python that cannot be written."""
    try:
        codes = [x if isinstance(x, Code) else context.number(x) for x in made()]
        return [Script([code]).text(code).replace("-", "−") for code in codes]
    except Exception:  # of a user's rule
        return []


def _operands(op: Op) -> list[str]:
    """The operands as the row's rules name them; of a vector its first two numbers."""
    if op.vectors:
        return ["i"] * op.leading + [
            f"{vector}{k}" for vector in "ab"[: op.vectors] for k in range(max(2, 1 + (op.index or 0)))
        ]
    n, code = len(op.partials), getattr(op.partials[0], "__code__", None)
    names = code.co_varnames[1 : 1 + n] if code else ()
    return list(names) if len(names) == n else [f"x{k}" for k in range(n)]


def _called(op: Op, names: list[str]) -> str:
    lead, names = names[: op.leading], names[op.leading :]
    n = len(names) // (op.vectors or 1)
    if op.vectors:
        vectors = [f"[{', '.join(names[k : k + n])}]" for k in range(0, len(names), n)]
        return f"{op.name}({', '.join(vectors + lead)}){op.label.removeprefix(op.name)}"
    defaults = [""] * (n - len(op.defaults)) + [f"={x}" for x in op.defaults]
    return f"{op.name}({', '.join(map(str.__add__, names, defaults))})"
