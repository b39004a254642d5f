"""Every line that a derivation writes is read back by SymPy, and equals the last one."""

import math
import random
import re

import numpy as np
import pytest
import sympy
from hypothesis import given, settings

import autograd as ag
from autograd import Value, array, constant, named, ops, scope
from autograd.tape import wengert_list
from tests.reading import Tokens
from tests.rows import EVERY_ROW, drawn, made
from tests.test_derivations import lecture
from tests.test_formula import TREES, built, x1, x2, x3
from viz import latex
from viz.names import names
from viz.picture.stage_graph import by_scope
from viz.text.terms import Slope, Term

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

# --- a reader of the text that is written; vectors are columns ---------------------------------------------------------

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


# --- what the symbols stand for ---------------------------------------------------------------------------------------


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


# --- scalars -----------------------------------------------------------------------------------------------------------


def in_scalars(out, wrt):
    """The number of lines that were read of a derivation in scalars."""
    named_ = names(wengert_list([out]))
    meaning = Meaning(out, {name: [v] for v, name in named_.items()})
    data = {name: exactly(v.data) for v, name in named_.items()}
    return every_line_is_true(latex(out, wrt=wrt, digits=17), data, meaning)


@EVERY_ROW
def test_every_line_of_every_rows_derivation_is_true(op, n):
    leaves, y = made(op, drawn(op, n, 1)[0])
    for v in leaves:
        if v.role != "constant":
            assert in_scalars(y, v) >= 1


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_every_line_of_a_random_derivation_is_true(tree):
    y = built(tree)
    for v in wengert_list([y]) if isinstance(y, Value) else ():
        if v in (x1, x2, x3) and v.name:
            in_scalars(y, v)


def test_a_softmax_names_all_of_its_operands():
    a = array([0.3, -0.2, 0.5], "a")
    for f, j in (
        (ag.logsumexp, 1),
        (lambda a: ag.neg_log_softmax(a)[2], 0),
        (lambda a: ag.log_softmax(a)[0], 2),
        (lambda a: ag.logsumexp(a[:2]), 1),
    ):
        out = f(a)
        text = str(latex(out, wrt=a[j]))
        assert f"softmax({', '.join(v.name for v in a if v in wengert_list([out]))})[{j}]" in text
        assert in_scalars(out, a[j]) >= 3


# --- stages -----------------------------------------------------------------------------------------------------------


def in_stages(out, wrt):
    """The number of lines that were read of a derivation from stage to stage."""
    found, _ = by_scope(wengert_list([out]), [out], 1)
    vectors = {x.name: x.values if x.values.size > 1 else x.members for s in found for x in s.vectors}
    data = {name: exactly(ag.values(np.array(values, dtype=object))) for name, values in vectors.items()}
    return every_line_is_true(latex(out, wrt=wrt, detail="stages", digits=17), data, Meaning(out, vectors))


@pytest.mark.parametrize("name", ["W1", "w10", "W2", "w20"])
def test_every_line_of_the_lectures_derivation_is_true(name):
    L, leaves = lecture()
    assert in_stages(L, leaves[name]) >= 6
    for v in leaves[name].ravel()[:3]:
        assert in_scalars(L, v) >= 6


STEPS = {
    "W·h": lambda h, p: p("W", (2, h.size)) @ h,
    "square": lambda h, p: p("S", (h.size, h.size)) @ h,
    "h·W": lambda h, p: h @ p("V", (h.size, 3)),
    "h + b": lambda h, p: h + p("b", (h.size,)),
    "h·g": lambda h, p: h * p("g", (h.size,)),
    "tanh": lambda h, p: ag.tanh(h),
    "σ": lambda h, p: ag.sigmoid(h),
    "relu": lambda h, p: ag.relu(h),
    "leaky_relu": lambda h, p: ag.leaky_relu(h),
    "abs": lambda h, p: abs(h),
    "square of each": lambda h, p: h**2,
    "product with itself": lambda h, p: h * h,
    "√": lambda h, p: ag.sqrt(h * h + 1.0),
    "softmax": lambda h, p: ag.softmax(h),
    "−h": lambda h, p: -h,
    "a scalar": lambda h, p: p("a", (1,))[0] * h,
    "maximum": lambda h, p: ag.maximum(h, 0.1),
}
LOSSES = {
    "squares": lambda h: ag.sum(h * h),
    "cross-entropy": lambda h: ag.neg_log_softmax(h)[0],
    "in parts": lambda h: ag.logsumexp(h) - h[0],
    "dot": lambda h: ag.dot(h, h),
    "product": lambda h: h[0] * ag.sum(h),
}


