"""Readable text: formulas on one line."""

from __future__ import annotations

from autograd.languages.forms import ATOM, NEGATED, OPEN, POWER, PRODUCT, SUM, Form, Language, escaped

RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def function(name: str, index: str = "") -> Form:
    """The form of a function, and of a component of one."""
    return Form(f"{escaped(name)}({{}})" + f"[{index}]" * bool(index))


TEXT = Language(
    {
        "add": Form("{} + {}", SUM, (SUM, SUM)),
        "subtract": Form("{} − {}", SUM, (SUM, PRODUCT)),
        "multiply": Form("{}·{}", PRODUCT, (NEGATED, PRODUCT)),
        "divide": Form("{}/{}", PRODUCT, (NEGATED, POWER)),
        "power": Form("{}^{}", POWER, (ATOM, ATOM)),
        "whole_power": Form("{}{}", POWER, (ATOM, OPEN)),
        "negative": Form("−{}", NEGATED, (PRODUCT,)),
        "absolute": Form("|{}|"),
        "sqrt": Form("√{}", POWER, (ATOM,)),
        "where": Form("where({}, {}, {})"),
    },
    signs=("-", "−"),
)
