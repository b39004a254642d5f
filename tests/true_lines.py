"""The lines of a derivation read back by SymPy: what they say, and whether each equals the last one."""

import re

import numpy as np
import sympy

import autograd as ag
from autograd.tape import wengert_list
from tests.reading import Tokens
from viz import latex
from viz.names import names
from viz.picture.stage_graph import by_scope

NAME = r"[A-Za-zŷ][A-Za-z0-9_]*(?:\[\d+(?:,\d+)*\])?"
TOKEN = re.compile(
    rf"\s*(Σₖ ∂{NAME}/∂{NAME}\[k\] · ∂{NAME}\[k\]/∂{NAME}(?:\|{NAME}(?:, {NAME})*)?|∂{NAME}/∂{NAME}(?:\|{NAME}(?:, {NAME})*)?|\d+(?:\.\d+)?(?:e−?\d+)?"
    rf"|(?:softmax|arctan|arcsin|arccos|tanh|sinh|cosh|leaky_relu|relu|step|sign|where|max|min|exp|erfc|erf|diag|log₂|log₁₀|ln|sin|cos|tan|σ|Φ)(?=\()|π|{NAME}|⁻?[⁰¹²³⁴-⁹]+|[ᵀ√|()\[\],·/+−^])"
)
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
FUNCTIONS = {
    "exp": sympy.exp, "ln": sympy.log, "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "arctan": sympy.atan, "tanh": sympy.tanh,
    "arcsin": sympy.asin, "arccos": sympy.acos, "sinh": sympy.sinh, "cosh": sympy.cosh, "erf": sympy.erf, "erfc": sympy.erfc,
    "log₂": lambda x: sympy.log(x) / sympy.log(2), "log₁₀": lambda x: sympy.log(x) / sympy.log(10), "sign": sympy.sign,
    "Φ": lambda x: sympy.erfc(-x / sympy.sqrt(2)) / 2,
    "σ": lambda x: 1 / (1 + sympy.exp(-x)), "max": sympy.Max, "min": sympy.Min, "relu": lambda x: sympy.Max(x, 0),
    "step": lambda x: int(bool(x > 0)), "leaky_relu": lambda x, slope: x if x > 0 else slope * x, "where": lambda c, a, b: a if c != 0 else b,
    "take": lambda xs, index: xs[int(index)],
}  # fmt: skip


def exactly(x):
    """A number or an array as SymPy's, a vector as a column."""
    x = np.asarray(x, dtype=float)
    if x.size == 1:
        return sympy.Float(x.item(), 30)
    return sympy.Matrix([[sympy.Float(v, 30) for v in row] for row in x.reshape(len(x), -1).tolist()])


class Text(Tokens):
    """A formula in readable text; `names` says what each name is, `derivative` what ∂a/∂b with others held is."""

    def __init__(self, text, names, derivative):
        super().__init__(TOKEN, text)
        self.names, self.derivative, self.apart = names, derivative, False

    def sum(self):
        value = self.signed()
        while self.peek() in ("+", "−"):
            sign = self.take()
            assert self.peek() not in ("+", "−"), "two signs in a row"
            term = self.product() * (1 if sign == "+" else -1)
            alike = isinstance(value, sympy.MatrixBase) == isinstance(term, sympy.MatrixBase)
            value = value + term if alike or not self.apart else self.each(lambda a, b: a + b, value, term)
        return value

    def signed(self):
        return -self.signed() if self.peek() == "−" and self.take() else self.product()

    def product(self):
        value = self.raised()
        while self.peek() in ("·", "/"):
            value = (
                self.times(value, self.raised())
                if self.take() == "·"
                else self.each(lambda a, b: a / b, value, self.raised())
            )
        return value

    def times(self, a, b):
        both = isinstance(a, sympy.MatrixBase) and isinstance(b, sympy.MatrixBase)
        return self.each(lambda x, y: x * y, a, b) if both and self.apart else a * b

    def each(self, f, *args):
        """Element by element."""
        grids = [x for x in args if isinstance(x, sympy.MatrixBase)]
        if not grids:
            return f(*args)
        return sympy.Matrix(
            *grids[0].shape, lambda i, j: f(*(x[i, j] if isinstance(x, sympy.MatrixBase) else x for x in args))
        )

    def raised(self):
        value = self.atom()
        if self.peek() == "^":
            self.take()
            value = self.each(lambda a, b: a**b, value, self.atom())
        elif self.peek() == "ᵀ" and self.take():
            value = value.T if isinstance(value, sympy.MatrixBase) else value
        elif re.fullmatch("⁻?[⁰¹²³⁴-⁹]+", self.peek()):
            power = int(self.take().translate(RAISED))
            value = self.each(lambda a: a**power, value)
        return value

    def atom(self):
        token = self.take()
        if token == "(":
            value = self.sum()
            self.take(")")
            return value
        if token == "|":
            value = self.each(abs, self.sum())
            self.take("|")
            return value
        if token == "√":
            return self.each(sympy.sqrt, self.atom())
        if token == "[":
            return self.literal()
        if token.startswith(("∂", "Σ")):
            return self.derivative(token)
        if token in FUNCTIONS or token in ("softmax", "diag"):
            return self.called(token)
        if token == "π" and token not in self.names:
            return sympy.pi
        return self.names[token] if token in self.names else sympy.Float(float(token.replace("−", "-")), 30)

    def literal(self):
        rows = [self.sum()]
        while self.peek() == ",":
            self.take()
            rows.append(self.sum())
        self.take("]")
        return sympy.Matrix([list(row) if isinstance(row, sympy.MatrixBase) else [row] for row in rows])

    def called(self, name):
        self.take("(")
        before, self.apart = self.apart, self.apart or name == "diag"
        args = [self.sum()]
        while self.peek() == ",":
            self.take()
            args.append(self.sum())
        self.take(")")
        self.apart = before
        if name == "take":
            return FUNCTIONS[name](*args)
        flat = [v for x in args for v in (x if isinstance(x, sympy.MatrixBase) else [x])]
        if name == "diag":
            return sympy.diag(*flat)
        if name != "softmax":
            return self.each(FUNCTIONS[name], *args)
        shares = [sympy.exp(x) / sum(map(sympy.exp, flat)) for x in flat]
        if self.peek() != "[":
            return sympy.Matrix(shares)
        self.take()
        share = shares[int(self.take())]
        self.take("]")
        return share