def staged(seed):
    """A chain of stages at random, some of which take earlier ones too or share a parameter, and its leaves."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    leaves, past = {}, []

    def parameter(name, shape):
        if name in leaves and leaves[name].shape == shape and draw.random() < 0.5:
            return leaves[name]
        name = f"{name}{len(leaves)}"
        return leaves.setdefault(name, array(rng.normal(size=shape).round(2), name))

    h = leaves["x"] = array(rng.normal(size=draw.choice([2, 3])).round(2), "x", "input")
    for k in range(draw.randint(1, 4)):
        with scope(f"f{k}"):
            new = STEPS[draw.choice(list(STEPS))](h, parameter)
            same_size = [v for v in past if v.shape == new.shape]
            if same_size and draw.random() < 0.4:
                new = new + draw.choice(same_size)
            past.append(h := named(f"h{k}", new))
    with scope("loss"):
        L = named("L", LOSSES[draw.choice(list(LOSSES))](h))
    return L, leaves


@pytest.mark.parametrize("seed", range(40))
def test_every_line_from_stage_to_stage_is_true(seed):
    L, leaves = staged(seed)
    known = set(wengert_list([L]))
    for leaf in leaves.values():
        if leaf.ravel()[0] in known and leaf.size > 1:
            assert in_stages(L, leaf) >= 2


def test_every_line_through_stages_that_share_a_weight_is_true():
    U, x, h = array([[0.5, -0.2], [0.1, 0.3]], "U"), array([0.3, 0.7], "x", "input"), array([0.5, -1.0], "h0", "input")
    for k in range(1, 4):
        with scope(f"cell{k}"):
            h = named(f"h{k}", ag.tanh(U @ h + x))
    with scope("loss"):
        L = named("L", ag.neg_log_softmax(h)[0])
    for v in (U, x):
        assert in_stages(L, v) >= 8
        for element in v.ravel():
            in_scalars(L, element)


def test_every_line_through_a_stage_whose_outputs_come_from_one_another_is_true():
    w, x, h, hs = array([0.5, -0.3], "w"), array([1.0, 2.0, 3.0], "x", "input"), 0.1, []
    with scope("rnn"):
        for k in range(3):
            h = ag.tanh(w[0] * h + x[k] * w[1])
            hs.append(h)
        hs = named("h", array(hs))
    with scope("loss"):
        L = named("L", ag.sum(hs * hs))
    for v in (w, x):
        assert "∂L/∂h · ∂h" not in str(latex(L, wrt=v, detail="stages"))
        assert in_stages(L, v) >= 2


def of_a_vector_called(name):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], name, "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("loss"):
        L = named("L", ag.neg_log_softmax(a)[1])
    assert in_stages(L, W) >= 3
    return str(latex(L, wrt=W, detail="stages"))


def test_a_graph_with_a_vector_called_y_hat_has_no_other_one_in_its_derivation():
    text = of_a_vector_called("ŷ")
    assert "softmax" not in text
    assert "ŷ −" not in text


def test_a_graph_with_a_vector_called_y_calls_its_target_t():
    text = of_a_vector_called("y")
    assert "t = [0, 1, 0]" in text
    assert "ŷ − t" in text
    assert "ŷ − y" not in text


@pytest.mark.parametrize(
    "loss",
    [
        lambda a: ag.neg_log_softmax(a)[0] + 1e-4 * a[1],
        lambda a: ag.logsumexp(a) - 0.999 * a[1],
        lambda a: 1.001 * ag.neg_log_softmax(a)[2],
        lambda a: ag.logsumexp(a) * 1.0 - a[1] + 1e-9 * a[0] * a[2],
    ],
)
def test_what_is_almost_a_cross_entropy_is_none(loss):
    W, x = array([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "W"), array([0.5, -1.0], "x", "input")
    with scope("f1"):
        a = named("a", W @ x)
    with scope("loss"):
        L = named("L", loss(a))
    assert "ŷ" not in str(latex(L, wrt=W, detail="stages"))
    assert in_stages(L, W) >= 3


def test_nothing_less_a_term_is_its_negative():
    x = Slope.symbol("x", 2.0)
    assert [str(v) for v in (0.0 - x, -1.0 * x, 0.0 - (-x), -(x - 3), 1.0 * x, x + 0.0)] == [
        "−x",
        "−x",
        "x",
        "3 − x",
        "x",
        "x",
    ]


def test_every_line_of_products_of_matrices_is_true():
    X, W = array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "X", "input"), array([[0.5, -1.0], [2.0, 1.0]], "W")
    with scope("lin"):
        Z = named("Z", X @ W)
    with scope("mask"):
        M = named("M", ag.tanh(Z) * constant([[0.5, 2.0]] * 3, "c"))
    with scope("loss"):
        L = named("L", ag.sum(M * M))
    for v in (X, W):
        assert in_stages(L, v) >= 3


# --- large numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "source", "text"),
    [
        (1e10, "10^{10}", "1e10"), (-1e10, "-10^{10}", "−1e10"), (2.5e10, r"2.5 \cdot 10^{10}", "2.5e10"), (-2.5e-7, r"-2.5 \cdot 10^{-7}", "−2.5e−7"),
        (1e-5, "10^{-5}", "1e−5"), (1e5, "10^{5}", "1e5"), (99999.0, "99999", "99999"), (1.0, "1", "1"),
    ],
)  # fmt: skip
def test_a_power_of_ten_is_one(x, source, text):
    assert (latex(constant(x)).latex, str(latex(constant(x)))) == (source, text)


def test_a_power_of_ten_binds_as_a_power_does():
    x = Value(2.0, "x")
    for v, source in (
        (x * 1e10, r"x \cdot 10^{10}"), (x * -1e10, r"x \cdot \left(-10^{10}\right)"), (1e10**x, r"\left(10^{10}\right)^{x}"),
        (x - 1e10, "x - 10^{10}"), (x**-1e7, "x^{-10^{7}}"), (x / 1e10, r"\frac{x}{10^{10}}"), (x * 2e10, r"x \cdot 2 \cdot 10^{10}"),
    ):  # fmt: skip
        assert latex(v).latex == source


def test_leaves_stand_beside_their_numbers_where_there_are_several():
    x, y = array([1.0, 2.5], "x"), Value(3.0, "y")
    assert latex(x).lines == (("x_{0}", "1"), ("x_{1}", "2.5"))
    assert str(latex([y, x[0] * y])).splitlines() == ["     y = 3", "output = x[0]·y"]
    assert latex(y).lines == (("", "y"),)


# --- symbols without a number -----------------------------------------------------------------------------------------


def test_a_symbol_without_a_number_is_not_compared():
    x, known = Slope.symbol("x"), Slope.symbol("z", 2.0)
    for compare in (
        lambda: x > 0,
        lambda: x < 0,
        lambda: x >= known,
        lambda: x >= 1.0,
        lambda: known > x,
        lambda: Term.symbol("x") > 0,
        lambda: x * 2 + 1 > 0,
    ):
        with pytest.raises(TypeError, match="is written without a number, so a rule cannot compare it"):
            compare()
    assert known > 1
    assert not known * 2 + 1 > 5
    assert not Slope.symbol("n", math.nan) > 0  # nan is a number that is compared as everywhere


def test_a_branch_is_not_chosen_by_a_symbol_without_a_number():
    with pytest.raises(TypeError, match=r"step\(x\) is written without a number"):
        ops.where.apply(ops.step.apply(Slope.symbol("x")), 1.0, 0.5)
    assert str(ops.where.apply(ops.step.apply(Slope.symbol("x", -1.0)), 1.0, 0.5)) == "0.5"


def test_a_rule_that_compares_is_derived_by_its_numbers_where_a_vector_has_none(row):
    bent = row("bent", lambda x: ag.where(x > 0, x, 0.5 * x), (lambda y, x: ag.where(x > 0, 1.0, 0.5),))
    a = array([0.3, -0.2, 0.5], "a")
    with scope("f1"):
        b = named("b", array([bent(v) for v in a]))
    with scope("f2"):
        L = named("L", ag.sum(b * b))
    assert "diag(1, 0.5, 1)" in str(latex(L, wrt=a, detail="stages"))
    assert in_stages(L, a) >= 4
