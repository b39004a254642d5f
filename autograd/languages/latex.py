"""LaTeX: names, numbers and arithmetic as a textbook prints them (the LaTeX of an operation is in its row of `ops`)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

from autograd.languages.forms import ATOM, NEGATED, OPEN, POWER, PRODUCT, SUM, Form, Language, escaped

_FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "arctan": r"\arctan", "tanh": r"\tanh",
    "sinh": r"\sinh", "cosh": r"\cosh", "arcsin": r"\arcsin", "arccos": r"\arccos", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "normal_cdf": r"\Phi", "sigmoid": r"\sigma", "maximum": r"\max", "minimum": r"\min",
}  # fmt: skip


def function(name: str, index: str = "", mark: str = "") -> Form:
    """The form of a function, by its mark if it has one, and of a component of one."""
    word = _FUNCTIONS.get(name) or symbol(mark or name)
    word = word if not word.startswith(r"\mathrm") else rf"\operatorname{{{verbatim(mark or name)}}}"
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
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
).fullmatch
_GREEK_LETTER = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)").fullmatch
_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot"}
_SMALL = (*range(0xB2, 0xBA), *range(0x1D2C, 0x1D6B), *range(0x2070, 0x209D), 0x2C7C)
_LOWERED, _RAISED = (
    {c: normalize("NFKC", c) for c in map(chr, _SMALL) if unicodedata.decomposition(c).startswith(kind)}
    for kind in ("<sub>", "<super>")
)
_NAME = re.compile(
    rf"([A-Za-z]+|[Α-ω])([{''.join(_ACCENTS)}]?)([{''.join(_RAISED)}]*)(\d*|_\d+|_[A-Za-z]+|[{''.join(_LOWERED)}]*)"
    rf"([{''.join(_RAISED)}]*)((?:\[\d+(?:,\d+)*\])?)"
)
# What LaTeX, or the page around it, would take for markup. An ampersand is the wide one: no way of writing the other
# is understood by LaTeX and by every program that reads a part of it.
_ESCAPED = (
    {c: f"{{\\{c}}}" for c in "$%#_"}
    | {"\\": r"{\backslash}", "{": r"{\lbrace}", "}": r"{\rbrace}", "^": r"{\wedge}", "~": r"{\sim}", " ": r"\ "}
    | {"<": "{<}", ">": "{>}", "&": "＆", '"': "''", "`": r"{\lq}", "−": "{-}", "′": "'"}
    | {"∂": r"{\partial}", "∇": r"{\nabla}", "∞": r"{\infty}", "·": r"{\cdot}", "×": r"{\times}", "→": r"{\to}"}
)


def verbatim(text: str) -> str:
    """Any printable text as letters of a formula."""
    return "".join(_ESCAPED.get(c) or (c if c.isascii() else _script(c) or _command(c) or c) for c in text)


def symbol(name: str) -> str:
    r"""A name in LaTeX: letters, Greek ones and their names, with scripts and indices; others stand as they are.

    >>> print(*map(symbol, ["x1", "W[0,1]", "W1[0,1]", "eta", "λ", "δ⁽²⁾", "w₁", "ж", "ŷ[2]", "h_pre", "loss", "100 %"]))
    x_{1} W_{0,1} W_{1}[0,1] \eta \lambda \delta^{(2)} w_{1} \mathrm{ж} \hat{y}_{2} h_{\mathrm{pre}} \mathrm{loss} \mathrm{100\ {\%}}
    """
    match = _NAME.fullmatch(normalize("NFD", name))
    if not match or not (word := _letters(match[1])):
        return _upright(name)
    _, accent, before, sub, above, place = match.groups()
    base = rf"{_ACCENTS[accent]}{{{word}}}" if accent else word
    below = _letters(sub[1:]) if sub[:1] == "_" and sub[1:].isalpha() else _plain(sub.removeprefix("_"))
    raised = f"^{{{_plain(before + above)}}}" if before or above else ""
    apart = place if below[-1:].isdigit() else ""  # W₁[0,1], for the indices of W₁₀,₁ run into one another
    below = ",".join(filter(None, (below, place[1:-1] if not apart else "")))
    return f"{base}_{{{below}}}{raised}{apart}" if below else base + raised


def symbols(names: Sequence[str]) -> dict[str, str]:
    """Names in LaTeX, no two alike: those that would look alike, as x1 and x[1], stand as they are."""
    found = {name: symbol(name) for name in names}
    uses = Counter(found.values())
    return {name: latex if uses[latex] == 1 else _upright(name) for name, latex in found.items()}


def _upright(name: str) -> str:
    return rf"\mathrm{{{verbatim(name)}}}"


def _plain(scripts: str) -> str:
    """Small letters in a row, in their full size."""
    letters = "".join((_LOWERED | _RAISED).get(c, c) for c in scripts)
    return "".join(
        f"{_letters(c)} " if not c.isascii() and _letters(c) else c for c in letters.replace("−", "-")
    ).strip()


def _command(c: str) -> str:
    return f"{{{word}}}" if (word := _letters(c)) else ""


def _script(c: str) -> str:
    return f"{{}}_{{{_plain(c)}}}" if c in _LOWERED else f"{{}}^{{{_plain(c)}}}" if c in _RAISED else ""


def _letters(stem: str) -> str:
    """A letter, a Greek letter's name as its command, a longer word upright; "" for what is none of these."""
    if not stem.isascii():
        found = _GREEK_LETTER(unicodedata.name(stem, "").replace("LAMDA", "LAMBDA"))
        stem = (found[2].capitalize() if found[1] == "CAPITAL" else found[2].lower()) if found else ""
        return f"\\{stem}" if _GREEK(stem) else ""
    return stem if len(stem) == 1 else f"\\{stem}" if _GREEK(stem) else rf"\mathrm{{{stem}}}"