class Meaning:
    """The derivatives in a graph: the whole one of a by b, or with others held the sum over the paths past these."""

    def __init__(self, out, members):
        self.out, self.order, self.members = out, wengert_list([out]), members

    def __call__(self, token):
        if token[0] == "Σ":  # the product with the gradient that is before it
            by_u, of_u = token[3:].replace("[k]", "").split(" · ")
            return exactly((self.local(by_u) @ self.local(of_u)).reshape(np.shape(self.members[self.names(of_u)[1]])))
        of, by = self.names(token)
        J = self.local(token)
        return exactly(J.reshape(np.shape(self.members[by])) if np.ravel(self.members[of])[0] is self.out else J)

    @staticmethod
    def names(token):
        return re.findall(r"∂([^/|]+)", token.partition("|")[0])

    def local(self, token):
        """The Jacobian that a quotient stands for."""
        of, by = self.names(token)
        held = {v for name in filter(None, token.partition("|")[2].split(", ")) for v in np.ravel(self.members[name])}
        return self.jacobian(self.members[of], self.members[by], held)

    def slopes(self, match):
        """diag(tanh′) with its numbers: the partials of the components by what the function takes."""
        ends = np.ravel(self.members[match[2]]) if match[2] else self.out.parents
        assert {(v.op.symbol or v.op.name, len(v.parents)) for v in ends} == {(match[1], 1)}
        written = ", ".join(f"{v.partials[0]!r}".replace("-", "−") for v in ends)
        return f"diag({written}) · "

    def jacobian(self, of, by, held):
        rows = []
        for v in np.ravel(of):
            bar = dict.fromkeys(self.order, 0.0) | {v: 1.0}
            for node in reversed(self.order):
                if node not in held or node is v:
                    for p, d in zip(node.parents, node.partials, strict=True):
                        bar[p] += bar[node] * d if bar[node] else 0.0
            rows.append([bar[x] for x in np.ravel(by)])
        return np.array(rows, dtype=float)


# The slopes of the function in which the stage of X ends, before ∂L/∂X, which of the logits is ŷ − y.
ENDS = re.compile(rf"diag\((\S+)′\) · (?=∂{NAME}/∂({NAME})|\(ŷ − [yt]\))")


def every_line_is_true(derivation, names, meaning):
    """Read a derivation: every stage of a derivative is its number, and what defines a value is it. Returns the count."""
    left, count, groups = "", 0, []
    for line in derivation.equations:  # a long sum goes on in the lines below it
        groups += [] if line.sign == "+" else [[line]]
        groups[-1] += [line] if line.sign == "+" else []
    for head, *more in groups:
        left = left if head.left is None else str(head.left)
        if not head.sign or any("…" in str(line.right) for line in (head, *more)):
            continue  # a remark, or a sum of which the middle is left out
        for text in str(head.right).split(" = "):
            text, _, size = text.partition("   ")
            if not re.match(r"\[\d+×", text):  # a matrix that is told by its size
                text = ENDS.sub(meaning.slopes, text)
                value = path(text, meaning) if size.startswith("(1×") else Text(text, names, meaning).whole()
                value = sum((Text(str(line.right), names, meaning).whole() for line in more), value)
                same(value, meaning(left) if "∂" in left else names.setdefault(left, value), f"{left} = {text}")
                count += 1
    return count


def path(text, meaning):
    """A product of Jacobians; the last is by an array, in whose shape it is told."""
    tokens = re.findall(rf"∂{NAME}/∂{NAME}(?:\|{NAME}(?:, {NAME})*)?", text)
    assert " · ".join(tokens) == text
    return exactly(np.linalg.multi_dot([np.eye(1), *map(meaning.local, tokens)]))


def numbers(x):
    return np.array([float(v) for v in (x if isinstance(x, sympy.MatrixBase) else [x])])


def same(a, b, what):
    np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-9, atol=1e-12, err_msg=what)


def in_scalars(out, wrt):
    """The number of lines that were read of a derivation in scalars."""
    named_ = names(wengert_list([out]))
    meaning = Meaning(out, {name: [v] for v, name in named_.items()})
    data = {name: exactly(v.data) for v, name in named_.items()}
    return every_line_is_true(latex(out, wrt=wrt, digits=17), data, meaning)


def in_stages(out, wrt):
    """The number of lines that were read of a derivation from stage to stage."""
    found, _ = by_scope(wengert_list([out]), [out], 1)
    vectors = {x.name: x.values if x.values.size > 1 else x.members for s in found for x in s.vectors}
    data = {name: exactly(ag.values(np.array(values, dtype=object))) for name, values in vectors.items()}
    return every_line_is_true(latex(out, wrt=wrt, detail="stages", digits=17), data, Meaning(out, vectors))
