"""An operand that writes formulas: the table's rows on Terms give Terms, in LaTeX and in readable text at once."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

from autograd import kinds, ops
from autograd.ops import Op
from viz.names import MANY, index, parts
from viz.numbers import exact, few, number, printable

# How tightly a form binds. In a place that is OPEN nothing needs brackets.
OPEN, SUM, SIGN, PRODUCT, POWER, ATOM = range(6)


class Form(NamedTuple):
    """How an operation is written: a template, how tightly that binds, and how tightly each operand has to."""

    template: str
    binds: int
    needs: Sequence[int]


# fmt: off
# In LaTeX, and in text. By the associative law a + (b − c) is a + b − c, and a · (b / c) is a · b / c.
_OPERATORS = {
    "add":      (Form("{} + {}",            SUM,     (SUM, SUM)),      Form("{} + {}", SUM,     (SUM, SUM))),
    "subtract": (Form("{} - {}",            SUM,     (SUM, PRODUCT)),  Form("{} − {}", SUM,     (SUM, PRODUCT))),
    "multiply": (Form(r"{} \cdot {}",       PRODUCT, (SIGN, PRODUCT)), Form("{}·{}",   PRODUCT, (SIGN, PRODUCT))),
    "divide":   (Form(r"\frac{{{}}}{{{}}}", PRODUCT, (OPEN, OPEN)),    Form("{}/{}",   PRODUCT, (SIGN, POWER))),
    "power":    (Form("{}^{{{}}}",          POWER,   (ATOM, OPEN)),    Form("{}^{}",   POWER,   (ATOM, ATOM))),
    "negative": (Form("-{}",                SIGN,    (PRODUCT,)),      Form("−{}",     SIGN,    (PRODUCT,))),
    "absolute": (Form(r"\left|{}\right|",   ATOM,    (OPEN,)),         Form("|{}|",    ATOM,    (OPEN,))),
    "sqrt":     (Form(r"\sqrt{{{}}}",       ATOM,    (OPEN,)),         Form("√{}",     POWER,   (ATOM,))),
    "where":    (Form(r"\begin{{cases}} {1} & \text{{if }} {0} \ne 0 \\ {2} & \text{{otherwise}} \end{{cases}}", OPEN, (OPEN,) * 3),
                 Form("where({}, {}, {})",  ATOM,    (OPEN,) * 3)),
}
_WORDS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "arctan": r"\arctan", "tanh": r"\tanh",
    "sigmoid": r"\sigma", "maximum": r"\max", "minimum": r"\min",
}
# Written as the table defines them: every reader knows ln and exp, and few know logsumexp.
_DEFINED = {"log1p", "expm1", "softplus", "log_sigmoid", "dot", "logsumexp", "log_softmax", "neg_log_softmax"}
# fmt: on
_BRACKETS = r"\left({}\right)", "({})"
_RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Term:
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
        value: float = math.nan,
        binds: Sequence[int] = (ATOM, ATOM),
        op: Op | None = None,
        args: Sequence[Any] | None = (),
    ) -> None:
        self.texts = tuple(texts)
        # What begins with a sign binds no tighter than one: (−a)·b, which is written −a·b.
        self.binds = [min(b, SIGN) if _signed(t) else b for t, b in zip(self.texts, binds, strict=True)]
        self.number, self.op = value, op
        self.args = args  # None for a number that stands as itself

    @property
    def latex(self) -> str:
        """The formula in LaTeX."""
        return self.texts[0]

    def __str__(self) -> str:
        return self.texts[1]

    @classmethod
    def symbol(cls, name: str, value: float = math.nan, latex: str = "") -> Self:
        """A name, with the number it stands for."""
        return cls((latex or symbol(name), name), value)

    @classmethod
    def of(cls, x: Any, digits: int | None = None) -> Self:
        """A formula as this kind of Term, or a number: with all its digits, where it is part of a formula."""
        if isinstance(x, Term):
            return cls(x.texts, x.number, x.binds, x.op, x.args)
        text = exact(float(x)) if digits is None else number(float(x), digits)
        latex = text.replace("−", "-").replace("∞", r"\infty").replace("nan", r"\mathrm{nan}")
        mantissa, _, power = latex.partition("e")
        if power:
            return cls((rf"{mantissa} \cdot 10^{{{power}}}", text), float(x), (PRODUCT, ATOM), args=None)
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

    def __array_namespace__(self) -> Any:
        return _ON_VECTORS


def _operator(op: Op) -> tuple[Any, Any]:
    return (lambda *a: op.apply(*a)), (lambda b, a: op.apply(a, b))


for _name, _op in (
    ("add", ops.add), ("sub", ops.subtract), ("mul", ops.multiply), ("truediv", ops.divide), ("pow", ops.power),
    ("neg", ops.negative), ("pos", ops.positive), ("abs", ops.absolute),
):  # fmt: skip
    for _prefix, _method in zip(("", "r")[: _op.arity], _operator(_op), strict=False):
        setattr(Term, f"__{_prefix}{_name}__", _method)
for _test in (operator.lt, operator.le, operator.gt, operator.ge):
    # A rule that compares is decided by the numbers.
    setattr(Term, f"__{_test.__name__}__", lambda a, b, test=_test: test(a.number, getattr(b, "number", b)))


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
            value = float(op.value(*(x.number for x in args)))
        except kinds.ERRORS:
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
            return args[1] if args[0].number else args[2]
    return None


def composed(forms: Sequence[Form], args: Sequence[Term]) -> Term:
    """The operands in a form of LaTeX and one of text, in brackets where they bind less tightly than they have to."""
    texts = (form.template.format(*_fitted(form, args, notation)) for notation, form in enumerate(forms))
    return Term(texts, binds=[form.binds for form in forms])


def _fitted(form: Form, args: Sequence[Term], notation: int) -> Iterator[str]:
    for k, (x, need) in enumerate(zip(args, form.needs, strict=True)):
        text = x.texts[notation]
        loose = x.binds[notation] < need or (k and need and _signed(text))  # a + −b
        yield _BRACKETS[notation].format(text) if loose else text


def _signed(text: str) -> bool:
    return text[:1] in ("-", "−")


def joined(args: Sequence[Term], between: str, binds: int, latex: str = "") -> Term:
    """A sum or a product of any number of operands; of many the first three and the last."""
    shown = few(args, MANY, 3, gap=ELLIPSIS)
    texts = ((latex or between).join(["{}"] * len(shown)), between.join(["{}"] * len(shown)))
    return composed([Form(text, binds, [binds] * len(shown)) for text in texts], shown) if len(args) > 1 else args[0]


def _written(op: Op, args: Sequence[Term]) -> Term:
    if op is ops.power and re.fullmatch(r"−?\d+", exponent := str(args[1])):
        raised = Term((args[1].latex, exponent.translate(_RAISED)))
        return composed((_OPERATORS["power"][0], Form("{}{}", POWER, (ATOM, OPEN))), (args[0], raised))
    if forms := _OPERATORS.get(op.name):
        return composed(forms, args)
    called = _called(op, args)
    if not op.written:
        return called
    own = composed([Form(op.written, OPEN, [ATOM] * len(args))] * 2, args)  # a user's, made for text only
    return Term((called.latex, printable(str(own), 400)), binds=(ATOM, OPEN))


def _called(op: Op, args: Sequence[Term]) -> Term:
    latex, text = joined([joined(part, ", ", OPEN) for part in parts(op, args)], "; ", OPEN).texts
    word, at = _WORDS.get(op.name) or rf"\operatorname{{{verbatim(op.name)}}}", index(op)
    below = f"_{{{at[1:-1]}}}" if at else ""
    return Term((rf"{word}\left({latex}\right){below}", f"{printable(op.symbol or op.name)}({text}){at}"))


# --- what the rules of the vector rows ask an operand for ---------------------------------------------------------------


def _marked(_: Any, *operands: Any) -> Term:
    return Slope(("m", "m"), args=operands)  # softmax's shift: it cancels, and only says where exponents come from


def _y_hat(share: Any, whole: Any) -> Any:
    """softmax(a)[j], for what a rule computes as e^(a_j − m) / Σ e^(a − m)."""
    if share is whole:
        return 1.0
    operands = [Slope.of(x) for x in share.args[0].args[-1].args]
    found = [_ELEMENT.fullmatch(str(x)) for x in operands]
    stems = {match[1] if match and int(match[2]) == k else "" for k, match in enumerate(found)}
    inner = Term.symbol(stem) if len(stems) == 1 and (stem := stems.pop()) else joined(operands, ", ", OPEN)
    j = whole.args.index(share)
    latex = rf"\operatorname{{softmax}}\left({inner.latex}\right)_{{{j}}}"
    return Slope((latex, f"softmax({inner})[{j}]"), share.number / whole.number)


_ELEMENT = re.compile(r"(.+)\[(\d+)\]")
_ON_VECTORS = SimpleNamespace(
    total=lambda *a: ops.sum.apply(*a), shift=_marked, y_hat=_y_hat, others=lambda c, *p: 1.0 - p[c]
)
ELLIPSIS = Term((r"\cdots", "…"))

# --- names --------------------------------------------------------------------------------------------------------------

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega"
).fullmatch
_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot"}
_NAME = re.compile(rf"([A-Za-z]+|[Α-ω])([{''.join(_ACCENTS)}]?)(\d*|_\d+|_[A-Za-z]+)((?:\[\d+(?:,\d+)*\])?)")
# What LaTeX, or the page around it, would take for markup. An ampersand is the wide one: no way of writing the other
# is understood by LaTeX and by every program that reads a part of it.
_ESCAPED = str.maketrans(
    {c: f"{{\\{c}}}" for c in "$%#_"}
    | {"\\": r"{\backslash}", "{": r"{\lbrace}", "}": r"{\rbrace}", "^": r"{\wedge}", "~": r"{\sim}", " ": r"\ "}
    | {"<": "{<}", ">": "{>}", "&": "＆", '"': "''", "`": r"{\backprime}"}
)


def verbatim(text: str) -> str:
    """Any text as letters of a formula."""
    return printable(text).translate(_ESCAPED)


def symbol(name: str) -> str:
    r"""A name in LaTeX: x1 is x with an index, W1[0,1] an element of W1, eta and ŷ are letters; others stand as they are.

    >>> print(*map(symbol, ["x1", "W1[0,1]", "eta", "ŷ[2]", "h_pre", "loss", "100 %"]))
    x_{1} {W_{1}}_{0,1} \eta \hat{y}_{2} h_{\mathrm{pre}} \mathrm{loss} \mathrm{100\ {\%}}
    """
    match = _NAME.fullmatch(unicodedata.normalize("NFD", name))
    if not match or not (word := _letters(match[1])):
        return _upright(name)
    _, accent, sub, place = match.groups()
    base = rf"{_ACCENTS[accent]}{{{word}}}" if accent else word
    below = rf"\mathrm{{{sub[1:]}}}" if sub[1:].isalpha() else sub.removeprefix("_")
    if place and below.isdigit():
        return f"{{{base}_{{{below}}}}}_{{{place[1:-1]}}}"
    below = ",".join(filter(None, (below, place[1:-1])))
    return f"{base}_{{{below}}}" if below else base


def symbols(names: Sequence[str]) -> dict[str, str]:
    """Names in LaTeX, no two alike: those that would look alike, as x1 and x[1], stand as they are."""
    found = {name: symbol(name) for name in names}
    uses = Counter(found.values())
    return {name: latex if uses[latex] == 1 else _upright(name) for name, latex in found.items()}


def _upright(name: str) -> str:
    return rf"\mathrm{{{verbatim(name)}}}"


def _letters(stem: str) -> str:
    """A letter, a Greek letter's name as its command, a longer word upright; "" for what is none of these."""
    if not stem.isascii():
        _, size, *_, stem = unicodedata.name(stem, "GREEK NO LETTER").replace("LAMDA", "LAMBDA").split()
        stem = stem.capitalize() if size == "CAPITAL" else stem.lower()
        return f"\\{stem}" if _GREEK(stem) else ""
    return stem if len(stem) == 1 else f"\\{stem}" if _GREEK(stem) else rf"\mathrm{{{stem}}}"
