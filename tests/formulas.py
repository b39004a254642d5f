"""Formulas at random, and a reader of the LaTeX that is written: it knows precedence and nothing of the library."""

import math
import re

import pytest
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from tests.reading import Tokens

TOKEN = re.compile(
    r"\s*(\\left\||\\right\||\\left[(\[]|\\right[)\]]|\\operatorname\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\log_\{\d+\}|\\[A-Za-z]+|\d+(?:\.\d+)?"
    r"|[A-Za-z](?:_\{[\d,]+\})?(?:\[[\d,]+\])?|[-+^{},])"
)
FUNCTIONS = {
    r"\exp": math.exp, r"\ln": math.log, r"\sin": math.sin, r"\cos": math.cos, r"\tan": math.tan, r"\arctan": math.atan,
    r"\tanh": math.tanh, r"\sigma": lambda x: 1 / (1 + math.exp(-x)), r"\max": max, r"\min": min,
    r"\sinh": math.sinh, r"\cosh": math.cosh, r"\arcsin": math.asin, r"\arccos": math.acos, r"\log_{2}": math.log2,
    r"\log_{10}": math.log10, r"\Phi": lambda x: math.erfc(-x / 2**0.5) / 2, r"\operatorname{erf}": math.erf,
    r"\operatorname{erfc}": math.erfc, r"\operatorname{sign}": lambda x: math.copysign(1.0, x) if x else 0.0,
    r"\operatorname{relu}": lambda x: max(x, 0.0), r"\operatorname{step}": lambda x: float(x > 0),
    r"\operatorname{take}": lambda xs, index: xs[int(index)],
    r"\operatorname{leaky{\_}relu}": lambda x, slope: x if x > 0 else slope * x,
}  # fmt: skip


class Reader(Tokens):
    def __init__(self, text, names):
        super().__init__(TOKEN, text)
        self.names = names

    def sum(self):
        value = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            assert self.peek() not in ("+", "-"), "two signs in a row"
            term = self.product()
            value = value + term if sign == "+" else value - term
        return value

    def product(self):
        value = self.raised()
        while self.peek() == r"\cdot":
            self.take()
            value = value * self.raised()
        return value

    def raised(self):
        base = self.atom()
        if self.peek() == "^":
            self.take()
            base = base ** self.group()
            assert self.peek() != "^", "two exponents"
        return base

    def group(self):
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self):
        token = self.take()
        if token == r"\left(":
            value = self.sum()
            self.take(r"\right)")
            return value
        if token == r"\left[":
            values = [self.sum()]
            while self.peek() == ",":
                self.take()
                values.append(self.sum())
            self.take(r"\right]")
            return values
        if token == r"\left|":
            value = abs(self.sum())
            self.take(r"\right|")
            return value
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\sqrt":
            return self.group() ** 0.5
        if token in FUNCTIONS:
            self.take(r"\left(")
            arguments = [self.sum()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.sum())
            self.take(r"\right)")
            return FUNCTIONS[token](*arguments)
        return self.names[token] if token in self.names else math.pi if token == r"\pi" else float(token)


def read(formula, names):
    """The value of the last equation of a formula, its equations computed one after the other."""
    scope, value = dict(names), None
    for left, right in formula.lines:
        value = Reader(right, scope).whole()
        scope[left] = value
    return value


def letters(leaves):
    return {re.sub(r"^([a-z])(\d+)$", r"\1_{\2}", v.name): v.data for v in leaves}


def compiled(formula):
    """The whole formula as MathML, by a compiler of LaTeX that takes nothing which is not in it; the site has it too."""
    pytest.importorskip("math_core").LatexToMathML().convert_with_local_state(formula.latex, displaystyle=True)


def result(derivation):
    *_, last = (line for line in derivation.equations if line.sign == "=")
    return float(str(last.right).rpartition("= ")[2].replace("−", "-"))


x1, x2, x3 = (Value(v, f"x{k}") for k, v in enumerate((0.7, 1.3, 0.4), 1))

TREES = st.recursive(
    st.sampled_from([x1, x2, x3]) | st.floats(-3, 3).map(lambda x: round(x, 2)),
    lambda inner: st.tuples(st.sampled_from("+-*/^ntea"), inner, inner),
    max_leaves=12,
)


def built(tree):
    if not isinstance(tree, tuple):
        return tree
    kind, a, b = tree[0], built(tree[1]), built(tree[2])
    if kind == "+":
        return a + b
    if kind == "-":
        return a - b
    if kind == "*":
        return a * b
    if kind == "/":
        return a / (abs(b) + 1.0)
    if kind == "^":
        try:
            return (abs(a) + 0.5) ** (b if isinstance(b, float) else 2)
        except OverflowError:  # a tower of powers
            return a
    return -a if kind == "n" else abs(a) if kind == "a" else ag.tanh(a) if kind == "t" else ag.exp(-abs(a))
