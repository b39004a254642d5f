"""Forms: how a language writes each word, a template for it and the precedence by which brackets are set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

# How tightly a form binds. In a place that is OPEN nothing needs brackets. Mathematics has −a·b for −(a·b), a sign that
# binds less than a product; in the grammars of Python and C a sign binds more.
OPEN, TEST, COMPARE, SUM, NEGATED, MATRIX, PRODUCT, SIGN, POWER, ATOM = range(10)


class Form(NamedTuple):
    """One way of writing: `{}` or `{0}`, `{1}` are the operands, `{*}` all of them; further fields are the word's data."""

    template: str | Callable[..., str]  # or the template that goes with the word's data
    binds: int = ATOM
    needs: Sequence[int] | int = OPEN  # of each operand, or of all
    uses: tuple[int, ...] | None = None  # how often each operand is used, where that is not seen in the template

    def mentions(self, n: int) -> tuple[int, ...]:
        """The number of times that each of n operands is used."""
        return self.uses or (_mentions(self.template, n) if isinstance(self.template, str) else (1,) * n)


@cache
def _mentions(template: str, n: int) -> tuple[int, ...]:
    return tuple(template.count(f"{{{k}}}") or 1 for k in range(n))


@dataclass(frozen=True, eq=False)
class Language:
    """A table from words to forms. A word that it lacks is spelt by the row's own rule.

    Where a function stands in the place of a form, the word is said by other words.
    """

    forms: Mapping[str, Form | Callable[..., Any]]
    literal: Callable[[float], str] = repr
    name: str = "{}"
    assign: str = "{} = {}"  # of an expression to a name
    comment: str = "# {}"
    reserved: frozenset[str] = frozenset()  # names that a function of this language uses itself
    brackets: str = "({})"
    spelled: Callable[[str], str] = str  # a name as the language allows it
    signs: tuple[str, ...] = ()  # what begins with one of these stands in brackets behind an operator: a + (−b)

    def written(self, form: Form, operands: Sequence[tuple[str, int]], data: Iterable[Any] = ()) -> str:
        """The text of a word on operands, each a text and how tightly that binds; in brackets where that is too little."""
        needs = [form.needs] * len(operands) if isinstance(form.needs, int) else form.needs
        texts = []
        for k, ((text, binds), need) in enumerate(zip(operands, needs, strict=True)):
            loose = binds < need or (k and need and text.startswith(self.signs))
            texts.append(self.brackets.format(text) if loose else text)
        template = form.template if isinstance(form.template, str) else form.template(*data)
        return template.replace("{*}", ", ".join(["{}"] * len(texts))).format(*texts, *data)


def escaped(text: str) -> str:
    """Any text as a part of a template."""
    return text.replace("{", "{{").replace("}", "}}")


def calls(template: str, names: Mapping[str, str]) -> dict[str, Form]:
    """The forms of words that are functions, each under its name in the language."""
    return {word: Form(template.format(name)) for word, name in names.items()}


def python_literal(x: float) -> str:
    """A number in Python, which has no word for infinity."""
    text = repr(x)
    return text if text.lstrip("-")[0].isdigit() else f"float({text!r})"


# The rows that are functions wherever there is a library of mathematics, by their name there.
MATHEMATICS = {
    name: name
    for name in ("exp", "log", "log1p", "log2", "log10", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
} | {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}

# What Python, C and JavaScript write alike. Sums and products bind to the left: a - b - c, but a - (b - c).
INFIX = {
    "add": Form("{} + {}", SUM, (SUM, MATRIX)),
    "subtract": Form("{} - {}", SUM, (SUM, MATRIX)),
    "multiply": Form("{} * {}", PRODUCT, (PRODUCT, SIGN)),
    "divide": Form("{} / {}", PRODUCT, (PRODUCT, SIGN)),
    "negative": Form("-{}", SIGN, (POWER,)),
    "positive": Form("+{}", SIGN, (POWER,)),
    "greater": Form("{} > {}", COMPARE, (SUM, SUM)),
    "less": Form("{} < {}", COMPARE, (SUM, SUM)),
    "greater_equal": Form("{} >= {}", COMPARE, (SUM, SUM)),
    "less_equal": Form("{} <= {}", COMPARE, (SUM, SUM)),
    "equal": Form("{} == {}", COMPARE, (SUM, SUM)),
    "not_equal": Form("{} != {}", COMPARE, (SUM, SUM)),
}
