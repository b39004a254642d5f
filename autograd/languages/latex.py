"""LaTeX: names, numbers and arithmetic as a textbook prints them (the LaTeX of an operation is in its row of `ops`)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from autograd.languages.forms import ATOM, NEGATED, OPEN, POWER, PRODUCT, SUM, Form, Language, escaped

_FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "arctan": r"\arctan", "tanh": r"\tanh",
    "sinh": r"\sinh", "cosh": r"\cosh", "arcsin": r"\arcsin", "arccos": r"\arccos", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "normal_cdf": r"\Phi", "sigmoid": r"\sigma", "maximum": r"\max", "minimum": r"\min",
}  # fmt: skip


def function(name: str, index: str = "") -> Form:
    """The form of a function, and of a component of one."""
    word = _FUNCTIONS.get(name) or rf"\operatorname{{{verbatim(name)}}}"
    return Form(rf"{escaped(word)}\left({{}}\right)" + f"_{{{{{index}}}}}" * bool(index))


# By the associative law a + (b − c) is a + b − c, and a · (b / c) is a · b / c.
LATEX = Language(
    {
        "add": Form("{} + {}", SUM, (SUM, SUM)),
        "subtract": Form("{} - {}", SUM, (SUM, PRODUCT)),
        "multiply": Form(r"{} \cdot {}", PRODUCT, (NEGATED, PRODUCT)),
        "divide": Form(r"\frac{{{}}}{{{}}}", PRODUCT),
        "power": Form("{}^{{{}}}", POWER, (ATOM, OPEN)),
        "negative": Form("-{}", NEGATED, (PRODUCT,)),
        "absolute": Form(r"\left|{}\right|"),
        "sqrt": Form(r"\sqrt{{{}}}"),
        "where": Form(r"\begin{{cases}} {1} & \text{{if }} {0} \ne 0 \\ {2} & \text{{otherwise}} \end{{cases}}", OPEN),
    },
    brackets=r"\left({}\right)",
    signs=("-", "−"),
)

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
    """Any printable text as letters of a formula."""
    return text.translate(_ESCAPED)


def symbol(name: str) -> str:
    r"""A name in LaTeX: x1 is x with an index, W1[0,1] an element of W1, eta and ŷ are letters; others stand as they are.

    >>> print(*map(symbol, ["x1", "W1[0,1]", "eta", "λ", "Σ1", "ж", "ŷ[2]", "h_pre", "loss", "100 %"]))
    x_{1} {W_{1}}_{0,1} \eta \lambda \Sigma_{1} \mathrm{ж} \hat{y}_{2} h_{\mathrm{pre}} \mathrm{loss} \mathrm{100\ {\%}}
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
