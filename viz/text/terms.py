"""Term, an operand that writes formulas: a row's rules, fed with it, give LaTeX and readable text at once."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self
from unicodedata import normalize

from autograd import ops, refusals
from autograd.languages import latex, text
from autograd.languages.forms import ATOM, NEGATED, OPEN, POWER, PRODUCT, SUM, Form
from autograd.languages.latex import LATEX
from autograd.languages.text import TEXT
from autograd.ops import Op
from autograd.value import Operand
from viz.names import MANY, index, parts
from viz.numbers import exact, few, number, printable

LANGUAGES = LATEX, TEXT
# Written as the table defines them: every reader knows ln and exp, and few know logsumexp.
_DEFINED = {"log1p", "expm1", "softplus", "log_sigmoid", "dot", "logsumexp", "log_softmax", "neg_log_softmax"}
_DEFINED |= {"sigmoid_slope", "arcsin_slope"}
TESTS = {"greater": operator.gt, "less": operator.lt, "greater_equal": operator.ge, "less_equal": operator.le}
_ATOMS = (ATOM, ATOM)
UNKNOWN = float("nan")  # in place of the number of a symbol that stands for none; other nans are numbers of their own


class Term(Operand):
    r"""A formula, without a bracket that is not needed.

    >>> w, x = Term.symbol("w"), Term.symbol("x1")
    >>> y = ops.tanh.apply(w * (x + 1) ** 2)
    >>> print(y, y.latex)
    tanh(w·(x1 + 1)²) \tanh\left(w \cdot \left(x_{1} + 1\right)^{2}\right)
    """

    __slots__ = ("args", "binds", "number", "op", "texts")

    def __init__(
        self,
        texts: Iterable[str],
        value: float = UNKNOWN,
        binds: Sequence[int] = _ATOMS,
        op: Any = None,
        args: Any = (),
    ) -> None:
        self.texts = tuple(texts)
        # What begins with a sign binds no tighter than one: (−a)·b, which is written −a·b.
        self.binds = [min(b, NEGATED) if t[:1] in ("-", "−") else b for t, b in zip(self.texts, binds, strict=True)]
        self.number, self.op = value, op
        self.args = args  # None for a number that stands as itself

    latex = property(lambda self: self.texts[0])  # the formula in LaTeX
    pi = property(lambda self: self.symbol("π", math.pi))  # as rules write it

    def __str__(self) -> str:
        return self.texts[1]

    @classmethod
    def symbol(cls, name: str, value: float = UNKNOWN, latex: str = "") -> Self:
        """A name, with the number it stands for."""
        texts = latex or symbol(name), name
        raised = "^" in texts[0], normalize("NFKD", name[-1:]) != normalize("NFD", name[-1:])  # x², as a power
        return cls(texts, value, [POWER if up else ATOM for up in raised])

    @classmethod
    def of(cls, x: Any, digits: int | None = None) -> Self:
        """A formula as this kind of Term, or a number: with all its digits, where it is part of a formula."""
        if isinstance(x, Term):
            return cls(x.texts, x.number, x.binds, x.op, x.args)
        text = exact(float(x)) if digits is None else number(float(x), digits)
        latex = text.replace("−", "-").replace("∞", r"\infty").replace("nan", r"\mathrm{nan}")
        mantissa, _, power = latex.partition("e")
        if power:
            sign, factor = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
            factor = "" if factor == "1" else rf"{factor} \cdot "
            binds = PRODUCT if factor else POWER
            return cls((rf"{sign}{factor}10^{{{power}}}", text), float(x), (binds, ATOM), args=None)
        return cls((latex, text), float(x), args=None)

    @classmethod
    def put(cls, x: float, digits: int) -> Self:
        """A number in the place of a symbol, which a formula keeps as it stands."""
        term = cls.of(x, digits)
        term.args = ()
        return term

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Self:
        args = [x if type(x) is cls else cls.of(x) for x in operands]
        if op.name in _DEFINED or op is ops.positive:
            return cls.of(op.formula(*args) if op.name in _DEFINED else args[0])
        form = joined(args, " + ", SUM) if op is ops.sum else _written(op, args)
        return cls(form.texts, binds=form.binds, op=op, args=args)

    def __compare__(self, test: str, other: Any) -> bool:
        """A rule that compares is decided by the numbers; TypeError for a symbol that stands for none."""
        return bool(TESTS[test](_known(self), _known(other)))

    def __word__(self, name: str) -> Callable[..., Any] | None:
        return _above if name == "above" else _ON_VECTORS.get(name)


def _above(a: Any, b: Any) -> Any:
    tie = math.isinf(x := getattr(a, "number", a)) and x == getattr(b, "number", b)
    return 0.0 if tie else ops.step.apply(a - b)  # ∞ − ∞ has no step


class Slope(Term):
    """A term of a derivative at a point: a factor 1 and a term 0 are left out, and numbers decide between branches.

    >>> x = Slope.symbol("x", 3.0)
    >>> print(*ops.power.local(x**2, x, 2.0)[:1], *ops.relu.local(x, x))
    2·x step(x)
    """

    __slots__ = ()

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Self:
        args = [x if type(x) is cls else cls.of(x) for x in operands]
        try:
            value = UNKNOWN if any(x.number is UNKNOWN for x in args) else float(op.value(*(x.number for x in args)))
        except refusals.ERRORS:
            value = math.nan
        plain = all(x.args is None for x in args)
        term = cls.of(value) if plain else _simpler(op.name, *args) or super().__apply__(op, args)
        term.number = value
        return term


def _simpler(name: str, *args: Any) -> Any:
    match (name, *(x.number if x.args is None else None for x in args)):
        case ("multiply", 1.0, _) | ("add", 0.0, _) | ("multiply", _, 0.0):
            return args[1]
        case ("multiply" | "divide" | "power", _, 1.0) | ("add" | "subtract", _, 0.0) | ("multiply", 0.0, _):
            return args[0]
        case ("subtract", 0.0, _) | ("multiply", -1.0, _):
            return -args[1]
        case ("negative", _) if args[0].op is ops.negative:
            return args[0].args[0]
        case ("negative", _) if args[0].op is ops.subtract:
            return args[0].args[1] - args[0].args[0]
        case ("where", *_):
            return args[1] if _known(args[0]) else args[2]
    return None


def _known(x: Any) -> Any:
    """The number that decides; TypeError where there is none."""
    if (number := getattr(x, "number", x)) is UNKNOWN:
        raise TypeError(f"{x} is written without a number, so a rule cannot compare it: give the symbol a number")
    return number


def composed(forms: Sequence[Form], args: Sequence[Term]) -> Term:
    """The operands in a form of LaTeX and one of text, in brackets where they bind less tightly than they have to."""
    both = enumerate(zip(LANGUAGES, forms, strict=True))
    texts = (language.written(form, [(x.texts[k], x.binds[k]) for x in args]) for k, (language, form) in both)
    return Term(texts, binds=[form.binds for form in forms])


def joined(args: Sequence[Term], between: str, binds: int, latex: str = "", most: int = MANY) -> Term:
    """A sum or a product of any number of operands; of more than `most` the first three and the last."""
    shown = few(args, most, 3, gap=ELLIPSIS)
    texts = ((latex or between).join(["{}"] * len(shown)), between.join(["{}"] * len(shown)))
    return composed([Form(text, binds, [binds] * len(shown)) for text in texts], shown) if len(args) > 1 else args[0]


def _written(op: Op, args: Sequence[Term]) -> Term:
    forms: list[Any] = [language.forms.get(op.name) for language in LANGUAGES]
    if op is ops.power and re.fullmatch(r"−?\d+", exponent := str(args[1])):
        raised = Term((args[1].latex, exponent.translate(text.RAISED)))
        return composed((forms[0], TEXT.forms["whole_power"]), (args[0], raised))  # type: ignore[arg-type]
    if all(forms):
        return composed(forms, args)
    inner = joined([joined(part, ", ", OPEN) for part in parts(op, args)], "; ", OPEN)
    if op.leading:  # take([a, b], i), as the call is written
        inner = joined([composed((Form(r"\left[{}\right]"), Form("[{}]")), [inner]), *args[: op.leading]], ", ", OPEN)
    at = index(op)[1:-1]
    symbols = printable(op.symbol), printable(op.symbol or op.name)
    called = composed((latex.function(op.name, at, symbols[0]), text.function(symbols[1], at)), [inner])
    if not op.written:
        return called
    own = composed([Form(op.written, OPEN, ATOM)] * 2, args)  # a user's, made for text only
    return Term((called.latex, printable(str(own), 400)), binds=(ATOM, OPEN))


# --- what the rules of the vector rows ask an operand for ---------------------------------------------------------------


def _y_hat(share: Any, whole: Any) -> Any:
    """softmax(a)[j], for what a rule computes as e^(a_j − m) / Σ e^(a − m)."""
    inner = joined([Slope.of(x) for x in share.args[0].args[-1].args], ", ", OPEN)
    j = whole.args.index(share)
    latex = rf"\operatorname{{softmax}}\left({inner.latex}\right)_{{{j}}}"
    return Slope((latex, f"softmax({inner})[{j}]"), share.number / whole.number)


_ON_VECTORS: dict[str, Callable[..., Any]] = {
    "total": lambda *a: ops.sum.apply(*a),
    "shift": lambda *a: Slope(("m", "m"), args=a),  # softmax's: it cancels, and only says where exponents come from
    "y_hat": _y_hat,
    "others": lambda c, *p: 1.0 - p[c],
}
ELLIPSIS = Term((r"\cdots", "…"))

# --- names --------------------------------------------------------------------------------------------------------------


def symbol(name: str) -> str:
    """A name in LaTeX, whatever stands in it."""
    return latex.symbol(printable(name))


def symbols(names: Sequence[str]) -> dict[str, str]:
    """Names in LaTeX, no two alike."""
    found = latex.symbols([printable(name) for name in names])
    return {name: found[printable(name)] for name in names}
